"""DNS messages for comparing: strict reading into what they mean, and sending to a server.

Sections are sets of (owner, class, type, TTL, rdata) with names in lower case and without compression.
"""

import contextlib
import select
import socket
import struct
import time
from dataclasses import dataclass

# Rdata with names that may be compressed: octets before the names, how many names.
NAMES_IN_RDATA = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1)}
# Each try: how many queries at once, and seconds to wait for the last of them. Knot closes a TCP
# connection after some answers, and what came behind them is asked again, in the end one by one.
UDP_TRIES = ((64, 0.15), (64, 0.5), (64, 1.0))
TCP_TRIES = (64, 8, 1)


class Malformed(Exception):
    """The message breaks RFC 1035; the text says where."""


@dataclass(frozen=True)
class Opt:
    size: int
    extended_rcode: int
    version: int
    flags: int
    options: tuple


@dataclass(frozen=True)
class Response:
    size: int
    flags: int                 # of the header, without the rcode
    rcode: int                 # with the extended bits
    question: bytes
    answer: frozenset
    authority: frozenset
    additional: frozenset
    opt: Opt | None

    @property
    def truncated(self) -> bool:
        return bool(self.flags & 0x200)


def read_name(wire: bytes, pos: int) -> tuple[bytes, int]:
    """-> (name in lower case, next position). Pointers must lead strictly back."""
    out, after, limit = [], None, pos
    while True:
        if pos >= len(wire):
            raise Malformed('name past the end')
        n = wire[pos]
        if n == 0:
            return b''.join(out) + b'\0', pos + 1 if after is None else after
        if n < 64:
            out.append(wire[pos:pos + 1 + n].lower())
            pos += 1 + n
        elif n >= 192 and pos + 1 < len(wire):
            target = (n & 63) << 8 | wire[pos + 1]
            after = pos + 2 if after is None else after
            if not 12 <= target < limit:
                raise Malformed('pointer that does not lead back')
            pos = limit = target
        else:
            raise Malformed('label type')


def _read_rdata(wire: bytes, pos: int, end: int, rtype: int) -> bytes:
    before, names = NAMES_IN_RDATA.get(rtype, (0, 0))
    out = wire[pos:pos + before]
    pos += before
    for _ in range(names):
        name, pos = read_name(wire, pos)
        out += name
    if pos > end:
        raise Malformed('name past its rdata')
    return out + wire[pos:end]


def _read_options(data: bytes) -> tuple:
    out = []
    while data:
        if len(data) < 4 or len(data) < 4 + int.from_bytes(data[2:4], 'big'):
            raise Malformed('option past the end')
        size = int.from_bytes(data[2:4], 'big')
        out.append((int.from_bytes(data[:2], 'big'), data[4:4 + size]))
        data = data[4 + size:]
    return tuple(sorted(out))


def _read_section(wire: bytes, pos: int, count: int, opts: list) -> tuple[frozenset, int]:
    records = set()
    for _ in range(count):
        owner, pos = read_name(wire, pos)
        if pos + 10 > len(wire):
            raise Malformed('record past the end')
        rtype, rclass, ttl, size = struct.unpack_from('>HHIH', wire, pos)
        pos += 10
        if pos + size > len(wire):
            raise Malformed('rdata past the end')
        if rtype == 41:
            opts.append(Opt(rclass, ttl >> 24, ttl >> 16 & 255, ttl & 0xffff,
                            _read_options(wire[pos:pos + size])))
        else:
            record = (owner, rclass, rtype, ttl, _read_rdata(wire, pos, pos + size, rtype))
            if record in records:
                raise Malformed('a record twice')
            records.add(record)
        pos += size
    return frozenset(records), pos


def read_response(wire: bytes) -> Response:
    if len(wire) < 12:
        raise Malformed('shorter than a header')
    _, flags, questions, *counts = struct.unpack_from('>6H', wire)
    pos, opts = 12, []
    for _ in range(questions):
        _, pos = read_name(wire, pos)
        pos += 4
    question = wire[12:pos]
    sections = []
    for count in counts:
        section, pos = _read_section(wire, pos, count, opts)
        sections.append(section)
    if pos != len(wire) or len(opts) > 1:
        raise Malformed('octets after the last record' if pos != len(wire) else 'two OPT records')
    opt = opts[0] if opts else None
    return Response(len(wire), flags & 0xfff0, flags & 15 | (opt.extended_rcode << 4 if opt else 0),
                    question, *sections, opt)


# ---- sending ------------------------------------------------------------------------------------

def with_id(query: bytes, number: int) -> bytes:
    return struct.pack('>H', number) + query[2:] if len(query) >= 2 else query


def deserves_answer(query: bytes) -> bool:
    """False for what no server may answer: less than a header, or a response."""
    return len(query) >= 12 and not query[2] & 0x80


def ask_udp(address: str, port: int, queries: list[bytes]) -> list[bytes | None]:
    """Answers in the order of the queries (at most 65536), None where there was none."""
    answers: list[bytes | None] = [None] * len(queries)
    todo = list(range(len(queries)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.connect((address, port))
        s.setblocking(False)
        for window, patience in UDP_TRIES:
            for start in range(0, len(todo), window):
                _udp_window(s, queries, todo[start:start + window], answers, patience)
            todo = [i for i in todo if answers[i] is None and deserves_answer(queries[i])]
    return answers


def _udp_window(s: socket.socket, queries: list[bytes], part: list[int], answers: list,
                patience: float) -> None:
    for i in part:
        with contextlib.suppress(OSError):
            s.send(with_id(queries[i], i))
    waiting, end = set(part), time.monotonic() + patience
    while waiting and time.monotonic() < end:
        select.select([s], [], [], max(0, end - time.monotonic()))
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                message = s.recv(65535)
                i = int.from_bytes(message[:2], 'big')
                if i in waiting:
                    waiting.discard(i)
                    answers[i] = message


def ask_tcp(address: str, port: int, queries: list[bytes]) -> list[bytes | None]:
    """The same by TCP, pipelined."""
    answers: list[bytes | None] = [None] * len(queries)
    todo = list(range(len(queries)))
    for window in TCP_TRIES:
        for start in range(0, len(todo), window):
            with contextlib.suppress(OSError):
                _tcp_window(address, port, queries, todo[start:start + window], answers)
        todo = [i for i in todo if answers[i] is None]
    return answers


def _tcp_window(address: str, port: int, queries: list[bytes], part: list[int], answers: list) -> None:
    with socket.create_connection((address, port), 5) as s:
        stream = s.makefile('rb')
        messages = (with_id(queries[i], i) for i in part)
        s.sendall(b''.join(struct.pack('>H', len(m)) + m for m in messages))
        for _ in part:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)   # NSD sets no TCP_NODELAY
            size = stream.read(2)
            if len(size) < 2:
                return
            message = stream.read(int.from_bytes(size, 'big'))
            answers[int.from_bytes(message[:2], 'big')] = message
