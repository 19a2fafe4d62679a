#!/usr/bin/python3
"""Writes or checks tests/ANSWERS.md: what imrs-engine, NSD, Knot DNS and BIND do with odd messages.

--write asks all four and writes the file anew; --check asks imrs-engine only, and fails where its column is
not what the file says. Both serve the lab's three zones on loopback.

Exit status: 0 as it should be, 1 the column differs (the rows are printed), 77 skipped (a program is
missing).
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / 'packaging')]

import dns_ask  # noqa: E402
import dns_messages  # noqa: E402
import dns_peers  # noqa: E402
import dns_rows  # noqa: E402
import dns_zones  # noqa: E402
from peer_servers import ADDRESS, Server  # noqa: E402

SKIPPED = 77
FILE = HERE.parent / 'ANSWERS.md'
ORDER = ('imrs', 'nsd', 'knot', 'bind')
RCODES = {0: 'NOERROR', 1: 'FORMERR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 4: 'NOTIMP', 5: 'REFUSED', 9: 'NOTAUTH',
          16: 'BADVERS', 23: 'BADCOOKIE'}
FLAGS = ((0x0400, 'AA'), (0x0200, 'TC'), (0x0100, 'RD'), (0x0080, 'RA'), (0x0040, 'Z'), (0x0020, 'AD'),
         (0x0010, 'CD'))
OPTION_NAMES = {3: 'nsid', 8: 'subnet', 10: 'cookie', 11: 'keepalive', 12: 'padding'}
HEAD = '''# What is answered to odd messages

What imrs-engine, NSD, Knot DNS and BIND do with messages that resolvers seldom or never send, and which
clause decides. Where the RFCs are silent we do as the better of NSD and Knot.

Made by a command, from real answers; do not edit by hand:

    tests/support/answers_table.py --engine build/release/bin/imrs-engine \\
        --compile build/release/bin/compile_zones --write

A test (`ctest -R answers_table`) holds our own column to it.

Peers: {versions}, all with minimal responses, without cookies and rate
limits; imrs-engine without `--cookie-secret` and `--rate-limit`. Zones: the lab's root,
`arpa` and `root-servers.net`. Questions have EDNS with DO and 1232 octets where nothing else is said.

How to read it: rcode, then header flags of the response; `an 2`: two records in the answer section; `ref`: a
referral (NS in the authority section, no AA); `ede 20`: extended error (RFC 8914); `-q`: question left out;
`-opt`: OPT left out though the query had one that can be read; `tsig`: with a TSIG record; *silent*: nothing
came back. A TC in a row by UDP is due to size.
'''
NOTES = '''
## Notes
- `root-servers.net DS`: the parent of `root-servers.net` is `net`, which is not served here; of the zones
  served, the root holds the delegation of `net`. The root's referral leads a validator to the servers of
  `net`, which know.
- AXFR, IXFR and NOTIFY are refused whatever the name: service addresses neither give nor take zones.
- The CHAOS names are answered as NSD and Knot do; every other name of class CH is REFUSED.
- Class ANY is answered like IN, without AA as NSD does it (RFC 1035 6.2): class CH is here as well.
- With a cookie secret (`--cookie-secret`, or the agent's configuration) cookies of 8 and 16 to 40 octets are
  answered with one of ours (RFC 7873, RFC 9018), and QDCOUNT 0 with a cookie by NOERROR (BADCOOKIE if the
  cookie is not ours).
'''


def _options(response: dns_messages.Response, query: bytes) -> list[str]:
    if response.opt is None:
        return ['-opt'] if query.find(b'\0\0\x29', 12) > 0 else []
    out = []
    for code, data in response.opt.options:
        out.append(f'ede {int.from_bytes(data[:2], "big")}' if code == 15 else
                   OPTION_NAMES.get(code, f'option {code}'))
    return out


def short_form(wire: bytes | None, query: bytes) -> str:
    if wire is None:
        return '*silent*'
    end = dns_messages.question_end(query)
    response = dns_messages.Reader()(wire, query, end)
    if isinstance(response, str):
        return response
    words = [RCODES.get(response.rcode, f'rcode {response.rcode}')]
    words += [text for bit, text in FLAGS if response.flags & bit]
    if response.answer:
        words.append(f'an {len(response.answer)}')
    elif any(record[2] == 2 for record in response.authority) and not response.flags & 0x400:
        words.append('ref')
    if response.question == b'':
        words.append('-q')
    words += _options(response, query)
    words += ['tsig'] if any(record[2] == 250 for record in response.additional) else []
    return ' '.join(words)


def cells_of(server: Server, rows: list[dns_rows.Row]) -> list[str]:
    """What this server says to each row's question."""
    asker = dns_ask.Asker(ADDRESS, server.port)
    by_udp = iter(asker.ask([row.wire for row in rows if not row.tcp]))
    by_tcp = (asker.ask([row.wire], True)[0] for row in rows if row.tcp)     # one by one: it may hang up
    cells = [short_form(next(by_tcp if row.tcp else by_udp), row.wire) for row in rows]
    asker.close()
    return cells


