"""The lab for an ordinary user: user, mount, network and PID namespaces of its own, in which that user is
root, while outside nothing has changed. They live as long as a process named HOLDER, their pid 1, and no
longer: who kills it removes the whole lab. Any shell of the user's finds it by its name and enters.

packaging/lab and packaging/quickstart call ensure_root() and then work as they do for root. Where the user
has a range in /etc/subuid (package uidmap), the programs have users of their own, out of that range.
Otherwise all are one user, and one_user.cc answers the calls that would change that.
`python3 -m lablib.rootless` says whether an ordinary user can have the lab here (exit status 1: no).
"""

import ctypes
import fcntl
import os
import pwd
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lablib import netns
from lablib import topology as net
from lablib.processes import everything, running, stat, wait_until

HOLDER = 'imrs-lab-holder'
ONE_USER = Path('/run/imrs-one-user.so')       # inside; there only if it is needed
TUN = '/dev/net/tun'
LIMIT = 20                                     # seconds
NEWNS, NEWUSER, NEWPID, NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
HINTS = '''An ordinary user needs user namespaces, which these may forbid (ask root, or run it with sudo):
  sysctl user.max_user_namespaces                        must not be 0
  sysctl kernel.unprivileged_userns_clone                must be 1, where it exists
  sysctl kernel.apparmor_restrict_unprivileged_userns    must be 0, where it exists
Containers often forbid them, too.'''
_libc = ctypes.CDLL(None, use_errno=True)


class RootlessError(Exception):
    """Why an ordinary user cannot have the lab here, and what can be done."""


def ensure_root(make: bool = False, end: bool = False) -> bool:
    """True at once where this is root already. Otherwise the program starts again as root inside the user's
    namespaces, while this process waits for its end and exits with its status; False if there are none.
    `make`: make them then, and remove them at the end if no lab is left inside. `end`: remove them at the
    end, with whatever is left."""
    if os.geteuid() == 0:
        return True
    folder = os.getcwd()
    with _one_at_a_time():
        holder = _find()
        if holder is None and make:
            holder = _make()
    if holder is None:
        return False
    if _libc.setns(holder, NEWUSER | NEWNS | NEWNET | NEWPID) != 0:
        raise RootlessError(f'cannot enter your namespaces: {os.strerror(ctypes.get_errno())}')
    os.chdir(folder)
    status = _run_again()
    if end or make and not netns.present():
        signal.pidfd_send_signal(holder, signal.SIGKILL)
        if not select.select([holder], [], [], LIMIT)[0]:    # readable when all that is inside has ended
            raise RootlessError(f'{HOLDER} does not end')
    sys.exit(status)


def require_possible() -> None:
    """RootlessError if an ordinary user cannot have the lab here. Asks the kernel, by doing it."""
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise RootlessError(f'{TUN}: {error.strerror}. Debian lets every user open it (mode 0666); here root '
                            f'has to say "modprobe tun; chmod 0666 {TUN}", or runs the lab') from error
    run = subprocess.run(['unshare', '--user', '--map-root-user', '--net', '--mount', 'true'],
                         capture_output=True, text=True, timeout=LIMIT, check=False)
    if run.returncode != 0:
        raise RootlessError(f'{run.stderr.strip()}\n{HINTS}')


def inside() -> bool:
    """Whether this runs in a lab of an ordinary user."""
    first = stat(1)
    return first is not None and first.name == HOLDER


def notes() -> list[str]:
    """Inside: what is off here that root's lab has, a line each. Elsewhere nothing."""
    if not inside():
        return []
    return describe(not ONE_USER.exists(), resource.getrlimit(resource.RLIMIT_MEMLOCK)[1],
                    resource.getrlimit(resource.RLIMIT_NICE)[0])


