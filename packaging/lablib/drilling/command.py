"""`packaging/lab drill`: does the drills, holds each to what may be seen of it, and prints the table."""

import json
import os
import platform
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from lablib.drilling import faults_agent, faults_bird, faults_engine, faults_machine, faults_zone
from lablib.drilling.keeper import Keeper
from lablib.drilling.plan import Drill, DrillError, DrillSkipped, Round
from lablib.drilling.site import Site
from lablib.lab import Lab
from lablib.loadrun import LoadRun
from lablib.routewatch import RouteWatch

RATE = 2000                # questions a second
WORST = 4                  # times the limit: what a round may take if the median keeps to it
ENOUGH = 3                 # rounds for a median; as many are made where fewer were asked for, and were late
MODULES = (faults_engine, faults_agent, faults_bird, faults_zone, faults_machine)
DRILLS = {drill.name: drill for module in MODULES for drill in module.DRILLS}
HEADINGS = ('fault', 'host router sees', 'limit', 'median', 'max', 'back, median', 'back, max', 'wrong',
            'lost', 'rounds', 'verdict')


@dataclass
class Outcome:
    drill: Drill
    rounds: list[Round] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    skipped: str = ''
    wrong: int = 0
    lost: int = 0
    lost_udp: int = 0
    answered: int = 0

    def row(self) -> tuple[str, ...]:
        drill = self.drill
        gone = [one.gone for one in self.rounds if one.gone is not None]
        back = [one.back for one in self.rounds if one.back is not None and drill.gone is not None]
        what = 'withdrawn'
        if drill.gone is None:
            what = 'nothing withdrawn' if drill.replaced else 'nothing'
        return (drill.fault, what, _ms(drill.gone), *_figures(gone), *_figures(back), str(self.wrong),
                str(self.lost) if drill.gone is None else '-', str(len(self.rounds)),
                self.verdict())

    def verdict(self) -> str:
        if self.failures:
            return 'FAILED'
        return f'NOT TESTED: {self.skipped}' if self.skipped else 'as expected'

    def as_json(self) -> dict:
        return {'name': self.drill.name, 'fault': self.drill.fault, 'limit_seconds': self.drill.gone,
                'gone_seconds': [one.gone for one in self.rounds],
                'back_seconds': [one.back for one in self.rounds],
                'alarms': sorted({one.alarm for one in self.rounds if one.alarm}),
                'answered': self.answered, 'wrong': self.wrong, 'lost': self.lost, 'failures': self.failures,
                'skipped': self.skipped}


def late(drill: Drill, rounds: list[Round]) -> list[str]:
    """What took longer than it may, in the median of the rounds."""
    found = []
    for what, times, limit in (('withdrawn', [one.gone for one in rounds], drill.gone),
                               ('back', [one.back for one in rounds], drill.back)):
        known = [seconds for seconds in times if seconds is not None]
        if drill.gone is not None and known and (median := statistics.median(known)) > limit:
            found.append(f'{what} after {_ms(median)} in the median of {len(known)}, limit {_ms(limit)}')
    return found


def judge(drill: Drill, one: Round) -> list[str]:
    """What was not as it has to be in that round. The limits are for the median (late()): other work may come
    between, and one round take longer, but not more than WORST times."""
    found = []
    changes = ', '.join(f'{"+" if change.added else "-"}{change.prefix}' for change in one.changes)
    if drill.gone is None:
        seen = [change for change in one.changes if not (drill.replaced and change.added)]
        return [f'the host router saw {changes}'] if seen else []
    if one.gone is None or one.gone > WORST * drill.gone:
        found.append(f'withdrawn after {_ms(one.gone)}, limit {_ms(drill.gone)}')
    if one.back is not None and one.back > WORST * drill.back:
        found.append(f'back after {_ms(one.back)}, limit {_ms(drill.back)}')
    went = Counter(change.prefix for change in one.changes if not change.added)
    if others := sorted(set(went) - drill.prefixes):
        found.append(f'{others} went too')
    if flapped := sorted(prefix for prefix, count in went.items() if count > 1):
        found.append(f'{flapped} went more than once')
    return found


def _rounds(drill: Drill, wished: int) -> int:
    return min(wished, drill.rounds or wished)


