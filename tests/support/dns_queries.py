"""Queries made from zone files: building them, and the ordinary mix of a root server.

The same zones and seed give the same queries.
"""

import random
import struct
from pathlib import Path
from typing import NamedTuple

from dns_messages import question_end

A, NS, SOA, PTR, MX, TXT, AAAA, SRV, DS, RRSIG = 1, 2, 6, 12, 15, 16, 28, 33, 43, 46
NSEC, DNSKEY, ZONEMD, HTTPS, TKEY, TSIG, IXFR, AXFR, ANY = 47, 48, 63, 65, 249, 250, 251, 252, 255
IN, CH, HS, NONE = 1, 3, 4, 254
TYPES = (A, NS, SOA, PTR, MX, TXT, AAAA, SRV, DS, RRSIG, NSEC, DNSKEY, ZONEMD, HTTPS)
USUAL = (A, A, A, A, AAAA, AAAA, NS, NS, DS, SOA, *TYPES)
SIZES = (512, 1232, 1232, 1232, 4096, 4096)
FLAGS = (0, 0, 0, 0x0100, 0x0010, 0x0110, 0x0020)
LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

# What kind of query it is, where the rules of comparing depend on it.
USUAL_KIND = ''
ANY_KIND = 'ANY'
BROKEN = 'broken'          # a server may well leave it unanswered (RFC 1035 section 4.1.1)
UNCLEAR = 'unclear'        # servers read the RFCs in different ways: type 0, EDNS sizes below 512
FORM = 'form'              # FORMERR by a clause that not every server knows yet
POLICY = 'policy'          # what an operator may refuse: transfers, NOTIFY


class Query(NamedTuple):
    label: str
    wire: bytes
    end: int                   # of the question
    kind: str = USUAL_KIND


def query(label: str, wire: bytes, kind: str = USUAL_KIND) -> Query:
    return Query(label, wire, question_end(wire), kind)


def wire_name(text: str) -> bytes:
    labels = [x.encode() for x in text.rstrip('.').split('.') if x]
    return b''.join(bytes([len(x)]) + x for x in labels) + b'\0'


def message(name: bytes, qtype: int, qclass: int = IN, flags: int = 0, extra: bytes = b'',
            counts: tuple[int, ...] = (1, 0, 0, -1)) -> bytes:
    """`counts`: of the four sections; -1 or missing in the last: 1 if there is something `extra`."""
    additional = counts[3] if len(counts) > 3 and counts[3] >= 0 else int(bool(extra))
    return struct.pack('>6H', 0, flags, *counts[:3], additional) + name + \
        struct.pack('>HH', qtype, qclass) + extra


def opt(size: int = 1232, do: bool = False, version: int = 0, options: bytes = b'', owner: bytes = b'\0',
        flags: int = 0) -> bytes:
    return owner + struct.pack('>HHIH', 41, size, version << 16 | (0x8000 if do else 0) | flags,
                               len(options)) + options


def option(code: int, data: bytes = b'') -> bytes:
    return struct.pack('>HH', code, len(data)) + data


def size_limit(wire: bytes, end: int, tcp: bool) -> int:
    """How long the answer may be."""
    if tcp:
        return 65535
    at = wire.find(b'\0\0\x29', end)
    size = int.from_bytes(wire[at + 3:at + 5], 'big') if at > 0 else 512
    return min(max(size, 512), 1232)


class Names:
    """The names of zone files with one record a line."""

    def __init__(self, zones: dict[str, Path]) -> None:
        cuts, hosts, others = set(), set(), set(zones)
        for origin, file in zones.items():
            for line in file.read_text().splitlines():
                fields = line.split()
                if len(fields) < 5 or line.startswith(';'):
                    continue
                owner, rtype = fields[0].lower(), fields[3]
                if rtype == 'NS' and owner != origin:
                    cuts.add(owner)
                elif rtype in ('A', 'AAAA'):
                    hosts.add(owner)
        others |= {'id.server.', 'nosuch.root-servers.net.', 'in-addr.arpa.', 'nosuch.arpa.', 'net.', 'com.',
                   'ns.arpa.', 'empty.arpa.', 'x.root-servers.net.', 'a.root-servers.net.'}
        self.cuts, self.hosts, self.others = sorted(cuts), sorted(hosts), sorted(others)


def _label(rng: random.Random) -> str:
    return ''.join(rng.choices(LETTERS, k=rng.randint(1, 14)))


def _mixed_case(name: bytes, rng: random.Random) -> bytes:
    return bytes(c ^ 0x20 if 97 <= c <= 122 and rng.random() < .5 else c for c in name)


def _reverse(rng: random.Random) -> str:
    if rng.random() < .7:
        return '.'.join(str(rng.randrange(256)) for _ in range(4)) + '.in-addr.arpa.'
    return '.'.join(rng.choices('0123456789abcdef', k=32)) + '.ip6.arpa.'


def _next_to(cut: str, rng: random.Random) -> str:
    """A name right after another, right before it, or in between."""
    first, _, rest = cut.partition('.')
    near = rng.choice((first + '-', first[:-1], first + '0', first[:-1] + '~', first[:-1] + '!'))
    return f'{near[:63]}.{rest}' if near else f'-.{rest}'


def _ordinary_name(names: Names, rng: random.Random) -> str:
    roll = rng.random()
    if roll < .42:
        cut = rng.choice(names.cuts)
        return cut if roll < .17 else f'{_label(rng)}.{cut}' if roll < .32 else f'www.{_label(rng)}.{cut}'
    if roll < .46:
        return rng.choice(names.hosts)
    if roll < .51:
        return rng.choice(names.others)
    if roll < .55:
        return _reverse(rng)
    if roll < .57:
        return f'{_label(rng)}.{rng.choice(("arpa.", "root-servers.net."))}'
    if roll < .72:
        return _next_to(rng.choice(names.cuts), rng)
    return '.'.join(_label(rng) for _ in range(rng.randint(1, 3))) + '.'


def ordinary(names: Names, count: int, rng: random.Random) -> list[Query]:
    out = []
    for _ in range(count):
        wire = wire_name(_ordinary_name(names, rng))
        if rng.random() < .1:
            wire = _mixed_case(wire, rng)
        extra = opt(rng.choice(SIZES), rng.random() < .8) if rng.random() < .9 else b''
        any_type = rng.random() < .005
        qtype = ANY if any_type else rng.choice(USUAL)
        out.append(Query('ordinary', message(wire, qtype, IN, rng.choice(FLAGS), extra), len(wire) + 16,
                         ANY_KIND if any_type else USUAL_KIND))
    return out
