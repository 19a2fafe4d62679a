"""How the lab's commands end when they are told to: SIGTERM like Ctrl-C, so that what is to be cleaned up
is, and nothing interrupts the cleaning up.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130          # exit status


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def interrupt_on_sigterm() -> None:
    """From now on SIGTERM raises KeyboardInterrupt in the main thread."""
    signal.signal(signal.SIGTERM, _interrupt)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, SIGTERM and SIGINT are ignored."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def command_failed(error: subprocess.SubprocessError) -> str:
    """Which command, what of it, and what to do."""
    argv = getattr(error, 'cmd', None)
    command = ' '.join(map(str, argv)) if isinstance(argv, (list, tuple)) else str(argv or error)
    words = getattr(error, 'stderr', None) or b''
    said = (words.decode(errors='replace') if isinstance(words, bytes) else words).strip()
    match error:
        case subprocess.TimeoutExpired():
            what = f'did not end within {error.timeout:g} s; is the machine busy or the disk full?'
        case subprocess.CalledProcessError():
            what = f'ended with status {error.returncode}: {said or "its own words are above"}'
        case _:
            what = f'failed: {error}'
    return f'"{command}" {what}\nRun it by hand to see why; "packaging/lab down" removes what is half made.'
