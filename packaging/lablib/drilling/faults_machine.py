"""Faults of the machine and attacks from outside: the clock, the log, descriptors, memory, floods."""

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lablib import netns
from lablib import topology as net
from lablib.drilling.plan import Drill, DrillError, DrillSkipped, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import descendants, wait_until

FAKETIME = Path('/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1')
DAY = 86400
MEMORY = Path('/sys/fs/cgroup/memory')
FLOOD_SECONDS = 5


def wall_clock(site: Site) -> Round:
    """A day ahead, then a day behind, for the agent alone."""
    if not FAKETIME.exists():
        raise DrillSkipped(f'{FAKETIME} is missing (package faketime)')
    file = site.lab.directory / 'faketime'

    def shift(seconds: int) -> None:
        """At once: libfaketime ends a program that finds half a text there."""
        fresh = file.with_suffix('.new')
        fresh.write_text(f'{seconds:+}')
        os.replace(fresh, file)
    shift(0)
    with site.other_agent(environment={'LD_PRELOAD': str(FAKETIME), 'FAKETIME_TIMESTAMP_FILE': str(file),
                                       'FAKETIME_NO_CACHE': '1', 'FAKETIME_DONT_FAKE_MONOTONIC': '1'}):
        seen: list[Round] = []
        for offset, words in ((DAY, 'ahead of'), (-DAY, 'behind')):
            seen.append(site.unseen(lambda offset=offset: shift(offset), lambda: shift(0),
                                    alarm=f'wall clock is .* {words}'))
        seen[0].end = seen[1].end
        seen[0].changes += seen[1].changes
        return seen[0]


def log_blocked(site: Site) -> Round:
    """Who takes the log (journald) has stopped, and the pipe is full."""
    pipe = site.lab.directory / 'log.fifo'
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        with site.other_agent(under=('sh', '-c', f'exec "$0" "$@" 2>{pipe}')):
            def fill() -> None:
                with suppress(BlockingIOError):
                    for _ in range(1 << 20):
                        os.write(reader, b'x')
                os.kill(site.child('imrs-zone').pid, 9)      # something to be logged
            return site.unseen(fill, lambda: _drain(reader), calm=3)
    finally:
        os.close(reader)
        pipe.unlink()


def _drain(reader: int) -> None:
    with suppress(BlockingIOError):
        while os.read(reader, 65536):
            pass


def descriptors_gone(site: Site) -> Round:
    """The agent gets no more than it has: that probes cannot be asked says nothing about the engine."""
    process = site.lab.agent.process()
    assert process is not None

    def limit(soft: int, hard: int) -> None:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    try:
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    except PermissionError as error:
        raise DrillSkipped('CAP_SYS_RESOURCE is missing here') from error
    log = site.log()
    one = site.unseen(lambda: limit(3, before[1]), lambda: limit(*before))
    if log.find('could-not-ask') is None:
        raise DrillError('every probe could be asked')
    return one


def memory_pressure(site: Site) -> Round:
    """All of the appliance's programs, with a greedy one among them, in a group that may have little more
    memory than they use."""
    with memory_group() as group:
        process = site.lab.agent.process()
        assert process is not None
        for one in (process, *descendants(process.pid)):
            (group / 'cgroup.procs').write_text(str(one.pid))
        (group / 'memory.limit_in_bytes').write_text(str(160 << 20))
        eat = 'a = []\nwhile True: a.append(bytearray(1 << 20))'
        greedy = subprocess.Popen(['/usr/bin/python3', '-c', eat])
        try:
            def squeeze() -> None:
                (group / 'cgroup.procs').write_text(str(greedy.pid))
            one = site.unseen(squeeze, calm=3)
            failures = int((group / 'memory.failcnt').read_text())
        finally:
            greedy.kill()
            greedy.wait()
        if failures == 0:
            raise DrillError('memory never was short')
        return one


@contextmanager
def memory_group() -> Iterator[Path]:
    group = MEMORY / 'imrs-drill'
    try:
        group.mkdir(exist_ok=True)
    except OSError as error:
        raise DrillSkipped(f'{MEMORY}: {os.strerror(error.errno or 0)}') from error
    try:
        yield group
    finally:
        def empty() -> bool:
            for pid in (group / 'cgroup.procs').read_text().split():
                with suppress(OSError):
                    (MEMORY / 'cgroup.procs').write_text(pid)
            with suppress(OSError):
                group.rmdir()
            return not group.exists()
        wait_until(empty, LIMIT)


def flood(site: Site, **options: int) -> Round:
    """From other clients than the one whose answers are checked; what gets lost of that one's is not limited,
    for all share the same two cores."""
    netns.ip('route', 'replace', 'local', '198.18.0.0/16', 'dev', 'lo', namespace=net.HOST)
    netns.ip('-6', 'route', 'replace', 'local', '2001:db8:1853::/48', 'dev', 'lo', namespace=net.HOST)
    names = site.lab.directory / 'siege.names'
    version = site.lab.zones.current()
    assert version is not None
    owners = {fields[0] for fields in map(str.split, version.file.read_text().splitlines())
              if fields[3:4] == ['NS'] and fields[0] != '.'}
    names.write_text('\n'.join(sorted(owner.rstrip('.') for owner in owners)) + '\n')
    command = ['ip', 'netns', 'exec', net.HOST, str(site.lab.programs / 'siege'), '--names', str(names),
               '--seconds', str(FLOOD_SECONDS)]
    for name, value in {'idle': 0, 'drip': 0, 'deaf': 0, 'syn_rate': 0, 'rate': 1000, **options}.items():
        command += [f'--{name.replace("_", "-")}', str(value)]
    for target in net.SERVICE_ADDRESSES[:2]:
        command += ['--target', target]

    def run() -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise DrillError(f'siege: {done.stderr.strip()}')
        json.loads(done.stdout)
    return site.unseen(run)


def overload(site: Site) -> Round:
    return flood(site, rate=40000)


def tcp_table_full(site: Site) -> Round:
    return flood(site, idle=10000)


def syn_flood(site: Site) -> Round:
    return flood(site, syn_rate=5000)


DRILLS = (
    Drill('wall-clock', 'wall clock a day ahead, then a day behind', wall_clock, lost_udp=0),
    Drill('log-blocked', 'nobody takes the log any more (journald stopped)', log_blocked, lost_udp=0),
    Drill('no-descriptors', 'agent out of descriptors', descriptors_gone, lost_udp=0),
    Drill('memory', 'memory pressure', memory_pressure, rounds=3),
    Drill('overload', '20 x overload (40,000 questions a second)', overload),
    Drill('tcp-full', 'TCP table full (10,000 idle connections)', tcp_table_full),
    Drill('syn-flood', 'SYN flood (5,000 a second)', syn_flood),
)
