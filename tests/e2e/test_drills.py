"""Every drill of `packaging/lab drill`, once: each holds what the host router and the clients may see."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from labcase import DIRECTORY, make_lab

LAB = Path(__file__).resolve().parents[2] / 'packaging' / 'lab'
LIMIT = 900                # seconds for all of them


class Every(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        make_lab().down()
        cls.addClassCleanup(make_lab().down)

    def test_drill(self) -> None:
        argv = [sys.executable, str(LAB), 'drill', '--dir', str(DIRECTORY), '--rounds', '1', '--json',
                '--build', os.environ['IMRS_BUILD']]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT)
        print('\n' + done.stderr, end='', flush=True)
        self.assertTrue(done.stdout, done.stderr)
        drills = json.loads(done.stdout)['drills']
        self.assertGreater(len(drills), 40)
        for drill in drills:
            if drill['skipped']:
                print(f'    NOT TESTED: {drill["name"]}: {drill["skipped"]}')
            with self.subTest(drill['name']):
                self.assertEqual(drill['failures'], [])
                self.assertEqual(drill['wrong'] and not drill['name'].startswith('wrong'), False)
        self.assertEqual(done.returncode, 0, done.stderr)
