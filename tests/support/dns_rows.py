"""The odd questions of tests/ANSWERS.md, each with the clause that decides: data for answers_table.py."""

import struct
from typing import NamedTuple

from dns_odd import BAD_NAMES, COM, EDNS, bad_edns, tsig
from dns_queries import (A, AAAA, ANY, AXFR, CH, DS, HS, IN, IXFR, NONE, NS, SOA, TKEY, TSIG, TXT, message,
                         opt, option, wire_name)

OPCODES = (('IQUERY', 1, 'RFC 3425 3'), ('STATUS', 2, 'RFC 1035 4.1.1'), ('3', 3, 'RFC 6895 2.2'),
           ('NOTIFY', 4, 'RFC 1996 3.10: none is our primary'), ('UPDATE', 5, 'RFC 2136 2.2'),
           ('DSO', 6, 'RFC 8490 5.1.1'), ('15', 15, 'RFC 6895 2.2'))
FLAGS = (('RD', 0x0100, 'RFC 1035 4.1.1: copied'), ('CD', 0x0010, 'RFC 4035 3.1.6: ignored, cleared'),
         ('AD', 0x0020, 'RFC 6840 5.7; RFC 4035 3.1.6'), ('Z', 0x0040, 'RFC 1035 4.1.1: zero in responses'),
         ('TC', 0x0200, 'RFC 1035 4.1.1: of responses'), ('AA', 0x0400, 'RFC 1035 4.1.1: of responses'),
         ('RA', 0x0080, 'RFC 1035 4.1.1: of responses'), ('rcode 3', 0x0003, 'RFC 1035 4.1.1: of responses'))
CHAOS = (('id.server', TXT, 'RFC 4892 3'), ('hostname.bind', TXT, 'RFC 4892 2'),
         ('version.bind', TXT, 'RFC 4892 2'), ('id.server', A, 'RFC 4892 3: TXT only'),
         ('authors.bind', TXT, 'RFC 1035 4.1.1: policy'), ('com', A, 'RFC 1035 4.1.1: policy'))
BAD_EDNS_CLAUSE = {
    'two OPT': 'RFC 6891 6.1.1: FORMERR', 'three OPT': 'RFC 6891 6.1.1: FORMERR',
    'OPT not at the root': 'RFC 6891 6.1.2: owner must be the root',
    'OPT in the answer section': 'RFC 6891 6.1.1: additional section only',
    'OPT in the authority section': 'RFC 6891 6.1.1: additional section only'}
NAME_CLAUSE = {'label type 40': 'RFC 6891 5', 'label type 80': 'RFC 1035 4.1.4',
               '256 octets': 'RFC 1035 2.3.4', '320 octets': 'RFC 1035 2.3.4', '128 labels': 'RFC 1035 2.3.4'}
OPTIONS = (('NSID', option(3), 'RFC 5001 2.2'), ('NSID with data', option(3, b'x'), 'RFC 5001 2.1'),
           ('subnet', option(8, b'\0\1\x18\0\xc0\0\2'), 'RFC 7871 7.2: optional'),
           ('padding', option(12, b'\0' * 20), 'RFC 6891 6.1.2: not known here, ignored'),
           ('option 65001', option(65001, b'abc'), 'RFC 6891 6.1.2: ignored'))


class Row(NamedTuple):
    what: str
    wire: bytes
    clause: str
    tcp: bool = False


