#!/usr/bin/python3
"""Compares the answers of imrs-engine with those of NSD, Knot DNS and BIND, which serve the same zones.

Two sets of the three zones of a root server: with the lab's root zone, and with a real one signed anew (where
../shared/rootzone has one). Nothing but loopback is used. The rules are in dns_compare.py: a difference
matters where NSD and Knot agree and no rule explains ours.

Exit status: 0 no difference that matters, 1 there are some, 2 void (a server left more than 0.1 % unanswered
of what has to be answered, or too few queries), 77 skipped (a program is missing).
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / 'packaging')]

import dns_ask  # noqa: E402
import dns_compare  # noqa: E402
import dns_messages  # noqa: E402
import dns_odd  # noqa: E402
import dns_peers  # noqa: E402
import dns_queries  # noqa: E402
import dns_zones  # noqa: E402
from peer_servers import ADDRESS  # noqa: E402

SKIPPED, VOID, SILENT_LIMIT, MOST_CLASSES = 77, 2, 0.001, 10
LEAST_QUERIES = 20000      # in sum; fewer prove nothing
MILLION = 1040000
PROCESSES = 2
ORDINARY = 16000           # in one part of the work; every fourth is a round of odd ones
ODD = 16000                # about, in a round of odd ones
TCP_SHARE = 8              # one in so many is asked by TCP too
SHOWN = 10                 # differences that matter, per set of zones


@dataclasses.dataclass
class Tally:
    queries: int = 0
    by_tcp: int = 0
    identical: int = 0
    expected: int = 0      # queries every server has to answer
    classes: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    bind: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    silent: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    matter: int = 0
    shown: list = dataclasses.field(default_factory=list)

    def merge(self, other: 'Tally') -> None:
        for field in dataclasses.fields(self):
            mine, its = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine + its)

    def add(self, classes: tuple[str, ...], bind: str) -> None:
        self.classes.update(classes)
        if bind:
            self.bind[bind] += 1

    def finding(self, what: str, query: dns_queries.Query, wires: tuple) -> None:
        self.matter += 1
        if sum(what == w for w, _, _ in self.shown) < 2 and len(self.shown) < SHOWN:
            self.shown.append((what, query, wires))


class Judge:
    """Compares the answers to many queries; remembers what it has judged."""

    def __init__(self) -> None:
        self._read, self._verdicts = dns_messages.Reader(), {}

    def _verdict(self, responses: tuple, kind: str, tight: bool, tcp: bool) -> tuple:
        key = (responses, kind, tight, tcp)
        verdict = self._verdicts.get(key)
        if verdict is None:
            *peers, mine = responses
            verdict = (dns_compare.compare(mine, peers, kind, tight, tcp), dns_compare.bind_alone(peers))
            if len(self._verdicts) > dns_messages.REMEMBERED:
                self._verdicts.clear()
            self._verdicts[key] = verdict
        return verdict

    def judge(self, query: dns_queries.Query, wires: tuple, tcp: bool, tally: Tally) -> None:
        """`wires`: what NSD, Knot, BIND and imrs-engine answered."""
        tally.queries += 1
        tally.by_tcp += tcp
        if query.kind not in (dns_queries.BROKEN, dns_queries.FORM):
            tally.expected += 1
            if None in wires:
                tally.silent.update((name, query.label) for name, wire in zip(dns_peers.NAMES, wires)
                                    if wire is None)
        limit = dns_queries.size_limit(query.wire, query.end, tcp)
        if wires[-1] is not None and len(wires[-1]) > limit:
            tally.classes['differs: longer than the client takes'] += 1
            tally.finding('longer than the client takes', query, wires)
            return
        if wires.count(wires[0]) == len(wires):
            tally.identical += 1
            return
        responses = tuple(self._read(wire, query.wire, query.end) for wire in wires)
        name = max(0, query.end - dns_messages.HEADER - 4)
        tight = any(wire is not None and len(wire) > limit - name for wire in wires[:2])
        classes, bind = self._verdict(responses, query.kind, tight, tcp)
        tally.add(classes, bind)
        for what in classes:
            if what not in dns_compare.EXPLAINED:
                tally.finding(what, query, wires)


# ---- one process of several ------------------------------------------------------------------------------


class Work:
    """What a process keeps from one part of the work to the next."""

    def __init__(self, zones: dict[str, Path], ports: list[int]) -> None:
        self.names, self.judge = dns_queries.Names(zones), Judge()
        self.askers = [dns_ask.Asker(ADDRESS, port) for port in ports]

    def compare(self, queries: list[dns_queries.Query], tcp: bool, tally: Tally) -> None:
        for start in range(0, len(queries), dns_ask.MOST):
            part = queries[start:start + dns_ask.MOST]
            wires = [q.wire for q in part]
            answers = [asker.ask(wires, tcp) for asker in self.askers]
            for query, replies in zip(part, zip(*answers)):
                self.judge.judge(query, replies, tcp, tally)


_work: Work | None = None


def start_work(zones: dict[str, Path], ports: list[int]) -> None:
    global _work
    _work = Work(zones, ports)


def do_part(seed: int, count: int, odd: bool) -> Tally:
    """`count` ordinary queries or a round of odd ones by UDP, and a share of them by TCP."""
    rng = random.Random(seed)
    queries = dns_odd.odd(_work.names, rng) if odd else dns_queries.ordinary(_work.names, count, rng)
    tally = Tally()
    _work.compare(queries, False, tally)
    by_tcp = [q for q in queries if q.kind != dns_queries.BROKEN]
    _work.compare(rng.sample(by_tcp, len(by_tcp) // (2 if odd else TCP_SHARE)), True, tally)
    return tally


# ---- all -------------------------------------------------------------------------------------------------


def parts(count: int, seed: int):
    """(seed, ordinary queries, odd or not) until about `count` queries have been asked, odd ones first."""
    asked = number = 0
    while asked < count:
        odd = number % 4 == 0
        ordinary = min(ORDINARY, max(500, (count - asked) * TCP_SHARE // (TCP_SHARE + 1)))
        yield seed * 1000003 + number, ordinary, odd
        asked += ODD if odd else ordinary + ordinary // TCP_SHARE
        number += 1


def compare_zones(zones: dict[str, Path], count: int, args: argparse.Namespace, folder: Path) -> Tally:
    folder.mkdir(exist_ok=True)
    image = folder / 'image'
    dns_zones.compile_image(args.compile, zones, image)
    tally = Tally()
    with dns_peers.running(zones, args.engine.resolve(), image, folder) as servers, \
            concurrent.futures.ProcessPoolExecutor(PROCESSES, initializer=start_work, initargs=(
                zones, [server.port for server in servers])) as pool:
        for done in pool.map(do_part, *zip(*parts(count, args.seed))):
            tally.merge(done)
    return tally


def report(title: str, tally: Tally, seconds: float) -> int:
    print(f'\n{title}: {tally.queries} queries ({tally.by_tcp} by TCP) to NSD, Knot, BIND and imrs-engine in '
          f'{seconds:.1f} s; {tally.identical} answers identical to the octet')
    for what, count in tally.classes.most_common():
        print(f'  {count:7}  {what:28} {dns_compare.EXPLAINED.get(what, "MATTERS")}')
    print('  BIND alone, where NSD and Knot agree: ' +
          (', '.join(f'{what} {count}' for what, count in tally.bind.most_common()) or 'nothing'))
    for what, query, wires in tally.shown:
        print(f'  MATTERS {what}: {query.label}\n    query {query.wire.hex()}')
        for name, wire in zip(dns_peers.NAMES, wires):
            print(f'    {name:5} {wire.hex() if wire is not None else "(none)"}'[:400])
    print(f'  {tally.matter} differences that matter')
    return VOID if _too_silent(tally) else 1 if tally.matter else 0


def _too_silent(tally: Tally) -> bool:
    too_silent = False
    for server in dns_peers.NAMES:
        labels = collections.Counter({label: count for (name, label), count in tally.silent.items()
                                      if name == server})
        share = labels.total() / max(1, tally.expected)
        if labels:
            print(f'  {server} left {labels.total()} of {tally.expected} unanswered ({share:.3%}): '
                  + ', '.join(f'{label} {count}' for label, count in labels.most_common(4)))
        if share > SILENT_LIMIT:
            print('  void: a server that does not answer is not compared')
            too_silent = True
    return too_silent


def arguments() -> argparse.Namespace:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--engine', required=True, type=Path, help='imrs-engine')
    ap.add_argument('--compile', required=True, type=Path, help='compile_zones')
    ap.add_argument('--count', type=int, default=50000, help='queries, about, for both sets (default: 50000)')
    ap.add_argument('--million', action='store_const', dest='count', const=MILLION,
                    help='more than 1,000,000 queries: some minutes')
    ap.add_argument('--seed', type=int, default=1, help='the same seed gives the same queries')
    return ap.parse_args()


def compare_all(args: argparse.Namespace, folder: Path) -> int:
    worst, total = 0, Tally()
    for title, make in (('lab zones', dns_zones.lab_zones), ('real root zone', dns_zones.real_zones)):
        zones = make(folder / f'{title} zones'.replace(' ', '-'))
        if zones is None:
            print(f'\nSKIPPED: {title}: none in {dns_zones.REAL_ZONES}')
            continue
        start = time.monotonic()
        tally = compare_zones(zones, args.count // 2, args, folder / title.replace(' ', '-'))
        total.merge(tally)
        worst = max(worst, report(title, tally, time.monotonic() - start))
    explained = [what for what in total.classes if what in dns_compare.EXPLAINED]
    print(f'\n{total.queries} queries in sum (at least {LEAST_QUERIES} are needed), '
          f'{len(explained)} explained classes (at most {MOST_CLASSES})')
    return VOID if total.queries < LEAST_QUERIES or len(explained) > MOST_CLASSES else worst


def main() -> int:
    args = arguments()
    missing = dns_peers.missing_programs()
    if missing:
        print(f'SKIPPED: not installed: {", ".join(missing)}')
        return SKIPPED
    folder = Path(tempfile.mkdtemp(prefix='imrs-differential-'))
    try:
        return compare_all(args, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
