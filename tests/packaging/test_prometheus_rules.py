"""The alerts, recording rules and dashboard for Prometheus: promtool's own tests of them, and that they ask
for nothing that the program does not tell. Needs promtool (Debian package prometheus)."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / 'packaging' / 'prometheus'
DASHBOARD = ROOT / 'packaging' / 'grafana' / 'imrs-fleet.json'
SECTIONS = ROOT / 'ALERTS.md'
NAME = re.compile(r'[a-zA-Z_][\w:]*')
SERIES_OF = {'counter': ('',), 'gauge': ('',), 'histogram': ('_bucket', '_sum', '_count')}


def text_of(name: str) -> str:
    """A file without its comments."""
    text = (PROMETHEUS / name).read_text(encoding='utf-8')
    return re.sub(r'^\s*#.*\n', '', text, flags=re.M)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(['promtool', *map(str, arguments)], capture_output=True, text=True, check=False)


def series() -> set[str]:
    """Every name that may stand in an expression, by metrics.txt."""
    lines = text_of('metrics.txt').splitlines()
    return {name + suffix for name, kind in map(str.split, lines) for suffix in SERIES_OF[kind]}


def alerts() -> dict[str, str]:
    """Each alert's name and its part of the file."""
    parts = re.split(r'^ *- alert: (\w+)\n', text_of('alerts.yaml'), flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def expression(rule: str) -> str:
    match = re.search(r'^( *)expr: (?:\|\n((?:\1 +.*\n)+)|(.*)\n)', rule, re.M)
    assert match, rule
    return match[2] or match[3]


def records() -> dict[str, str]:
    parts = re.split(r'^ *- record: (\S+)\n', text_of('recording.yaml'), flags=re.M)[1:]
    return {name: expression(rule) for name, rule in zip(parts[::2], parts[1::2], strict=True)}


def dashboard_expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding='utf-8'))['panels']
    return [target['expr'] for panel in panels for target in panel.get('targets', [])]


def names_in(promql: str) -> set[str]:
    """Names of metrics of ours, and of recorded ones; what is in quotes is not one."""
    words = NAME.findall(re.sub(r'"[^"]*"', '""', promql))
    return {word for word in words if word.startswith('imrs_') or ':' in word.strip(':')}


class Promtool(unittest.TestCase):
    def setUp(self) -> None:
        self.assertIsNotNone(shutil.which('promtool'), 'install promtool: Debian package prometheus')

    def good(self, run: subprocess.CompletedProcess[str]) -> None:
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_rules_are_well_formed(self) -> None:
        self.good(promtool('check', 'rules', PROMETHEUS / 'alerts.yaml', PROMETHEUS / 'recording.yaml'))

    def test_rules_do_what_they_should(self) -> None:
        self.good(promtool('test', 'rules', PROMETHEUS / 'tests.yaml'))

    def test_example_configuration_finds_its_files(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / 'prometheus'
            shutil.copytree(PROMETHEUS, copy)
            for name in ('instances-ca.pem', 'prometheus.pem', 'prometheus.key'):
                (copy / 'tls').mkdir(exist_ok=True)
                (copy / 'tls' / name).touch()
            (copy / 'targets').mkdir()
            shutil.copy(copy / 'targets.example.yaml', copy / 'targets' / 'all.yaml')
            self.good(promtool('check', 'config', copy / 'prometheus.yaml'))

    def test_dashboard_expressions_are_well_formed(self) -> None:
        rules = [{'record': f'dashboard:{number}', 'expr': expr.replace('$__rate_interval', '5m')}
                 for number, expr in enumerate(dashboard_expressions())]
        with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
            json.dump({'groups': [{'name': 'dashboard', 'rules': rules}]}, file)
            file.flush()
            self.good(promtool('check', 'rules', file.name))


class Metrics(unittest.TestCase):
    def test_list_is_sorted_and_has_no_name_twice(self) -> None:
        names = [line.split()[0] for line in text_of('metrics.txt').splitlines()]
        self.assertEqual(names, sorted(set(names)))

    def test_alerts_need_nothing_but_metrics(self) -> None:
        for name, rule in alerts().items():
            with self.subTest(name):
                self.assertEqual(names_in(expression(rule)) - series(), set())

    def test_records_need_metrics_or_records(self) -> None:
        known = series() | set(records())
        for name, expr in records().items():
            with self.subTest(name):
                self.assertTrue(names_in(expr))
                self.assertEqual(names_in(expr) - known, set())

    def test_dashboard_needs_metrics_or_records(self) -> None:
        known = series() | set(records())
        for expr in dashboard_expressions():
            with self.subTest(expr):
                self.assertTrue(names_in(expr) or 'up{job="imrs"' in expr)
                self.assertEqual(names_in(expr) - known, set())

    def test_a_metric_that_an_alert_needs_is_missed(self) -> None:
        every = alerts()
        missed = re.findall(r'unless on \(job, instance\) (\w+)', expression(every['SensorMissing']))
        named = re.findall(r'"metric", "(\w+)"', expression(every['SensorMissing']))
        self.assertEqual(missed, named)
        needed = set().union(*(names_in(expression(rule)) for rule in every.values()))
        self.assertEqual(needed, set(missed))


class Alerts(unittest.TestCase):
    def test_each_has_what_its_reader_needs(self) -> None:
        for name, rule in alerts().items():
            with self.subTest(name):
                self.assertRegex(rule, r'\n +severity: (critical|warning|info)\n')
                self.assertRegex(rule, r"\n +summary: '.+'\n")
                self.assertRegex(rule, r"\n +description: '.+'\n")
                self.assertIn(f'runbook: ALERTS.md#{name.lower()}\n', rule)

    def test_each_has_its_section_and_no_other_has(self) -> None:
        text = SECTIONS.read_text(encoding='utf-8')
        sections = dict(re.findall(r'^### (\w+)\n((?:(?!#).+\n)*)', text, re.M))
        for name in alerts():
            with self.subTest(name):
                self.assertGreaterEqual(len(sections.get(name, '').splitlines()), 2,
                                        f'ALERTS.md: "### {name}" with 2 lines or more is missing')
        self.assertEqual(set(re.findall(r'^### (.+)$', text, re.M)) - set(alerts()), set())

    def test_each_fires_in_one_case_and_does_not_in_another(self) -> None:
        tests = re.sub(r'\n *exp_alerts:', ' exp_alerts:', text_of('tests.yaml'))
        quiet = set(re.findall(r'alertname: (\w+),? exp_alerts: \[\]', tests))
        firing = set(re.findall(r'alertname: (\w+) exp_alerts:\n +- exp_labels:', tests))
        self.assertEqual(firing, set(alerts()))
        self.assertEqual(quiet, set(alerts()))

    def test_each_record_is_checked(self) -> None:
        asked = set().union(*map(names_in, re.findall(r'^ *- expr: (.*)$', text_of('tests.yaml'), re.M)))
        self.assertEqual(asked, set(records()))


if __name__ == '__main__':
    unittest.main()