def _headers() -> list[Row]:
    rows = [Row('QR set: a response', message(COM, A, flags=0x8000), 'RFC 1035 4.1.1: no query, no response')]
    rows += [Row(f'opcode {text}', message(wire_name('.'), SOA, flags=code << 11, extra=EDNS), clause)
             for text, code, clause in OPCODES]
    rows += [Row(f'{text} set', message(wire_name('.'), SOA, flags=bit, extra=EDNS), clause)
             for text, bit, clause in FLAGS]
    empty = bytes(5)
    cookie = opt(options=option(10, b'\3' * 8))
    return rows + [
        Row('QDCOUNT 0', b'\0' * 12, 'RFC 9619 4'),
        Row('QDCOUNT 0 and a cookie', empty + b'\0' * 6 + b'\1' + cookie,
            'RFC 7873 5.4: FORMERR without cookies of our own'),
        Row('QDCOUNT 0, a question there', message(COM, A, counts=(0, 0, 0)), 'RFC 1035 4.1.1'),
        Row('QDCOUNT 2, two there', message(COM, A, counts=(2, 0, 0)) + COM + struct.pack('>HH', AAAA, IN),
            'RFC 9619 4'),
        Row('QDCOUNT 2, one there', message(COM, A, counts=(2, 0, 0)), 'RFC 9619 4'),
        Row('ANCOUNT 1, none there', message(COM, A, counts=(1, 1, 0)), 'RFC 1035 4.1.1'),
        Row('ARCOUNT 1, none there', message(COM, A, counts=(1, 0, 0, 1)), 'RFC 1035 4.1.1'),
        Row('3 octets behind it', message(COM, A) + b'abc', 'RFC 1035 4.1: nothing follows the records'),
        Row('3 octets behind OPT', message(COM, A, extra=EDNS) + b'abc', 'RFC 1035 4.1'),
        Row('11 octets in all', bytes(11), 'RFC 1035 4.1.1: no header, no response')]


def _classes() -> list[Row]:
    rows = [Row(f'{name} CH {"TXT" if t == TXT else "A"}',
                message(wire_name(name), t, CH, extra=EDNS), clause) for name, t, clause in CHAOS]
    rows += [Row(f'. SOA class {text}', message(wire_name('.'), SOA, c, extra=EDNS), clause)
             for text, c, clause in (
                 ('0', 0, 'RFC 6895 3.2: reserved'), ('HS', HS, 'RFC 1035 3.2.4: not served'),
                 ('NONE', NONE, 'RFC 2136 2.4: of UPDATE'), ('ANY', ANY, 'RFC 1035 3.2.5, 6.2'),
                 ('65535', 65535, 'RFC 6895 3.2: reserved'))]
    return rows


def _question_names() -> list[Row]:
    rows = []
    for text, name in BAD_NAMES:
        usual = 'RFC 1035 4.1.4' if 'pointer' in text else 'RFC 1035 4.1.2'
        rows.append(Row(text, message(name, A, extra=EDNS), NAME_CLAUSE.get(text, usual)))
    whole = message(wire_name('www.example.com.'), A, extra=EDNS)
    return rows + [Row('cut in the name', whole[:20], 'RFC 1035 4.1.2'),
                   Row('cut before the class', whole[:31], 'RFC 1035 4.1.2'),
                   Row('0x20: CoM DS', message(b'\3CoM\0', DS, extra=EDNS), 'RFC 4343 3; question copied'),
                   Row('0x20: nOsUcH-TLD', message(b'\x0anOsUcH-TLD\0', A, extra=EDNS), 'RFC 4343 3')]


def _edns() -> list[Row]:
    rows = [Row(text, wire, BAD_EDNS_CLAUSE.get(text, 'RFC 6891 6.1.2; RFC 1035 4.1.1'))
            for text, wire in bad_edns(COM)]
    rows += [Row(f'EDNS version {v}', message(COM, A, extra=opt(version=v, do=True)),
                 'RFC 6891 6.1.3: BADVERS') for v in (1, 255)]
    rows += [Row(f'EDNS size {s}', message(COM, DS, extra=opt(s)), 'RFC 6891 6.2.3: below 512 is 512')
             for s in (0, 511, 65535)]
    rows += [Row(text, message(wire_name('.'), SOA, extra=opt(options=data)), clause)
             for text, data, clause in OPTIONS]
    for n in (0, 7, 8, 9, 16, 24, 40, 41):
        right = n == 8 or 16 <= n <= 40
        clause = 'RFC 7873 5.2.1: cookies are off' if right else 'RFC 7873 5.2.2: FORMERR'
        rows.append(Row(f'cookie of {n} octets', message(wire_name('.'), SOA, extra=opt(
            options=option(10, b'\1' * n))), clause))
    keepalive = message(wire_name('.'), SOA, extra=opt(options=option(11)))
    return rows + [Row('keepalive', keepalive, 'RFC 7828 3.3.1: ignored by UDP'),
                   Row('keepalive', keepalive, 'RFC 7828 3.3.2', True)]


