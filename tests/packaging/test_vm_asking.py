"""What becomes of connections from the host's side, and which ports of the box have to drop them."""

import socket
import unittest
import unittest.mock
from contextlib import ExitStack

from lablib import topology as net
from lablib.vm import asking
from lablib.vm.trials import TrialError, boot

HERE = '127.0.0.1'
SOON = .3


class Knock(unittest.TestCase):
    def setUp(self) -> None:
        self.open = self.enterContext(ExitStack())
        self.listener = self.open.enter_context(socket.socket())
        self.listener.bind((HERE, 0))
        self.port = self.listener.getsockname()[1]

    def test_open(self) -> None:
        self.listener.listen()
        self.assertEqual(asking.knock(HERE, HERE, self.port), asking.OPEN)

    def test_refused_is_not_dropped(self) -> None:
        self.assertEqual(asking.knock(HERE, HERE, self.port), 'Connection refused')

    def test_no_way(self) -> None:
        self.assertEqual(asking.knock(HERE, '192.0.2.1', self.port, SOON), 'Invalid argument')

    def test_nothing_comes_back(self) -> None:
        """As of a listener whose queue is full: the kernel drops what comes."""
        self.listener.listen(0)
        for _ in range(2):
            filler = self.open.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((HERE, self.port))
        self.assertEqual(asking.knock(HERE, HERE, self.port, SOON), asking.DROPPED)


class Closed(unittest.TestCase):
    def check(self, **seen: str) -> None:
        """check_closed() of a box where all is as it has to be, but for `seen`: "host" or "pPORT"."""
        def knock(source: str, port: int) -> str:
            if source == net.HOST_LINK4:
                return seen.get('host', asking.OPEN)
            return seen.get(f'p{port}', asking.DROPPED)
        with unittest.mock.patch.object(boot, '_knock', knock):
            boot.check_closed()

    def test_all_is_dropped(self) -> None:
        self.check()

    def test_a_box_without_a_firewall(self) -> None:
        for port in boot.CLOSED:
            for seen in (asking.OPEN, 'Connection refused', 'No route to host'):
                with self.subTest(port=port, seen=seen), self.assertRaisesRegex(TrialError, str(port)):
                    self.check(**{f'p{port}': seen})

    def test_a_box_that_is_not_reached_at_all(self) -> None:
        for seen in (asking.DROPPED, 'Connection refused'):
            with self.subTest(seen), self.assertRaisesRegex(TrialError, 'NOC page'):
                self.check(host=seen)


if __name__ == '__main__':
    unittest.main()
