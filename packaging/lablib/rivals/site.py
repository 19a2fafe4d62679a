"""A rival at work in the lab: name server, announcer and BGP speaker on the appliance's side, each started
again 0.1 s after it has ended, as a unit with Restart=always would be.
"""

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from lablib import netns
from lablib import topology as net
from lablib.bird import Bird
from lablib.lab import Lab
from lablib.processes import Service, everything, wait_until
from lablib.rivals.configs import (Rival, bird_config, checkloop_settings, exabgp_config, host_config,
                                   nsd_config)
from lablib.routewatch import RouteWatch

LIMIT = 90                 # seconds until all routes are there
EXABGP = {'exabgp_daemon_drop': 'false', 'exabgp_api_cli': 'false', 'exabgp_daemon_user': 'root',
          'PATH': '/usr/bin:/usr/sbin:/bin:/sbin'}


class RivalError(Exception):
    """It does not run; the text says what was seen."""


class RivalSite:
    """A context manager; inside it the host router has learnt all five prefixes from the rival."""

    def __init__(self, lab: Lab, rival: Rival, watch: RouteWatch) -> None:
        self.lab, self.rival, self.watch = lab, rival, watch
        self.folder = lab.directory / 'rival'
        self.nsd = Service('nsd', self.folder, net.APPLIANCE, lab.directory)
        self.announcer = Service(rival.kind, self.folder, net.APPLIANCE, lab.directory)
        self.bird = Bird(lab.directory / 'rival-bird', net.APPLIANCE, lab.directory)
        self._stop, self._keeper = threading.Event(), threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> 'RivalSite':
        for folder in (self.folder, self.bird.service.folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.lab.host_bird.ensure(host_config(self.rival.kind))
        for address in net.SERVICE_ADDRESSES:
            bits = 128 if ':' in address else 32
            netns.ip('addr', 'replace', f'{address}/{bits}', 'dev', 'lo', namespace=net.APPLIANCE)
        version = self.lab.zones.current()
        assert version is not None
        self.zone_file = version.file
        shutil.copyfile(version.file, self.folder / 'root.zone')
        (self.folder / 'nsd.conf').write_text(nsd_config(self.folder))
        self._start_nsd()
        if self.rival.kind == 'exabgp':
            (self.folder / 'exabgp.conf').write_text(exabgp_config(self.rival.timing))
        else:
            prefixes = self.folder / 'prefixes.conf'
            prefixes.write_text('define ANNOUNCED_V4 = [ 192.0.2.255/32 ];\n'
                                'define ANNOUNCED_V6 = [ 2001:db8::ffff/128 ];\n')
            self.bird.ensure(bird_config(prefixes))
            (self.folder / 'checkloop.json').write_text(
                checkloop_settings(self.rival.timing, prefixes, self.bird.socket))
        self._start_announcer()
        self._keeper.start()
        self.wait_whole()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._keeper.join()
        for service in (self.announcer, self.bird.service, self.nsd):
            with suppress(RuntimeError):
                self.signal(service, signal.SIGCONT)
                service.stop(signal.SIGKILL)
        self.watch.wait_none(15)

    def speaker(self) -> Service:
        """Whose process the BGP sessions are."""
        return self.announcer if self.rival.kind == 'exabgp' else self.bird.service

    def signal(self, service: Service, number: int) -> None:
        """To all processes of its session."""
        process = service.process()
        if process is None:
            return
        for other in everything():
            if other.session == process.session:
                with suppress(ProcessLookupError):
                    os.kill(other.pid, number)

    def wait_whole(self) -> None:
        def whole() -> bool:
            self.lab.host_bird.answers()                 # 2.0.12 sleeps on what is pending
            return self.watch.present() == net.PREFIXES
        if not wait_until(whole, LIMIT, .05):
            raise RivalError(f'{self.rival.name}: the routes did not come: {sorted(self.watch.present())}; '
                             f'{self.announcer.log_tail()}')

    def serve(self, zone: Path | None) -> None:
        """Another zone file, or none, from now on: the name server is started anew."""
        self.nsd.stop(signal.SIGKILL)
        file = self.folder / 'root.zone'
        file.unlink(missing_ok=True)
        if zone is not None:
            shutil.copyfile(zone, file)

    def _start_nsd(self) -> None:
        self.nsd.start(['nsd', '-d', '-c', str(self.folder / 'nsd.conf')])

    def _start_announcer(self) -> None:
        if self.rival.kind == 'exabgp':
            self.announcer.start(['exabgp', str(self.folder / 'exabgp.conf')], EXABGP)
        else:
            script = Path(__file__).resolve().parent / 'checkloop.py'
            self.announcer.start(['/usr/bin/python3', '-B', str(script), str(self.folder / 'checkloop.json')])

    def _start_bird(self) -> None:
        self.bird.service.start(['bird', '-f', '-c', str(self.bird.service.folder / 'bird.conf'), '-s',
                                 str(self.bird.socket)])

    def _keep(self) -> None:
        ended: dict[str, float] = {}
        kept = [(self.nsd, self._start_nsd), (self.announcer, self._start_announcer)]
        if self.rival.kind == 'checkloop':
            kept.append((self.bird.service, self._start_bird))
        while not self._stop.wait(.02):
            for service, start in kept:
                if service.process() is not None:
                    ended.pop(service.name, None)
                elif time.monotonic() - ended.setdefault(service.name, time.monotonic()) >= .1:
                    with suppress(OSError):
                        start()
