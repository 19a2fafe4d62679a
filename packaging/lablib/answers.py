"""What a right answer is, computed from the signed zone file and from the DNS standards only: no code of
the server's, no assumption about its choices. rdata is read by dnspython.

The zone is a root zone as the lab signs it: delegations of one label, NSEC, no wildcard, no CNAME.
"""

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from lablib.wire import Malformed, Message, Record, parse, wire_name

NS, SOA, A, AAAA, DS, RRSIG, NSEC, DNSKEY = 2, 6, 1, 28, 43, 46, 47, 48
NOERROR, NXDOMAIN = 0, 3
UDP_PLAIN, UDP_EDNS = 512, 1232
Records = frozenset[Record]
NOTHING: Records = frozenset()


@dataclass(frozen=True)
class Question:
    name: bytes         # wire form, lower case
    type: int
    do: bool = False
    edns: bool = True
    tcp: bool = False

    def text(self) -> str:
        name = dns.name.from_wire(self.name, 0)[0].to_text()
        return (f'{name} {dns.rdatatype.to_text(self.type)}{" DO" if self.do else ""}'
                f'{"" if self.edns else " no EDNS"}{" TCP" if self.tcp else ""}')


@dataclass(frozen=True)
class Expected:
    """`required` must all be in the additional section unless TC is set (RFC 9471), `allowed` may be."""
    rcode: int
    authoritative: bool
    answer: Records
    authority: Records
    required: Records = NOTHING
    allowed: Records = NOTHING


@cache
def _rdata(kind: int, text: str) -> bytes:
    return dns.rdata.from_text(dns.rdataclass.IN, kind, text).to_digestable()


class Zone:
    """A signed zone file, one record a line. Records are read when first needed."""

    def __init__(self, file: Path) -> None:
        self._lines: dict[tuple[bytes, str], list[tuple[int, str]]] = {}
        self._sets: dict[tuple[bytes, int, bool], Records] = {}
        names: dict[str, bytes] = {}
        for line in file.read_text(encoding='ascii').splitlines():
            fields = line.split(None, 4)
            if len(fields) < 5 or line[0] == ';':
                continue
            owner, ttl, _, kind, data = fields
            if owner not in names:
                names[owner] = wire_name(owner)
            if kind == 'RRSIG':
                kind = 'RRSIG ' + data.split(None, 1)[0]
            self._lines.setdefault((names[owner], kind), []).append((int(ttl), data.split(';')[0]))
        self.cuts = sorted(owner for owner, kind in self._lines if kind == 'NS' and owner != b'\0')
        chain = sorted((dns.name.from_wire(owner, 0)[0], owner)
                       for owner, kind in self._lines if kind == 'NSEC')
        self._chain_names = [name for name, _ in chain]
        self._chain = [owner for _, owner in chain]

    def records(self, owner: bytes, kind: int, do: bool = False) -> Records:
        """The RRset, with its RRSIGs if `do`; empty if there is none."""
        key = (owner, kind, do)
        if key not in self._sets:
            text = dns.rdatatype.to_text(kind)
            found = self._read(owner, kind, text)
            self._sets[key] = found | self._read(owner, RRSIG, f'RRSIG {text}') if do and found else found
        return self._sets[key]

    def _read(self, owner: bytes, kind: int, key: str) -> Records:
        return frozenset((owner, kind, ttl, _rdata(kind, data))
                         for ttl, data in self._lines.get((owner, key), ()))

    def covering(self, name: bytes) -> bytes:
        """Owner of the NSEC that covers or matches the name."""
        return self._chain[bisect_right(self._chain_names, dns.name.from_wire(name, 0)[0]) - 1]


def expected(zone: Zone, question: Question) -> Expected:
    labels = _labels(question.name)
    cut = _join(labels[-1:]) if labels else b'\0'
    if labels and zone.records(cut, NS):
        if question.name != cut or question.type != DS:
            return _referral(zone, cut, question.do)
    elif labels:
        return _no_such_name(zone, question)
    answer = zone.records(question.name, question.type, question.do)
    if not answer:
        proof = zone.records(question.name, NSEC, True) if question.do else NOTHING
        return Expected(NOERROR, True, NOTHING, _negative_soa(zone, question.do) | proof)
    glue = _glue(zone, b'\0') if question.type == NS else NOTHING
    return Expected(NOERROR, True, answer, NOTHING, allowed=glue)


def _referral(zone: Zone, cut: bytes, do: bool) -> Expected:
    proof = NOTHING
    if do:
        proof = zone.records(cut, DS, True) or zone.records(cut, NSEC, True)
    glue = _glue(zone, cut)
    in_domain = frozenset(record for record in glue if record[0].endswith(cut))
    return Expected(NOERROR, False, NOTHING, zone.records(cut, NS) | proof, in_domain, glue)


