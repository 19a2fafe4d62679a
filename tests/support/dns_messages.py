"""DNS responses for comparing: strict reading into what they mean.

Sections are sets of (owner, class, type, TTL, rdata) with names in lower case and without compression. A
response is read relative to its query's question, so that answers which differ in the question only are one
object, and each is read once.
"""

import struct
from dataclasses import dataclass

# Rdata with names that may be compressed: octets before the names, how many names.
NAMES_IN_RDATA = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1)}
HEADER = 12
TC = 0x0200
REMEMBERED = 200000        # responses, until all are forgotten
ECHOED = b'='              # stands for the query's own question, octet for octet


class Malformed(Exception):
    """The message breaks RFC 1035; the text says where."""


@dataclass(frozen=True)
class Opt:
    size: int
    extended_rcode: int
    version: int
    flags: int
    options: tuple


@dataclass(frozen=True, eq=False)          # the Reader gives equal ones as one object
class Response:
    flags: int                 # of the header, without the rcode
    rcode: int                 # with the extended bits
    question: bytes            # ECHOED, or what it is instead
    answer: frozenset
    authority: frozenset
    additional: frozenset
    opt: Opt | None

    @property
    def truncated(self) -> bool:
        return bool(self.flags & TC)


def question_end(message: bytes) -> int:
    """Where the one plain question of a message ends; 12 if there is none that can be read."""
    if message[4:6] != b'\0\1':
        return HEADER
    pos = HEADER
    while pos < len(message) and 0 < message[pos] < 64:
        pos += 1 + message[pos]
    whole = pos + 5 <= len(message) and message[pos] == 0
    return pos + 5 if whole else HEADER


class _Walk:
    """One pass over a message. `low`: the lowest place before `body` that a pointer led to."""

    def __init__(self, wire: bytes, body: int) -> None:
        self.wire, self.pos, self.body, self.low = wire, body, body, body
        self.opts: list[Opt] = []

    def name(self) -> bytes:
        """In lower case. Pointers must lead strictly back."""
        wire, pos, out, after = self.wire, self.pos, [], None
        limit = pos
        while True:
            if pos >= len(wire):
                raise Malformed('name past the end')
            n = wire[pos]
            if n == 0:
                self.pos = pos + 1 if after is None else after
                return b''.join(out) + b'\0'
            if n < 64:
                out.append(wire[pos:pos + 1 + n].lower())
                pos += 1 + n
            elif n >= 192 and pos + 1 < len(wire):
                target = (n & 63) << 8 | wire[pos + 1]
                after = pos + 2 if after is None else after
                if not HEADER <= target < limit:
                    raise Malformed('pointer that does not lead back')
                if target < self.body:
                    self.low = min(self.low, target)
                pos = limit = target
            else:
                raise Malformed('label type')

    def _rdata(self, end: int, rtype: int) -> bytes:
        before, names = NAMES_IN_RDATA.get(rtype, (0, 0))
        out = self.wire[self.pos:self.pos + before]
        self.pos += before
        for _ in range(names):
            out += self.name()
        if self.pos > end:
            raise Malformed('name past its rdata')
        out += self.wire[self.pos:end]
        self.pos = end
        return out

    def _record(self, records: set) -> None:
        owner = self.name()
        if self.pos + 10 > len(self.wire):
            raise Malformed('record past the end')
        rtype, rclass, ttl, size = struct.unpack_from('>HHIH', self.wire, self.pos)
        self.pos += 10
        end = self.pos + size
        if end > len(self.wire):
            raise Malformed('rdata past the end')
        if rtype == 41:
            self.opts.append(Opt(rclass, ttl >> 24, ttl >> 16 & 255, ttl & 0xffff,
                                 _options(self.wire[self.pos:end])))
            self.pos = end
            return
        record = (owner, rclass, rtype, ttl, self._rdata(end, rtype))
        if record in records:
            raise Malformed('a record twice')
        records.add(record)

    def section(self, count: int) -> frozenset:
        records: set = set()
        for _ in range(count):
            self._record(records)
        return frozenset(records)


def _options(data: bytes) -> tuple:
    out = []
    while data:
        if len(data) < 4 or len(data) < 4 + int.from_bytes(data[2:4], 'big'):
            raise Malformed('option past the end')
        size = int.from_bytes(data[2:4], 'big')
        out.append((int.from_bytes(data[:2], 'big'), data[4:4 + size]))
        data = data[4 + size:]
    return tuple(sorted(out))


def _read(wire: bytes, body: int) -> tuple[tuple, int]:
    """-> (the fields of a Response, `low`). The question is read only if `body` is the header's end."""
    if len(wire) < HEADER:
        raise Malformed('shorter than a header')
    _, flags, questions, *counts = struct.unpack_from('>6H', wire)
    walk = _Walk(wire, body)
    question = ECHOED
    if body == HEADER:
        for _ in range(questions):
            walk.name()
            walk.pos += 4
        question = wire[HEADER:walk.pos]
    sections = [walk.section(count) for count in counts]
    if walk.pos != len(wire) or len(walk.opts) > 1:
        raise Malformed('octets after the last record' if walk.pos != len(wire) else 'two OPT records')
    opt = walk.opts[0] if walk.opts else None
    rcode = flags & 15 | (opt.extended_rcode << 4 if opt else 0)
    return (flags & 0xfff0, rcode, question, *sections, opt), walk.low


class Reader:
    """Reads responses. Equal ones, to whatever question, are one object: Response, or the str that says
    what is wrong with it."""

    def __init__(self) -> None:
        self._low: dict = {}       # octets around the question -> where the body points to, at the lowest
        self._known: dict = {}     # the same and the octets pointed to -> Response or str
        self._unique: dict = {}

    def __call__(self, wire: bytes | None, query: bytes, end: int) -> Response | str | None:
        """`end`: question_end(query)."""
        if wire is None:
            return None
        body = end if wire[4:6] == b'\0\1' and wire[HEADER:end] == query[HEADER:end] else HEADER
        shape = (wire[2:HEADER], body, wire[body:])
        low = self._low.get(shape)
        if low is not None:
            known = self._known.get((shape, wire[low:body].lower()))
            if known is not None:
                return known
        if len(self._known) > REMEMBERED:
            self._low.clear()
            self._known.clear()
        try:
            content, low = _read(wire, body)
        except Malformed as error:
            return self._unique.setdefault(str(error), f'malformed: {error}')
        response = self._unique.get(content)
        if response is None:
            response = self._unique[content] = Response(*content)
        self._low[shape] = low
        self._known[shape, wire[low:body].lower()] = response
        return response
