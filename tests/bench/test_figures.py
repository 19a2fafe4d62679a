"""The arithmetic of a comparison and its tables, on samples made by hand. Nothing is measured."""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'support')]

from benchlib import figures, report, sampling  # noqa: E402
from benchlib.figures import Spread, Split  # noqa: E402

SAMPLE = {'qps': 100., 'answers': 1000, 'lost_pct': 0., 'errors': 0, 'p50_us': 10., 'p99_us': 20.,
          'p999_us': 30., 'octets': 700., 'nxdomain_pct': 54., 'cpu_s': .004, 'user_s': .001,
          'system_s': .003, 'looks': .4, 'busy_pct': 99., 'other_pct': 1.}


def samples(key: str, *numbers: float, **others: float) -> list[dict]:
    return [{**SAMPLE, **others, key: number} for number in numbers]


def good_run() -> dict:
    """Every target met, some just so."""
    load = {test: {'imrs': samples('qps', 270, 300, 240), 'nsd': samples('qps', 90, 100, 80),
                   'knot': samples('qps', 150, 200, 150)} for test in ('udp-max', 'tcp-reuse', 'tcp-new')}
    load['udp-max']['reflector'] = samples('qps', 300, 320, 250)
    load['udp-rate'] = {'imrs': samples('cpu_s', .00099, .00099, .00099, user_s=.4, system_s=.6),
                        'nsd': samples('cpu_s', .007, .007, .007)}
    for test in ('latency-own', 'latency-same'):
        load[test] = {'imrs': samples('p999_us', 50, 70, 60), 'nsd': samples('p999_us', 40, 90, 60),
                      'knot': samples('p999_us', 20, 20, 20, lost_pct=5.)}
    load['scale-1'] = {'imrs': samples('qps', 100, 110, 90)}
    load['scale-2'] = {'imrs': samples('qps', 180, 198, 180)}
    return {'load': load, 'start': {'imrs': [20., 9., 21.], 'knot': [48.]},
            'memory': {'imrs': [13.], 'knot': [13.1], 'nsd': [62.]},
            'image': {'compile': [.2, .3, .9], 'audit': [.7, .5, .9]},
            'machine': {'system': 'Debian 12', 'kernel': '6.18', 'cpu': 'a CPU', 'cores': 2, 'virtual': True,
                        'date': '2026-11-25 10:00 UTC', 'peers': {'nsd': '4.6.1', 'knot': '3.2.6'}},
            'zone': 'a zone', 'settings': {'rounds': 3, 'seconds': 1.5, 'rate': 100247}}


class Numbers(unittest.TestCase):
    def test_spread(self) -> None:
        for numbers, want in (([3.], Spread(3, 3, 3)), ([5., 1., 2.], Spread(2, 1, 5)),
                              ([4., 1.], Spread(2.5, 1, 4))):
            self.assertEqual(figures.spread(numbers), want)

    def test_as_text(self) -> None:
        for value, want in ((0, '0'), (.3967, '0.397'), (12.34, '12.3'), (99.96, '100'), (1234.4, '1234'),
                            (9999, '9999'), (10400, '10.4k'), (304400, '304k')):
            self.assertEqual(figures.number(value), want)

    def test_ratios_are_made_round_by_round(self) -> None:
        self.assertEqual(figures.ratios([10, 40], [20, 20]), [.5, 2])
        self.assertEqual(figures.ratios([10, 40], [20, 0]), [.5])


class CpuSplit(unittest.TestCase):
    def test_exact_sum_and_sampled_shares(self) -> None:
        rounds = [{**SAMPLE, 'answers': 1000, 'cpu_s': .004, 'user_s': .01, 'system_s': .0},
                  {**SAMPLE, 'answers': 3000, 'cpu_s': .012, 'user_s': .00, 'system_s': .03}]
        split = figures.cpu_split(rounds)
        self.assertAlmostEqual(split.user, 1)
        self.assertAlmostEqual(split.system, 3)

    def test_error_shrinks_with_the_root_of_the_looks(self) -> None:
        def error(rounds: int) -> float:
            return figures.cpu_split(samples('cpu_s', *[1.] * rounds, looks=100)).error
        self.assertAlmostEqual(error(1), 1000 * (.25 * .75 / 100) ** .5)
        self.assertAlmostEqual(error(1) / error(4), 2)

    def test_without_a_tick_nothing_is_claimed(self) -> None:
        self.assertEqual(figures.cpu_split(samples('user_s', 0., system_s=0., looks=0)), Split(0, 0, 0))

    def test_user_at_a_steady_rate_is_by_perf_if_that_was_there(self) -> None:
        run = good_run()
        self.assertAlmostEqual(figures.user_split(run, 'imrs').user, .396)
        self.assertIn('queries/s (by clock ticks), µs | 0.40 ', report.markdown(run))
        run['load']['udp-user'] = {'imrs': samples('cpu_s', .002, user_s=.1, system_s=.3, looks=4000)}
        self.assertAlmostEqual(figures.user_split(run, 'imrs').user, .5)
        self.assertIn('queries/s (by perf), µs | 0.50 ± 0.01 |', report.markdown(run))
        self.assertIsNone(figures.user_split(run, 'bind'))

    def test_by_perf(self) -> None:
        addresses = [0x55b8d7f7a3cf, 0xffffffff81000000, 0x7fffffffffff, 0xffff888000000000, 1 << 63]
        split = sampling.split_of(addresses)
        self.assertEqual(split['looks'], 5)
        self.assertAlmostEqual(split['user_s'] / split['system_s'], 2 / 3)
        self.assertEqual(sampling.split_of([]), {'user_s': 0, 'system_s': 0, 'looks': 0})


