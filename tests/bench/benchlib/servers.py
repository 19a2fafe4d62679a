"""Starts the servers of a comparison of speed on the cores given: the peers, imrs-engine, the reflector."""

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

from benchlib.processes import descendants, threads
from peer_servers import (ADDRESS, SOA_QUERY, Server, Setup, end_with_parent, engine_command, free_port,
                          is_authoritative, peer_command)

SETUP = Setup(identity='bench', version='bench', tcp_clients=2000, under_load=True)


class BenchError(Exception):
    """The comparison cannot go on; the text says why, and what to do where something can be done."""


def run_on(cpus: set[int]) -> Callable[[], None]:
    """What a child does before it becomes another program."""
    def prepare() -> None:
        end_with_parent()
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


class PinnedServer(Server):
    """`timed`: the fork is a vfork, since copying this interpreter takes longer than some servers need to
    start. Nothing can run between that and exec, so the server outlives a kill -9 of this program."""

    def __init__(self, name: str, argv: list[str], port: int, cpus: set[int], log: Path,
                 timed: bool = False) -> None:
        with affinity(cpus if timed else None):
            super().__init__(name, argv, port, log, None if timed else run_on(cpus))

    def pids(self) -> list[int]:
        return descendants(self.pid)

    def pin(self, cpus: set[int]) -> None:
        """Every thread there is now; imrs-engine chooses cores itself when it starts."""
        for tid in (tid for pid in self.pids() for tid in threads(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(tid, cpus)


class Launcher:
    """Knows how to start each server for the zones given; a folder of its own for every start."""

    def __init__(self, folder: Path, programs: Path, zones: dict[str, Path], serial: int) -> None:
        self._folder, self._programs, self._zones, self._serial = folder, programs, zones, serial
        self._count = 0

    def is_right(self, reply: bytes) -> bool:
        """To . SOA, with the zone's serial."""
        return is_authoritative(reply) and struct.pack('>I', self._serial) in reply[len(SOA_QUERY):]

    def _fresh_folder(self, name: str) -> Path:
        self._count += 1
        folder = self._folder / f'{name}-{self._count}'
        folder.mkdir()
        return folder

    def peer(self, name: str, cpus: set[int], timed: bool = False) -> PinnedServer:
        folder, port = self._fresh_folder(name), free_port()
        argv = peer_command(name, SETUP, port, folder, self._zones)
        return PinnedServer(name, argv, port, cpus, folder / 'output', timed)

    def engine(self, image: Path, cpus: set[int], workers: int = 1, timed: bool = False) -> PinnedServer:
        port = free_port()
        argv = engine_command(self._programs / 'imrs-engine', image, port, SETUP.identity, workers)
        return PinnedServer('imrs', argv, port, cpus, self._fresh_folder('imrs') / 'output', timed)

    def reflector(self, size: int, cpu: int, threads: int = 1) -> PinnedServer:
        port = free_port()
        argv = [str(self._programs / 'imrs-bench-reflector'), ADDRESS, str(port), '--size', str(size),
                '--threads', str(threads), '--cpu', str(cpu)]
        return PinnedServer('reflector', argv, port, set(range(cpu, cpu + threads)),
                            self._fresh_folder('reflector') / 'output')


def is_echo(reply: bytes) -> bool:
    """What the reflector sends."""
    return len(reply) >= len(SOA_QUERY)


@contextlib.contextmanager
def running(server: PinnedServer, is_right: Callable[[bytes], bool]):
    """-> the server, answering; stopped at the end."""
    try:
        server.wait_for_answer(is_right)
        yield server
    finally:
        server.stop()
