"""Watches the five prefixes in the host router's FIB by netlink, with the time of each change."""

import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lablib import topology as net
from lablib.netns import in_namespace, routes

RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE = 0x40, 0x400
RTA_DST = 1
RT_TABLE_MAIN = 254


def host_routes() -> frozenset[str]:
    """Those of the five prefixes that are in the host router's FIB now."""
    return net.PREFIXES & {route['dst'] for route in routes(net.HOST, protocol='bird')}


@dataclass(frozen=True)
class Change:
    time: float         # time.monotonic() when the message was read
    added: bool
    prefix: str


class RouteWatch:
    """A context manager; inside it, `changes` grows. Times are time.monotonic()'s."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._present: set[str] = set()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> 'RouteWatch':
        self._socket = in_namespace(net.HOST, _open_socket)
        self._wake, self._stop = os.pipe()
        self._present = set(host_routes())       # after subscribing: a change in between comes twice
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._stop)
        self._thread.join()
        os.close(self._wake)
        self._socket.close()

    def present(self) -> frozenset[str]:
        with self._news:
            return frozenset(self._present)

    def wait_all(self, limit: float = 30) -> float | None:
        """When the last of the five came; None if they are not all there within `limit` seconds. If they
        were there from the start, the time of the call."""
        return self._wait(lambda: self._present == net.PREFIXES, limit)

    def wait_none(self, limit: float = 30) -> float | None:
        """When the last one went."""
        return self._wait(lambda: not self._present, limit)

    def _wait(self, condition: Callable[[], bool], limit: float) -> float | None:
        called = time.monotonic()
        with self._news:
            if not self._news.wait_for(condition, limit):
                return None
            return self.changes[-1].time if self.changes else called

    def _read(self) -> None:
        while True:
            readable, _, _ = select.select([self._socket, self._wake], [], [])
            if self._wake in readable:
                return
            try:
                data = self._socket.recv(65536)
            except OSError:                      # overrun: what is there now is what counts
                self._reload()
                continue
            now = time.monotonic()
            with self._news:
                for change in _parse(data, now):
                    (self._present.add if change.added else self._present.discard)(change.prefix)
                    self.changes.append(change)
                self._news.notify_all()

    def _reload(self) -> None:
        found = set(host_routes())
        with self._news:
            self._present = found
            self._news.notify_all()


def _open_socket() -> socket.socket:
    found = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    found.bind((0, RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE))
    return found


def _parse(data: bytes, now: float) -> list[Change]:
    """The changes of our prefixes in one read of netlink messages."""
    changes, at = [], 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from('=IH', data, at)
        if kind in (RTM_NEWROUTE, RTM_DELROUTE):
            prefix = _destination(data[at + 16:at + length])
            if prefix in net.PREFIXES:
                changes.append(Change(now, kind == RTM_NEWROUTE, prefix))
        at += max((length + 3) & ~3, 16)
    return changes


def _destination(message: bytes) -> str | None:
    """The prefix of an rtmsg in the main table."""
    family, prefix_length, table = message[0], message[1], message[4]
    at = 12
    while table == RT_TABLE_MAIN and at + 4 <= len(message):
        length, kind = struct.unpack_from('=HH', message, at)
        if kind == RTA_DST:
            return f'{socket.inet_ntop(family, message[at + 4:at + length])}/{prefix_length}'
        at += max((length + 3) & ~3, 4)
    return None
