#!/usr/bin/python3
"""Asks DNS questions at a steady rate and checks every single answer against the signed zone.

    ip netns exec imrs-host /usr/bin/python3 -m lablib.load --zone root.signed --seconds 10

UDP over all targets in turn, a small share over kept TCP connections. A question is lost if no answer
comes within a second or its TCP connection goes. SIGTERM ends the run with the summary. Commands on
standard input, a line each: "accept FILE" (answers from that zone version are right too), "report"
(counts so far), "stop". With --json there is one JSON object a line on standard output: {"event":
"started" | "accepted" | "report" | "summary", ...}; the keys are tally.py's.

One thread, one epoll loop: at 2,000 questions a second it takes a tenth of a core.
"""

import argparse
import gc
import json
import os
import select
import signal
import sys
import time
from collections import deque
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from lablib.answers import Zone
from lablib.ports import TcpPort, UdpPort
from lablib.questions import POOL, POOL_TCP, query_tail, question_pool
from lablib.tally import Checker, Tally, text
from lablib.topology import SERVICE_ADDRESSES

Port = UdpPort | TcpPort
LIMIT = 1.0                # seconds until an answer counts as lost
TICK = .002                # seconds between two looks at what is due
CATCH_UP = .05             # seconds of questions asked at once after a hold-up, at most
UDP_PORTS, TCP_PORTS = 8, 2   # per target: several, so that every worker gets some