class ToReflector(unittest.TestCase):
    """When the load is the reflector's limit, CPU time decides, and the tables say so."""

    def limited(self, busy: float) -> dict:
        """As fast as the engine, though idle at times: .004 s per 1000 answers, the engine .0044."""
        run = good_run()
        run['load']['udp-max']['imrs'] = samples('cpu_s', .0044, .0044, .0044, qps=300.)
        run['load']['udp-max']['reflector'] = samples('busy_pct', busy, busy, 99, qps=300.)
        return run

    def test_answers_per_second_while_the_reflector_is_busy(self) -> None:
        run = self.limited(figures.BUSY_AT_LEAST)
        self.assertEqual(figures.ratio_to_reflector(run), [1, 1, 1])
        self.assertEqual(figures.targets(run)[0].name, 'udp-max to the reflector')

    def test_answers_per_cpu_second_otherwise(self) -> None:
        run = self.limited(figures.BUSY_AT_LEAST - 1)
        for ratio in figures.ratio_to_reflector(run):
            self.assertAlmostEqual(ratio, .004 / .0044)
        goal = figures.targets(run)[0]
        self.assertEqual((goal.name, goal.met), ('udp-max to the reflector, per CPU second', True))
        run['load']['udp-max']['imrs'] = samples('cpu_s', .0045, .0045, .0045, qps=300.)
        self.assertFalse(figures.targets(run)[0].met)
        self.assertIn('| UDP answers, to the reflector, per CPU second | 0.889', report.markdown(run))
        self.assertIn('limit, so that it is compared by CPU time', report.markdown(run))
        self.assertIn('udp-max to the reflector, per CPU second: 0.889', report.text(run))

    def test_no_other_server_may_be_idle_and_the_reflector_not_much(self) -> None:
        self.assertEqual(figures.void_reasons(self.limited(figures.REFLECTOR_BUSY_AT_LEAST)), [])
        run = self.limited(figures.REFLECTOR_BUSY_AT_LEAST - 1)
        self.assertIn('reflector was 84 % busy', ' '.join(figures.void_reasons(run)))
        for server in ('imrs', 'nsd', 'knot'):
            run = self.limited(figures.BUSY_AT_LEAST - 1)
            run['load']['udp-max'][server] = samples('busy_pct', 94, 94, 99)
            self.assertIn(f'{server} was 94 % busy', ' '.join(figures.void_reasons(run)))


class Best(unittest.TestCase):
    def test_engine_and_reflector_are_no_peers(self) -> None:
        by_server = {'imrs': [9.], 'reflector': [10.], 'nsd': [5., 1., 1.], 'knot': [2.]}
        self.assertEqual(figures.best(by_server, max), 'knot')
        self.assertEqual(figures.best(by_server, min), 'nsd')
        self.assertIsNone(figures.best({'imrs': [1.]}, max))

    def test_a_peer_that_loses_much_is_not_the_best_at_latency(self) -> None:
        run = good_run()
        self.assertEqual(figures.best_latency(run, 'latency-own'), 60)
        run['load']['latency-own']['nsd'] = samples('p999_us', 60, lost_pct=5.)
        self.assertEqual(figures.best_latency(run, 'latency-own'), 20)


