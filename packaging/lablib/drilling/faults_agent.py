"""Faults of the agent itself, and what an operator does with it."""

import os
import signal
import time
from contextlib import contextmanager
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lablib.agentjson import STOP_DRAIN_MS
from lablib.drilling.plan import ALL, SPECIFIC, V4, V6, Drill, DrillError, DrillSkipped, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import is_same, wait_until
from lablib.stopthread import StoppedThread

CORE_PATTERN = Path('/proc/sys/kernel/core_pattern')
MOMENT = .03               # seconds: an upgrade takes half a second
LEAST_OF_THE_DRAIN = .9    # between what the host router sees of its beginning and of its end


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
    """It asks for others to be preferred, and leaves them the time for that."""
    one = site.withdrawn(lambda: site.lab.kill_agent(signal.SIGTERM))
    for prefix in sorted(SPECIFIC):
        changes = [change for change in one.changes if change.prefix == prefix]
        tagged = next((change.time for change in changes if change.added), one.end)    # or: it is back
        went = [change.time for change in changes if not change.added and change.time > tagged]
        if not went or went[0] - tagged < LEAST_OF_THE_DRAIN * STOP_DRAIN_MS / 1000:
            raise DrillError(f'{prefix} was not drained for {STOP_DRAIN_MS} ms: {changes}')
    return one


def stopped_while_withdrawn(site: Site) -> Round:
    """What the operator has withdrawn does not come back for the drain before the end."""
    site.ctl('withdraw', 'v4', '--reason', 'drill')
    if not wait_until(lambda: not site.watch.present() & V4, LIMIT):
        raise DrillError('IPv4 was not withdrawn')
    seen = len(site.watch.changes)

    def mend() -> None:
        came = {change.prefix for change in site.watch.changes[seen:] if change.added} & V4
        if not wait_until(site.answers, LIMIT):
            raise DrillError('the agent was not started again')
        site.ctl('resume')
        if came:
            raise DrillError(f'{sorted(came)} came back')
    return site.withdrawn(lambda: site.lab.kill_agent(signal.SIGTERM), V6, mend)


def order_stands(site: Site) -> Round:
    """A drain holds on over the agent's death: only the covering prefixes come back."""
    def mend() -> None:
        seen = len(site.watch.changes)
        site.lab.kill_agent()

        def came() -> set[str]:
            return {change.prefix for change in site.watch.changes[seen:] if change.added}
        covering = ALL - SPECIFIC
        back = wait_until(lambda: came() >= covering and site.watch.present() == covering, LIMIT)
        site.ctl('resume')
        if not back:
            raise DrillError(f'after the restart came {sorted(came())}')
    one = site.withdrawn(lambda: site.ctl('drain', '--reason', 'drill'), SPECIFIC, mend)
    one.changes = [change for change in one.changes if change.prefix in SPECIFIC]
    return one


def upgraded(site: Site) -> Round:
    """The same process, the same engine, and nobody has noticed."""
    agent, engine = site.lab.agent.process(), site.child('imrs-engine')
    one = site.unseen(lambda: site.ctl('upgrade'))
    after = site.lab.agent.process()
    if after is None or not is_same(agent, after):
        raise DrillError('the agent is another process')
    if engine.pid != site.child('imrs-engine').pid:
        raise DrillError('the engine is another process')
    if '--take-over' not in Path(f'/proc/{after.pid}/cmdline').read_text(encoding='utf-8'):
        raise DrillError('the agent is the same program still')
    site.wait_whole()
    return one


def upgraded_and_stopped(site: Site) -> Round:
    """Told to stop at any moment of an upgrade, each round at a later one: it drains and ends, as whichever
    of the two programs it is by then."""
    before = site.lab.agent.process()

    def fault() -> None:
        site.lab.agent.send(signal.SIGHUP)
        time.sleep(MOMENT * site.rounds_done)
        site.lab.agent.send(signal.SIGTERM)
    one = site.withdrawn(fault)
    if is_same(before, site.lab.agent.process()):
        raise DrillError('the agent has not ended')
    return one


def upgrade_fails(site: Site) -> Round:
    """To a program that fails, one that does not know the words, and one that is none."""
    def fault() -> None:
        for program in ('/bin/false', '/bin/ls', '/etc/hostname'):
            try:
                site.ctl('upgrade', '--program', program)
            except RuntimeError as error:
                if 'nothing has changed' not in str(error):
                    raise DrillError(str(error)) from error
            else:
                raise DrillError(f'the agent was upgraded to {program}')
    return site.unseen(fault, alarm='upgrade failed, nothing has changed')


@contextmanager
def core_pattern(pattern: str) -> Iterator[None]:
    """It is the whole machine's: put back whatever happens."""
    before = CORE_PATTERN.read_text(encoding='ascii')
    try:
        try:
            CORE_PATTERN.write_text(pattern, encoding='ascii')
        except OSError as error:
            raise DrillSkipped(f'{CORE_PATTERN}: {os.strerror(error.errno or 0)}') from error
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
    Drill('term-withdrawn', 'IPv4 withdrawn by the operator, then the agent told to stop',
          stopped_while_withdrawn, gone=1, prefixes=V6),
    Drill('upgrade', 'agent upgraded', upgraded, lost_udp=0),
    Drill('upgrade-term', 'agent told to stop in the middle of its upgrade', upgraded_and_stopped, gone=2,
          fresh=True),
    Drill('upgrade-fails', 'agent upgraded to a binary that fails', upgrade_fails, lost_udp=0),
    Drill('order-stands', 'drained, then the agent killed', order_stands, gone=4, prefixes=SPECIFIC),
    Drill('drain', 'drained and resumed by the operator', drained, gone=4, prefixes=SPECIFIC, back=2),
    Drill('withdraw', 'withdrawn and resumed by the operator', withdrawn_by_order, gone=.1, back=2),
)
