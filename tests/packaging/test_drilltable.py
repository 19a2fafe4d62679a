"""What the closing table counts for which row, and what it finds wrong."""

import unittest

from lablib.drills import Outcome
from lablib.drilltable import Row, Table
from lablib.loadrun import LoadRun
from lablib.routewatch import Change


def load(timeline: list[list[int]], wrong: int = 0) -> LoadRun:
    """A finished run that began at time 100; a slot is sent, answered, lost, wrong, lost_udp."""
    run = LoadRun([])
    run.start = 100
    run.summary = {'slot_s': .1, 'timeline': timeline, 'wrong': wrong, 'answered': 1,
                   'examples': [{'question': 'com. NS', 'fault': 'flags'}] * wrong}
    return run


class Rows(unittest.TestCase):
    def table(self, *rows: Row) -> Table:
        table = Table()
        for row in rows:
            table.add(row)
        return table

    def test_each_slot_counts_once_and_to_the_end(self) -> None:
        run = load([[0, 0, 1, 0, 1], [0, 0, 10, 0, 0], [0, 0, 100, 0, 100], [0, 0, 1000, 0, 0]])
        lines = self.table(Row('one', '', Outcome(100.15)), Row('two', '', Outcome(100.25))).lines(run)
        self.assertEqual([line.split()[-2] for line in lines[2:]], ['10', '1100'])

    def test_what_is_asked_just_before_a_fault_is_counted_as_lost_to_it(self) -> None:
        run = load([[0, 0, 7, 0, 7], [0, 0, 0, 0, 0]])
        table = self.table(Row('before', '', Outcome(99), lost=0), Row('fault', '', Outcome(100.105)))
        self.assertEqual(table.faults(run), [])

    def test_faults(self) -> None:
        change = Change(1., False, '199.7.83.0/24')
        cases = (
            ('good', Row('x', '', Outcome(100), unseen=True, lost=0), load([[5, 5, 0, 0, 0]]), None),
            ('lost', Row('x', '', Outcome(100), lost=0), load([[5, 4, 1, 0, 0]]), 'x: 1 answers were lost'),
            ('TCP is not UDP', Row('x', '', Outcome(100), lost_udp=2), load([[5, 4, 3, 0, 2]]), None),
            ('lost by UDP', Row('x', '', Outcome(100), lost_udp=2), load([[5, 4, 3, 0, 3]]), '3 UDP answers'),
            ('a route', Row('x', '', Outcome(100, changes=[change]), unseen=True), load([]),
             '-199.7.83.0/24'),
            ('wrong', Row('x', '', Outcome(100)), load([], wrong=1), '1 answers were wrong: com. NS: flags'))
        for what, row, run, want in cases:
            with self.subTest(what):
                found = self.table(row).faults(run)
                self.assertEqual(len(found), 0 if want is None else 1, found)
                self.assertIn(want or '', ''.join(found))
