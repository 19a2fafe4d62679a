"""Plays systemd's part in the lab: starts agent and BIRD again when they have ended, and kills an agent whose
watchdog beat has stopped (sd_notify(3)).
"""

import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from collections.abc import Iterator

from lablib.lab import Lab, LabError

LOOK = .01                 # seconds
RESTART = .1               # seconds from an end to the next start: RestartSec
WATCHDOG = 2.0             # seconds without a beat: WatchdogSec


class Keeper:
    """A context manager around drills. The agent is started anew at its beginning: it has to know whom to
    notify."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._path = lab.directory / 'notify.sock'
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._beat: tuple[int, float] = (0, 0)             # pid, and when it was heard last
        self._ended: dict[str, float] = {}
        self.kills = 0
        self.under: tuple[str, ...] = ()                   # a command that becomes the agent when it starts
        self.environment: dict[str, str] = {}              # more of it
        self.failure: Exception | None = None

    def __enter__(self) -> 'Keeper':
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(str(self._path))
        self._path.chmod(0o666)
        self._lab.stop_agent()
        self._start_agent()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._path.unlink(missing_ok=True)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nothing is started or killed inside."""
        self._paused.set()
        try:
            yield
        finally:
            self._paused.clear()

    def _start_agent(self) -> None:
        self._lab.start_agent({'NOTIFY_SOCKET': str(self._path), 'WATCHDOG_USEC': str(int(WATCHDOG * 1e6)),
                               **self.environment}, self.under)

    def _keep(self) -> None:
        while not self._stop.wait(LOOK):
            self._listen()
            if self._paused.is_set():
                continue
            try:
                self._look_at('agent', self._lab.agent, self._start_agent)
                self._look_at('bird', self._lab.appliance_bird.service, self._lab.ensure_appliance_bird)
                self._listen()                       # to start them may have taken seconds
                self._look_at_beat()
            except (OSError, RuntimeError, LabError) as error:
                self.failure = error

    def _look_at(self, name: str, service, start) -> None:
        if service.process() is not None:
            self._ended.pop(name, None)
        elif time.monotonic() - self._ended.setdefault(name, time.monotonic()) >= RESTART:
            start()

    def _look_at_beat(self) -> None:
        process = self._lab.agent.process()
        pid, heard = self._beat
        if process is None or process.pid != pid or time.monotonic() - heard < WATCHDOG:
            return
        self.kills += 1
        self._beat = (0, 0)
        with suppress(ProcessLookupError):
            os.kill(process.pid, 9)

    def _listen(self) -> None:
        for _ in range(100):
            try:
                text, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(12))
            except BlockingIOError:
                return
            for _, kind, data in ancillary:
                if kind == socket.SCM_CREDENTIALS and b'WATCHDOG=1' in text:
                    self._beat = (int.from_bytes(data[:4], 'little'), time.monotonic())
