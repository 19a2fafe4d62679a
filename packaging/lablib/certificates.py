"""A certificate authority for the lab, and what it signs: the ops listener's certificate and a client's.

Written by openssl(1); nothing of it is good outside the lab.
"""

import os
import subprocess
from pathlib import Path

DAYS = '30'


class Certificates:
    """Files in one directory: ca.pem, server.pem and server.key, client.pem and client.key; also foreign.pem
    and foreign.key, of a client that another authority has signed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca = directory / 'ca.pem'
        self.server, self.server_key = directory / 'server.pem', directory / 'server.key'
        self.client, self.client_key = directory / 'client.pem', directory / 'client.key'
        self.foreign, self.foreign_key = directory / 'foreign.pem', directory / 'foreign.key'

    def ensure(self, address: str, owner: int) -> None:
        """Makes what is missing. The server's key can be read by `owner` (a uid) alone."""
        if self.foreign_key.exists():
            return
        self.directory.mkdir(mode=0o711, exist_ok=True)
        self.directory.chmod(0o711)
        self._authority('ca', 'IMRS lab CA')
        self._authority('other-ca', 'Another CA')
        self._sign('server', 'ca', 'lab01.l.root-servers.example', f'subjectAltName=IP:{address}')
        self._sign('client', 'ca', 'prometheus', 'extendedKeyUsage=clientAuth')
        self._sign('foreign', 'other-ca', 'stranger', 'extendedKeyUsage=clientAuth')
        os.chown(self.server_key, owner, owner)
        for file in (self.ca, self.server):
            file.chmod(0o644)

    def curl(self, certificate: str = 'client') -> list[str]:
        """What curl needs to be let in; `certificate`: 'client' or 'foreign'."""
        return ['--cacert', str(self.ca), '--cert', str(self.directory / f'{certificate}.pem'),
                '--key', str(self.directory / f'{certificate}.key')]

    def _authority(self, name: str, subject: str) -> None:
        self._openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                      '-keyout', f'{name}.key', '-out', f'{name}.pem', '-subj', f'/CN={subject}',
                      '-days', DAYS)

    def _sign(self, name: str, authority: str, subject: str, extension: str) -> None:
        self._openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                      '-keyout', f'{name}.key', '-out', f'{name}.csr', '-subj', f'/CN={subject}')
        (self.directory / f'{name}.ext').write_text(extension + '\n', encoding='ascii')
        self._openssl('x509', '-req', '-in', f'{name}.csr', '-CA', f'{authority}.pem', '-CAkey',
                      f'{authority}.key', '-CAcreateserial', '-out', f'{name}.pem', '-days', DAYS,
                      '-extfile', f'{name}.ext')

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(['openssl', *words], cwd=self.directory, capture_output=True, text=True,
                              check=False, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f'openssl {words[0]}: {done.stderr.strip()}')
