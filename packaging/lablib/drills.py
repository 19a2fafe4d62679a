"""Faults, made on purpose, and what the host router saw of each. Used by quickstart and the end-to-end
tests; each function leaves the lab whole again or raises.

All times are time.monotonic()'s. A drill never waits by the clock alone: it waits for a route, a process
or a line in the agent's log.
"""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lablib.agentlog import AgentLog
from lablib.lab import Lab, LabError
from lablib.processes import running, wait_until
from lablib.routewatch import Change, RouteWatch
from lablib.zonemaker import ZoneVersion

LIMIT = 20                 # seconds until a drill gives up
CALM = 1.5                 # seconds after which nothing more comes of a fault that should not be seen


@dataclass
class Outcome:
    begin: float                       # when the fault was made
    end: float = 0                     # when the lab was whole again
    gone_after: float | None = None    # seconds until the last of the five routes had gone; None: none went
    back_after: float | None = None    # seconds until all five were back; None: they never went
    changes: list[Change] = field(default_factory=list)
    wall: float = field(default_factory=time.time)     # `begin` as Unix time, which logs have
    started_after: float | None = None     # seconds until the agent had started a process that was killed
    serving_after: float | None = None     # ... until that engine served; until a zone was refused or served

    def saw(self) -> str:
        """What the host router saw, in words."""
        if not self.changes:
            return 'nothing: all five routes stayed'
        if self.gone_after is None:
            return 'some routes went' if self.back_after is None else 'all five routes back'
        return 'all five routes gone' + ('' if self.back_after is None else ', then back')


class Drills:
    """A running lab with all five routes, and a watch on them."""

    def __init__(self, lab: Lab, watch: RouteWatch) -> None:
        self._lab = lab
        self._watch = watch

    # ---- faults that the host router must not see ---------------------------------------------------

    def kill_child(self, name: str, number: int = signal.SIGKILL) -> Outcome:
        """The agent starts it again."""
        log, seen = AgentLog(self._lab.agent.log), len(self._watch.changes)
        outcome = Outcome(time.monotonic())
        killed = self._lab.kill_child(name, number)
        line = log.wait(rf'^program={name} pid=(?!{killed}\b)\d+ started', LIMIT)
        outcome.started_after = line.when - outcome.wall
        if name == 'imrs-engine':
            pid = line.text.split('pid=')[1].split()[0]
            outcome.serving_after = log.wait(rf'^engine pid={pid} .*serving', LIMIT).when - outcome.wall
        child = self._lab.children().get(name)
        if child is None or child.pid == killed:
            raise LabError(f'{name} was not started again\n{self._lab.seen()}')
        return self._calm(outcome, seen)

    def publish(self, broken: bool) -> tuple[Outcome, str]:
        """A new zone version at the primary; also the agent's word on it. The time begins when the primary
        is told; it ends with that word."""
        return self._publish(self._lab.zones.next_version(broken))

    def restore(self, ready: Callable[[ZoneVersion], object] = lambda _: None) -> tuple[Outcome, str]:
        """A new version with what was served before the broken one; `ready` is called before it is
        published."""
        version = self._lab.zones.restored()
        ready(version)
        return self._publish(version)

    def _publish(self, version: ZoneVersion) -> tuple[Outcome, str]:
        log, seen = AgentLog(self._lab.agent.log), len(self._watch.changes)
        outcome = Outcome(time.monotonic())
        self._lab.primary.serve(version.file, version.serial)
        state = 'serving' if version.good else 'refused'
        line = log.wait(rf'zone=\. serial={version.serial} state={state}', LIMIT)
        outcome.serving_after = line.when - outcome.wall
        return self._calm(outcome, seen), line.text

    # ---- faults that must withdraw ------------------------------------------------------------------

    def kill_agent(self, number: int = signal.SIGKILL) -> Outcome:
        """The routes go with it, and its children: imrs-web after it has written what was counted. It is not
        started again here: start_agent() does."""
        processes = [*self._lab.children().values()]
        if (agent := self._lab.agent.process()) is not None:
            processes.append(agent)
        outcome, seen = Outcome(time.monotonic()), len(self._watch.changes)
        self._lab.kill_agent(number)
        self._wait_gone(outcome)
        if not wait_until(lambda: not any(map(running, processes)), LIMIT):
            raise LabError(f'the agent or a child of it did not end\n{self._lab.seen()}')
        return self._finish(outcome, seen)

    def start_agent(self) -> Outcome:
        outcome, seen = Outcome(time.monotonic()), len(self._watch.changes)
        self._lab.start_agent()
        self._wait_back(outcome)
        return self._finish(outcome, seen)

    # ---- waiting ------------------------------------------------------------------------------------

    def _wait_gone(self, outcome: Outcome) -> None:
        when = self._watch.wait_none(LIMIT)
        if when is None:
            raise LabError(f'the routes did not go\n{self._lab.seen()}')
        outcome.gone_after = when - outcome.begin

    def _wait_back(self, outcome: Outcome) -> None:
        when = self._watch.wait_all(LIMIT)
        if when is None:
            raise LabError(f'the routes did not come back\n{self._lab.seen()}')
        outcome.back_after = when - outcome.begin

    def _calm(self, outcome: Outcome, seen: int) -> Outcome:
        """Nothing should happen: that can only be waited for."""
        wait_until(lambda: len(self._watch.changes) > seen, CALM)
        return self._finish(outcome, seen)

    def _finish(self, outcome: Outcome, seen: int) -> Outcome:
        outcome.end = time.monotonic()
        outcome.changes = self._watch.changes[seen:]
        return outcome
