"""`imrsctl config apply` against the running appliance: what is right stays, what is wrong is taken back by
itself. The service manager's part is played: BIRD takes what imrs-agent renders. So is sshd's, by a shell of
that name."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

from labcase import DIRECTORY
from lablib import topology as net
from lablib.processes import wait_until
from test_remote import FROM, Hands

WITHIN = 15                # seconds that a configuration is on trial
BACK = 15                  # seconds for a session that was cut to come back


class Connection:
    """One that sshd has taken just now, of an operator who says `config confirm` when he is told to."""

    def __init__(self, sshd: Path, imrsctl: list[str]) -> None:
        environment = {**os.environ, 'SSH_ORIGINAL_COMMAND': 'config confirm',
                       'SSH_CONNECTION': f'{FROM} 50022 {net.MANAGEMENT4} 22'}
        self.process = subprocess.Popen([sshd, '-c', 'read -r go; "$@"; exit $?', 'sshd', *imrsctl],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, env=environment)

    def confirm(self) -> tuple[int, str]:
        said, _ = self.process.communicate('go\n', timeout=60)
        return self.process.returncode, said


class Trial(Hands):
    def setUp(self) -> None:
        super().setUp()
        agent = f'{self.lab.programs}/imrs-agent --config {self.lab.config_file}'
        bird = self.lab.appliance_bird
        written = bird.service.folder / 'bird.conf'
        self.reload_bird = self.manager('reload-bird', f'{agent} --write-bird-config {written} &&\n'
                                                       f'exec birdc -s {bird.socket} configure')

    def apply(self, config: dict, secrets: dict | None = None) -> tuple[int, str]:
        """`config` comes on standard input."""
        words = ['config', 'apply', '-', '--config', str(self.lab.config_file), '--within', str(WITHIN),
                 '--restart', '', '--reload-firewall', '', '--reload-bird', self.reload_bird]
        if secrets is not None:
            file = self.folder / 'new-secrets.json'
            file.write_text(json.dumps(secrets))
            file.chmod(0o600)
            words += ['--secrets', str(file)]
        run = self.imrsctl(*words, new=json.dumps(config, indent=2))
        print(f'\n{run.stdout}{run.stderr}', end='', flush=True)
        return run.returncode, run.stdout + run.stderr

    def connection(self) -> Connection:
        sshd = DIRECTORY / 'sshd'
        if not sshd.exists():
            shutil.copy('/bin/sh', sshd)
        return Connection(sshd, ['ip', 'netns', 'exec', net.APPLIANCE, str(self.lab.programs / 'imrsctl'),
                                 'remote', '--role', 'operator', '--as', 'alice', '--config',
                                 str(self.lab.config_file)])

    def asks(self) -> bool:
        """A trial waits for a confirmation."""
        marker = self.lab.config_file.with_name(f'{self.lab.config_file.name}.pending')
        return marker.exists() and json.loads(marker.read_text())['asks']

    def all_announced(self) -> bool:
        return self.imrsctl('status').returncode == 0

    def test_a_change_in_place_loses_no_route(self) -> None:
        config = json.loads(self.lab.config_file.read_text())
        seen = len(self.watch.changes)
        config['health'] = {'rise': 4}
        status, said = self.apply(config)
        self.assertEqual(status, 0, said)
        self.assertEqual(json.loads(self.lab.config_file.read_text()), config)
        self.assertEqual(self.watch.changes[seen:], [])
        self.assertTrue(self.all_announced())

    def test_a_password_that_the_host_does_not_have_is_taken_back(self) -> None:
        before = self.lab.config_file.read_text()
        secrets = json.loads(self.secrets.read_text())
        wrong = {**secrets, 'bgp_passwords': {**secrets['bgp_passwords'], 'host4': 'not-agreed-with-anybody'}}
        status, said = self.apply(json.loads(before), wrong)
        self.assertEqual(status, 1, said)
        self.assertNotIn('not-agreed', said)
        self.assertNotIn(net.MD5_PASSWORD, said)
        self.assertEqual(json.loads(self.lab.config_file.read_text()), json.loads(before))
        self.assertEqual(json.loads(self.secrets.read_text()), secrets)
        self.assertTrue(wait_until(self.all_announced, BACK), self.imrsctl('status').stdout)

    def test_a_change_of_who_gets_in_is_confirmed_over_a_new_connection(self) -> None:
        before = self.lab.config_file.read_text()
        status, said = self.connection().confirm()
        self.assertEqual(status, 1, said)
        self.assertIn('no change waits', said)
        older = self.connection()
        config = json.loads(before)
        config['access'] = {**config.get('access', {}), 'icann': ['192.0.2.0/24']}
        came: list[tuple[int, str]] = []
        applying = threading.Thread(target=lambda: came.append(self.apply(config)))
        applying.start()
        self.assertTrue(wait_until(self.asks, 2 * WITHIN))
        status, said = older.confirm()
        self.assertEqual(status, 1, said)
        self.assertIn('began before the firewall was loaded', said)
        self.assertTrue(self.asks())
        status, said = self.connection().confirm()
        self.assertEqual(status, 0, said)
        applying.join(2 * WITHIN)
        self.assertEqual(came[0][0], 0, came)
        self.assertEqual(json.loads(self.lab.config_file.read_text()), config)

    def test_one_that_is_refused_changes_nothing(self) -> None:
        before = self.lab.config_file.read_text()
        config = json.loads(before)
        config['bgp']['neighbours'][0]['as'] = 0
        status, said = self.apply(config)
        self.assertEqual(status, 1, said)
        self.assertIn('bgp.neighbours[0].as', said)
        self.assertEqual(self.lab.config_file.read_text(), before)