def perform(site: Site, drill: Drill, rounds: int) -> Outcome:
    outcome = Outcome(drill)
    version = site.lab.zones.current()
    assert version is not None
    with LoadRun([version.file], RATE) as load:
        site.load = load
        for number in range(_rounds(drill, max(rounds, ENOUGH))):
            if number >= _rounds(drill, rounds) and not late(drill, outcome.rounds):
                break
            site.rounds_done = number
            if drill.fresh:
                site.fresh_agent()
            site.wait_whole()
            try:
                one = drill.run(site)
            except DrillSkipped as reason:
                outcome.skipped = str(reason)
                break
            except (DrillError, RuntimeError, OSError) as error:
                outcome.failures.append(f'round {number + 1}: {error}')
                break
            outcome.rounds.append(one)
            outcome.failures += [f'round {number + 1}: {fault}' for fault in judge(drill, one)]
        summary = load.finish()
        site.load = None
    outcome.failures += late(drill, outcome.rounds)
    _count(outcome, load, summary)
    return outcome


def _count(outcome: Outcome, load: LoadRun, summary: dict) -> None:
    drill = outcome.drill
    outcome.answered, outcome.wrong = summary['answered'], summary['wrong']
    outcome.lost = sum(load.lost_between(one.begin, one.end) for one in outcome.rounds)
    outcome.lost_udp = sum(load.lost_udp_between(one.begin, one.end) for one in outcome.rounds)
    if outcome.wrong and not drill.wrong:
        outcome.failures.append(f'{outcome.wrong} wrong answers: {summary["examples"][:2]}')
    limit = None if drill.lost_udp is None or drill.gone is not None else (
        drill.lost_udp * max(1, len(outcome.rounds)))
    if limit is not None and outcome.lost_udp > limit:
        outcome.failures.append(f'{outcome.lost_udp} UDP answers lost, limit {limit}')
    if not outcome.answered:
        outcome.failures.append('no question was answered')


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return '-'
    return f'{seconds * 1000:.1f} ms' if seconds < .1 else f'{seconds * 1000:.0f} ms'


def _figures(values: list[float]) -> tuple[str, str]:
    return (_ms(statistics.median(values)), _ms(max(values))) if values else ('-', '-')


def machine() -> str:
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        models = [line.split(':')[1].strip() for line in file if line.startswith('model name')]
    return f'{len(models)} x {models[0] if models else "?"}, Linux {platform.release()}'


def table(outcomes: list[Outcome]) -> str:
    rows = [HEADINGS, tuple('---' for _ in HEADINGS), *(outcome.row() for outcome in outcomes)]
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def select(names: list[str]) -> list[Drill]:
    """ValueError names what there is not."""
    if not names or names == ['all']:
        return list(DRILLS.values())
    if unknown := [name for name in names if name not in DRILLS]:
        raise ValueError(f'no drill is called {", ".join(unknown)}; there are: {", ".join(DRILLS)}')
    return [DRILLS[name] for name in names]


def run(lab: Lab, names: list[str], rounds: int, as_json: bool) -> int:
    """0 if everything was as it has to be."""
    drills = select(names)
    lab.up()
    outcomes = []
    with RouteWatch() as watch, Keeper(lab) as keeper:
        site = Site(lab, watch, keeper)
        site.wait_whole()
        for drill in drills:
            begin = time.monotonic()
            outcome = perform(site, drill, rounds)
            outcomes.append(outcome)
            print(f'{drill.name}: {outcome.verdict()}, {len(outcome.rounds)} rounds '
                  f'in {time.monotonic() - begin:.0f} s', file=sys.stderr, flush=True)
            for failure in outcome.failures:
                print(f'  {failure}', file=sys.stderr, flush=True)
        if keeper.failure is not None:
            print(f'the lab could not start something again: {keeper.failure}', file=sys.stderr)
    head = f'{machine()}, {time.strftime("%Y-%m-%d", time.gmtime())}, load average {os.getloadavg()[0]:.1f}'
    if as_json:
        found = {'machine': head, 'rate': RATE, 'drills': [one.as_json() for one in outcomes]}
        print(json.dumps(found, indent=2))
    else:
        print(f'{head}; {RATE} questions a second\n\n{table(outcomes)}')
    return 1 if any(outcome.failures for outcome in outcomes) else 0
