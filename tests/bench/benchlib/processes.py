"""What the kernel says of running processes: who they are, CPU time, memory; and of the CPUs."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf('SC_CLK_TCK')


@dataclass(frozen=True)
class CpuTime:
    """Seconds. user + system differ a little from `exact`: they go by clock ticks."""
    user: float
    system: float
    exact: float

    def __sub__(self, other: 'CpuTime') -> 'CpuTime':
        return CpuTime(self.user - other.user, self.system - other.system, self.exact - other.exact)


def _stat(pid: int) -> list[str]:
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()


def descendants(pid: int) -> list[int]:
    """`pid` and every process below it."""
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            children.setdefault(int(_stat(int(entry))[1]), []).append(int(entry))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def threads(pid: int) -> list[int]:
    return sorted(map(int, os.listdir(f'/proc/{pid}/task')))


def cpu_time(pids: list[int]) -> CpuTime:
    """Of all threads of these processes, the sum in nanoseconds' precision (schedstat)."""
    user = system = nanoseconds = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = _stat(pid)
            user, system = user + int(fields[11]), system + int(fields[12])
            for tid in threads(pid):
                nanoseconds += int(Path(f'/proc/{pid}/task/{tid}/schedstat').read_text().split()[0])
    return CpuTime(user / TICK, system / TICK, nanoseconds / 1e9)


def cpu_used(cpus: set[int]) -> float:
    """Seconds that these CPUs have not been idle, since the machine's start."""
    used = 0
    for line in Path('/proc/stat').read_text().splitlines():
        name, *fields = line.split()
        if name.startswith('cpu') and name[3:].isdigit() and int(name[3:]) in cpus:
            numbers = list(map(int, fields[:8]))
            used += sum(numbers) - numbers[3] - numbers[4]
    return used / TICK


def _rollup(pid: int) -> dict[str, int]:
    lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()[1:]
    return {key: int(rest.split()[0]) for key, _, rest in (line.partition(':') for line in lines)}


def pss_mb(pids: list[int]) -> float:
    """Proportional set size of all of them, in 10^6 octets. Needs root where they are another user's."""
    return sum(_rollup(pid)['Pss'] for pid in pids) * 1024 / 1e6


def pss_shared_mb(pids: list[int]) -> float:
    """The part of it that is shared memory and memory files."""
    return sum(_rollup(pid)['Pss_Shmem'] for pid in pids) * 1024 / 1e6

