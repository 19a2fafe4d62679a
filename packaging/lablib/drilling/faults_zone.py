"""Faults of the zones, their primaries, the programs beside the engine, and the disk."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from functools import partial

from lablib import rootless
from lablib import topology as net
from lablib.drilling.plan import Drill, DrillError, DrillSkipped, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import wait_until

MUTE = '''
import socket, sys, time, urllib.parse
at = urllib.parse.urlsplit(sys.argv[1])
held = [socket.create_connection((at.hostname, at.port)) for _ in range(64)]
time.sleep(60)
'''
EXPIRE = 13                # seconds: SOA expire of a zone that is to expire soon
WEB_LIMIT = 45             # seconds until a hung imrs-web has been replaced

def primaries_dead(site: Site) -> Round:
    """Found at the next refresh, 10 s at most after."""
    version = site.lab.zones.current()
    assert version is not None
    return site.unseen(lambda: site.lab.primary.service.stop(signal.SIGKILL),
                       lambda: site.lab.primary.ensure(version.file, version.serial),
                       alarm=r'zone \. from .* unreachable')


def lying_primary(site: Site) -> Round:
    """One damaged signature."""
    def mend() -> None:
        version = site.lab.zones.restored()
        assert site.load is not None
        site.load.accept(version.file)
        site.lab.primary.serve(version.file, version.serial)
        site.wait_serving(version.serial)

    def fault() -> None:
        version = site.lab.zones.next_version(True)
        site.lab.primary.serve(version.file, version.serial)
    return site.unseen(fault, mend, alarm=r'zone \. from .* refused')


def web_flooded(site: Site) -> Round:
    """As many requests as curl's can make for some seconds, and connections that say nothing."""
    seconds = 3

    def flood() -> None:
        clients = []
        for namespace, page in ((net.HOST, net.NOC_PAGE), (net.APPLIANCE, net.OPS_PAGE)):
            inside = ['ip', 'netns', 'exec', namespace]
            many = [*inside, 'timeout', str(seconds), 'sh', '-c',
                    f'while :; do curl -s -o /dev/null "{page}?[1-200]"; done']
            clients += [subprocess.Popen(many) for _ in range(4)]
            mute = [*inside, 'timeout', str(seconds), '/usr/bin/python3', '-c', MUTE, page]
            clients.append(subprocess.Popen(mute))
        for client in clients:
            client.wait(timeout=seconds + 20)
    return site.unseen(flood)


def expired(by_signature: bool, site: Site) -> Round:
    """A version that nobody confirms any more, or whose signatures end. The round's time is the distance from
    the moment at which this instance has to give up (agent/expiry.h: spread over the fleet)."""
    validity = EXPIRE + 5 if by_signature else None
    version = site.lab.zones.expiring(EXPIRE, validity)
    assert site.load is not None
    site.load.accept(version.file)
    site.lab.primary.serve(version.file, version.serial)
    site.wait_serving(version.serial)
    if not by_signature:
        site.lab.primary.service.stop(signal.SIGKILL)

    def mend() -> None:
        good = site.lab.zones.restored()
        site.load.accept(good.file)
        if not site.lab.primary.service.process():
            site.lab.primary.ensure(good.file, good.serial)
        site.lab.primary.serve(good.file, good.serial)
    zone = site.root_zone()
    end = zone['first_signature_end'] if by_signature else zone['confirmed'] + EXPIRE
    one = site.withdrawn(lambda: None, mend=mend)
    zone_end = end - spread_of(site.status()['identity'], EXPIRE)
    one.gone = one.gone + one.wall - zone_end
    if one.gone < -1:
        raise DrillError(f'withdrawn {-one.gone:.1f} s too early')
    return one


def waived(site: Site) -> Round:
    """The same, but the operator has waived that check: two seconds after the moment all is as it was."""
    version = site.lab.zones.expiring(EXPIRE)
    assert site.load is not None
    site.load.accept(version.file)
    site.lab.primary.serve(version.file, version.serial)
    site.wait_serving(version.serial)
    site.lab.primary.service.stop(signal.SIGKILL)

    def fault() -> None:
        site.ctl('waive', 'soa-expire', '--until', '+10m')
        end = site.root_zone()['confirmed'] + EXPIRE + 2
        wait_until(lambda: time.time() > end, LIMIT, .1)
        site.wait_alarm(r'zone \.: expired', 0)

    def mend() -> None:
        good = site.lab.zones.restored()
        site.load.accept(good.file)
        site.lab.primary.ensure(good.file, good.serial)
        site.lab.primary.serve(good.file, good.serial)
        site.wait_serving(good.serial)
        site.ctl('waive', 'soa-expire', '--end')
    return site.unseen(fault, mend, alarm='soa-expire is WAIVED')


