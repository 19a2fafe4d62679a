"""The test port: both of its ends, with a terminal for the wire."""

import os
import socket
import subprocess
import tempfile
import threading
import tty
import unittest
from contextlib import suppress
from pathlib import Path

from lablib.vm.port import GUEST_SCRIPT, NAME, TIMED_OUT, Port, PortError


class BothEnds(unittest.TestCase):
    """The guest's script by a local shell; a thread is what QEMU is between the two."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self._master, slave = os.openpty()
        tty.setraw(slave)
        script = GUEST_SCRIPT.replace(f'/dev/virtio-ports/{NAME}', os.ttyname(slave))
        script = script.replace('cd /run\n', f'cd {folder}\n')
        self._shell = subprocess.Popen(['sh', '-c', script], stdin=subprocess.DEVNULL)
        self.addCleanup(os.close, self._master)
        self.addCleanup(os.close, slave)
        self._listener = socket.socket(socket.AF_UNIX)
        path = Path(folder) / 'port.sock'
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._carry, daemon=True).start()
        self.port = Port(path)

    def tearDown(self) -> None:
        self._shell.kill()
        self._shell.wait()
        self._listener.close()

    def _carry(self) -> None:
        """One connection after the other, until the test ends."""
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self._exchange(connection)

    def _exchange(self, connection: socket.socket) -> None:
        """The request to the guest, the reply back."""
        os.write(self._master, connection.recv(1 << 16))
        reply = b''
        while not reply.endswith(b'\n'):
            reply += os.read(self._master, 1 << 16)
        connection.sendall(b'some line of another request\n' + reply)

    def test_output_and_status(self) -> None:
        self.assertEqual(self.port.run('echo "to the one"; echo to the other >&2'),
                         'to the one\nto the other\n')
        self.assertEqual(self.port.status('echo no; exit 3'), (3, 'no\n'))
        self.assertEqual(self.port.run('true'), '')

    def test_scripts_of_many_lines_and_odd_characters(self) -> None:
        self.assertEqual(self.port.run('for i in 1 2\ndo echo "$i \'ä\' \\\\"\ndone'),
                         "1 'ä' \\\n2 'ä' \\\n")

    def test_a_status_that_is_not_0(self) -> None:
        with self.assertRaisesRegex(PortError, '(?s)status 7 of: echo why; exit 7.*why'):
            self.port.run('echo why; exit 7')

    def test_the_guest_ends_what_takes_too_long(self) -> None:
        self.port.run('true')
        with self.assertRaisesRegex(PortError, f'status {TIMED_OUT}|within 1 s'):
            self.port.run('sleep 30', 1)


class NobodyThere(unittest.TestCase):
    def test_no_machine(self) -> None:
        with self.assertRaisesRegex(PortError, 'No such file'):
            Port(Path('/nonexistent/port.sock')).run('true', 1)

    def test_silence(self) -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f'{folder}/port.sock')
            listener.listen()
            with self.assertRaisesRegex(PortError, r'said nothing within 0\.2 s'):
                Port(Path(folder) / 'port.sock').run('true', .2)
