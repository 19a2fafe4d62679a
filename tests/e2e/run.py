#!/usr/bin/python3
"""run.py BUILD TOPIC [unittest arguments]: runs test_TOPIC.py against the programs in BUILD/bin.

Exit code 77, with a word on why, where the lab cannot be had (no root, no network namespaces, no
/dev/net/tun); 1, too, where another lab is up, which the tests would destroy.
"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77
sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'packaging')]


def what_is_missing() -> str | None:
    """Why the lab cannot be had here; None if it can. Asks the kernel, by doing it."""
    if os.geteuid() != 0:
        return 'the end-to-end tests need root, for network namespaces'
    run = subprocess.run(['unshare', '--net', '--mount', 'true'], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return f'no network namespaces here ({run.stderr.strip()})'
    try:
        os.close(os.open('/dev/net/tun', os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f'/dev/net/tun cannot be opened ({error.strerror})'
    return None


def foreign_lab() -> str | None:
    """The namespaces have fixed names: one lab at a time. Ours has its mark, or its namespaces are empty
    of processes that are another's."""
    from labcase import DIRECTORY
    from lablib import netns
    from lablib.lab import MARK
    present = netns.present()
    if not present or (DIRECTORY / MARK).exists() and not others(present, DIRECTORY):
        return None
    return (f'another lab is up ({", ".join(present)}): the tests would destroy it. End it first: '
            'packaging/lab down')


def others(present: list[str], directory: Path) -> set[int]:
    """Processes in the namespaces that the tests' own lab has not started."""
    from lablib import netns
    from lablib import topology as net
    from lablib.processes import strays
    own = {process.pid for process in strays(directory, net.UIDS.values())}
    return {pid for name in present for pid in netns.pids(name)} - own


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    if missing := what_is_missing():
        print(f'SKIPPED: {missing}; nothing was tested')
        return SKIPPED
    os.environ['IMRS_BUILD'] = str(Path(sys.argv[1]).resolve())
    os.environ['PATH'] += ':/usr/local/sbin:/usr/sbin:/sbin'
    if found := foreign_lab():
        print(found, file=sys.stderr)
        return 1
    from labcase import make_lab
    from lablib.signals import INTERRUPTED, interrupt_on_sigterm, undisturbed
    interrupt_on_sigterm()
    arguments = sys.argv[:1] + sys.argv[3:]
    try:
        result = unittest.main(f'test_{sys.argv[2]}', argv=arguments, verbosity=2, exit=False).result
    except KeyboardInterrupt:                        # unittest runs no cleanups then
        with undisturbed():
            make_lab().down()
        print('interrupted', file=sys.stderr)
        return INTERRUPTED
    if result.testsRun == 0:
        print('no test was run', file=sys.stderr)
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
