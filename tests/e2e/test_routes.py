"""A route exists only while the agent lives and says so: start and stop. Every way to die is a drill."""

import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator

from labcase import LabCase
from lablib import netns
from lablib import topology as net
from lablib.agentlog import AgentLog
from lablib.processes import wait_until

ROUNDS = 10
ETH_P_ALL, BGP, BFD = 3, 179, 3784
CS6 = 48


class Routes(LabCase):
    def test_gone_when_the_agent_is_killed_and_back_when_it_starts(self) -> None:
        gone, back = [], []
        for _ in range(ROUNDS):
            gone.append(self.drills.kill_agent(signal.SIGKILL).gone_after)
            back.append(self.drills.start_agent().back_after)
        self.report('agent killed -9, routes gone', gone, .050)
        self.report('agent started, routes at the host router', back, 5)

    def test_an_orderly_stop_withdraws_first_and_keeps_the_session(self) -> None:
        log, begin = AgentLog(self.lab.agent.log), time.time()
        self.lab.kill_agent(signal.SIGTERM)
        self.assertTrue(wait_until(lambda: self.lab.agent.process() is None, 5), self.log_tail())
        self.assertIsNotNone(self.watch.wait_none(1))
        words = [line.text for line in log.lines()]
        stopping = next(i for i, text in enumerate(words) if text.startswith('order: stopping'))
        confirmed = words.index('nothing is announced any more')
        self.assertLess(stopping, confirmed)
        self.assertLess(log.find('nothing is announced any more').when - begin, 1)
        for session in self.lab.appliance_bird.sessions():
            self.assertEqual(session.state, 'Established')
        self.drills.start_agent()

    def test_cold_start_to_the_first_right_answer(self) -> None:
        kept, cold = [], []
        for _ in range(5):
            for took, empty in ((kept, False), (cold, True)):
                self.drills.kill_agent()
                if empty:                            # a new appliance: everything comes from the primary
                    shutil.rmtree(self.lab.state_directory)
                log, begin = AgentLog(self.lab.agent.log), time.time()
                self.drills.start_agent()
                took.append(log.wait('probe=right').when - begin)
                self.assertRegex(log.wait('^image verified').text, r'\d{4} signatures verified')
                self.assertEqual(log.find('image on disk is good') is None, empty)
                log.wait('^image audited', 15)
                image = self.lab.state_directory / 'image' / 'image'
                self.assertTrue(wait_until(image.exists, 10), 'the image is kept for the next start')
        self.report('start to first right answer, from the image on disk', kept, .5)
        self.report('start to first right answer, from the primary, verified and audited', cold, 1.5)

    def test_the_launchers_death_ends_the_agent(self) -> None:
        self.lab.kill_child('imrs-launcher')
        self.assertIsNotNone(self.watch.wait_none(2))
        self.assertTrue(wait_until(lambda: self.lab.agent.process() is None, 5))
        self.drills.start_agent()

    def test_bgp_and_bfd_leave_with_precedence(self) -> None:
        """DSCP CS6 (RFC 4594): a full link drops them last. All of them, for two seconds."""
        with netns.in_namespace(net.HOST, _sniffer) as sniffer:
            seen: Counter = Counter()
            deadline = time.monotonic() + 4
            while time.monotonic() < deadline and not {'BGP', 'BFD'} <= {kind for kind, _ in seen}:
                seen.update(_kind_and_class(frame) for frame in _frames(sniffer, .5))
        seen.pop(('other', 0), None)
        self.assertEqual({kind for kind, _ in seen}, {'BGP', 'BFD'}, seen)
        self.assertEqual({dscp for _, dscp in seen}, {CS6}, seen)


def _sniffer() -> socket.socket:
    """What comes from the appliance."""
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.bind(('h0', ETH_P_ALL))
    return found


def _frames(sniffer: socket.socket, seconds: float) -> Iterator[bytes]:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        sniffer.settimeout(left)
        try:
            frame, address = sniffer.recvfrom(2048)
        except TimeoutError:
            return
        if address[2] != socket.PACKET_OUTGOING:
            yield frame


def _kind_and_class(frame: bytes) -> tuple[str, int]:
    """"BGP", "BFD" or "other", and the DSCP."""
    kind, packet = frame[12:14], frame[14:]
    if kind == b'\x08\x00':
        protocol, dscp, transport = packet[9], packet[1] >> 2, packet[(packet[0] & 15) * 4:]
    elif kind == b'\x86\xdd':
        protocol, dscp, transport = packet[6], (packet[0] << 8 | packet[1]) >> 6 & 63, packet[40:]
    else:
        return 'other', 0
    ports = {int.from_bytes(transport[:2], 'big'), int.from_bytes(transport[2:4], 'big')}
    if protocol == socket.IPPROTO_TCP and BGP in ports:
        return 'BGP', dscp
    if protocol == socket.IPPROTO_UDP and BFD in ports:
        return 'BFD', dscp
    return 'other', 0
