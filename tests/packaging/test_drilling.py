"""The parts of the drills and of the side-by-side run that need no lab."""

import json
import unittest
from pathlib import Path

from lablib import topology as net
from lablib.drilling import command
from lablib.drilling.plan import ALL, V4, Drill, Round
from lablib.rivals import configs
from lablib.rivals.command import Cell, table
from lablib.rivals.faults import FAULTS
from lablib.routewatch import Change


def changes(*words: str) -> list[Change]:
    return [Change(0, word[0] == '+', word[1:]) for word in words]


class Judging(unittest.TestCase):
    """What is held against the host router."""

    def drill(self, **more) -> Drill:
        return Drill('name', 'fault', lambda _: Round(0), **more)

    def test_nothing_may_be_seen(self) -> None:
        drill = self.drill()
        self.assertEqual(command.judge(drill, Round(0)), [])
        found = command.judge(drill, Round(0, changes=changes('-199.7.83.0/24')))
        self.assertIn('saw -199.7.83.0/24', found[0])
        self.assertTrue(command.judge(drill, Round(0, changes=changes('+199.7.83.0/24'))))

    def test_a_route_may_be_replaced(self) -> None:
        drill = self.drill(replaced=True)
        self.assertEqual(command.judge(drill, Round(0, changes=changes('+199.7.83.0/24'))), [])
        self.assertTrue(command.judge(drill, Round(0, changes=changes('-199.7.83.0/24'))))

    def test_withdrawn_in_time_and_back(self) -> None:
        drill = self.drill(gone=1, back=2)
        self.assertEqual(command.judge(drill, Round(0, gone=1, back=2)), [])
        self.assertEqual(command.judge(drill, Round(0, gone=4, back=8)), [])
        self.assertIn('limit 1000 ms', command.judge(drill, Round(0, gone=4.1, back=2))[0])
        self.assertIn('back after', command.judge(drill, Round(0, gone=1, back=8.1))[0])
        self.assertTrue(command.judge(drill, Round(0, gone=None, back=1)))

    def test_the_median_is_held_to_the_limit(self) -> None:
        drill = self.drill(gone=1, back=2)
        right, slow = Round(0, gone=1, back=2), Round(0, gone=1.1, back=2.1)
        self.assertEqual(command.late(drill, []), [])
        self.assertEqual(command.late(drill, [slow, right, right]), [])
        self.assertEqual(command.late(drill, [Round(0, gone=None, back=None)]), [])
        gone, back = command.late(drill, [slow, right, slow])
        self.assertIn('withdrawn after 1100 ms in the median of 3, limit 1000 ms', gone)
        self.assertIn('back after 2100 ms', back)
        self.assertEqual(command.late(self.drill(), [slow]), [], 'of what nobody may see')

    def test_only_what_is_broken_and_only_once(self) -> None:
        drill = self.drill(gone=1, prefixes=V4)
        v4 = [f'-{prefix}' for prefix in sorted(V4)]
        self.assertEqual(command.judge(drill, Round(0, gone=.5, changes=changes(*v4))), [])
        other = command.judge(drill, Round(0, gone=.5, changes=changes(*v4, '-2001:500:3::/48')))
        self.assertIn('went too', other[0])
        twice = command.judge(drill, Round(0, gone=.5, changes=changes(*v4, v4[0])))
        self.assertIn('more than once', twice[0])


class Rows(unittest.TestCase):
    def test_every_drill_is_known_by_its_name(self) -> None:
        self.assertEqual([drill.name for drill in command.select(['bird-killed', 'drain'])],
                         ['bird-killed', 'drain'])
        self.assertEqual(len(command.select([])), len(command.DRILLS))
        with self.assertRaisesRegex(ValueError, 'no drill is called nonsense; there are: engine-killed'):
            command.select(['nonsense'])

    def test_what_is_expected_names_prefixes_of_the_lab(self) -> None:
        for drill in command.DRILLS.values():
            self.assertLessEqual(drill.prefixes, ALL, drill.name)


class SideBySide(unittest.TestCase):
    def test_every_fault_is_a_drill_of_ours(self) -> None:
        for fault in FAULTS:
            self.assertIn(fault.drill, command.DRILLS)

    def test_cells(self) -> None:
        self.assertEqual(Cell([None]).text(), 'never')
        self.assertEqual(Cell([.002]).text(), '2.0 ms')
        self.assertEqual(Cell([1.0, 3.0, 2.0]).text(), '2.0 s (max 3.0 s)')
        self.assertEqual(Cell([.5, None]).text(), '500 ms, 1 of 2 never')

    def test_the_table(self) -> None:
        text = table({'ours': {FAULTS[0].words: Cell([None])}}, [FAULTS[0]])
        self.assertEqual(text.splitlines()[0], '| fault | ours |')
        self.assertEqual(text.splitlines()[2], f'| {FAULTS[0].words} | never |')

    def test_every_prefix_is_announced_with_its_service(self) -> None:
        of_services = {prefix for _, _, prefixes in configs.SERVICES for prefix in prefixes}
        self.assertEqual(of_services, net.PREFIXES)
        text = configs.exabgp_config(configs.RIVALS[0].timing)
        for prefix in net.PREFIXES:
            self.assertIn(f'--ip {prefix}', text)
        self.assertIn('--interval 5 --fast-interval 1 --timeout 5 --rise 3 --fall 3', text)
        settings = json.loads(configs.checkloop_settings(configs.RIVALS[2].timing, Path('/p'), Path('/b')))
        checked = [prefix for service in settings['services'] for prefix in service['v4'] + service['v6']]
        self.assertEqual(set(checked), net.PREFIXES)

    def test_exabgp_has_no_bfd(self) -> None:
        self.assertNotIn('bfd on', configs.host_config('exabgp'))
        self.assertIn('bfd on', configs.host_config('checkloop'))


if __name__ == '__main__':
    unittest.main()
