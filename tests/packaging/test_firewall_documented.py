"""The firewall as the documents and packaging/vm have it: the handbook's commands that let forged packets out
for a while, and a stranger's connections, in the namespaces of test_firewall.py."""

import re
import socket
import struct
import subprocess
import unittest

import test_firewall as firewall
from documents import keys
from documents.markdown import Document
from lablib.netns import in_namespace
from lablib.vm.asking import DROPPED, OPEN, knock

PORT = int(re.findall(r'kPort = (\d+);', keys.source('agent/preflight/spoof.cc'))[0])
PORTS = (22, 179, 80, 9053)


class ForgedSources(firewall.FirewallCase):
    """HANDBOOK.md, step 8: a line for nft that lets them out, one that loads the rules anew, and one that
    shows whether the first has gone."""

    def setUp(self) -> None:
        super().setUp()
        handbook = Document(keys.ROOT / 'HANDBOOK.md')
        block, = (block for block in handbook.blocks if '--spoof-test' in block)
        self.assertIn(f'tcpdump -n -l -A udp port {PORT}`', handbook.text)
        self.lines = [line.strip() for line in block.splitlines()]

    def inside(self, line: str) -> str:
        done = subprocess.run(['ip', 'netns', 'exec', firewall.BOX, 'sh', '-c', line], capture_output=True,
                              text=True, timeout=30, check=False)
        self.assertEqual(done.stderr, '', line)
        return done.stdout

    def sends(self, source: str, port: int) -> bool:
        """Whether a packet that claims to be from there leaves, to a far target."""
        header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0,
                             socket.inet_aton(source), socket.inet_aton(firewall.FAR))
        raw = self.keep(in_namespace(firewall.BOX, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                                                         socket.IPPROTO_RAW)))
        try:
            raw.sendto(header + struct.pack('!HHHH', 5353, port, 8, 0), (firewall.FAR, 0))
        except PermissionError:
            return False
        return True

    def test_the_commands_let_them_out_and_take_that_back(self) -> None:
        forged = '203.0.113.200'
        allow, send, take_back, look = self.lines
        self.assertFalse(self.sends(forged, PORT))
        self.assertEqual(self.inside(look), '')
        self.inside(allow)
        self.assertTrue(self.sends(forged, PORT))
        self.assertTrue(self.sends(firewall.SERVICE, PORT), 'the honest one')
        self.assertFalse(self.sends(forged, PORT + 1), 'all others are held')
        self.assertIn(str(PORT), self.inside(look))
        self.assertIn('--spoof-test', send)
        self.assertEqual(take_back, 'systemctl reload imrs-firewall')
        firewall.load(firewall.rules())          # as its unit does
        self.assertEqual(self.inside(look), '')
        self.assertFalse(self.sends(forged, PORT))


class Knocks(firewall.FirewallCase):
    """What boot.check_closed() of packaging/vm goes by."""

    def knock(self, source: str, port: int) -> str:
        return in_namespace(firewall.OUT, lambda: knock(source, firewall.LINK, port, firewall.SOON))

    def test_a_stranger_is_dropped_whether_somebody_listens_or_not(self) -> None:
        listener = self.keep(firewall.tcp(firewall.BOX, firewall.LINK, 80))
        listener.listen()
        self.assertEqual(self.knock(firewall.HOST, 80), OPEN)
        for port in PORTS:
            self.assertEqual(self.knock(firewall.FAR, port), DROPPED, port)

    def test_without_rules_nothing_is(self) -> None:
        self.addCleanup(firewall.load, firewall.rules())
        firewall.nft('delete', 'table', 'inet', 'imrs')
        for port in PORTS:
            self.assertEqual(self.knock(firewall.FAR, port), 'Connection refused', port)


if __name__ == '__main__':
    unittest.main()
