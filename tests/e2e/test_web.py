"""The pages, fetched from where their readers are, and what they say while things break."""

import json
import os
import signal
import subprocess

import jsonschema
from labcase import LabCase
from lablib import topology as net
from lablib.processes import wait_until


def fetch(namespace: str, url: str, *words: str) -> str:
    command = ['ip', 'netns', 'exec', namespace, 'curl', '-sS', '--max-time', '5', '-g', *words, url]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    return run.stdout if run.returncode == 0 else f'curl: {run.returncode} {run.stderr}'


def closed(schema: dict) -> dict:
    """The same without members that it does not name: clients must bear them, this version has none."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: closed(value) for key, value in schema.items()}
    return {**out, 'additionalProperties': False} if out.get('type') == 'object' else out


class Web(LabCase):
    def api(self) -> dict:
        return json.loads(fetch(net.HOST, f'{net.NOC_PAGE}api/bgp'))

    def test_the_noc_page_names_the_instance_and_the_prefixes(self) -> None:
        for page in (net.NOC_PAGE, net.NOC_PAGE_V6):
            text = fetch(net.HOST, page)
            self.assertIn('lab01.l.root-servers.example', text)
            for prefix in net.PREFIXES:
                self.assertIn(prefix, text)
            self.assertIn('Established', text)

    def test_the_noc_listener_changes_nothing_and_shows_no_ops_data(self) -> None:
        for method in ('POST', 'PUT', 'DELETE'):
            head = fetch(net.HOST, net.NOC_PAGE, '-X', method, '-o', '/dev/null', '-w', '%{http_code}')
            self.assertEqual(head, '405', method)
        for path in ('metrics', 'api/state'):
            code = fetch(net.HOST, net.NOC_PAGE + path, '-o', '/dev/null', '-w', '%{http_code}')
            self.assertEqual(code, '404', path)

    def test_the_api_keeps_to_its_schema(self) -> None:
        schema = json.loads(fetch(net.HOST, f'{net.NOC_PAGE}api/bgp/schema'))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(closed(schema))
        self.assertEqual([error.message for error in validator.iter_errors(self.api())], [])
        self.host_birdc('disable', 'appliance4', '"schema"')
        try:
            self.assertTrue(wait_until(lambda: self.exported() == 3, 5), self.api())
            self.assertEqual([error.message for error in validator.iter_errors(self.api())], [])
        finally:
            self.host_birdc('enable', 'appliance4')
        self.assertTrue(wait_until(lambda: self.exported() == 5, 15), self.api())
        self.assertTrue(list(validator.iter_errors({**self.api(), 'stale': 'no'})), 'it accepts anything')

    def test_the_metrics(self) -> None:
        wanted = ['imrs_dns_queries_total{', 'imrs_zone_serial{', 'imrs_probe_results_total{', 'imrs_bgp_']
        text = fetch(net.APPLIANCE, net.METRICS_PAGE)
        for name in wanted:
            self.assertIn(name, text)
        check = subprocess.run(['promtool', 'check', 'metrics'], input=text, capture_output=True, text=True,
                               check=False, timeout=20)
        self.assertEqual((check.returncode, check.stdout + check.stderr), (0, ''))

    def test_the_page_follows_what_happens(self) -> None:
        self.lab.kill_child('imrs-zone')         # is no business of the host's
        self.assertTrue(wait_until(lambda: self.exported() == 5, 5), self.api())
        self.host_birdc('disable', 'appliance4', '"night work"')
        try:
            said = wait_until(lambda: self.page_says('Administrative shutdown', 'night work'), 5)
            self.assertTrue(said, self.page())
            self.assertTrue(wait_until(lambda: self.exported() == 3, 5), self.api())
        finally:
            self.host_birdc('enable', 'appliance4')
        self.assertTrue(wait_until(lambda: self.exported() == 5, 15), self.api())

    def test_the_page_says_why_it_withdrew(self) -> None:
        os.kill(self.lab.children()['imrs-engine'].pid, signal.SIGSTOP)
        self.assertTrue(wait_until(lambda: self.page_says('silent'), 5), self.page())
        self.assertIsNotNone(self.watch.wait_all(10), self.log_tail())

    def page(self) -> str:
        return fetch(net.HOST, net.NOC_PAGE)

    def page_says(self, *words: str) -> bool:
        page = self.page()
        return all(word in page for word in words)

    def exported(self) -> int:
        return sum(prefix['exported'] for prefix in self.api()['prefixes'])

    def host_birdc(self, *words: str) -> None:
        subprocess.run(['birdc', '-s', self.lab.host_bird.socket, *words], capture_output=True, check=True,
                       timeout=10)