def describe(separate: bool, locked_limit: int, nice_limit: int) -> list[str]:
    """`locked_limit`: most octets of locked memory, -1 without limit. `nice_limit`: 20 minus the least
    niceness that may be set, -1 without limit."""
    users = ('on, out of your range in /etc/subuid' if separate else
             'OFF: every program runs as you (on: package uidmap, 65536 ids in /etc/subuid, subgid)')
    locked = 'on' if locked_limit == resource.RLIM_INFINITY else 'OFF (ulimit -l is not "unlimited")'
    nice = 'on' if nice_limit >= 30 or nice_limit == resource.RLIM_INFINITY else 'OFF (ulimit -e is below 30)'
    return ['rootless: no root, but namespaces of your own in which you are root',
            f'  separate users      {users}',
            f'  locked memory       {locked}',
            f'  agent, BIRD first   {nice}',
            '  receive buffers     only as large as net.core.rmem_max',
            '  XDP                 OFF: only root may load it',
            '  drills              those that need the machine (disk, memory, core dumps) are not made']


def has_range(text: str, name: str, uid: int) -> bool:
    """Whether the file (subuid(5), subgid(5)) gives the user enough ids for those of topology.UIDS. Only the
    first range counts, as for unshare(1) with --map-auto, which gives the ids from 1 on to it."""
    for line in text.splitlines():
        owner, _, numbers = line.strip().partition(':')
        if owner in (name, str(uid)):
            count = numbers.partition(':')[2]
            return count.isdigit() and int(count) > max(net.UIDS.values())
    return False


# ---- the holder -----------------------------------------------------------------------------------------


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two programs at the same time would both make namespaces."""
    with open(__file__, 'rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _find() -> int | None:
    """A pidfd of the holder."""
    for process in everything():
        if process.name == HOLDER and process.uid == os.getuid():
            with suppress(ProcessLookupError):
                pidfd = os.pidfd_open(process.pid)
                if running(process):                 # not another's by now
                    return pidfd
    return None


def _make() -> int:
    require_possible()
    if _ranges():
        with suppress(RootlessError):            # a setuid program that may not be one, as in containers
            return _hold('--map-auto')
    return _hold()


def _ranges() -> bool:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
        return all(shutil.which(program) and has_range(Path(file).read_text(), name, os.getuid())
                   for program, file in (('newuidmap', '/etc/subuid'), ('newgidmap', '/etc/subgid')))
    except (OSError, KeyError):
        return False


def _hold(*mapping: str) -> int:
    command = ['unshare', '--user', '--map-root-user', *mapping, '--mount', '--net', '--pid',
               '--kill-child', '--mount-proc', sys.executable, '-B', '-m', 'lablib.rootless', '--hold']
    with tempfile.TemporaryFile() as errors:
        holder = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            start_new_session=True, env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[1])})
        found: list[int] = []

        def ready() -> bool:
            found.extend(pidfd for pidfd in [_find()] if pidfd is not None)
            return bool(found) or holder.poll() is not None
        try:
            wait_until(ready, LIMIT)
        finally:
            if not found:                        # also when interrupted
                holder.kill()
        if found:
            return found[0]
        errors.seek(0)
        words = errors.read().decode(errors='replace').strip()
        raise RootlessError(f'"{" ".join(command)}" failed: {words or "no word in time"}')


def hold() -> None:
    """Becomes the holder. It is pid 1 inside; that it ignores SIGCHLD lets the kernel reap what has lost its
    parent. What has to be ready before the first program enters is made here."""
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=755,nosuid,nodev', 'imrs-lab', '/run'], check=True)
    if len(Path('/proc/self/uid_map').read_text().splitlines()) == 1:
        if shutil.which('c++') is None:
            raise RootlessError('no c++ for one_user.cc; run packaging/install-packages')
        source = Path(__file__).with_name('one_user.cc')
        subprocess.run(['c++', '-O1', '-shared', '-fPIC', '-o', ONE_USER, source], check=True)
    os.chdir('/')
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.execvp('sleep', [HOLDER, 'infinity'])


# ---- the program, again ---------------------------------------------------------------------------------


def _run_again() -> int:
    """Its exit status, as a shell has it."""
    child = os.fork()                            # only a child is in the PID namespace
    if child == 0:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        preload = {'LD_PRELOAD': str(ONE_USER)} if ONE_USER.exists() else {}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **preload})
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)             # the terminal tells the child, too
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if status >= 0 else 128 - status


def main() -> int:
    try:
        if '--hold' in sys.argv:
            hold()
        elif os.geteuid() != 0:
            require_possible()
    except (RootlessError, OSError, subprocess.SubprocessError) as error:
        print(f'packaging/lab: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
