"""Runs the appliance and its rivals through the same faults and prints one table."""

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass, field

from lablib import topology as net
from lablib.drilling.command import DRILLS, machine, perform
from lablib.drilling.keeper import Keeper
from lablib.drilling.site import Site
from lablib.lab import Lab
from lablib.loadrun import LoadRun
from lablib.processes import wait_until
from lablib.rivals.configs import RIVALS, Rival
from lablib.rivals.faults import FAULTS, Fault
from lablib.rivals.site import RivalSite
from lablib.routewatch import RouteWatch

OURS = 'this appliance'
RATE = 500                 # questions a second, while a rival is at work


@dataclass
class Cell:
    gone: list[float | None] = field(default_factory=list)   # seconds until the broken routes had gone

    def text(self) -> str:
        seen = [one for one in self.gone if one is not None]
        if not self.gone:
            return '?'
        out = 'never' if not seen else _seconds(statistics.median(seen))
        if seen and len(seen) < len(self.gone):
            out += f', {len(self.gone) - len(seen)} of {len(self.gone)} never'
        elif len(seen) > 1:
            out += f' (max {_seconds(max(seen))})'
        return out


def _seconds(value: float) -> str:
    if value >= 1:
        return f'{value:.1f} s'
    return f'{value * 1000:.1f} ms' if value < .1 else f'{value * 1000:.0f} ms'


def one_round(site: RivalSite, fault: Fault) -> float | None:
    """Seconds until what is broken was withdrawn; None: never, within the rival's patience."""
    site.wait_whole()
    begin, seen = time.monotonic(), len(site.watch.changes)
    gone: dict[str, float] = {}

    def all_gone() -> bool:
        for change in site.watch.changes[seen:]:
            if not change.added and change.prefix in fault.prefixes:
                gone.setdefault(change.prefix, change.time - begin)
        return set(gone) == fault.prefixes
    fault.make(site)
    try:
        return max(gone.values()) if wait_until(all_gone, site.rival.patience, .005) else None
    finally:
        fault.mend(site)


def rival_column(lab: Lab, rival: Rival, faults: list[Fault], rounds: int) -> dict[str, Cell]:
    column = {fault.words: Cell() for fault in faults}
    with RouteWatch() as watch, RivalSite(lab, rival, watch) as site:
        for fault in faults:
            cell = column[fault.words]
            with LoadRun([site.zone_file], RATE):        # as in our own drills
                for _ in range(rounds):
                    cell.gone.append(one_round(site, fault))
            print(f'{rival.name}: {fault.words}: {cell.text()}', file=sys.stderr, flush=True)
    return column


def our_column(lab: Lab, faults: list[Fault], rounds: int) -> dict[str, Cell]:
    lab.up()
    column = {}
    with RouteWatch() as watch, Keeper(lab) as keeper:
        site = Site(lab, watch, keeper)
        for fault in faults:
            outcome = perform(site, DRILLS[fault.drill], rounds)
            cell = column[fault.words] = Cell([one.gone for one in outcome.rounds])
            print(f'{OURS}: {fault.words}: {cell.text()}', file=sys.stderr, flush=True)
            for failure in outcome.failures:
                print(f'  {failure}', file=sys.stderr, flush=True)
    lab.stop_agent()
    lab.appliance_bird.service.stop(9)
    return column


def table(columns: dict[str, dict[str, Cell]], faults: list[Fault]) -> str:
    rows = [('fault', *columns), tuple('---' for _ in range(len(columns) + 1))]
    rows += [(fault.words, *(column[fault.words].text() for column in columns.values()))
             for fault in faults]
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog='packaging/side-by-side', description=__doc__)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--rival', action='append', metavar='NAME',
                        choices=[rival.name for rival in RIVALS])
    parser.add_argument('--fault', action='append', metavar='WORDS',
                        choices=[fault.words for fault in FAULTS])
    args = parser.parse_args()
    faults = [fault for fault in FAULTS if not args.fault or fault.words in args.fault]
    lab = Lab(net.DEFAULT_DIRECTORY, net.DEFAULT_BUILD)
    lab.down()
    try:
        columns = {OURS: our_column(lab, faults, args.rounds)}
        for rival in RIVALS:
            if not args.rival or rival.name in args.rival:
                columns[rival.name] = rival_column(lab, rival, faults, args.rounds)
    finally:
        lab.down()
    head = f'{machine()}, {time.strftime("%Y-%m-%d", time.gmtime())}, load average {os.getloadavg()[0]:.1f}'
    if args.json:
        cells = {name: {words: vars(cell) for words, cell in column.items()}
                 for name, column in columns.items()}
        print(json.dumps({'machine': head, 'rounds': args.rounds, 'columns': cells}, indent=2))
    else:
        print(f'{head}; {args.rounds} rounds; until the broken routes had gone at the host router\n\n'
              f'{table(columns, faults)}')
    return 0
