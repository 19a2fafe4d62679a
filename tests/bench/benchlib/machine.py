"""What a comparison ran on, for its reader."""

import os
import time
from pathlib import Path

from benchlib.processes import cpu_used
from peer_servers import version_of


def _field(file: str, name: str) -> str:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return '?'
    return next((line.partition(':')[2].strip() for line in lines if line.startswith(name)), '?')


def _system() -> str:
    debian = Path('/etc/debian_version')
    return f'Debian {debian.read_text().strip()}' if debian.exists() else os.uname().sysname


def description(peers: tuple[str, ...]) -> dict:
    return {'system': _system(), 'kernel': os.uname().release, 'cpu': _field('/proc/cpuinfo', 'model name'),
            'cores': os.cpu_count(), 'virtual': 'hypervisor' in _field('/proc/cpuinfo', 'flags').split(),
            'date': time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()),
            'peers': {name: version_of(name) for name in peers}}


def busy_pct(seconds: float = 1.) -> float:
    """How much of all CPUs is in use, over `seconds` from now: the sleep is what is measured."""
    cpus = set(range(os.cpu_count() or 1))
    before = cpu_used(cpus)
    time.sleep(seconds)
    return 100 * (cpu_used(cpus) - before) / seconds / len(cpus)
