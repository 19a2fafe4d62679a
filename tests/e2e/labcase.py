"""What all end-to-end tests share: a lab of their own, brought up once per file, and looks into /proc."""

import os
import statistics
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from lablib.drilling.command import WORST
from lablib.drills import Drills, Outcome
from lablib.lab import Lab
from lablib.routewatch import RouteWatch

DIRECTORY = Path('/run/imrs-e2e')
LOAD_TRIES = 4
LOAD_PAUSE = 10            # seconds, in which what held it up may end
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

    def under_its_load(self, one_round: Callable[[], dict]) -> dict:
        """The load's summary of the first round in which it really asked at its rate; of a round in which it
        was held up nothing can be said but that no answer may be wrong."""
        for _ in range(LOAD_TRIES):
            summary = one_round()
            self.assertEqual(summary['wrong'], 0, summary['examples'])
            if summary['skipped'] < SKIPPED_SHARE * summary['sent']:
                return summary
            print(f'\n    once more: {summary["skipped"]} questions were not asked in time', end=' ',
                  flush=True)
            time.sleep(LOAD_PAUSE)
        return self.fail(f'the load was held up in each of {LOAD_TRIES} rounds')

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
