"""Faults of the agent itself, and what an operator does with it."""

import os
import signal
import time
from contextlib import contextmanager
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lablib.drilling.plan import ALL, SPECIFIC, Drill, DrillError, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import wait_until
from lablib.stopthread import StoppedThread

CORE_PATTERN = Path('/proc/sys/kernel/core_pattern')


def killed(number: int, site: Site) -> Round:
    return site.withdrawn(lambda: site.lab.kill_agent(number))


def crashed(number: int, site: Site) -> Round:
    """With a collector of cores that takes its time: who waits for it keeps the routes."""
    with core_pattern('|/bin/sleep 5'):
        return site.withdrawn(lambda: site.lab.kill_agent(number))


def loop_stalled(site: Site) -> Round:
    """The loop's thread alone stands still; the watchdog's lives."""
    process = site.lab.agent.process()
    assert process is not None
    stopped = StoppedThread(process.pid)
    try:
        return site.withdrawn(stopped.__enter__)
    finally:
        stopped.__exit__()


def process_stopped(site: Site) -> Round:
    """Only the service manager can tell."""
    before = site.keeper.kills
    one = site.withdrawn(lambda: site.lab.kill_agent(signal.SIGSTOP))
    if site.keeper.kills == before:
        raise DrillError('the routes went, but not by the service manager')
    return one


def drained(site: Site) -> Round:
    """The host's FIB shows the tag (initcwnd), then the specific prefixes go, the covering ones stay."""
    def mend() -> None:
        site.ctl('resume')
    one = site.withdrawn(lambda: site.ctl('drain', '--reason', 'drill'), SPECIFIC, mend)
    lost = {change.prefix for change in one.changes if not change.added} - SPECIFIC
    if lost:
        raise DrillError(f'covering prefixes went: {sorted(lost)}')
    return one


def withdrawn_by_order(site: Site) -> Round:
    return site.withdrawn(lambda: site.ctl('withdraw', '--reason', 'drill'), ALL, lambda: site.ctl('resume'))


def stopped_in_order(site: Site) -> Round:
    return site.withdrawn(lambda: site.lab.kill_agent(signal.SIGTERM))


def order_survives(site: Site) -> Round:
    """A drain holds on over the agent's death."""
    site.ctl('drain', '--reason', 'drill')
    begin = time.monotonic()
    if not wait_until(lambda: not site.watch.present() & SPECIFIC, LIMIT):
        raise DrillError('the specific prefixes did not go')
    seen = len(site.watch.changes)
    site.lab.kill_agent()
    back = wait_until(lambda: site.watch.present() == ALL - SPECIFIC
                      and any(change.added for change in site.watch.changes[seen:]), LIMIT)
    came = [change.prefix for change in site.watch.changes[seen:] if change.added]
    site.ctl('resume')
    if not back or set(came) & SPECIFIC:
        raise DrillError(f'after the restart came {came}')
    site.wait_whole()
    return Round(begin, time.monotonic(), gone=0, back=0, changes=[])


@contextmanager
def core_pattern(pattern: str) -> Iterator[None]:
    """It is the whole machine's: put back whatever happens."""
    before = CORE_PATTERN.read_text(encoding='ascii')
    try:
        try:
            CORE_PATTERN.write_text(pattern, encoding='ascii')
        except OSError as error:
            raise DrillError(f'{CORE_PATTERN} cannot be written here: {os.strerror(error.errno or 0)}') from error
        yield
    finally:
        if CORE_PATTERN.read_text(encoding='ascii') != before:
            CORE_PATTERN.write_text(before, encoding='ascii')


DRILLS = (
    Drill('agent-killed', 'agent killed -9', partial(killed, signal.SIGKILL), gone=.05),
    Drill('agent-segv', 'agent SIGSEGV with a core pattern set', partial(crashed, signal.SIGSEGV), gone=.05),
    Drill('agent-abrt', 'agent SIGABRT with a core pattern set', partial(crashed, signal.SIGABRT), gone=.05),
    Drill('loop-stalled', "agent's loop stalled", loop_stalled, gone=1.1),
    Drill('agent-stopped', "agent's process stopped", process_stopped, gone=2.1),
    Drill('agent-term', 'agent told to stop (SIGTERM)', stopped_in_order, gone=1),
    Drill('drain', 'drained and resumed by the operator', drained, gone=4, prefixes=SPECIFIC, back=2),
    Drill('withdraw', 'withdrawn and resumed by the operator', withdrawn_by_order, gone=.1, back=2),
)
