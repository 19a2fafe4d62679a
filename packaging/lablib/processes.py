"""Long-lived programs of the lab: started in a session of their own, found again by a pid file, ended by
pid. A pid alone may be somebody else's by now, so the file holds the start time too, and a signal goes
through a pidfd that was opened before the start time was checked.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

OWNER = 'IMRS_LAB'         # in the environment of what a Service starts: the lab's directory


@dataclass(frozen=True)
class Stat:
    """A line of /proc/PID/stat, and who owns it."""
    pid: int
    parent: int
    state: str          # R, S, T (stopped), Z (ended, not waited for), ...
    session: int
    start: int          # clock ticks since boot
    uid: int
    name: str           # program, as it was called; the thread's own name where that was set


def stat(pid: int) -> Stat | None:
    """None if there is no such process, or none that may be seen."""
    folder = Path('/proc') / str(pid)
    try:
        head, _, tail = (folder / 'stat').read_text().rpartition(')')
        arguments = (folder / 'cmdline').read_bytes().split(b'\0')
        uid = _uid(folder)
    except (FileNotFoundError, ProcessLookupError, PermissionError):     # the last: another's, with hidepid=
        return None
    fields = tail.split()
    comm = head.partition('(')[2]
    name = comm if comm == 'imrs-launcher' else os.path.basename(arguments[0].decode(errors='replace'))
    return Stat(pid, int(fields[1]), fields[0], int(fields[3]), int(fields[19]), uid, name or comm)


def _uid(folder: Path) -> int:
    """/proc/PID itself belongs to root where the process is not dumpable; its status tells."""
    for line in (folder / 'status').read_text().splitlines():
        if line.startswith('Uid:'):
            return int(line.split()[2])
    return 0


def running(process: Stat) -> bool:
    """Whether that very process has not ended; stopped counts as running."""
    found = stat(process.pid)
    return found is not None and found.start == process.start and found.state not in 'ZX'


def is_same(before: Stat | None, after: Stat | None) -> bool:
    """Whether both are there and the same process, whatever its state was at either time."""
    return before is not None and after is not None and (before.pid, before.start) == (after.pid, after.start)


def everything() -> list[Stat]:
    """All processes that have not ended."""
    return [found for entry in os.listdir('/proc') if entry.isdigit()
            and (found := stat(int(entry))) is not None and found.state not in 'ZX']


def descendants(pid: int) -> list[Stat]:
    """Children, their children, and so on, that have not ended; parents first."""
    candidates = everything()
    result, wave = [], {pid}
    while wave:
        children = [process for process in candidates if process.parent in wave]
        result += children
        wave = {child.pid for child in children}
    return result


def ancestors(pid: int) -> set[int]:
    """The process itself, its parent, and so on up to pid 1."""
    found: set[int] = set()
    while pid > 0 and pid not in found:
        found.add(pid)
        process = stat(pid)
        pid = process.parent if process else 0
    return found


def strays(directory: Path, uids: Iterable[int]) -> list[Stat]:
    """What a Service of a lab in `directory` has started, found without pid file and namespace: it has
    OWNER in its environment; or descends from one that has; or, as the launcher gives its children an
    environment of their own, works in the directory under one of the lab's `uids`. To be there is no
    proof: an operator's shell may be there too. Never this process or what started it, and nothing of an
    ordinary user's lab (rootless.py): its directory may have the same name, in namespaces of its own."""
    found = {process.pid: process for process in everything() if _in_our_user_namespace(process.pid)
             and (_has_mark(process.pid, directory)
                  or process.uid in uids and _works_in(process.pid, directory))}
    for pid in list(found):
        found |= {process.pid: process for process in descendants(pid)}
    return [process for pid, process in found.items() if pid not in ancestors(os.getpid())]


def _in_our_user_namespace(pid: int) -> bool:
    try:
        return os.readlink(f'/proc/{pid}/ns/user') == os.readlink('/proc/self/ns/user')
    except OSError:
        return False


def _has_mark(pid: int, directory: Path) -> bool:
    try:
        words = Path(f'/proc/{pid}/environ').read_bytes().split(b'\0')
    except OSError:
        return False
    return f'{OWNER}={directory}'.encode() in words


def _works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(os.readlink(f'/proc/{pid}/cwd')).is_relative_to(directory.resolve())
    except OSError:
        return False


