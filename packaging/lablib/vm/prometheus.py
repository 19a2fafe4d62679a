"""ICANN's Prometheus, in the primary's namespace: scrapes the box over mutual TLS by the example
configuration of packaging/prometheus, a scrape a second.
"""

import json
import subprocess
from pathlib import Path

from lablib import topology as net
from lablib.certificates import Certificates
from lablib.processes import Service

EXAMPLE = net.REPOSITORY / 'packaging' / 'prometheus'
PORT = 9099


def configuration(certificates: Certificates) -> str:
    """The example's, with this site's files and its one instance. AssertionError if the example has no
    longer what is replaced here."""
    text = (EXAMPLE / 'prometheus.yaml').read_text(encoding='ascii')
    text = text[:text.index('    file_sd_configs:')]
    for old, new in (('tls/instances-ca.pem', certificates.ca), ('tls/prometheus.pem', certificates.client),
                     ('tls/prometheus.key', certificates.client_key), ('15s', '1s'), ('10s', '1s'),
                     ('- alerts.yaml', f'- {EXAMPLE / "alerts.yaml"}'),
                     ('- recording.yaml', f'- {EXAMPLE / "recording.yaml"}')):
        assert old in text, old
        text = text.replace(old, str(new))
    return text + f'    static_configs:\n      - targets: ["{net.MANAGEMENT4}:{net.OPS_PORT}"]\n'


class Prometheus:
    def __init__(self, folder: Path, owner: Path, certificates: Certificates) -> None:
        self._folder = folder
        self._certificates = certificates
        self.service = Service('prometheus', folder, net.PRIMARY, owner)

    def ensure(self) -> bool:
        """True if it had to be started; it answers a little later."""
        if self.service.fit():
            return False
        self._folder.mkdir(exist_ok=True)
        file = self._folder / 'prometheus.yml'
        file.write_text(configuration(self._certificates), encoding='ascii')
        self.service.start(['prometheus', f'--config.file={file}',
                            f'--storage.tsdb.path={self._folder / "data"}',
                            f'--web.listen-address=127.0.0.1:{PORT}'])
        return True

    def value(self, expression: str) -> float | None:
        """Of the first series; None if there is none, or no answer."""
        result = self._ask(expression)
        return float(result[0]['value'][1]) if result else None

    def _ask(self, expression: str) -> list[dict]:
        done = subprocess.run(['ip', 'netns', 'exec', net.PRIMARY, 'curl', '-sS', '--max-time', '5', '-G',
                               f'http://127.0.0.1:{PORT}/api/v1/query', '--data-urlencode',
                               f'query={expression}'], capture_output=True, text=True, timeout=10,
                              check=False)
        return json.loads(done.stdout)['data']['result'] if done.stdout.startswith('{') else []
