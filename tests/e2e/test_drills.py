"""Drills of `packaging/lab drill`, once each: each holds what the host router and the clients may see.

One of each kind, so that all tests together stay within half an hour; all of them with IMRS_ALL_DRILLS=1
(or by packaging/lab drill itself).
"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from labcase import DIRECTORY, make_lab
from lablib.drilling.command import DRILLS

LAB = Path(__file__).resolve().parents[2] / 'packaging' / 'lab'
LIMIT = 900                # seconds for all of them
BESIEGED = {'overload', 'tcp-full', 'syn-flood'}     # test_siege.py has worse
USUAL = {
    'engine-killed', 'tcp-deaf', 'wrong-quick', 'agent-killed', 'loop-stalled', 'agent-term', 'upgrade',
    'upgrade-fails', 'order-stands', 'drain', 'bird-killed', 'bird-stopped', 'bird-disable', 'cable',
    'device-deleted', 'no-way-out', 'lying-primary', 'web-stopped', 'disk-full'}


class Every(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        make_lab().down()
        cls.addClassCleanup(make_lab().down)

    def test_drill(self) -> None:
        every = 'IMRS_ALL_DRILLS' in os.environ
        names = [name for name in DRILLS if (every or name in USUAL) and name not in BESIEGED]
        print(f'\n{len(names)} of {len(DRILLS)} drills')
        argv = [sys.executable, str(LAB), 'drill', '--dir', str(DIRECTORY), '--rounds', '1', '--json',
                '--build', os.environ['IMRS_BUILD'], *names]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT)
        print('\n' + done.stderr, end='', flush=True)
        self.assertTrue(done.stdout, done.stderr)
        drills = json.loads(done.stdout)['drills']
        self.assertEqual([drill['name'] for drill in drills], names)
        for drill in drills:
            if drill['skipped']:
                print(f'SKIPPED: the drill {drill["name"]}: {drill["skipped"]}')
            with self.subTest(drill['name']):
                self.assertEqual(drill['failures'], [])
                self.assertEqual(drill['wrong'] and not drill['name'].startswith('wrong'), False)
        self.assertEqual(done.returncode, 0, done.stderr)