def spread_of(identity: str, expire: int) -> int:
    """As agent/expiry.cc has it."""
    hash_ = 14695981039346656037
    for octet in identity.encode():
        hash_ = ((hash_ ^ octet) * 1099511628211) % 2**64
    return (hash_ >> 16) % (min(expire // 20, 6 * 3600) + 1)


def child_dead(name: str, site: Site) -> Round:
    old = site.child(name).pid
    one = site.unseen(lambda: os.kill(old, signal.SIGKILL))
    if not wait_until(lambda: (new := site.lab.children().get(name)) and new.pid != old, LIMIT):
        raise DrillError(f'{name} was not started again')
    return one


def zone_stopped(site: Site) -> Round:
    """Hung: nobody waits for it. That the agent kills it after five minutes is too long for a drill."""
    pid = site.child('imrs-zone').pid

    def mend() -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return site.unseen(lambda: os.kill(pid, signal.SIGSTOP), mend)


def web_stopped(site: Site) -> Round:
    """Hung: nobody waits for it, and when it has read nothing for half a minute the agent starts another."""
    old = site.child('imrs-web').pid

    def fault() -> None:
        os.kill(old, signal.SIGSTOP)
        if not wait_until(lambda: (new := site.lab.children().get('imrs-web')) and new.pid != old,
                          WEB_LIMIT, .1):
            with suppress(ProcessLookupError):
                os.kill(old, signal.SIGCONT)
            raise DrillError('imrs-web hangs and was not started again')
    return site.unseen(fault, alarm='imrs-web hangs')


class Disk:
    """A small file system over the state directory's place, for the length of a drill."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._place = site.lab.state_directory
        self._image = site.lab.directory / 'disk.image'

    def __enter__(self) -> 'Disk':
        if rootless.inside():
            raise DrillSkipped('only root may mount a file system from a file')
        with open(self._image, 'wb') as file:
            file.truncate(48 << 20)
        _run('mkfs.ext4', '-q', '-F', str(self._image))
        with self._site.keeper.away():
            self._site.lab.stop_agent()
            _run('mount', '-o', 'loop', str(self._image), str(self._place))
        self._site.watch.wait_none(5)
        self._site.wait_whole()
        return self

    def __exit__(self, *_: object) -> None:
        with self._site.keeper.away():
            self._site.lab.stop_agent()
            _run('umount', '-l', str(self._place))
            self._image.unlink()
        self._site.watch.wait_none(5)
        self._site.wait_whole()

    def fill(self) -> None:
        with suppress(OSError), open(self._place / 'filler', 'wb', buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))

    def empty(self) -> None:
        (self._place / 'filler').unlink(missing_ok=True)

    def freeze(self) -> None:
        _run('fsfreeze', '-f', str(self._place))

    def thaw(self) -> None:
        _run('fsfreeze', '-u', str(self._place))

    def die(self) -> None:
        """Every write fails from now on; what is cached can be read."""
        _run('mount', '-o', 'remount,abort', str(self._place))


def disk(what: str, site: Site) -> Round:
    """And a new version comes meanwhile, which has to be served."""
    with Disk(site) as state:
        fault, mend = {'full': (state.fill, state.empty), 'hung': (state.freeze, state.thaw),
                       'dead': (state.die, lambda: None)}[what]

        def with_new_version() -> None:
            fault()
            version = site.lab.zones.next_version()
            assert site.load is not None
            site.load.accept(version.file)
            site.lab.primary.serve(version.file, version.serial)
            site.wait_serving(version.serial)
        return site.unseen(with_new_version, mend)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise DrillError(f'{" ".join(argv)}: {done.stderr.strip()}')


DRILLS = (
    Drill('expired', '. expired (no primary has confirmed it)', partial(expired, False), gone=1, rounds=2),
    Drill('expired-waived', '. expired, and the check waived by the operator', waived, rounds=1),
    Drill('signatures-expired', 'signatures expired', partial(expired, True), gone=1, rounds=2),
    Drill('primaries-dead', 'all primaries dead', primaries_dead, lost_udp=0),
    Drill('lying-primary', 'a lying primary', lying_primary, lost_udp=0),
    Drill('zone-killed', 'zone process dead', partial(child_dead, 'imrs-zone'), lost_udp=0),
    Drill('zone-stopped', 'zone process hung', zone_stopped, lost_udp=0),
    Drill('audit-killed', 'auditor dead', partial(child_dead, 'imrs-audit'), lost_udp=0),
    Drill('web-killed', 'web process dead', partial(child_dead, 'imrs-web'), lost_udp=0),
    Drill('web-flooded', 'web process flooded (both listeners, 64 clients)', web_flooded, lost_udp=0),
    Drill('web-stopped', 'web process hung', web_stopped, lost_udp=0),
    Drill('disk-full', 'state disk full', partial(disk, 'full'), lost_udp=0),
    Drill('disk-hung', 'state disk hung', partial(disk, 'hung'), lost_udp=0),
    Drill('disk-dead', 'state disk dead', partial(disk, 'dead'), lost_udp=0),
)
