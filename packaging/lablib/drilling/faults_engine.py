"""Faults of the engine: dead, mute, deaf, wrong."""

import os
import signal
import threading
from contextlib import suppress
from functools import partial

from lablib import topology as net
from lablib.corrupt import corrupt_image
from lablib.drilling.plan import ALL, V4, V6, Drill, DrillError, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import wait_until
from lablib.stopthread import StoppedThread, threads

DEEP_WALK = 150            # seconds: longer than the deep probe needs for the whole zone
WORKERS, BATCH = 2, 64     # an engine that is killed may take a batch of each worker with it


def engine_killed(site: Site) -> Round:
    killed = site.child('imrs-engine').pid

    def serving() -> bool:
        child = site.lab.children().get('imrs-engine')
        return child is not None and child.pid != killed
    one = site.unseen(lambda: os.kill(killed, signal.SIGKILL))
    if not wait_until(serving, LIMIT):
        raise DrillError('the engine was not started again')
    site.wait_whole()
    return one


def engine_stopped(site: Site) -> Round:
    return site.withdrawn(lambda: os.kill(site.child('imrs-engine').pid, signal.SIGSTOP))


def worker_stopped(site: Site) -> Round:
    """By luck of the hash half of the world would still be answered."""
    pid = site.child('imrs-engine').pid
    workers = [thread for thread in threads(pid) if thread != pid]
    stopped = StoppedThread(workers[site.rounds_done % len(workers)])
    try:
        return site.withdrawn(stopped.__enter__)
    finally:
        stopped.__exit__()


def deaf(rule: str, prefixes: frozenset[str], site: Site) -> Round:
    return site.withdrawn(lambda: site.nft(rule), prefixes, site.nft)


def crash_loop(site: Site) -> Round:
    """Killed at every start until the routes have gone, and for a second more."""
    stop = threading.Event()

    def kill_each() -> None:
        while not stop.is_set():
            with suppress(ProcessLookupError, DrillError):
                os.kill(site.child('imrs-engine').pid, signal.SIGKILL)
            stop.wait(.002)
    killer = threading.Thread(target=kill_each)

    def mend() -> None:
        stop.wait(1)
        stop.set()
        killer.join()
    return site.withdrawn(killer.start, ALL, mend)


def wrong_soa(site: Site) -> Round:
    """The serial, which the quick probe asks for."""
    serial = _current(site).serial
    return site.withdrawn(partial(_corrupt, site, serial.to_bytes(4, 'big'), (serial ^ 1).to_bytes(4, 'big')),
                          ALL, any_of=True)


def wrong_always(site: Site) -> Round:
    """Every engine that is started is corrupted as soon as it serves, until all five routes have gone."""
    stop = threading.Event()
    serial = _current(site).serial

    def corrupt_each() -> None:
        while not stop.is_set():
            with suppress(OSError, DrillError):      # it is just being replaced, or was corrupted before
                _corrupt(site, serial.to_bytes(4, 'big'), (serial ^ 1).to_bytes(4, 'big'))
            stop.wait(.002)
    corrupting = threading.Thread(target=corrupt_each)

    def mend() -> None:
        stop.set()
        corrupting.join()
    return site.withdrawn(corrupting.start, ALL, mend)


def wrong_glue(site: Site) -> Round:
    """The address of a name server of one delegation, which only the deep probe comes by: soon, when it has
    walked through half of the zone, and when it has just gone by."""
    lines = _current(site).file.read_text().splitlines()
    glue = [fields for fields in map(str.split, lines) if fields[3:4] == ['A'] and fields[0].count('.') > 1]
    part = (.06, .5, 0)[site.rounds_done % 3]
    address = bytes(map(int, glue[int(part * len(glue))][4].split('.')))
    return site.withdrawn(partial(_corrupt, site, address, bytes([address[0] ^ 1, *address[1:]])),
                          ALL, any_of=True, limit=DEEP_WALK)


def _corrupt(site: Site, old: bytes, new: bytes) -> None:
    if corrupt_image(site.child('imrs-engine').pid, old, new) == 0:
        raise DrillError(f'no {old.hex()} in the image of the engine')


def _current(site: Site):
    version = site.lab.zones.current()
    assert version is not None
    return version


_V6B = net.SERVICE_ADDRESSES[2]
DRILLS = (
    Drill('engine-killed', 'engine killed', engine_killed, lost_udp=WORKERS * BATCH),
    Drill('engine-stopped', 'engine stopped', engine_stopped, gone=1, fresh=True),
    Drill('worker-stopped', 'one worker of two stopped', worker_stopped, gone=1, fresh=True),
    Drill('tcp-deaf', 'TCP deaf', partial(deaf, 'tcp dport 53 drop', ALL), gone=1, fresh=True),
    Drill('family-deaf', 'one family deaf (IPv4)', partial(deaf, 'ip daddr 199.7.83.42 th dport 53 drop', V4),
          gone=1, prefixes=V4, fresh=True),
    Drill('address-deaf', f'one service address deaf ({_V6B})',
          partial(deaf, f'ip6 daddr {_V6B} th dport 53 drop', V6), gone=1, prefixes=V6, fresh=True),
    Drill('crash-loop', 'engine in a crash loop', crash_loop, gone=10, fresh=True),
    Drill('wrong-quick', 'wrong answer, on the name of the quick probe', wrong_soa, gone=.5, any_of=True,
          wrong=True, fresh=True),
    Drill('wrong-always', 'wrong answers of every engine that is started', wrong_always, gone=1,
          wrong=True, fresh=True),
    Drill('wrong-deep', 'wrong answer, on any other name', wrong_glue, gone=DEEP_WALK, any_of=True,
          wrong=True, rounds=3, fresh=True),
)
