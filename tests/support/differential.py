#!/usr/bin/python3
"""Compares the answers of imrs-engine with those of NSD and Knot DNS, serving the same zones.

Exit status: 0 no difference that matters, 1 there are some, 2 void (a server did not answer, or fewer than
20,000 queries in sum), 77 skipped (a program is missing). Nothing but loopback is used.
"""

import argparse
import collections
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / 'packaging')]

import dns_compare  # noqa: E402
import dns_messages  # noqa: E402
import dns_peers  # noqa: E402
import dns_queries  # noqa: E402
from lablib.zonemaker import ZoneMaker  # noqa: E402

SKIPPED, VOID, SILENT_LIMIT = 77, 2, 0.001
LEAST_QUERIES = 20000      # in sum; fewer prove nothing
REAL_ZONES = HERE.parent.parent.parent / 'shared' / 'rootzone'

ARPA = '''arpa. 86400 IN SOA a.root-servers.net. nstld.example. 2026112400 1800 900 604800 86400
arpa. 518400 IN NS a.root-servers.net.
arpa. 518400 IN NS b.root-servers.net.
in-addr.arpa. 172800 IN NS a.in-addr-servers.arpa.
in-addr.arpa. 86400 IN DS 47054 8 2 5cafccec201d1933b4c9f6a9c8f51e51f3b39979058ac21b8df1b1f281cbc6f2
ip6.arpa. 172800 IN NS a.ip6-servers.arpa.
e164.arpa. 172800 IN NS ns.elsewhere.example.
in-addr-servers.arpa. 172800 IN NS a.in-addr-servers.arpa.
a.in-addr-servers.arpa. 172800 IN A 198.18.0.1
a.in-addr-servers.arpa. 172800 IN AAAA 2001:db8::1
ip6-servers.arpa. 172800 IN NS a.ip6-servers.arpa.
a.ip6-servers.arpa. 172800 IN A 198.18.0.2
home.deep.arpa. 172800 IN NS ns.elsewhere.example.
'''
ROOT_SERVERS = '''root-servers.net. 86400 IN SOA a.root-servers.net. nstld.example. 1 14400 7200 604800 3600
root-servers.net. 3600000 IN NS a.root-servers.net.
root-servers.net. 3600000 IN NS b.root-servers.net.
a.root-servers.net. 3600000 IN A 198.41.0.4
a.root-servers.net. 3600000 IN AAAA 2001:503:ba3e::2:30
b.root-servers.net. 3600000 IN A 170.247.170.2
'''


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        sys.exit(f'{argv[0]} failed: {done.stderr or done.stdout}')
    return done.stdout.strip()


def lab_zones(folder: Path) -> dict[str, Path]:
    """The lab's root zone, an arpa signed here and an unsigned root-servers.net."""
    root = ZoneMaker(folder / 'root').first().file
    (folder / 'arpa').write_text(ARPA)
    key = ['ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256']
    keys = [run([*key, 'arpa.'], folder), run([*key, '-k', 'arpa.'], folder)]
    run(['ldns-signzone', '-o', 'arpa.', '-f', 'arpa.signed', 'arpa', *keys], folder)
    (folder / 'root-servers').write_text(ROOT_SERVERS)
    return {'.': root, 'arpa.': folder / 'arpa.signed', 'root-servers.net.': folder / 'root-servers'}


def real_zones(folder: Path) -> dict[str, Path] | None:
    """The newest real root zone there is, signed anew; None if there is none."""
    found = sorted(REAL_ZONES.glob('root-*.zone.xz'))
    return {'.': ZoneMaker(folder / 'real').first(found[-1]).file} if found else None


def size_limit(query: bytes, tcp: bool) -> int:
    """How long the answer to a plain query may be. Its OPT, if any, is its last record."""
    if tcp:
        return 65535
    at = query.find(b'\0\0\x29', 12)
    size = int.from_bytes(query[at + 3:at + 5], 'big') if at > 0 else 512
    return min(max(size, 512), 1232)