class Load:
    def __init__(self, args: argparse.Namespace) -> None:
        zones = [Zone(file) for file in args.zone]
        udp = question_pool(zones[0], POOL, False, args.seed)
        tcp = question_pool(zones[0], POOL_TCP, True, args.seed)
        self._questions = udp + tcp
        self._tails = [query_tail(question) for question in self._questions]
        self._checker = Checker(zones, self._questions)
        self._rate, self._seconds, self._json = args.rate, args.seconds, args.json
        self._epoll = select.epoll()
        every = args.targets
        self._udp = cycle([UdpPort(t, args.port) for _ in range(UDP_PORTS) for t in every])
        self._tcp = cycle([TcpPort(t, args.port) for _ in range(TCP_PORTS) for t in every])
        self._ports: dict[int, Port] = {}
        self._next_udp, self._next_tcp = cycle(range(len(udp))), cycle(range(len(udp), len(self._questions)))
        self._tcp_every = round(1 / args.tcp_share) if args.tcp_share > 0 else 0
        self._waiting: deque[tuple[float, Port, int]] = deque()
        self._stopping = False
        self._asked = 0
        self._tally = Tally(time.monotonic())

    def stop(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> dict:
        self._register_commands()
        gc.collect()
        gc.freeze()
        self._tally = Tally(time.monotonic())
        self._say('started', {'start': self._tally.start})
        end = self._tally.start + self._seconds if self._seconds else float('inf')
        while True:
            for descriptor, _ in self._epoll.poll(TICK):
                if descriptor == 0:
                    self._command()
                else:
                    self._receive(self._ports[descriptor])
            now = time.monotonic()
            self._expire(now)
            if self._stopping or now >= end:
                self._stopping = True
                if not self._waiting:
                    return self._tally.summary()
            else:
                self._ask(now)

    # ---- asking -----------------------------------------------------------------------------------

    def _ask(self, now: float) -> None:
        due = int((now - self._tally.start) * self._rate) - self._asked - self._tally.skipped
        surplus = due - max(1, int(self._rate * CATCH_UP))
        if surplus > 0:
            self._tally.skipped += surplus
            due -= surplus
        for _ in range(due):
            self._asked += 1
            over_tcp = self._tcp_every and self._asked % self._tcp_every == 0
            port = next(self._tcp if over_tcp else self._udp)
            index = next(self._next_tcp if over_tcp else self._next_udp)
            sent_at = time.monotonic()
            self._waiting.append((sent_at, port, port.ask(index, self._tails[index], sent_at)))
            self._tally.on_sent(sent_at)
            if port.descriptor >= 0 and self._ports.get(port.descriptor) is not port:
                self._watch(port)

    def _watch(self, port: Port) -> None:
        self._ports[port.descriptor] = port
        self._epoll.register(port.descriptor, port.interest)

    # ---- hearing ----------------------------------------------------------------------------------

    def _receive(self, port: Port) -> None:
        descriptor = port.descriptor
        wires = port.receive()
        now = time.monotonic()
        for wire in wires:
            self._judge(port, wire, now)
        if port.ending:
            self._ports.pop(descriptor, None)    # the kernel has taken it out of the epoll itself
            if port.ending != 'refused':
                self._count_ended(port)
        elif port.interest_changed:
            self._epoll.modify(descriptor, port.interest)

    def _judge(self, port: Port, wire: bytes, now: float) -> None:
        number = int.from_bytes(wire[:2], 'big')
        asked = port.pending.pop(number, None)
        if asked is not None:
            self._tally.on_answer(asked[0], now)
        elif (asked := port.expired.pop(number, None)) is not None:
            self._tally.late += 1
        else:
            self._tally.unasked += 1
            return
        why = self._checker.fault(asked[1], wire[2:])
        if why is not None:
            self._tally.on_wrong(asked[0], self._questions[asked[1]].text(), port.target, why, wire)

    def _count_ended(self, port: Port) -> None:
        """A connection that was open has gone, and with it the questions on it."""
        for sent_at, _ in port.pending.values():
            self._tally.on_lost(sent_at, over_tcp=True)
            self._tally.lost_tcp += 1
        if port.pending or port.ending == 'reset':
            self._tally.tcp_lost += 1
        else:
            self._tally.tcp_closed += 1
        port.pending.clear()

    def _expire(self, now: float) -> None:
        while self._waiting:
            sent_at, port, number = self._waiting[0]
            asked = port.pending.get(number)
            if asked is not None and asked[0] == sent_at:
                if now - sent_at < LIMIT:
                    return
                port.expired[number] = port.pending.pop(number)
                self._tally.on_lost(sent_at, isinstance(port, TcpPort))
            self._waiting.popleft()

    # ---- the caller -------------------------------------------------------------------------------

    def _register_commands(self) -> None:
        os.set_blocking(0, False)
        with suppress(PermissionError):          # a plain file or /dev/null: nobody there to command
            self._epoll.register(0, select.EPOLLIN)
        self._input = b''

    def _command(self) -> None:
        data = os.read(0, 4096)
        if not data:
            self._epoll.unregister(0)
        *lines, self._input = (self._input + data).split(b'\n')
        for line in lines:
            verb, _, operand = line.decode().strip().partition(' ')
            if verb == 'accept':
                self._checker.accept(Path(operand))
                self._say('accepted', {'file': operand})
            elif verb == 'report':
                self._say('report', self._tally.counts())
            elif verb == 'stop':
                self.stop()

    def _say(self, event: str, what: dict) -> None:
        if self._json:
            print(json.dumps({'event': event, 'monotonic': time.monotonic(), **what}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog='lablib.load', description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--zone', type=Path, action='append', required=True, metavar='FILE',
                        help='signed zone; repeated: an answer must be that of one of them')
    parser.add_argument('--targets', nargs='+', default=list(SERVICE_ADDRESSES[:2]), metavar='ADDRESS')
    parser.add_argument('--port', type=int, default=53)
    parser.add_argument('--rate', type=float, default=2000, help='questions a second')
    parser.add_argument('--seconds', type=float, default=0, help='0: until SIGTERM')
    parser.add_argument('--tcp-share', type=float, default=.02)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--json', action='store_true')
    args = parser.parse_args()
    load = Load(args)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, load.stop)
    summary = load.run()
    print(json.dumps({'event': 'summary', **summary}) if args.json else text(summary), flush=True)
    return 0 if summary['wrong'] == 0 else 1


if __name__ == '__main__':
    sys.exit(main())
