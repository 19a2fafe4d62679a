"""Odd queries: types, classes, EDNS, headers and names that resolvers seldom or never send, and broken
messages. For comparing servers (differential.py); the zones and the random numbers choose the names.
"""

import random
import struct

from dns_queries import (A, AAAA, ANY, ANY_KIND, AXFR, BROKEN, CH, DS, FORM, HS, IN, IXFR, NONE, NS, NSEC,
                         POLICY, SOA, TKEY, TSIG, TXT, TYPES, UNCLEAR, USUAL_KIND, Names, Query, message, opt,
                         option, query, wire_name)

EDNS = opt(1232, True)
COM = wire_name('com.')
RARE_TYPES = (0, 3, 10, 11, 38, 41, 128, 200, TKEY, TSIG, 253, 254, 257, 258, 32768, 65280, 65535)
CLASSES = (0, 2, CH, HS, NONE, ANY, 65535)
CHAOS = ('id.server.', 'hostname.bind.', 'version.bind.', 'version.server.', 'ID.Server.', 'server.', 'bind.',
         'x.id.server.')
OPTIONS = (                                            # what is in the OPT record
    ('NSID', option(3)), ('NSID with data', option(3, b'x')), ('NSID twice', option(3) * 2),
    ('padding 0', option(12)), ('padding 200', option(12, b'\0' * 200)),
    ('expire', option(9)), ('expire with data', option(9, b'\0\0\0\1')),
    ('subnet', option(8, b'\0\1\x18\0\xc0\0\2')), ('subnet /0', option(8, b'\0\1\0\0')),
    ('algorithms', option(5, b'\x08\x0d')), ('chain', option(13, COM)), ('key tag', option(14, b'\x4f\x66')),
    ('extended error', option(15, b'\0\0')), ('report channel', option(18, b'\0')),
    ('zone version', option(19)), ('option 4', option(4)), ('option 65001', option(65001, b'abc')),
    ('option 65535', option(65535, b'\xff' * 30)),
    ('keepalive', option(11)), *((f'cookie of {n}', option(10, b'\1' * n)) for n in (8, 16, 24, 40)),
    ('cookie twice', option(10, b'\1' * 8) * 2),
    ('NSID, cookie, padding', option(3) + option(10, b'\2' * 8) + option(12, b'\0' * 9)))
BAD_COOKIES = tuple((f'cookie of {n}', option(10, b'\1' * n)) for n in (0, 1, 7, 9, 15, 41, 64))
NAMES = tuple((text, b''.join(bytes([len(x)]) + x for x in labels) + b'\0') for text, labels in (
    ('255 octets under com', [b'a' * 63] * 3 + [b'b' * 57, b'com']),
    ('255 octets', [b'a' * 63] * 3 + [b'b' * 61]),
    ('127 labels', [b'a'] * 127), ('127 labels under com', [b'a'] * 125 + [b'com']),
    ('63 octets', [b'z' * 63]), ('nul', [b'\0']), ('nul in it', [b'a\0b']), ('octet 255', [b'\xff']),
    ('63 octets 255', [b'\xff' * 63]), ('blank', [b' ']), ('dot in it', [b'a.b']),
    ('www.com, one label', [b'www.com']),
    ('backslash', [b'a\\b', b'com']), ('quote', [b'"']), ('star', [b'*']), ('star under com', [b'*', b'com']),
    ('at', [b'@']), ('underscore', [b'_']), ('bracket', [b'[']), ('backtick', [b'`']), ('brace', [b'{']),
    ('com and at', [b'com@']), ('com and nul', [b'com\0']), ('nul before com', [b'\0', b'com']),
    ('com-', [b'com-']), ('first', [b'!']), ('last', [b'~~~~']), ('after arpa', [b'arpa\0']),
    ('ns.arpa', [b'ns', b'arpa']), ('below an empty name', [b'x', b'empty', b'arpa']),
    ('below a letter', [b'x', b'a', b'root-servers', b'net'])))
BAD_NAMES = (('pointer to itself', b'\xc0\x0c'), ('pointer to the header', b'\xc0\0'),
             ('pointer forward', b'\xc0\x20'), ('pointer past the end', b'\xff\xff'),
             ('pointer after a label', b'\3www\xc0\x0c'), ('label type 40', b'\x41\1' + COM),
             ('label type 80', b'\x80' + COM), ('label cut', b'\x3fabc'), ('no root label', b'\3com'),
             ('256 octets', (b'\x3f' + b'a' * 63) * 3 + b'\x3f' + b'b' * 63 + b'\0'),
             ('320 octets', (b'\x3f' + b'a' * 63) * 5 + b'\0'), ('128 labels', b'\1a' * 128 + b'\0'))


