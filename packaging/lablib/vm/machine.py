"""The virtual machine: QEMU, its disk, its console, its two cables.

It boots the guest's own kernel directly, from an NVMe disk, for whose driver Debian's kernel needs no
initrd: firmware, boot loader and initrd are the installer's, not the package's. Its processors are emulated
(TCG), so it runs everywhere and five to twenty times slower than a real box. QEMU 7.2's own warm start hangs
now and then, for a minute or for good: a guest that reboots ends QEMU, and is powered on again from here.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lablib import topology as net
from lablib.processes import Service, wait_until
from lablib.vm import VmError, network, qmp
from lablib.vm.names import MANAGEMENT_MAC, SERVICE_MAC
from lablib.vm.port import NAME, Port

PROGRAMS = ('qemu-system-x86_64', 'qemu-img')
MEMORY_MB, PROCESSORS = 1024, 2
# Nothing of the guest's own choice but where the root is and that it talks to the serial line.
KERNEL_WORDS = 'root=/dev/nvme0n1 ro console=ttyS0,115200 panic=5'
ESCAPES = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]|\r')


class MachineError(VmError):
    """What the machine did not do, with the end of its console."""


def arguments(folder: Path, disk: Path, kernel: Path, taps: Sequence[int], clock: str = 'utc') -> list[str]:
    """QEMU's command line. `folder`: of its sockets and its console. `taps`: descriptors of the service's and
    the management's cable. `clock`: what the guest's hardware clock says, as -rtc base= takes it."""
    cables = ((taps[0], 'host', SERVICE_MAC), (taps[1], 'management', MANAGEMENT_MAC))
    argv = ['qemu-system-x86_64', '-name', 'imrs-vm', '-accel', 'tcg,thread=multi', '-cpu', 'max',
            '-machine', 'q35', '-smp', str(PROCESSORS), '-m', str(MEMORY_MB), '-rtc', f'base={clock}',
            '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
            '-kernel', str(kernel), '-append', KERNEL_WORDS,
            '-drive', f'if=none,id=disk,format=qcow2,file={disk},cache=writeback',
            '-device', 'nvme,drive=disk,serial=imrs-vm',
            '-chardev', f'file,id=console,path={folder / "console.log"},append=on',
            '-serial', 'chardev:console',
            '-qmp', f'unix:{folder / "qmp.sock"},server=on,wait=off',
            '-device', 'virtio-serial-pci',
            '-chardev', f'socket,id=port,path={folder / "port.sock"},server=on,wait=off',
            '-device', f'virtserialport,chardev=port,name={NAME}']
    for descriptor, name, mac in cables:
        argv += ['-netdev', f'tap,id={name},fd={descriptor}',
                 '-device', f'virtio-net-pci,netdev={name},mac={mac},romfile=']
    return argv


class Machine:
    """One machine. What it has written to `disk` stays over cut() and power_on()."""

    def __init__(self, folder: Path, disk: Path, owner: Path) -> None:
        self.folder = folder
        self.console = folder / 'console.log'
        self.port = Port(folder / 'port.sock')
        self.service = Service('qemu', folder, net.APPLIANCE, owner)
        self._disk = disk

    def new_disk(self, image: Path) -> None:
        """A disk that begins as the image, which is only read. The machine is off."""
        self._disk.unlink(missing_ok=True)
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', str(image),
                        str(self._disk)], check=True, timeout=30, capture_output=True)

    def power_on(self, kernel: Path, clock: str = 'utc') -> None:
        """Returns when QEMU has taken the cables; the guest has hardly begun."""
        if self.service.process():
            raise MachineError('the machine is on already')
        taps = network.open_taps()
        try:
            self.service.start(arguments(self.folder, self._disk, kernel, taps, clock))
        finally:
            for descriptor in taps:
                os.close(descriptor)
        sockets = (self.folder / 'qmp.sock', self.folder / 'port.sock')
        if not wait_until(lambda: all(path.exists() for path in sockets)
                          or self.service.process() is None, 10) or self.service.process() is None:
            raise MachineError(f'QEMU did not start; it says:\n{self.service.log_tail()}')

    def cut(self) -> bool:
        """The power goes: what the guest had not written to its disk is lost. False if it was off."""
        was_on = self.service.stop(signal.SIGKILL)
        for name in ('qmp.sock', 'port.sock'):
            (self.folder / name).unlink(missing_ok=True)
        return was_on

    def press_power_button(self) -> None:
        """As the host's staff would: ACPI's."""
        qmp.command(self.folder / 'qmp.sock', 'system_powerdown')

    def wait_off(self, limit: float) -> None:
        """Until it has switched itself off."""
        if not wait_until(lambda: self.service.process() is None, limit, .1):
            raise MachineError(f'the machine is not off within {limit:g} s\n{self.console_tail()}')
        self.cut()

    def console_text(self, start: int = 0) -> str:
        """What the console says, from an octet on, without colours."""
        if not self.console.exists():
            return ''
        return ESCAPES.sub('', self.console.read_bytes()[start:].decode(errors='replace'))

    def console_size(self) -> int:
        return self.console.stat().st_size if self.console.exists() else 0

    def wait_console(self, pattern: str, start: int, limit: float) -> str:
        """The line of the console, after an octet, that has the pattern."""
        deadline = time.monotonic() + limit
        while True:
            for line in self.console_text(start).split('\n')[:-1]:
                if re.search(pattern, line):
                    return line
            if time.monotonic() > deadline:
                raise MachineError(f'"{pattern}" is not on the console within {limit:g} s\n'
                                   + self.console_tail())
            time.sleep(.1)

    def console_tail(self, lines: int = 30) -> str:
        return 'end of the console:\n' + '\n'.join(self.console_text().splitlines()[-lines:])