def ask(servers: list[Server]) -> dict[str, list[list[str]]]:
    """Section -> a list of cells per row: what, transport, servers in ORDER as far as asked, clause."""
    servers = sorted(servers, key=lambda server: ORDER.index(server.name))
    return {title: [[row.what, 'TCP' if row.tcp else 'UDP', *cells, row.clause]
                    for row, *cells in zip(rows, *(cells_of(server, rows) for server in servers))]
            for title, rows in dns_rows.sections().items()}


def as_text(table: dict[str, list[list[str]]]) -> str:
    out = [HEAD.format(versions=dns_peers.versions())]
    for title, rows in table.items():
        out += [f'## {title}', '| message | by | imrs-engine | NSD | Knot | BIND | decided by |',
                '| --- | --- | --- | --- | --- | --- | --- |']
        out += ['| ' + ' | '.join(row) + ' |' for row in rows] + ['']
    return '\n'.join(out).rstrip('\n') + '\n' + NOTES


def read_column(text: str) -> dict[tuple[str, str, str], str]:
    """(section, message, transport) -> our cell."""
    title, out = '', {}
    for line in text.splitlines():
        if line.startswith('## '):
            title = line[3:]
        cells = [cell.strip() for cell in line.strip('|').split(' | ')]
        if line.startswith('| ') and len(cells) == 7 and cells[0] not in ('message', '---'):
            out[title, cells[0], cells[1]] = cells[2]
    return out


def differences(text: str, table: dict[str, list[list[str]]]) -> list[str]:
    """Where our column is not what the file's text says, one line each."""
    written = read_column(text)
    real = {(title, row[0], row[1]): row[2] for title, rows in table.items() for row in rows}
    out = [f'{" / ".join(key)}: the file says "{written.get(key, "(no such row)")}", the engine "{cell}"'
           for key, cell in real.items() if written.get(key) != cell]
    return out + [f'{" / ".join(key)}: in the file only' for key in written if key not in real]


def arguments() -> argparse.Namespace:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--engine', required=True, type=Path, help='imrs-engine')
    ap.add_argument('--compile', required=True, type=Path, help='compile_zones')
    what = ap.add_mutually_exclusive_group(required=True)
    what.add_argument('--write', action='store_true', help='ask all four, write tests/ANSWERS.md')
    what.add_argument('--check', action='store_true', help='ask imrs-engine, compare with tests/ANSWERS.md')
    return ap.parse_args()


def finish(args: argparse.Namespace, table: dict[str, list[list[str]]]) -> int:
    if args.write:
        FILE.write_text(as_text(table))
        return 0
    found = differences(FILE.read_text(), table)
    print('\n'.join(found) or f'{sum(map(len, table.values()))} rows as in {FILE.name}')
    if found:
        print(f'{len(found)} rows differ: look at each, then write the file anew with --write')
    return 1 if found else 0


def main() -> int:
    args = arguments()
    missing = dns_peers.missing_programs(('ldns-signzone',) if args.check else tuple(dns_peers.PACKAGES))
    if missing:
        print(f'SKIPPED: not installed: {", ".join(missing)}')
        return SKIPPED
    folder = Path(tempfile.mkdtemp(prefix='imrs-answers-'))
    try:
        zones = dns_zones.lab_zones(folder / 'zones')
        image = folder / 'image'
        dns_zones.compile_image(args.compile, zones, image)
        names = ('imrs',) if args.check else dns_peers.NAMES
        with dns_peers.running(zones, args.engine.resolve(), image, folder, names) as servers:
            return finish(args, ask(servers))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
