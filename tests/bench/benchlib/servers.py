"""Starts and stops the servers of a comparison on loopback: the peers, imrs-engine and the reflector.

Each has a port of its own, its output in a file, and ends with this program whatever happens to it.
"""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from benchlib.peer_configs import PEERS
from benchlib.processes import descendants, threads

ADDRESS, IDENTITY = '127.0.0.1', 'bench'
PATIENCE = 30                # seconds until the first answer
ASK_AGAIN = .001             # seconds between two questions to a server that starts
PR_SET_PDEATHSIG = 1
SEARCH = os.pathsep.join((os.environ.get('PATH', ''), '/usr/local/sbin', '/usr/sbin'))
SOA_QUERY = struct.pack('>6H', 1, 0, 1, 0, 0, 0) + b'\0\0\6\0\1'


class BenchError(Exception):
    """The comparison cannot go on; the text says why, and what to do where something can be done."""


def program(name: str) -> str:
    found = shutil.which(name, path=SEARCH)
    if found is None:
        raise BenchError(f'{name} is not installed; packaging/install-packages --tests, or leave it out with '
                         '--peers')
    return found


def free_port() -> int:
    """Free for UDP and TCP now. Bound without SO_REUSEPORT: a server left behind would share the load."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((ADDRESS, 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
                udp.bind((ADDRESS, port))
                return port
    raise BenchError('no port is free for both UDP and TCP')


def run_on(cpus: set[int]):
    """What a child does before it becomes another program."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.sched_setaffinity(0, cpus)
    return prepare


@contextlib.contextmanager
def affinity(cpus: set[int] | None):
    """This program on these CPUs, and so what it starts; back again afterwards. None: as it is."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """One running server; `started` is the time just before the fork (monotonic seconds).

    `timed`: the fork is a vfork, since copying this interpreter takes longer than some servers need to
    start. Nothing can run between that and exec, so the server outlives a kill -9 of this program.
    """

    def __init__(self, name: str, argv: list[str], port: int, cpus: set[int], log: Path,
                 timed: bool = False) -> None:
        self.name, self.port, self._log = name, port, log
        prepare = None if timed else run_on(cpus)
        with log.open('wb') as out, affinity(cpus if timed else None):
            self.started = time.monotonic()
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                             start_new_session=True, preexec_fn=prepare)

    @property
    def pid(self) -> int:
        return self._process.pid

    def pids(self) -> list[int]:
        return descendants(self.pid)

    def pin(self, cpus: set[int]) -> None:
        """Every thread there is now; imrs-engine chooses cores itself when it starts."""
        for tid in (tid for pid in self.pids() for tid in threads(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(tid, cpus)

    def wait_for_answer(self, serial: int | None) -> float:
        """-> seconds from the fork to the first right answer: . SOA with this serial (None: any answer)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(ASK_AGAIN)
            s.connect((ADDRESS, self.port))
            while time.monotonic() < self.started + PATIENCE and self._process.poll() is None:
                with contextlib.suppress(ConnectionRefusedError, TimeoutError):
                    s.send(SOA_QUERY)
                    if is_right(s.recv(4096), serial):
                        return time.monotonic() - self.started
        raise BenchError(f'{self.name} does not answer:\n{self._log.read_text(errors="replace")[-2000:]}')

    def stop(self) -> None:
        family = self.pids()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in family[1:]:                   # a helper that has outlived its parent
            with contextlib.suppress(OSError):
                if os.getpgid(pid) == family[0]:
                    os.kill(pid, signal.SIGKILL)


def is_right(reply: bytes, serial: int | None) -> bool:
    if serial is None:
        return len(reply) >= len(SOA_QUERY)
    authoritative, rcode = reply[2] & 4, reply[3] & 15
    return bool(authoritative) and rcode == 0 and struct.pack('>I', serial) in reply[len(SOA_QUERY):]


class Launcher:
    """Knows how to start each server for the zones given; a folder of its own for every start."""

    def __init__(self, folder: Path, programs: Path, zones: dict[str, Path], serial: int) -> None:
        self._folder, self._programs, self._zones, self.serial = folder, programs, zones, serial
        self._count = 0

    def _fresh_folder(self, name: str) -> Path:
        self._count += 1
        folder = self._folder / f'{name}-{self._count}'
        folder.mkdir()
        return folder

    def peer(self, name: str, cpus: set[int], timed: bool = False) -> Server:
        peer, folder, port = PEERS[name], self._fresh_folder(name), free_port()
        text = peer.head.format(address=ADDRESS, port=port, dir=folder, identity=IDENTITY)
        text += ''.join(peer.zone.format(origin=origin, file=file) for origin, file in self._zones.items())
        (folder / 'knot').mkdir()
        config = folder / f'{name}.conf'
        config.write_text(text)
        argv = [program(peer.argv[0]), *peer.argv[1:], str(config)]
        return Server(name, argv, port, cpus, folder / 'output', timed)

    def engine(self, image: Path, cpus: set[int], workers: int = 1, timed: bool = False) -> Server:
        port = free_port()
        argv = [str(self._programs / 'imrs-engine'), '--image', str(image), '--listen', f'{ADDRESS}:{port}',
                '--workers', str(workers), '--identity', IDENTITY]
        return Server('imrs', argv, port, cpus, self._fresh_folder('imrs') / 'output', timed)

    def reflector(self, size: int, cpu: int, threads: int = 1) -> Server:
        port = free_port()
        argv = [str(self._programs / 'imrs-bench-reflector'), ADDRESS, str(port), '--size', str(size),
                '--threads', str(threads), '--cpu', str(cpu)]
        return Server('reflector', argv, port, set(range(cpu, cpu + threads)),
                      self._fresh_folder('reflector') / 'output')


@contextlib.contextmanager
def running(server: Server, serial: int | None):
    """-> the server, answering; stopped at the end."""
    try:
        server.wait_for_answer(serial)
        yield server
    finally:
        server.stop()


def version_of(name: str) -> str:
    peer = PEERS[name]
    done = subprocess.run([program(peer.argv[0]), *peer.version], capture_output=True, text=True, timeout=10,
                          check=False)
    found = re.search(r'\b\d+\.[\d.]*\d', done.stdout + done.stderr)
    return found[0] if found else '?'
