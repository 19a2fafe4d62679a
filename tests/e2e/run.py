#!/usr/bin/python3
"""run.py BUILD TOPIC [unittest arguments]: runs test_TOPIC.py against the programs in BUILD/bin.

Exit code 77, with a word on why, where the lab cannot be had (no root, no network namespaces).
"""

import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKIPPED = 77


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print('SKIPPED: the end-to-end tests need root, for network namespaces; nothing was tested')
        return SKIPPED
    os.environ['IMRS_BUILD'] = str(Path(sys.argv[1]).resolve())
    os.environ['PATH'] += ':/usr/local/sbin:/usr/sbin:/sbin'
    sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'packaging')]
    program = unittest.main(f'test_{sys.argv[2]}', argv=sys.argv[:1] + sys.argv[3:], verbosity=2, exit=False)
    result = program.result
    if result.testsRun == 0:
        print('no test was run', file=sys.stderr)
        return 1
    return 0 if result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
