"""Sends many queries to one server on loopback, by UDP or TCP, and gathers the answers.

Queries go out with IDs of our own; answers come back with them. A query is asked again where no answer
came: packets get lost, and some servers close a TCP connection behind a message they dislike.
"""

import contextlib
import itertools
import select
import socket
import struct
import time

MOST = 1 << 14             # queries in one call: the ID's other bits tell calls apart
WINDOW, TRIES = 128, 3
OVERTAKEN = 64             # answers come in order, nearly: a query left behind by so many is given up
QUIET = (.4, .8, 2)        # and all are after so many seconds without any answer, by try
TCP_WINDOWS, TCP_PATIENCE = (64, 8, 1), 5


def _numbered(queries: list[bytes], tag: int) -> list[bytes]:
    return [struct.pack('>H', tag | i) + q[2:] if len(q) >= 2 else q for i, q in enumerate(queries)]


class Asker:
    """One server's UDP socket and TCP connection."""

    def __init__(self, address: str, port: int) -> None:
        self._to, self._turn = (address, port), 0
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._udp.connect(self._to)
        self._udp.setblocking(False)
        self._tcp: socket.socket | None = None

    def ask(self, queries: list[bytes], tcp: bool = False) -> list[bytes | None]:
        """Answers in the order of the queries (at most MOST); None where there was none."""
        self._turn = (self._turn + 1) % 4
        tag = self._turn << 14
        messages = _numbered(queries, tag)
        answers: list[bytes | None] = [None] * len(queries)
        todo = list(range(len(queries)))
        for attempt in range(TRIES):
            if tcp:
                window = TCP_WINDOWS[attempt]
                for start in range(0, len(todo), window):
                    self._tcp_window(messages, todo[start:start + window], tag, answers)
            else:
                self._udp_round(messages, todo, tag, answers, QUIET[attempt])
            todo = [i for i in todo if answers[i] is None and len(queries[i]) >= 12]
            if not todo:
                break
        return answers

    def close(self) -> None:
        self._udp.close()
        self._hang_up()

    def _receive(self, waiting: dict[int, int], tag: int, answers: list) -> int:
        """Everything that is there. -> place of the last of these queries in the sequence sent, or -1."""
        receive, last = self._udp.recv, -1
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                message = receive(4096)
                if len(message) < 2:
                    continue
                i = (message[0] << 8 | message[1]) ^ tag
                place = waiting.pop(i, -1)
                if place >= 0:
                    answers[i] = message
                    last = max(last, place)
        return last

    def _udp_round(self, messages: list[bytes], todo: list[int], tag: int, answers: list,
                   quiet: float) -> None:
        """WINDOW queries outstanding at any time; those that stay silent make room."""
        send, rest = self._udp.send, enumerate(todo)
        waiting: dict[int, int] = {}                   # query: its place in the sequence, in that order
        heard = time.monotonic()
        for _ in range(1000 * len(todo) + 1000):
            for place, i in itertools.islice(rest, WINDOW - len(waiting)):
                with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                    send(messages[i])
                waiting[i] = place
            if not waiting:
                return
            last = self._receive(waiting, tag, answers)
            if last >= 0:
                heard = time.monotonic()
                for i in [i for i, place in waiting.items() if place < last - OVERTAKEN]:
                    del waiting[i]
            elif time.monotonic() - heard > quiet:
                waiting.clear()
                heard = time.monotonic()
            else:
                select.select([self._udp], [], [], quiet / 8)

    def _tcp_window(self, messages: list[bytes], part: list[int], tag: int, answers: list) -> None:
        """Pipelined over one connection, which is kept."""
        try:
            if len(part) == 1:                             # the one before may have made the server hang up
                self._hang_up()
            if self._tcp is None:
                self._tcp = socket.create_connection(self._to, TCP_PATIENCE)
                self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tcp.sendall(b''.join(struct.pack('>H', len(messages[i])) + messages[i] for i in part))
            self._tcp_answers(set(part), tag, answers)
        except OSError:
            self._hang_up()

    def _tcp_answers(self, waiting: set, tag: int, answers: list) -> None:
        buffer = b''
        while waiting:
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)   # NSD sets no TCP_NODELAY
            data = self._tcp.recv(1 << 18)
            if not data:
                raise ConnectionResetError
            buffer, pos = buffer + data, 0
            while len(buffer) - pos >= 2:
                size = buffer[pos] << 8 | buffer[pos + 1]
                if len(buffer) - pos < 2 + size:
                    break
                message = buffer[pos + 2:pos + 2 + size]
                pos += 2 + size
                i = int.from_bytes(message[:2], 'big') ^ tag
                if i in waiting:
                    waiting.discard(i)
                    answers[i] = message
            buffer = buffer[pos:]

    def _hang_up(self) -> None:
        if self._tcp is not None:
            self._tcp.close()
        self._tcp = None
