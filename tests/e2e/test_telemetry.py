"""What ICANN collects: counts, Prometheus over mutual TLS, RSSAC002; and who is not let in."""

import json
import subprocess
import time
from pathlib import Path

from labcase import LabCase
from lablib import topology as net
from lablib.processes import Service, wait_until
from test_web import fetch

PROMETHEUS = Path(__file__).resolve().parents[2] / 'packaging' / 'prometheus'
PORT = 9099


class Telemetry(LabCase):
    prometheus: Service

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        directory = cls.lab.directory / 'prometheus'
        directory.mkdir(exist_ok=True)
        (directory / 'prometheus.yml').write_text(cls.configuration(), encoding='ascii')
        cls.prometheus = Service('prometheus', directory, net.PRIMARY, cls.lab.directory)
        cls.prometheus.start(['prometheus', f'--config.file={directory / "prometheus.yml"}',
                              f'--storage.tsdb.path={directory / "data"}',
                              f'--web.listen-address=127.0.0.1:{PORT}'])
        cls.addClassCleanup(cls.prometheus.stop)

    @classmethod
    def configuration(cls) -> str:
        """The example's, with this lab's files and instance, and a scrape a second."""
        tls = cls.lab.certificates
        text = (PROMETHEUS / 'prometheus.yaml').read_text(encoding='ascii')
        text = text[:text.index('    file_sd_configs:')]
        for old, new in (('tls/instances-ca.pem', tls.ca), ('tls/prometheus.pem', tls.client),
                         ('tls/prometheus.key', tls.client_key), ('15s', '1s'), ('10s', '1s'),
                         ('- alerts.yaml', f'- {PROMETHEUS / "alerts.yaml"}'),
                         ('- recording.yaml', f'- {PROMETHEUS / "recording.yaml"}')):
            assert old in text, old
            text = text.replace(old, str(new))
        return text + f'    static_configs:\n      - targets: ["{net.MANAGEMENT4}:{net.OPS_PORT}"]\n'

    def ask(self, expression: str) -> list[dict]:
        text = fetch(net.PRIMARY, f'http://127.0.0.1:{PORT}/api/v1/query', '--data-urlencode',
                     f'query={expression}')
        return json.loads(text)['data']['result'] if text.startswith('{') else []

    def value(self, expression: str) -> float | None:
        result = self.ask(expression)
        return float(result[0]['value'][1]) if result else None

    def test_a_real_prometheus_scrapes_it_over_mutual_tls(self) -> None:
        self.assertTrue(wait_until(lambda: self.value('up{job="imrs"}') == 1, 30),
                        self.prometheus.log_tail() + self.log_tail())
        self.assertTrue(wait_until(lambda: self.value('sum(imrs_announce)') == 2, 10))
        self.assertEqual(self.value('imrs_zone_serial{zone="."}'), self.lab.zones.current().serial)
        self.assertGreater(self.value('imrs_tls_certificate_not_after_timestamp_seconds{file="server"}'),
                           time.time())
        self.assertEqual(self.ask('ALERTS{alertstate="firing",severity="critical"}'), [])
        self.assertTrue(wait_until(lambda: self.value('scrape_duration_seconds{job="imrs"}') < .2, 30))

    def test_only_those_with_a_certificate_are_let_in(self) -> None:
        page = net.SECURE_OPS_PAGE + 'metrics'
        self.assertIn('imrs_announce', fetch(net.PRIMARY, page, *self.lab.certificates.curl()))
        for words in (['--cacert', str(self.lab.certificates.ca)],
                      self.lab.certificates.curl('foreign'),
                      [*self.lab.certificates.curl(), '--tls-max', '1.2']):
            said = fetch(net.PRIMARY, page, *words)
            self.assertTrue(said.startswith('curl: '), f'{words}: let in: {said[:200]}')
        self.assertTrue(fetch(net.PRIMARY, page.replace('https', 'http')).startswith('curl: '))

    def test_counts_are_those_of_the_questions(self) -> None:
        before = self.counts()
        asked = {'A': 40, 'AAAA': 30, 'NS': 20, 'DS': 10}
        for kind, times in asked.items():
            for _ in range(times):
                subprocess.run(['ip', 'netns', 'exec', net.HOST, 'dig', '+tries=1', '+time=30', '+noall',
                                '-b', net.CLIENT4, '@199.7.83.42', 'com.', kind], check=True,
                               capture_output=True, timeout=60)
        after = self.counts()
        for kind, times in asked.items():
            self.assertEqual(after['types'].get(kind, 0) - before['types'].get(kind, 0), times, kind)
        self.assertEqual(after['tlds']['com.'] - before['tlds'].get('com.', 0), sum(asked.values()))
        self.assertEqual(sum(path['queries'] for path in after['paths'])
                         - sum(path['queries'] for path in before['paths']), sum(asked.values()))

    def counts(self) -> dict:
        return json.loads(self.lab.ask_agent('stats', '--json', '--top', '1000'))

    def test_counts_survive_the_engine_and_the_day_survives_imrs_web(self) -> None:
        before = self.settled()
        self.dig_once()
        total = before + 1
        self.assertTrue(wait_until(lambda: self.queries_of_the_day() == total, 5))
        for name in ('imrs-engine', 'imrs-web'):
            self.lab.kill_child(name)
            self.assertTrue(wait_until(lambda: self.queries_of_the_day() is not None, 10), self.log_tail())
            self.assertTrue(wait_until(lambda: self.lab.host_routes() == net.PREFIXES, 10))
            self.assertGreaterEqual(self.queries_of_the_day(), total, name)
        self.dig_once()
        self.assertTrue(wait_until(lambda: self.queries_of_the_day() == total + 1, 5))

    def settled(self) -> int:
        """When imrs-web has looked again after the last question."""
        seen = [self.queries_of_the_day()]

        def same() -> bool:
            time.sleep(1.2)                # it looks every second
            seen.append(self.queries_of_the_day())
            return seen[-1] is not None and seen[-1] == seen[-2]
        self.assertTrue(wait_until(same, 15))
        return seen[-1]

    def dig_once(self) -> None:
        subprocess.run(['ip', 'netns', 'exec', net.HOST, 'dig', '+tries=1', '+noall', '-b', net.CLIENT4,
                        '@199.7.83.42', '.', 'SOA'], check=True, capture_output=True, timeout=10)

    def queries_of_the_day(self) -> int | None:
        text = fetch(net.APPLIANCE, net.OPS_PAGE + 'api/now')
        if not text.startswith('{'):
            return None
        volume = json.loads(text)['rssac002']['traffic-volume']
        return sum(count for name, count in volume.items() if 'queries-received' in name)