def _types() -> list[Row]:
    rows = []
    for text, qtype, name, clause in (
            ('. AXFR', AXFR, '.', 'RFC 5936 4.2 (UDP), 5 (policy)'),
            ('. IXFR', IXFR, '.', 'RFC 1995 2; policy'),
            ('nosuch-tld AXFR', AXFR, 'nosuch-tld', 'RFC 5936 5; policy'),
            ('root-servers.net AXFR', AXFR, 'root-servers.net', 'RFC 5936 5; policy')):
        rows += [Row(text, message(wire_name(name), qtype), clause, tcp) for tcp in (False, True)]
    rows += [Row(f'. {text}', message(wire_name('.'), qtype, extra=EDNS), clause) for text, qtype, clause in (
        ('TYPE0', 0, 'RFC 6895 3.1: reserved'), ('OPT', 41, 'RFC 6891 6.1.1; RFC 1035 4.1.2'),
        ('TKEY', TKEY, 'RFC 2930 2; RFC 2308 2.2'), ('TSIG', TSIG, 'RFC 8945 4.2; RFC 2308 2.2'),
        ('MAILA', 254, 'RFC 1035 3.2.3; RFC 2308 2.2'), ('MAILB', 253, 'RFC 1035 3.2.3; RFC 2308 2.2'),
        ('TYPE65280', 65280, 'RFC 3597 2; RFC 2308 2.2'), ('ANY', ANY, 'RFC 8482 4.1: one RRset'))]
    rows += [Row('com ANY', message(COM, ANY, extra=EDNS), 'RFC 8482 4.1, RFC 1034 4.3.2'),
             Row('. ANY', message(wire_name('.'), ANY), 'RFC 8482 4.1: one RRset', True)]
    signed = message(wire_name('.'), SOA, extra=tsig())
    return rows + [Row('. SOA, TSIG of an unknown key', signed, 'RFC 8945 5.2.1: NOTAUTH, BADKEY')]


def _places() -> list[Row]:
    wanted = (
        ('.', NS, 'RFC 9609 4: priming'), ('com.', A, 'RFC 1034 4.3.2 3b: referral'),
        ('com.', DS, 'RFC 4035 3.1.4.1: the parent answers'), ('www.com.', DS, 'RFC 1034 4.3.2 3b: referral'),
        ('arpa.', DS, 'RFC 4035 3.1.4.1: the parent answers'),
        ('arpa.', NS, 'RFC 1034 4.3.2 2: nearest zone'),
        ('root-servers.net.', DS, 'RFC 4035 3.1.4.1: see below'),
        ('root-servers.net.', NS, 'RFC 1034 4.3.2 2: nearest zone'),
        ('net.', NS, 'RFC 1034 4.3.2 3b: referral'),
        ('a.root-servers.net.', AAAA, 'RFC 1034 4.3.2 3a'), ('x.root-servers.net.', A, 'RFC 2308 2.1'),
        ('x.a.root-servers.net.', A, 'RFC 8020 2'), ('a.ns.arpa.', A, 'RFC 1034 4.3.2 3a'),
        ('ns.arpa.', A, 'RFC 4592 2.2.2: empty non-terminal'),
        ('empty.arpa.', DS, 'RFC 4592 2.2.2: empty non-terminal'),
        ('x.empty.arpa.', A, 'RFC 4035 3.1.3.2'), ('in-addr.arpa.', DS, 'RFC 4035 3.1.4.1'),
        ('!.', A, 'RFC 4034 6.1: before the first TLD'), ('~~~.', A, 'RFC 4034 6.1: after the last TLD'),
        ('*.', A, 'RFC 4592 2.1: no wildcard here'))
    kinds = {NS: 'NS', A: 'A', DS: 'DS', AAAA: 'AAAA'}
    return [Row(f'{name.rstrip(".") or "."} {kinds[t]}', message(wire_name(name), t, extra=EDNS), clause)
            for name, t, clause in wanted]


def sections() -> dict[str, list[Row]]:
    return {'Header': _headers(), 'Classes': _classes(), 'Names in the question': _question_names(),
            'EDNS': _edns(), 'Types and transfers': _types(), 'Places in the zones': _places()}