def tsig(key: bytes = b'\3key\0') -> bytes:
    rdata = b'\x0bhmac-sha256\0' + b'\0\0\x60\0\0\0\1\x2c' + b'\0\x20' + b'\5' * 32 + b'\0\0\0\0\0\0'
    return key + struct.pack('>HHIH', TSIG, ANY, 0, len(rdata)) + rdata


def odd(names: Names, rng: random.Random) -> list[Query]:
    """One round; about 9000 queries."""
    probes = ['.', 'nosuch-tld.', *names.others, *rng.sample(names.cuts, 14), *rng.sample(names.hosts, 6)]
    out = []
    for text in probes:
        name = wire_name(text)
        out += _types(name) + _classes(name)
    for text in rng.sample(probes, 10):
        name = wire_name(text)
        out += _edns(name) + _headers(name)
    for text, name in NAMES:
        out += [query(f'name: {text}', message(name, t, extra=EDNS)) for t in (A, NS, DS, NSEC)]
        out.append(query(f'name: {text}', message(name, A)))
    for text in CHAOS:
        out += [query('CH', message(wire_name(text), t, c, extra=e))
                for t in (TXT, ANY, A, NS) for c in (CH, HS) for e in (b'', EDNS)]
    return out + _places(names, rng) + _broken(names, rng)


def _types(name: bytes) -> list[Query]:
    out = []
    for extra in (b'', EDNS, opt(512, True), opt(4096)):
        out += [query(f'type {t}', message(name, t, extra=extra), UNCLEAR if t == 0 else USUAL_KIND)
                for t in (*TYPES, *RARE_TYPES)]
        out.append(query('type ANY', message(name, ANY, extra=extra), ANY_KIND))
        out += [query('transfer', message(name, t, extra=extra), POLICY) for t in (AXFR, IXFR)]
    return out


def _classes(name: bytes) -> list[Query]:
    return [query(f'class {c}', message(name, t, c, extra=extra),
                  UNCLEAR if c == ANY else ANY_KIND if t == ANY else USUAL_KIND)
            for c in CLASSES for t in (A, NS, SOA, TXT, ANY) for extra in (b'', EDNS)]


def _edns(name: bytes) -> list[Query]:
    out = [query(f'EDNS version {v}', message(name, A, extra=opt(version=v, do=do)))
           for v in (1, 2, 255) for do in (False, True)]
    out += [query(f'EDNS size {s}', message(name, NS, extra=opt(s, do)), UNCLEAR if s < 512 else USUAL_KIND)
            for s in (0, 1, 100, 511, 512, 513, 1220, 1231, 1233, 1452, 4096, 65535) for do in (False, True)]
    out += [query(f'EDNS: {text}', message(name, A, extra=opt(do=True, options=data)))
            for text, data in OPTIONS]
    out += [query(f'EDNS: {text}', message(name, A, extra=opt(do=True, options=data)), FORM)
            for text, data in BAD_COOKIES]
    record = COM + struct.pack('>HHIH4s', A, IN, 1, 4, b'\x7f\0\0\1')
    out += [query('EDNS flags', message(name, A, extra=opt(flags=0x7fff))),
            query('A before OPT', message(name, A, extra=record + EDNS, counts=(1, 0, 0, 2))),
            query('A after OPT', message(name, A, extra=EDNS + record, counts=(1, 0, 0, 2)))]
    return out + [query(text, wire, BROKEN) for text, wire in bad_edns(name)]


def bad_edns(name: bytes) -> tuple:
    return (
        ('two OPT', message(name, A, extra=EDNS * 2, counts=(1, 0, 0, 2))),
        ('three OPT', message(name, A, extra=EDNS * 3, counts=(1, 0, 0, 3))),
        ('OPT not at the root', message(name, A, extra=opt(owner=b'\1a\0'))),
        ('OPT in the answer section', message(name, A, extra=EDNS, counts=(1, 1, 0, 0))),
        ('OPT in the authority section', message(name, A, extra=EDNS, counts=(1, 0, 1, 0))),
        ('option past its record', message(name, A, extra=opt(options=b'\0\3\0\12'))),
        ('option header cut', message(name, A, extra=opt(options=b'\0\3\0'))),
        ('OPT rdata past the end', message(name, A, extra=b'\0' + struct.pack('>HHIH', 41, 1232, 0, 20))),
        ('OPT cut', message(name, A, extra=EDNS[:6])),
        ('OPT counted, absent', message(name, A, counts=(1, 0, 0, 1))))


