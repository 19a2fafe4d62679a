"""The running lab during a drill: what faults need to do to it, and what was seen of them."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lablib.agentlog import AgentLog
from lablib.drilling.keeper import Keeper
from lablib.drilling.nft import drop, drop_nothing
from lablib.drilling.plan import ALL, DrillError, Round
from lablib.lab import Lab
from lablib.loadrun import LoadRun
from lablib.processes import Stat, wait_until
from lablib.routewatch import RouteWatch

LIMIT = 30                 # seconds until a drill gives up
FLOW = 500                 # answers
CALM = 1.5                 # seconds after which nothing more comes of a fault that should not be seen


class Site:
    def __init__(self, lab: Lab, watch: RouteWatch, keeper: Keeper) -> None:
        self.lab, self.watch, self.keeper = lab, watch, keeper
        self.load: LoadRun | None = None     # of the drill that is going on
        self.rounds_done = 0                 # of it

    # ---- one round ----------------------------------------------------------------------------------

    def withdrawn(self, fault: Callable[[], object], prefixes: frozenset[str] = ALL,
                  mend: Callable[[], object] = lambda: None, any_of: bool = False,
                  limit: float = LIMIT, meanwhile: Callable[[], object] = lambda: None) -> Round:
        """The fault takes routes away until it is mended: by the appliance itself, or by `mend`. `meanwhile`
        is done while they are away."""
        self._flow()
        seen, one = len(self.watch.changes), Round(time.monotonic())
        fault()

        def gone() -> bool:
            missing = prefixes - self.watch.present()
            return bool(missing) if any_of else missing == prefixes
        try:
            if not wait_until(gone, limit, .001):
                raise DrillError(f'the routes did not go\n{self.lab.seen()}')
            went = [change.time for change in self.watch.changes[seen:]
                    if not change.added and change.prefix in prefixes]
            one.gone = went[-1] - one.begin
            meanwhile()
        finally:
            mended = time.monotonic()
            mend()
        self.wait_whole()
        one.back = max(0, self.watch.changes[-1].time - mended)
        return self._finish(one, seen)

    def unseen(self, fault: Callable[[], object], mend: Callable[[], object] = lambda: None,
               alarm: str = '', calm: float = CALM) -> Round:
        """Nothing may come of it at the host router; `alarm` is to be found in what imrsctl says."""
        self._flow()
        seen, one, since = len(self.watch.changes), Round(time.monotonic()), time.time()
        try:
            fault()
            if alarm:
                one.alarm = self.wait_alarm(alarm, since)
            wait_until(lambda: len(self.watch.changes) > seen, calm)
        finally:
            mend()
        return self._finish(one, seen)

    def _flow(self) -> None:
        """Answers come again, for longer than the load's slot: what an earlier restart has lost is not this
        fault's."""
        if self.load is None:
            return
        before = self.load.report()['answered']
        if not wait_until(lambda: self.load.report()['answered'] >= before + FLOW, LIMIT):
            raise DrillError('no answers come')

    def _finish(self, one: Round, seen: int) -> Round:
        one.end = time.monotonic()
        one.changes = self.watch.changes[seen:]
        return one

    # ---- waiting ------------------------------------------------------------------------------------

    def wait_whole(self) -> None:
        """All five routes at the host router and every decision up."""
        if self.watch.wait_all(LIMIT) is None:
            raise DrillError(f'the routes did not come back\n{self.lab.seen()}')
        if not wait_until(self.is_up, LIMIT):
            raise DrillError(f'not every decision is up\n{self.lab.ask_agent("status")}')

    def is_up(self) -> bool:
        try:
            status = self.status()
        except (RuntimeError, OSError, ValueError):
            return False
        return bool(status['decisions']) and all(one['phase'] == 'up' for one in status['decisions'])

    def answers(self) -> bool:
        """The agent does, to imrsctl."""
        try:
            self.status()
        except (RuntimeError, ValueError):
            return False
        return True

    def status(self) -> dict:
        return json.loads(self.ctl('status', '--json'))

    def ctl(self, *words: str) -> str:
        try:
            return self.lab.ask_agent(*words)
        except Exception as error:
            raise RuntimeError(str(error)) from error

    def wait_alarm(self, pattern: str, since: float) -> str:
        """The alarm that there is now, or the line of the history since that Unix time, with that regular
        expression."""
        found: list[str] = []

        def there() -> bool:
            status = self.status()
            lines = status['alarms'] + [entry['text'] for entry in status['history']
                                         if entry['time_ms'] >= since * 1000]
            found[:] = [line for line in lines if re.search(pattern, line)]
            return bool(found)
        if not wait_until(there, LIMIT, .05):
            raise DrillError(f'no alarm "{pattern}"; there is: {self.status()["alarms"]}')
        return found[-1]

    def root_zone(self) -> dict:
        return next(zone for zone in self.status()['zones'] if zone['origin'] == '.')

    def wait_serving(self, serial: int) -> None:
        def served() -> bool:
            return self.root_zone()['serial'] == serial
        if not wait_until(served, LIMIT, .05):
            raise DrillError(f'serial {serial} is not served\n{self.lab.seen()}')

    def fresh_agent(self) -> None:
        """Without a memory of earlier faults, which would make its hold-down longer."""
        pid = self.lab.kill_agent()
        if not wait_until(lambda: (new := self.lab.agent.process()) is not None and new.pid != pid, LIMIT):
            raise DrillError('the agent was not started again')
        self.watch.wait_none(1)
        self.wait_whole()

    @contextmanager
    def other_agent(self, under: tuple[str, ...] = (), environment: dict[str, str] | None = None
                    ) -> Iterator[None]:
        """Inside it the agent runs under that command and with more in its environment."""
        self.keeper.under, self.keeper.environment = under, environment or {}
        try:
            self.fresh_agent()
            yield
        finally:
            self.keeper.under, self.keeper.environment = (), {}
            self.fresh_agent()

    # ---- what faults need ---------------------------------------------------------------------------

    def child(self, name: str) -> Stat:
        found = self.lab.children().get(name)
        if found is None:
            raise DrillError(f'{name} is not running')
        return found

    def log(self) -> AgentLog:
        return AgentLog(self.lab.agent.log)

    def birdc(self, command: str, where: str = 'appliance') -> str:
        bird = self.lab.appliance_bird if where == 'appliance' else self.lab.host_bird
        return bird.command(command)

    def nft(self, *rules: str) -> None:
        """Drops packets in the appliance's namespace; without rules none any more."""
        drop(*rules) if rules else drop_nothing()
