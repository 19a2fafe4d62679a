"""What all end-to-end tests share: a lab of their own, brought up once per file, and looks into /proc."""

import os
import statistics
import unittest
from pathlib import Path

from lablib.drills import Drills, Outcome
from lablib.lab import Lab
from lablib.routewatch import RouteWatch

DIRECTORY = Path('/run/imrs-e2e')
WORST = 4
SKIPPED_SHARE = .05        # of the questions asked: what a load that was held up may leave out


def make_lab() -> Lab:
    return Lab(DIRECTORY, Path(os.environ['IMRS_BUILD']))


def proc_status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    text = Path(f'/proc/{pid}/status').read_text(encoding='ascii')
    return {key: value.strip() for key, _, value in (line.partition(':') for line in text.splitlines())}


class LabCase(unittest.TestCase):
    """setUpClass brings the lab up with all five routes; each test begins and ends with them."""

    lab: Lab
    watch: RouteWatch
    drills: Drills

    @classmethod
    def setUpClass(cls) -> None:
        cls.lab = make_lab()
        cls.lab.down()
        cls.addClassCleanup(cls.lab.down)
        cls.lab.up()
        cls.watch = cls.enterClassContext(RouteWatch())
        cls.drills = Drills(cls.lab, cls.watch)

    def setUp(self) -> None:
        self.lab.up()
        self.assertIsNotNone(self.watch.wait_all(10), self.lab.seen())

    def fresh_agent(self) -> None:
        """Without a memory of earlier faults, which would make its hold-down longer."""
        self.drills.kill_agent()
        self.drills.start_agent()

    def assert_rate_held(self, summary: dict) -> None:
        """The load really asked at its rate."""
        self.assertLess(summary['skipped'], SKIPPED_SHARE * summary['sent'],
                        f'the load generator was held up: {summary["skipped"]} questions were never asked')

    def log_tail(self) -> str:
        return self.lab.agent.log_tail(40)

    def assert_unseen(self, outcome: Outcome) -> None:
        """The host router saw nothing."""
        self.assertEqual(outcome.changes, [], self.log_tail())

    def report(self, what: str, seconds: list[float], limit: float) -> None:
        """Prints the figures, and holds their median to the limit; each of them, as other work may come
        between, to WORST times as much."""
        figures = [value * 1000 for value in seconds]
        print(f'\n    {what}: median {statistics.median(figures):.1f} ms, max {max(figures):.1f} ms, '
              f'{len(figures)} rounds (limit {limit * 1000:.0f} ms)', end=' ', flush=True)
        self.assertLessEqual(statistics.median(seconds), limit, f'{what}\n{self.log_tail()}')
        self.assertLessEqual(max(seconds), WORST * limit, f'{what}\n{self.log_tail()}')