class Tally:
    def __init__(self) -> None:
        self.queries, self.identical = 0, 0
        self.classes: collections.Counter = collections.Counter()
        self.matter: list[tuple] = []
        self.labels: collections.Counter = collections.Counter()
        self.silent: collections.Counter = collections.Counter()
        self.expected = 0      # queries every server has to answer

    def add(self, query: dns_queries.Query, wires: list[bytes | None], tcp: bool) -> None:
        self.queries += 1
        self.expected += not query.broken
        if not query.broken and None in wires:
            self.labels[query.label] += 1
        if not query.broken:
            self.silent.update(i for i, wire in enumerate(wires) if wire is None)
        *peers, mine = [dns_compare.parse(w) for w in wires]
        if wires[0] is not None and wires.count(wires[0]) == len(wires):
            self.identical += 1
        what, matters = dns_compare.compare(mine, peers, size_limit(query.wire, tcp), query.broken,
                                            query.unclear)
        if what is not None:
            self.classes[what] += 1
        if matters:
            self.matter.append((what, query, wires))


def ask_all(servers: list, queries: list[dns_queries.Query], tcp: bool, tally: Tally) -> None:
    ask = dns_messages.ask_tcp if tcp else dns_messages.ask_udp
    for start in range(0, len(queries), 16384):
        part = queries[start:start + 16384]
        wires = [q.wire for q in part]
        answers = [ask(dns_peers.ADDRESS, server.port, wires) for server in servers]
        for query, replies in zip(part, zip(*answers)):
            tally.add(query, list(replies), tcp)


def compare_zones(zones: dict[str, Path], count: int, args: argparse.Namespace, folder: Path) -> Tally:
    folder.mkdir(exist_ok=True)
    image = folder / 'image'
    run([args.compile, str(image), *(f'{o}={f}' for o, f in zones.items())], folder)
    rng = random.Random(args.seed)
    names = dns_queries.Names(zones)
    queries = dns_queries.ordinary(names, count, rng)
    odd = dns_queries.odd(names, rng)
    tally = Tally()
    with dns_peers.running(zones, Path(args.engine), image, folder) as servers:
        ask_all(servers, queries + odd, False, tally)
        by_tcp = [q for q in odd if not q.broken] + queries
        ask_all(servers, by_tcp[:count // 4], True, tally)
    return tally


def report(title: str, tally: Tally, seconds: float) -> int:
    print(f'\n{title}: {tally.queries} queries to NSD, Knot and imrs-engine in {seconds:.1f} s, '
          f'{tally.identical} answers identical to the octet')
    for what, count in tally.classes.most_common():
        print(f'  {count:7}  {what:40} {dns_compare.EXPLAINED.get(what, "MATTERS")}')
    for what, query, wires in tally.matter[:10]:
        print(f'  MATTERS {what}: {query.label}\n    query {query.wire.hex()}')
        for name, wire in zip(('nsd', 'knot', 'imrs'), wires):
            print(f'    {name:5} {wire.hex() if wire is not None else "(none)"}'[:400])
    print(f'  {len(tally.matter)} differences that matter')
    for server, count in tally.silent.items():
        share = count / tally.expected
        print(f'  {("nsd", "knot", "imrs")[server]} left {count} unanswered ({share:.3%})')
        if share > SILENT_LIMIT:
            print(f'  among others: {tally.labels.most_common(6)}')
            print('  void: a server that does not answer is not compared')
            return VOID
    return 1 if tally.matter else 0


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    ap.add_argument('--engine', required=True, help='imrs-engine')
    ap.add_argument('--compile', required=True, help='compile_zones')
    ap.add_argument('--count', type=int, default=16000,
                    help='ordinary queries for the lab zones; half as many for the real one')
    ap.add_argument('--seed', type=int, default=1)
    args = ap.parse_args()
    missing = dns_peers.missing_programs()
    if missing:
        print(f'SKIPPED: not installed: {", ".join(missing)} (Debian: nsd knot ldnsutils)')
        return SKIPPED
    worst = asked = 0
    folder = Path(tempfile.mkdtemp(prefix='imrs-differential-'))
    try:
        for title, make, count in (('lab zones', lab_zones, args.count),
                                   ('real root zone', real_zones, args.count // 2)):
            start = time.monotonic()
            zones = make(folder)
            if zones is None:
                print(f'\nSKIPPED: {title}: none in {REAL_ZONES}')
                continue
            tally = compare_zones(zones, count, args, folder / title.replace(' ', '-'))
            asked += tally.queries
            worst = max(worst, report(title, tally, time.monotonic() - start))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f'\n{asked} queries in sum (at least {LEAST_QUERIES} are needed)')
    if asked < LEAST_QUERIES:
        print('void: too few queries')
        return VOID
    return worst


if __name__ == '__main__':
    sys.exit(main())