def wait_until(condition: Callable[[], object], limit: float, step: float = .02) -> bool:
    """Polls until the condition holds; False when `limit` seconds have passed."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True


def with_more(environment: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """`more` replaces what has the same name; but what is preloaded already (rootless.py) stays so, too."""
    result = {**environment, **more}
    preloads = [variables['LD_PRELOAD'] for variables in (environment, more) if 'LD_PRELOAD' in variables]
    return {**result, 'LD_PRELOAD': ' '.join(preloads)} if preloads else result


class Service:
    """One program in a namespace, with its pid file and its log, both in `folder`. `owner` is the lab's
    directory."""

    def __init__(self, name: str, folder: Path, namespace: str, owner: Path) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f'{name}.log'
        self._namespace = namespace
        self._owner = owner
        self._pid_file = folder / f'{name}.pid'

    def process(self) -> Stat | None:
        """The running program (stopped counts as running); None if it was never started or has ended."""
        pid, start = self._recorded()
        if pid <= 0:
            return None
        with suppress(ChildProcessError):                    # ours, and ended: wait for it
            os.waitpid(pid, os.WNOHANG)
        found = stat(pid)
        return found if found and found.start == start and found.state not in 'ZX' else None

    def fit(self) -> bool:
        """Running, not stopped, and in the namespace that has the name today."""
        process = self.process()
        if process is None or process.state == 'T':
            return False
        try:
            return os.path.samefile(f'/proc/{process.pid}/ns/net', f'/run/netns/{self._namespace}')
        except OSError:
            return False

    def start(self, argv: list[str], more: dict[str, str] | None = None) -> int:
        """Starts it in the namespace, in `folder`, as root, with `more` in its environment; returns its pid.
        The caller has made sure that it is not running."""
        command = ['ip', 'netns', 'exec', self._namespace, 'env', '-C', str(self.folder), *argv]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        environment = with_more(os.environ, {OWNER: str(self._owner), **(more or {})})
        pid = os.posix_spawnp(command[0], command, environment, setsid=True, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, '/dev/null', os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self.log), flags, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ])
        started = stat(pid)                                  # the execs on the way keep pid and start
        self._pid_file.write_text(f'{pid} {started.start if started else 0}\n')
        return pid

    def send(self, number: int) -> bool:
        """False if it is not running."""
        with self._pidfd() as pidfd:
            return pidfd is not None and _send(pidfd, number)

    def stop(self, number: int = signal.SIGTERM, limit: float = 5) -> bool:
        """Sends the signal and waits for the end; SIGKILL after `limit` seconds, and for whatever is left
        of its session. False if it was not running."""
        with self._pidfd() as pidfd:
            if pidfd is not None:
                _send(pidfd, number)
                if not _ended(pidfd, limit):
                    _send(pidfd, signal.SIGKILL)
                    if not _ended(pidfd, limit):
                        raise RuntimeError(f'{self.name} does not end, not even by SIGKILL')
        self._end_session(limit)
        self.process()
        self._pid_file.unlink(missing_ok=True)
        return pidfd is not None

    def log_tail(self, lines: int = 15) -> str:
        try:
            text = self.log.read_text(errors='replace')
        except FileNotFoundError:
            return '(no log)'
        return '\n'.join(text.splitlines()[-lines:])

    def _recorded(self) -> tuple[int, int]:
        """pid and start time; (-1, -1), which is nobody, if there are none."""
        try:
            pid, start = map(int, self._pid_file.read_text().split())
        except (FileNotFoundError, ValueError):
            return -1, -1
        return pid, start

    def _end_session(self, limit: float) -> None:
        """Kills helpers that outlive the program (NSD's). A session's number stays taken while it has
        members, so they are ours if they started no earlier than the program."""
        pid, start = self._recorded()

        def left() -> list[Stat]:
            return [process for process in everything() if process.session == pid and process.start >= start]
        for process in left():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not left(), limit)

    @contextmanager
    def _pidfd(self) -> Iterator[int | None]:
        pidfd = None
        if (process := self.process()) is not None:
            with suppress(ProcessLookupError):
                pidfd = os.pidfd_open(process.pid)
        if pidfd is not None and self.process() is None:     # ended in between: may be another's by now
            os.close(pidfd)
            pidfd = None
        try:
            yield pidfd
        finally:
            if pidfd is not None:
                os.close(pidfd)


def _send(pidfd: int, number: int) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        return False
    return True


def _ended(pidfd: int, limit: float) -> bool:
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    return bool(poller.poll(limit * 1000))
