"""Queries made from zone files: the ordinary mix of a root server, and odd ones.

The same zones and seed give the same queries.
"""

import random
import struct
from dataclasses import dataclass
from pathlib import Path

A, NS, SOA, PTR, MX, TXT, AAAA, SRV, DS, RRSIG = 1, 2, 6, 12, 15, 16, 28, 33, 43, 46
NSEC, DNSKEY, ZONEMD, HTTPS, TKEY, TSIG, IXFR, AXFR, ANY = 47, 48, 63, 65, 249, 250, 251, 252, 255
IN, CH, HS, NONE = 1, 3, 4, 254
TYPES = (A, NS, SOA, PTR, MX, TXT, AAAA, SRV, DS, RRSIG, NSEC, DNSKEY, ZONEMD, HTTPS, ANY)
SIZES = (512, 1232, 1232, 1232, 4096, 4096)
LETTERS = b'abcdefghijklmnopqrstuvwxyz0123456789-'


@dataclass(frozen=True)
class Query:
    label: str
    wire: bytes
    broken: bool = False       # a server may well leave it unanswered (RFC 1035 section 4.1.1)
    unclear: bool = False      # servers read the RFCs in different ways: type 0, EDNS sizes below 512


def wire_name(text: str) -> bytes:
    labels = [x.encode() for x in text.rstrip('.').split('.') if x]
    return b''.join(bytes([len(x)]) + x for x in labels) + b'\0'


def message(name: bytes, qtype: int, qclass: int = IN, flags: int = 0, extra: bytes = b'',
            counts: tuple[int, int, int] = (1, 0, 0)) -> bytes:
    header = struct.pack('>6H', 0, flags, *counts, 1 if extra else 0)
    return header + (name + struct.pack('>HH', qtype, qclass) if counts[0] else b'') + extra


def opt(size: int = 1232, do: bool = False, version: int = 0, options: bytes = b'',
        owner: bytes = b'\0') -> bytes:
    return owner + struct.pack('>HHIH', 41, size, version << 16 | (0x8000 if do else 0),
                               len(options)) + options


def option(code: int, data: bytes = b'') -> bytes:
    return struct.pack('>HH', code, len(data)) + data


class Names:
    """The owner names of zone files with one record a line."""

    def __init__(self, zones: dict[str, Path]) -> None:
        cuts, hosts, self.others = set(), set(), set()
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
            self.others.add(origin)
        self.cuts, self.hosts = sorted(cuts), sorted(hosts)
        self.others |= {'id.server.', 'root-servers.net.', 'nosuch.root-servers.net.', 'in-addr.arpa.',
                        'nosuch.arpa.', 'net.', 'arpa.'}


def _label(rng: random.Random) -> str:
    return ''.join(chr(c) for c in rng.choices(LETTERS, k=rng.randint(1, 14))).strip('-') or 'x'


def _mixed_case(name: bytes, rng: random.Random) -> bytes:
    return bytes(c ^ 0x20 if 97 <= c <= 122 and rng.random() < .5 else c for c in name)


def _ordinary_name(names: Names, rng: random.Random) -> str:
    roll = rng.random()
    cut = rng.choice(names.cuts)
    if roll < .25:
        return cut
    if roll < .45:
        return f'{_label(rng)}.{cut}'
    if roll < .5:
        return rng.choice(names.hosts)
    if roll < .55:
        return rng.choice(sorted(names.others))
    if roll < .75:                                             # right after, right before, in between
        first, _, rest = cut.partition('.')
        return rng.choice((f'{first}-', f'{first[:-1]}', f'{first}0', f'{first[:-1]}~')) + f'.{rest}'
    return '.'.join(_label(rng) for _ in range(rng.randint(1, 3))) + '.'


def ordinary(names: Names, count: int, rng: random.Random) -> list[Query]:
    out = []
    while len(out) < count:
        name = _ordinary_name(names, rng)
        if any(not 0 < len(x) < 64 for x in name.rstrip('.').split('.')) and name != '.':
            continue
        wire = wire_name(name)
        if rng.random() < .1:
            wire = _mixed_case(wire, rng)
        extra = opt(rng.choice(SIZES), rng.random() < .8) if rng.random() < .9 else b''
        flags = rng.choice((0, 0, 0, 0x0100, 0x0010, 0x0110, 0x0020))
        qtype = rng.choice(TYPES)
        out.append(Query(f'{name} TYPE{qtype}', message(wire, qtype, IN, flags, extra)))
    return out


