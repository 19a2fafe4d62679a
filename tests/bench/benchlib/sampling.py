"""User or kernel? The split of a server's CPU time, by perf's samples of the time that it runs.

Kernels with CONFIG_TICK_CPU_ACCOUNTING split a process's time (utime, stime, getrusage) by what it does at
the clock's ticks: 250 looks a second or fewer, all at one phase of a load whose bursts keep step with the
ticks. perf looks 5000 times a second of the server's own time, so it does not matter when the bursts arrive;
but it adds 0.8 µs of system time per query, so what it watches is a measurement of its own (udp-user). Both
count the end of a system call as user, since interrupts are off there: about 0.05 µs per query in bursts of
16. perf is no dependency of the project (Debian: linux-perf); without it the ticks have to do.
"""

import subprocess
from pathlib import Path

from benchlib.servers import BenchError

PERIOD = 199999                          # nanoseconds of CPU time; in step with nothing
KERNEL = 1 << 63                         # addresses from here on
RECORD = ('perf', 'record', '-q', '-e', 'cpu-clock', '-c', str(PERIOD))


def can_sample() -> bool:
    """Whether perf is there and may look into the kernel."""
    try:
        return subprocess.run([*RECORD, '-o', '/dev/null', '--', 'true'], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=10, check=False).returncode == 0
    except OSError:
        return False


def while_running(argv: list[str], pids: list[int], file: Path) -> list[str]:
    """`argv`, and meanwhile samples of these processes go to the file."""
    return [*RECORD, '-o', str(file), '-p', ','.join(map(str, pids)), '--', *argv]


def split(file: Path) -> dict[str, float]:
    """The part of a sample (measure.py) that is about user and system."""
    done = subprocess.run(['perf', 'script', '-i', str(file), '-F', 'ip'], capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode:
        raise BenchError(f'perf script failed: {done.stderr.strip()}')
    return split_of([int(word, 16) for word in done.stdout.split()])


def split_of(addresses: list[int]) -> dict[str, float]:
    kernel = sum(address >= KERNEL for address in addresses)
    return {'user_s': (len(addresses) - kernel) * PERIOD / 1e9, 'system_s': kernel * PERIOD / 1e9,
            'looks': len(addresses)}
