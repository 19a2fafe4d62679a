"""Stops one thread of a process, as a fault of one engine worker would: by ptrace(2), which unlike
SIGSTOP leaves the other threads running."""

import ctypes
import os
import threading
from pathlib import Path

PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def threads(pid: int) -> list[int]:
    """Thread ids, the main thread first."""
    return sorted(int(entry.name) for entry in Path(f'/proc/{pid}/task').iterdir())


class StoppedThread:
    """A context manager; inside it the thread stands still. Its process may be killed meanwhile: the
    tracer then takes note of the thread's end at once, without which the process would not go away. A
    tracer is a thread, so it has one of its own."""

    def __init__(self, thread: int) -> None:
        self._stopped = thread
        self._ready, self._release = threading.Event(), threading.Event()
        self._error: OSError | None = None
        self._tracer = threading.Thread(target=self._trace, daemon=True)

    def __enter__(self) -> 'StoppedThread':
        self._tracer.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self._tracer.join()

    def _trace(self) -> None:
        if _libc.ptrace(PTRACE_ATTACH, self._stopped, None, None) != 0:
            self._error = OSError(ctypes.get_errno(), f'ptrace of thread {self._stopped}')
            self._ready.set()
            return
        os.waitpid(self._stopped, WALL)
        self._ready.set()
        while not self._release.wait(.005):
            try:
                pid, status = os.waitpid(self._stopped, WALL | os.WNOHANG)
            except ChildProcessError:                # ended, and somebody else has taken note of it
                return
            if pid != 0 and not os.WIFSTOPPED(status):
                return                               # it has ended
        _libc.ptrace(PTRACE_DETACH, self._stopped, None, None)
