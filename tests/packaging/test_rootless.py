"""What an ordinary user's lab has and what it lacks: the parts of it that need no lab."""

import resource
import unittest

from lablib.processes import with_more
from lablib.rootless import describe, has_range

NO_LIMIT = resource.RLIM_INFINITY


class Range(unittest.TestCase):
    def test_ranges(self) -> None:
        table = (
            ('as useradd(8) makes it', 'ann:100000:65536\n', True),
            ('by number', '1000:100000:65536', True),
            ('among others', 'bob:100000:65536\n# ann\nann:165536:65536\n', True),
            ('just enough: ids 1 to 64007', 'ann:100000:64008', True),
            ('one too few', 'ann:100000:64007', False),
            ('another range later does not count', 'ann:100000:10\nann:200000:65536', False),
            ('another user', 'anna:100000:65536\n10001:100000:65536', False),
            ('nobody', '', False),
            ('cut off', 'ann:100000\nann', False),
            ('no number', 'ann:100000:many', False),
        )
        for description, text, want in table:
            with self.subTest(description):
                self.assertEqual(has_range(text, 'ann', 1000), want)


class Describe(unittest.TestCase):
    def line(self, name: str, separate: bool = True, locked: int = 0, nice: int = 0) -> str:
        found = [line.strip() for line in describe(separate, locked, nice) if line.strip().startswith(name)]
        self.assertEqual(len(found), 1, name)
        return found[0].removeprefix(name).strip()

    def test_separate_users(self) -> None:
        self.assertRegex(self.line('separate users', separate=True), '^on,')
        self.assertRegex(self.line('separate users', separate=False), '^OFF: every program runs as you')

    def test_limits(self) -> None:
        for limit, want in ((NO_LIMIT, 'on'), (8 << 20, 'OFF'), (0, 'OFF')):
            with self.subTest(locked=limit):
                self.assertEqual(self.line('locked memory', locked=limit).split()[0], want)
        for limit, want in ((NO_LIMIT, 'on'), (40, 'on'), (30, 'on'), (29, 'OFF'), (0, 'OFF')):
            with self.subTest(nice=limit):
                self.assertEqual(self.line('agent, BIRD first', nice=limit).split()[0], want)

    def test_xdp_is_off(self) -> None:
        self.assertRegex(self.line('XDP'), '^OFF')


class Environment(unittest.TestCase):
    def test_what_is_preloaded_stays(self) -> None:
        table = (
            ('nothing', {'A': '1'}, {}, {'A': '1'}),
            ('replaced', {'A': '1', 'B': '2'}, {'A': '3'}, {'A': '3', 'B': '2'}),
            ('the lab\'s', {'LD_PRELOAD': 'one.so'}, {'A': '1'}, {'LD_PRELOAD': 'one.so', 'A': '1'}),
            ('a drill\'s', {}, {'LD_PRELOAD': 'time.so'}, {'LD_PRELOAD': 'time.so'}),
            ('both', {'LD_PRELOAD': 'one.so'}, {'LD_PRELOAD': 'time.so'}, {'LD_PRELOAD': 'one.so time.so'}),
        )
        for description, environment, more, want in table:
            with self.subTest(description):
                self.assertEqual(with_more(environment, more), want)


if __name__ == '__main__':
    unittest.main()
