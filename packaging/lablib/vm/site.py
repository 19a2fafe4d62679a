"""The site around the machine, as one object: the host router, the primary, Prometheus, the image and the
disk, the machine itself. Used by packaging/vm and tests/e2e/test_vm.py. All state is in the directory, in
the build folder and in the kernel, so any process can make a Site for one that is up.
"""

import json
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lablib import netns
from lablib import topology as net
from lablib.bird import HOST_CONFIG, Bird
from lablib.certificates import Certificates
from lablib.primary import Primary
from lablib.processes import Service, wait_until
from lablib.rootzone import build_root_zone
from lablib.routewatch import host_routes
from lablib.vm import VmError, image, machine, network
from lablib.vm.asking import served_serial
from lablib.vm.prometheus import Prometheus
from lablib.vm.smallzone import small_zone
from lablib.vm.tree import Tree
from lablib.zonemaker import ZoneMaker, ZoneVersion

PROGRAMS = (*image.PROGRAMS, *machine.PROGRAMS, 'ip', 'sysctl', 'bird', 'nsd', 'ldns-signzone', 'openssl',
            'curl', 'prometheus')
MARK = 'vm.json'           # in a directory that is ours to delete
BOOT_LIMIT = 240           # seconds from power on to the five routes


# BFD as quick as in the lab would end sessions when the host has other things to do than to emulate.
SLOW_HOST = HOST_CONFIG.replace('interval 100 ms; multiplier 3', 'interval 500 ms; multiplier 5')


ANOTHER = 'another VM site is up; end it first: packaging/vm down, with its --dir'


class SiteError(VmError):
    """What could not be done, and what the operator can do."""