class Targets(unittest.TestCase):
    def test_all_met(self) -> None:
        self.assertEqual(figures.missed(good_run()), [])
        self.assertEqual(len(figures.targets(good_run())), 10)

    def test_each_can_be_missed(self) -> None:
        def replaced(test: str, key: str, *numbers: float, **others: float):
            return lambda run: run['load'][test].__setitem__('imrs', samples(key, *numbers, **others))
        for name, spoil in (
                ('udp-max to the reflector', replaced('udp-max', 'qps', 269, 280, 222)),
                ('user CPU', replaced('udp-rate', 'cpu_s', .00102, user_s=.4, system_s=.6)),
                ('tcp-reuse', replaced('tcp-reuse', 'qps', 194, 259, 194)),
                ('tcp-new', replaced('tcp-new', 'qps', 179, 239, 179)),
                ('p99.9 at 60 % of its own', replaced('latency-own', 'p999_us', 61)),
                ('p99.9 at 60 % of the best', replaced('latency-same', 'p999_us', 61)),
                ('two workers', replaced('scale-2', 'qps', 179, 197, 160)),
                ('memory', lambda run: run['memory'].update(imrs=[13.2])),
                ('start', lambda run: run['start'].update(imrs=[19., 20.1, 21.])),
                ('image', lambda run: run['image'].update(compile=[.31]))):
            run = good_run()
            spoil(run)
            gaps = figures.missed(run)
            self.assertEqual(len(gaps), 1, f'{name}: {gaps}')
            self.assertTrue(gaps[0].startswith(name), gaps[0])

    def test_what_was_not_measured_is_missed(self) -> None:
        run = good_run()
        del run['image']['audit']
        self.assertEqual(figures.missed(run), ['image compile + audit: not measured, needs ≤ 1 s'])
        empty = {'load': {}, 'start': {}, 'memory': {}, 'image': {}}
        self.assertEqual(len(figures.missed(empty)), 10)
        self.assertEqual([t.measured for t in figures.targets(empty)], [None] * 10)

    def test_scaling_by_cpu_time(self) -> None:
        run = good_run()
        self.assertAlmostEqual(figures.scaling_by_cpu(run), 2)
        run['load']['scale-2']['imrs'] = samples('cpu_s', .005)
        self.assertAlmostEqual(figures.scaling_by_cpu(run), 1.6)

    def test_ratio_by_cpu_time(self) -> None:
        run = good_run()
        self.assertAlmostEqual(figures.ratio_by_cpu(run, 'tcp-new', 'knot'), 1)
        run['load']['tcp-new']['knot'] = samples('cpu_s', .006)
        self.assertAlmostEqual(figures.ratio_by_cpu(run, 'tcp-new', 'knot'), 1.5)
        self.assertIsNone(figures.ratio_by_cpu(run, 'tcp-new', 'bind'))


class Void(unittest.TestCase):
    def test_a_good_run_is_not(self) -> None:
        self.assertEqual(figures.void_reasons(good_run()), [])

    def test_reasons(self) -> None:
        for test, spoilt, want in (
                ('udp-max', samples('busy_pct', 94, 94, 99), 'load generator was the limit'),
                ('udp-max', samples('other_pct', 16, 16, 1), 'not quiet'),
                ('tcp-new', samples('other_pct', 16, 16, 1), 'not quiet'),
                ('tcp-reuse', samples('nxdomain_pct', 51, 51, 54), 'do not give the same answers')):
            run = good_run()
            run['load'][test]['nsd'] = spoilt
            reasons = figures.void_reasons(run)
            self.assertEqual(len(reasons), 1, reasons)
            self.assertIn(want, reasons[0])
            self.assertIn('nsd', reasons[0])

    def test_one_bad_round_of_three_is_forgiven(self) -> None:
        run = good_run()
        run['load']['udp-max']['nsd'] = samples('other_pct', 50, 1, 1)
        self.assertEqual(figures.void_reasons(run), [])


class Tables(unittest.TestCase):
    def test_markdown(self) -> None:
        lines = report.markdown(good_run()).splitlines()
        self.assertIn('NSD 4.6.1, Knot 3.2.6', lines[0])
        self.assertEqual(lines[2], '| figure | imrs-engine | NSD | Knot | reflector | must reach | met |')
        self.assertEqual(lines[3].count('---'), lines[2].count('|') - 1)
        rows = [line for line in lines[4:] if line.startswith('|')]
        self.assertEqual({row.count('|') for row in rows}, {lines[2].count('|')})
        self.assertIn('| UDP answers/s | 270 (240–300) | 90 (80–100) | 150 (150–200) | 300 (250–320) | | |',
                      rows)
        self.assertEqual(sum(row.endswith('| yes |') for row in rows), 10)
        self.assertIn('Checks (valid)', lines[-1])
        self.assertIn('All targets met', lines[-1])

    def test_markdown_says_what_is_wrong(self) -> None:
        run = good_run()
        del run['image']['audit']
        run['load']['udp-max']['nsd'] = samples('other_pct', 40, 40, 40)
        table = report.markdown(run)
        self.assertIn('without audit', table)
        self.assertIn('VOID', table)
        self.assertIn('Missed: image compile + audit', table)

    def test_text_names_each_target_and_the_void(self) -> None:
        run = good_run()
        run['load']['udp-max']['nsd'] = samples('other_pct', 40, 40, 40)
        text = report.text(run)
        for target in figures.targets(run):
            self.assertIn(target.name, text)
        self.assertIn('VOID: ', text)
        self.assertNotIn('MISSED', text)


if __name__ == '__main__':
    unittest.main()
