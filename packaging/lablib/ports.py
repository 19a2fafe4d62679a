"""The sockets of a load run: each knows which of its questions are open, by ID.

A port never blocks and never raises for what the network does: what cannot be sent simply gets no answer.
"""

import errno
import itertools
import select
import socket
import time
from contextlib import suppress

RETRY = .1                 # seconds between two attempts to connect
Asked = tuple[float, int]  # when, and which question


class _Port:
    """`pending` and `expired` by ID. `descriptor` is -1 while there is no socket. `ending` says how the
    socket went in the last receive(): '', 'refused' (never open), 'closed' (in order) or 'reset'."""

    def __init__(self, target: str, port: int) -> None:
        self.target = target
        self.pending: dict[int, Asked] = {}
        self.expired: dict[int, Asked] = {}
        self.descriptor = -1
        self.interest = select.EPOLLIN
        self.interest_changed = False
        self.ending = ''
        self._address = (target, port)
        self._family = socket.AF_INET6 if ':' in target else socket.AF_INET
        self._numbers = itertools.cycle(range(1, 65536))

    def _open_question(self, question: int, now: float) -> int:
        number = next(self._numbers)
        self.pending[number] = (now, question)
        self.expired.pop(number, None)
        return number


class UdpPort(_Port):
    """One connected socket, opened when there is a route."""

    def __init__(self, target: str, port: int) -> None:
        super().__init__(target, port)
        self._socket: socket.socket | None = None

    def ask(self, question: int, tail: bytes, now: float) -> int:
        """Sends it; its ID."""
        number = self._open_question(question, now)
        with suppress(OSError):
            (self._socket or self._connect()).send(number.to_bytes(2, 'big') + tail)
        return number

    def receive(self) -> list[bytes]:
        assert self._socket is not None
        try:
            return [self._socket.recv(65536)]
        except OSError:                          # nothing there, or ICMP: the question stays open
            return []

    def _connect(self) -> socket.socket:
        fresh = socket.socket(self._family, socket.SOCK_DGRAM)
        fresh.setblocking(False)
        fresh.connect(self._address)
        self._socket, self.descriptor = fresh, fresh.fileno()
        return fresh


class TcpPort(_Port):
    """One kept connection, made again when it goes. Questions asked meanwhile wait for it."""

    def __init__(self, target: str, port: int) -> None:
        super().__init__(target, port)
        self._socket: socket.socket | None = None
        self._is_open = False
        self._retry_at = 0.0
        self._output = self._input = b''

    def ask(self, question: int, tail: bytes, now: float) -> int:
        number = self._open_question(question, now)
        self._output += (len(tail) + 2).to_bytes(2, 'big') + number.to_bytes(2, 'big') + tail
        if self._socket is None and now >= self._retry_at:
            self._connect(now)
        elif self._is_open:
            with suppress(OSError):              # a broken connection is noticed when reading
                self._flush()
        return number

    def receive(self) -> list[bytes]:
        assert self._socket is not None
        self.ending, self.interest_changed = '', False
        try:
            if not self._is_open and (error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                raise OSError(error, 'connect')
            self._is_open = True
            self._flush()
            data = self._socket.recv(65536)
            if not data:
                return self._end('closed')
            self._input += data
        except BlockingIOError:
            pass
        except OSError:
            return self._end('reset' if self._is_open else 'refused')
        return self._messages()

    def _connect(self, now: float) -> None:
        fresh = socket.socket(self._family, socket.SOCK_STREAM)
        fresh.setblocking(False)
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._retry_at = now + RETRY
        result = fresh.connect_ex(self._address)
        if result not in (0, errno.EINPROGRESS):
            fresh.close()
            return
        self._socket, self.descriptor, self._is_open = fresh, fresh.fileno(), False
        self.interest = select.EPOLLIN | select.EPOLLOUT

    def _flush(self) -> None:
        if self._output:
            with suppress(BlockingIOError):
                self._output = self._output[self._socket.send(self._output):]  # type: ignore[union-attr]
        wanted = select.EPOLLIN | (select.EPOLLOUT if self._output else 0)
        self.interest_changed = self.interest_changed or wanted != self.interest
        self.interest = wanted

    def _messages(self) -> list[bytes]:
        found = []
        while len(self._input) >= 2:
            length = int.from_bytes(self._input[:2], 'big')
            if len(self._input) < 2 + length:
                break
            found.append(self._input[2:2 + length])
            self._input = self._input[2 + length:]
        return found

    def _end(self, how: str) -> list[bytes]:
        """Closes. What was sent over a connection that was open is lost with it; what a refused one was
        to carry waits for the next."""
        self._socket.close()                     # type: ignore[union-attr]
        self._socket, self.descriptor, self._input = None, -1, b''
        self._retry_at = time.monotonic() + RETRY
        if how != 'refused':
            self._output = b''
        self._is_open = False
        self.ending = how
        return []
