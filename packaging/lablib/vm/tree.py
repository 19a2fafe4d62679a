"""Puts what belongs to this site into the image's tree, as an installer would: the network, agent.json and
its secrets, the anchor, the certificates. And what the tests need: their port into the guest.
"""

import os
from pathlib import Path

from lablib.certificates import Certificates
from lablib.vm import VmError, config, port

FSTAB = '/dev/nvme0n1 / ext4 errors=remount-ro 0 1\n'
# They would fetch what cannot be reached, and look for LVM volumes for seconds while the box starts.
MASKED = ('apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_reap.service')
MACHINE_ID = '0123456789abcdef0123456789abcdef\n'
SYSTEM = Path('/etc/systemd/system')


class TreeError(VmError):
    """The tree is not what it has to be: the package is not in it, or its users."""


class Tree:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, anchor: Path, certificates: Certificates) -> None:
        """Everything. May be repeated."""
        self._write('/etc/hostname', 'imrs-vm\n')
        self._write('/etc/fstab', FSTAB)
        self._write('/etc/machine-id', MACHINE_ID)       # the journal of all boots is one
        for name, text in config.network_files().items():
            self._write(f'/etc/systemd/network/{name}', text)
        self._enable('systemd-networkd.service', '/lib/systemd/system', 'multi-user.target')
        for timer in MASKED:
            self._link(SYSTEM / timer, '/dev/null')
        self._write('/etc/chrony/sources.d/site.sources', config.time_sources())
        self._install_configuration(anchor, certificates)
        self._install_port()

    def _install_configuration(self, anchor: Path, certificates: Certificates) -> None:
        agent, web = self._id('group', 'imrs-agent'), self._id('passwd', 'imrs-web')
        self._write('/etc/imrs/agent.json', config.configuration(), 0o640, (0, agent))
        self._write('/etc/imrs/secrets.json', config.secrets(), 0o640, (0, agent))
        self._write(str(config.ANCHOR), anchor.read_text())
        self._path(config.TLS).mkdir(parents=True, exist_ok=True)
        self._path(config.TLS).chmod(0o755)
        for file, mode, owner in ((certificates.ca, 0o644, 0), (certificates.server, 0o644, 0),
                                  (certificates.server_key, 0o400, web)):
            self._write(str(config.TLS / file.name), file.read_text(), mode, (owner, 0))

    def _install_port(self) -> None:
        self._write('/usr/local/sbin/imrs-vm-test-port', port.GUEST_SCRIPT, 0o755)
        self._write(str(SYSTEM / port.UNIT), port.GUEST_UNIT)
        self._enable(port.UNIT, str(SYSTEM), port.DEVICE)

    def _enable(self, unit: str, where: str, wanted_by: str) -> None:
        self._link(SYSTEM / f'{wanted_by}.wants' / unit, f'{where}/{unit}')

    def _link(self, link: Path, target: str) -> None:
        path = self._path(link)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def _write(self, name: str, text: str, mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> None:
        path = self._path(Path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chown(path, *owner)
        path.chmod(mode)

    def _path(self, name: Path) -> Path:
        """Inside the tree."""
        return self._folder / name.relative_to('/')

    def _id(self, table: str, name: str) -> int:
        for line in self._path(Path('/etc') / table).read_text().splitlines():
            fields = line.split(':')
            if fields[0] == name:
                return int(fields[2])
        raise TreeError(f'the package has not made {name}: it is not in /etc/{table} of the image')