class Site:
    def __init__(self, directory: Path, build: Path, package: Path) -> None:
        """`build`: where the image is kept, in vm/; `package`: the .deb that is installed."""
        self.directory = directory.absolute()
        images = build.absolute() / 'vm'
        self.image = image.Image(images, package)
        self._first_disk = images / 'first.img'
        self.certificates = Certificates(self.directory / 'tls')
        self.zones = ZoneMaker(self.directory / 'zones')
        self.primary = Primary(self.directory / 'primary', self.directory)
        self.host_bird = Bird(self.directory / 'host', net.HOST, self.directory)
        self.time_server = Service('time', self.directory / 'primary', net.PRIMARY, self.directory)
        self.prometheus = Prometheus(self.directory / 'prometheus', self.directory, self.certificates)
        self.machine = machine.Machine(self.directory / 'machine', images / 'disk.qcow2', self.directory)

    # ---- the whole --------------------------------------------------------------------------------

    def up(self, zone: Path | None = None) -> list[str]:
        """Everything but the machine, which is off, with a disk as it was installed. What had to be made.
        `zone`: any root zone, instead of the small one made here; of a site that has none yet."""
        self._require()
        self._claim_directory()
        self.machine.cut()
        with ThreadPoolExecutor(1) as pool:                  # by far the longest
            imaging = pool.submit(self.image.ensure)
            done = network.ensure()
            done += ["host router's BIRD"] if self.host_bird.ensure(SLOW_HOST) else []
            version = self.zones.current() or self.zones.first(zone or self._small_zone())
            done += ['primary'] if self.primary.ensure(version.file, version.serial) else []
            self.certificates.ensure(net.MANAGEMENT4, 0)
            done += ['image'] if imaging.result() else []
        Tree(self.image.tree).install(self.zones.trust_anchor, self.certificates)
        self.image.write_disk(self._first_disk)
        self.new_box()
        done += ['Prometheus'] if self.prometheus.ensure() else []
        return done

    def down(self) -> None:
        """Removes everything but the image. Safe to repeat, and after a crash. Never another site's."""
        _require_root()
        if not self._is_mine() and any(netns.pids(name) for name in netns.present()):
            raise SiteError(ANOTHER)
        self.machine.cut()
        for service in self.services():
            service.stop(signal.SIGKILL)
        netns.remove_network()
        if self._is_mine():
            shutil.rmtree(self.directory)

    def services(self) -> tuple[Service, ...]:
        return (self.machine.service, self.host_bird.service, self.primary.service,
                self.prometheus.service, self.time_server)

    # ---- the box ------------------------------------------------------------------------------------

    def new_box(self) -> None:
        """Its disk is as it was when the package had just been installed."""
        self.machine.cut()
        self.machine.new_disk(self._first_disk)

    def power_on(self, clock: str = 'utc') -> None:
        self.machine.power_on(self.image.kernel(), clock)

    def cut_power(self) -> None:
        self.machine.cut()

    def restore_primary(self) -> None:
        """It serves the zone's last version, whatever was done to it."""
        version = self.zones.current()
        assert version is not None
        self.primary.ensure(version.file, version.serial)

    def stop_primary(self) -> None:
        self.primary.service.stop(signal.SIGKILL)

    def start_time_server(self) -> None:
        """Until then the box has no time but its own."""
        if not self.time_server.fit():
            self.time_server.start(['/usr/bin/python3', '-B', '-m', 'lablib.vm.timeserver', net.PRIMARY4],
                                   {'PYTHONPATH': str(net.REPOSITORY / 'packaging')})

    def publish(self) -> ZoneVersion:
        """A new serial at the primary, with one changed delegation."""
        version = self.zones.next_version()
        self.primary.serve(version.file, version.serial)
        return version

    def journal(self, unit: str) -> str:
        """Of this boot."""
        return self.machine.port.run(f'journalctl -b -u {unit} -o cat --no-pager', 60)

    # ---- waiting ------------------------------------------------------------------------------------

    def wait_routes(self, limit: float = BOOT_LIMIT) -> None:
        """Until the host router has all five. It is asked meanwhile: BIRD 2.0.12 works off what is pending
        only when something wakes it."""
        def arrived() -> bool:
            self.host_bird.answers()
            return host_routes() == net.PREFIXES or self.machine.service.process() is None
        wait_until(arrived, limit, .1)
        if host_routes() != net.PREFIXES:
            raise SiteError(f'the host router has not got all five routes within {limit:g} s\n'
                            + self.seen())

    def wait_serial(self, serial: int, limit: float = 120) -> None:
        if not wait_until(lambda: served_serial() == serial, limit, .2):
            raise SiteError(f'serial {serial} is not served within {limit:g} s, but {served_serial()}\n'
                            + self.seen())

    def established(self) -> bool:
        return [session.state for session in self.host_bird.sessions()] == ['Established'] * 2

    def seen(self) -> str:
        """What there is to see when something failed."""
        lines = [f'routes missing at the host: {", ".join(sorted(net.PREFIXES - host_routes())) or "none"}']
        lines += [f'BIRD, host: {session.name} {session.state} {session.error}'
                  for session in self.host_bird.sessions()] or ['BIRD, host: no answer']
        lines.append('machine: ' + ('on' if self.machine.service.process() else 'off'))
        return '\n'.join([*lines, self.machine.console_tail()])

    # ---- the parts of up() --------------------------------------------------------------------------

    def _require(self) -> None:
        _require_root()
        if missing := what_is_missing():
            raise SiteError(missing)
        if not self.image.package.is_file():
            raise SiteError(f'{self.image.package} is missing; make it by packaging/deb')
        if netns.present() and not self._is_mine():
            raise SiteError(ANOTHER)

    def _is_mine(self) -> bool:
        return (self.directory / MARK).exists()

    def _small_zone(self) -> Path:
        lines = build_root_zone(int(time.strftime('%Y%m%d00', time.gmtime())))
        file = self.directory / 'zones' / 'small.zone'
        file.write_text('\n'.join(small_zone(lines)) + '\n', encoding='ascii')
        return file

    def _claim_directory(self) -> None:
        """Ours, or not there yet: down() deletes it whole."""
        if not self._is_mine() and self.directory.exists() and any(self.directory.iterdir()):
            raise SiteError(f'{self.directory} is not empty and no VM site; choose another --dir')
        for folder in ('.', 'host', 'primary', 'zones', 'machine', 'prometheus'):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
            (self.directory / folder).chmod(0o700)
        (self.directory / MARK).write_text(json.dumps({'package': str(self.image.package)}) + '\n')


def _require_root() -> None:
    if os.geteuid() != 0:
        raise SiteError('the machine\'s network is in namespaces, which only root may make; use sudo')


def what_is_missing() -> str | None:
    """Which programs, in words; None if all are there."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not missing:
        return None
    return f'missing: {", ".join(missing)}; run packaging/install-packages --tests'