def _headers(name: bytes) -> list[Query]:
    out = []
    for extra in (b'', EDNS):
        out += [query(f'flags {f:04x}', message(name, NS, flags=f, extra=extra))
                for f in (0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x07f0)]
        out += [query(f'flags {f:04x}', message(name, NS, flags=f, extra=extra), BROKEN) for f in (3, 15)]
        out += [query(f'opcode {o}', message(name, SOA, flags=o << 11, extra=extra),
                      POLICY if o == 4 else BROKEN) for o in range(1, 16)]
    two = message(name, A, counts=(2, 0, 0)) + name + struct.pack('>HH', AAAA, IN)
    out += [query('QR', message(name, A, flags=0x8000), BROKEN),
            query('no question', message(b'', 0)[:4] + bytes(8), FORM),
            query('no question, EDNS', message(b'', 0)[:4] + b'\0' * 7 + b'\1' + EDNS, FORM),
            query('no question, cookie', message(b'', 0)[:4] + b'\0' * 7 + b'\1' +
                  opt(options=option(10, b'\3' * 8)), FORM),
            query('two questions', two, FORM),
            query('QDCOUNT 0, one there', message(name, A, counts=(0, 0, 0)), BROKEN),
            query('QDCOUNT 2, one there', message(name, A, counts=(2, 0, 0)), BROKEN),
            query('ANCOUNT 1, none there', message(name, A, counts=(1, 1, 0)), BROKEN),
            query('NSCOUNT 1, none there', message(name, A, counts=(1, 0, 1)), BROKEN),
            query('TSIG, unknown key', message(name, A, extra=tsig()), BROKEN)]
    return out + [query(f'{len(tail)} octets behind', message(name, A, extra=extra) + tail, BROKEN)
                  for tail in (b'\0', b'abc', b'\xff' * 40) for extra in (b'', EDNS)]


def _places(names: Names, rng: random.Random) -> list[Query]:
    """Around every cut of a sample: itself, below, right after it."""
    out = []
    for text in rng.sample(names.cuts, min(200, len(names.cuts))):
        cut = wire_name(text)
        after = bytes([cut[0] + 1]) + cut[1:cut[0] + 1] + b'a' + cut[cut[0] + 1:] if cut[0] < 63 else cut
        out += [query('cut', message(cut, rng.choice(TYPES), extra=EDNS)),
                query('cut DS', message(cut, DS, extra=opt(4096, True))),
                query('below cut DS', message(b'\2aa' + cut, DS, extra=EDNS)),
                query('below cut', message(b'\1a\2bb' + cut, A)),
                query('below cut', message(b'\1a\2bb' + cut, AAAA, extra=opt(512, True))),
                query('after cut', message(after, A, extra=EDNS)),
                query('star at cut', message(b'\1*' + cut, A, extra=EDNS))]
    for text in rng.sample(names.hosts, min(100, len(names.hosts))):
        host = wire_name(text)
        out += [query('glue', message(host, A, extra=EDNS)), query('below glue', message(b'\1x' + host, A)),
                query('above glue', message(host[1 + host[0]:], A, extra=EDNS))]
    return out


def _broken(names: Names, rng: random.Random) -> list[Query]:
    whole = message(wire_name('www.example.com.'), A, extra=EDNS)
    out = [query('cut', whole[:n], BROKEN) for n in range(len(whole))]
    out += [query(text, message(name, A, extra=extra), BROKEN) for text, name in BAD_NAMES
            for extra in (b'', EDNS)]
    for _ in range(150):
        base = message(wire_name(rng.choice(names.cuts)), rng.choice(TYPES), extra=EDNS)
        flipped = bytearray(base)
        flipped[rng.randrange(2, len(base))] ^= 1 << rng.randrange(8)
        out += [query('one bit flipped', bytes(flipped), BROKEN),
                query('random octets', rng.randbytes(rng.randint(0, 80)), BROKEN)]
    return out
