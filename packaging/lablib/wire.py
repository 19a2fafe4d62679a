"""Reads DNS messages from octets that nobody has checked. Quick enough to be called for each distinct
answer of a load run, and strict: compression pointers go back only, nothing may be left over.
"""

import struct
from dataclasses import dataclass

# Owner and rdata with names in lower case and not compressed: (owner, type, TTL, rdata).
Record = tuple[bytes, int, int, bytes]

OPT = 41
# Types whose rdata may hold compressed names (RFC 3597 section 4): octets before them, how many.
COMPRESSED = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1)}


class Malformed(Exception):
    """Not a DNS message; the text says where."""


@dataclass(frozen=True)
class Message:
    flags: int
    question: bytes             # as sent: name, type, class
    answer: list[Record]
    authority: list[Record]
    additional: list[Record]    # without OPT
    opt: tuple[int, int] | None  # payload size; extended rcode, version and flags


def wire_name(text: str) -> bytes:
    """Of a name without escapes: in lower case, uncompressed."""
    labels = [label.encode('ascii') for label in text.lower().rstrip('.').split('.') if label]
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def parse(wire: bytes) -> Message:
    try:
        return _parse(wire)
    except (struct.error, IndexError) as error:
        raise Malformed('ends too early') from error


def _parse(wire: bytes) -> Message:
    _, flags, questions, *counts = struct.unpack_from('>6H', wire)
    if questions != 1:
        raise Malformed(f'{questions} questions')
    names: dict[int, tuple[bytes, int]] = {}
    _, end = _name(wire, 12, names)
    question, at = wire[12:end + 4], end + 4
    sections, opt = [], None
    for count in counts:
        records = []
        for _ in range(count):
            owner, at = _name(wire, at, names)
            kind, rdclass, ttl, length = struct.unpack_from('>HHIH', wire, at)
            at += 10
            if at + length > len(wire):
                raise Malformed('rdata past the end')
            if kind == OPT:
                if opt or len(sections) != 2 or owner != b'\0':
                    raise Malformed('OPT twice or in the wrong place')
                opt = (rdclass, ttl)
            elif rdclass != 1:
                raise Malformed(f'record of class {rdclass}')
            else:
                records.append((owner, kind, ttl, _rdata(wire, at, length, kind, names)))
            at += length
        sections.append(records)
    if at != len(wire):
        raise Malformed(f'{len(wire) - at} octets left over')
    return Message(flags, question, *sections, opt)


def _name(wire: bytes, start: int, names: dict[int, tuple[bytes, int]]) -> tuple[bytes, int]:
    """The name in lower case, and where it ends. `names` remembers those already read."""
    if start in names:
        return names[start]
    at = start
    while 0 < wire[at] < 64:
        at += 1 + wire[at]
    if wire[at] == 0:
        found = (wire[start:at + 1].lower(), at + 1)
    elif wire[at] >= 192:
        target = (wire[at] & 63) << 8 | wire[at + 1]
        if target >= start or target < 12:
            raise Malformed('compression pointer that does not go back')
        found = (wire[start:at].lower() + _name(wire, target, names)[0], at + 2)
    else:
        raise Malformed('label of an unknown kind')
    if len(found[0]) > 255:
        raise Malformed('name too long')
    names[start] = found
    return found


def _rdata(wire: bytes, at: int, length: int, kind: int, names: dict[int, tuple[bytes, int]]) -> bytes:
    end = at + length
    if kind not in COMPRESSED:
        return wire[at:end]
    before, count = COMPRESSED[kind]
    data = wire[at:at + before]
    at += before
    for _ in range(count):
        name, at = _name(wire, at, names)
        data += name
    if at > end:
        raise Malformed('name past the end of its rdata')
    return data + wire[at:end]