def _no_such_name(zone: Zone, question: Question) -> Expected:
    """The closest encloser is the root, so the wildcard is "*."."""
    proof = NOTHING
    if question.do:
        for name in (question.name, b'\1*\0'):
            proof |= zone.records(zone.covering(name), NSEC, True)
    return Expected(NXDOMAIN, True, NOTHING, _negative_soa(zone, question.do) | proof)


def _negative_soa(zone: Zone, do: bool) -> Records:
    """RFC 2308 section 3: the TTL is the smaller of the SOA's own and its MINIMUM."""
    soa = zone.records(b'\0', SOA, do)
    minimum = min(struct.unpack('>I', data[-4:])[0] for _, kind, _, data in soa if kind == SOA)
    return frozenset((owner, kind, min(ttl, minimum), data) for owner, kind, ttl, data in soa)


def _glue(zone: Zone, cut: bytes) -> Records:
    hosts = {data for _, _, _, data in zone.records(cut, NS)}
    return frozenset().union(*(zone.records(host, kind) for host in hosts for kind in (A, AAAA)))


def fault(want: Expected, question: Question, wire: bytes) -> str | None:
    """Why these octets are not a right answer; None if they are. The ID is not looked at."""
    try:
        message = parse(wire)
    except Malformed as error:
        return f'malformed: {error}'
    return _header_fault(want, question, message) or _content_fault(want, question, message)


def _header_fault(want: Expected, question: Question, message: Message) -> str | None:
    wrong = []
    if message.question != question.name + struct.pack('>HH', question.type, 1):
        wrong.append('another question')
    flags = 0x8000 | (0x0400 if want.authoritative else 0)
    if message.flags & ~0x020f != flags:                     # all but TC and rcode
        wrong.append(f'flags {message.flags:04x}')
    if message.flags & 15 != want.rcode:
        wrong.append(f'rcode {message.flags & 15}, not {want.rcode}')
    if (message.opt is not None) != question.edns:
        wrong.append('OPT missing' if question.edns else 'OPT not asked for')
    elif message.opt and message.opt[1] != (0x8000 if question.do else 0):
        wrong.append(f'OPT extended rcode, version and flags {message.opt[1]:08x}')
    return ', '.join(wrong) or None


def _content_fault(want: Expected, question: Question, message: Message) -> str | None:
    sections = (('answer', message.answer, want.answer), ('authority', message.authority, want.authority))
    for name, got, right in sections:
        if len(set(got)) != len(got):
            return f'{name}: a record twice'
    if extra := set(message.additional) - want.allowed:
        return f'additional: {len(extra)} records that do not belong there'
    if message.flags & 0x0200:
        return _truncation_fault(want, question, message)
    for name, got, right in sections:
        if set(got) != right:
            return f'{name}: {len(right - set(got))} records missing, {len(set(got) - right)} too many'
    if missing := want.required - set(message.additional):
        return f'additional: {len(missing)} in-domain glue records missing without TC'
    return None


def _truncation_fault(want: Expected, question: Question, message: Message) -> str | None:
    """TC is right only over UDP and only if what is required does not fit."""
    if question.tcp:
        return 'TC over TCP'
    if set(message.answer) - want.answer or set(message.authority) - want.authority:
        return 'truncated, with records that do not belong there'
    size, limit = _required_size(want, question), UDP_EDNS if question.edns else UDP_PLAIN
    return None if size > limit else f'TC, but {size} octets fit {limit}'


def _required_size(want: Expected, question: Question) -> int:
    """Of the message as dnspython writes it, names compressed."""
    name = dns.name.from_wire(question.name, 0)[0]
    query = dns.message.make_query(name, question.type, use_edns=question.edns, want_dnssec=question.do)
    reply = dns.message.make_response(query)
    for section, records in ((reply.answer, want.answer), (reply.authority, want.authority),
                             (reply.additional, want.required)):
        for owner, kind, ttl, data in records:
            rdata = dns.rdata.from_wire(dns.rdataclass.IN, kind, data, 0, len(data))
            section.append(dns.rrset.from_rdata(dns.name.from_wire(owner, 0)[0], ttl, rdata))
    return len(reply.to_wire(max_size=65535))


def _labels(name: bytes) -> list[bytes]:
    labels, at = [], 0
    while name[at]:
        labels.append(name[at + 1:at + 1 + name[at]])
        at += 1 + name[at]
    return labels


def _join(labels: list[bytes]) -> bytes:
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'