def odd(names: Names, rng: random.Random) -> list[Query]:
    """Unusual messages, and broken ones."""
    edns = opt(1232, True)
    probes = ['.', 'nosuch-tld.', *sorted(names.others), *rng.sample(names.cuts, 20),
              *rng.sample(names.hosts, 10)]
    out = []
    for text in probes:
        name = wire_name(text)
        for qtype in (*TYPES, 0, 3, 10, 41, 128, TKEY, TSIG, 253, 254, 258, 65280, 65535):
            for extra in (b'', edns, opt(512, True), opt(4096)):
                out.append(Query(f'{text} TYPE{qtype}', message(name, qtype, IN, 0, extra),
                                 unclear=qtype == 0))
        for qclass in (0, 2, CH, HS, NONE, 255, 65535):
            for qtype in (A, SOA, TXT, ANY):
                out.append(Query(f'{text} CLASS{qclass}', message(name, qtype, qclass, 0, edns)))
        out += _odd_edns(text, name) + _odd_headers(text, name, edns)
    for text in ('id.server.', 'hostname.bind.', 'version.bind.', 'version.server.', 'ID.Server.',
                 'authors.bind.', 'x.id.server.'):
        for qtype in (TXT, ANY, A):
            out.append(Query(f'{text} CH', message(wire_name(text), qtype, CH)))
    return out + _broken(rng, edns)


def _odd_edns(text: str, name: bytes) -> list[Query]:
    out = [Query(f'{text} EDNS version {v}', message(name, A, extra=opt(version=v, do=True)))
           for v in (1, 255)]
    out += [Query(f'{text} size {s}', message(name, NS, extra=opt(s, do)), unclear=s < 512)
            for s in (0, 1, 511, 513, 1231, 1233, 65535) for do in (False, True)]
    for code, data in ((3, b''), (10, b'\1' * 8), (12, b'\0' * 20), (8, b'\0\1\x18\0\xc0\0\2'),
                       (65001, b'abc')):
        out.append(Query(f'{text} option {code}', message(name, A, extra=opt(options=option(code, data)))))
    return out


def _odd_headers(text: str, name: bytes, edns: bytes) -> list[Query]:
    out = [Query(f'{text} flags {f:#06x}', message(name, NS, flags=f, extra=edns))
           for f in (0x0400, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010)]
    out += [Query(f'{text} opcode {o}', message(name, SOA, flags=o << 11), broken=True)
            for o in (1, 2, 3, 5, 6, 15)]
    out += [Query(f'{text} TYPE{t}', message(name, t)) for t in (AXFR, IXFR)]
    return out


def _broken(rng: random.Random, edns: bytes) -> list[Query]:
    com = wire_name('com.')
    whole = message(wire_name('www.example.com.'), A, extra=edns)
    out = [Query(f'cut to {n}', whole[:n], True) for n in range(len(whole))]
    out += [Query('two OPTs', message(com, A, extra=edns + edns)[:10] + b'\0\2' +
                  message(com, A, extra=edns + edns)[12:], True),
            Query('OPT not at the root', message(com, A, extra=opt(owner=b'\1a\0')), True),
            Query('option past its rdata', message(com, A, extra=opt(options=b'\0\3\0\12')), True),
            Query('no question', message(b'', 0, counts=(0, 0, 0)), True),
            Query('two questions', message(com, A, counts=(2, 0, 0)), True),
            Query('pointer as a question', message(b'\xc0\x0c', A), True),
            Query('label type 01', message(b'\x41\1' + com, A), True),
            Query('256 octets of name', message((b'\x3f' + b'a' * 63) * 3 + b'\x3f' + b'b' * 63 + b'\0', A),
                  True)]
    for _ in range(400):
        flipped = bytearray(whole)
        flipped[rng.randrange(2, len(whole))] ^= 1 << rng.randrange(8)
        out.append(Query('one bit flipped', bytes(flipped), True))
        out.append(Query('random octets', rng.randbytes(rng.randint(0, 60)), True))
    return out
