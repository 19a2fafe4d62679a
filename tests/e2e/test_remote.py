"""Remote hands: what engineers do by SSH's forced command, as the host router sees it, and what is kept.

sshd's part is played: it sets SSH_ORIGINAL_COMMAND and SSH_CONNECTION and runs the key's command. So is the
service manager's, by a script that is called like systemctl.
"""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from labcase import DIRECTORY, LabCase
from lablib import netns
from lablib import topology as net
from lablib.agentlog import AgentLog
from lablib.processes import wait_until

SPECIFIC_V4 = '199.7.83.0/24'
OTHER_SECRET = 'YW5vdGhlciBzZWNyZXQgb2YgMzIgb2N0ZXRzISEhISE='
FROM = '203.0.113.7'
TLS_LOOKS = 40             # seconds: imrs-web looks at its files every ten


class Hands(LabCase):
    """A lab whose secrets are in a file of their own."""

    def setUp(self) -> None:
        super().setUp()
        self.folder = self.lab.config_file.parent
        self.secrets = self.folder / 'secrets.json'
        config = json.loads(self.lab.config_file.read_text())
        passwords = {one['name']: one.pop('password') for one in config['bgp']['neighbours']}
        tsig = {key['name']: key.pop('secret') for key in config['tsig_keys']}
        config['secrets_file'] = str(self.secrets)
        self.secrets.write_text(json.dumps({'bgp_passwords': passwords, 'tsig_secrets': tsig}))
        os.chown(self.secrets, 0, net.UIDS['agent'])
        self.secrets.chmod(0o640)
        self.lab.config_file.write_text(json.dumps(config))

    def imrsctl(self, *words: str, new: str = '', environment: dict[str, str] | None = None,
                ) -> subprocess.CompletedProcess:
        """`new`: what is given on standard input."""
        argv = ['ip', 'netns', 'exec', net.APPLIANCE, self.lab.programs / 'imrsctl', '--socket',
                self.lab.control_socket, *words]
        return subprocess.run(argv, input=new, capture_output=True, text=True, check=False, timeout=120,
                              env={**os.environ, **(environment or {})})

    def ssh(self, line: str, role: str = 'operator', new: str = '') -> subprocess.CompletedProcess:
        environment = {'SSH_ORIGINAL_COMMAND': line, 'SSH_CONNECTION': f'{FROM} 50022 {net.MANAGEMENT4} 22'}
        return self.imrsctl('remote', '--role', role, '--as', 'alice', '--config', str(self.lab.config_file),
                            new=new, environment=environment)

    def good(self, run: subprocess.CompletedProcess) -> str:
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return run.stdout

    def audit_log(self) -> list[dict]:
        run = self.imrsctl('audit-log', '--json', '--config', str(self.lab.config_file))
        return json.loads(self.good(run))

    def manager(self, name: str, script: str) -> str:
        """The name of a program that is called like systemctl."""
        file = DIRECTORY / name
        file.write_text(f'#!/bin/sh\n{script}\n')
        file.chmod(0o700)
        return str(file)


class Roles(Hands):
    def test_an_observer_looks_and_cannot_touch(self) -> None:
        status = json.loads(self.good(self.ssh('status --json', 'observer')))
        self.assertTrue(all(one['announce'] for one in status['decisions']))
        seen = len(self.watch.changes)
        for line in ('drain', 'withdraw', 'status; imrsctl withdraw', '$(imrsctl withdraw)', 'upgrade',
                     f'--socket {self.lab.control_socket} withdraw', 'status\nwithdraw', 'sh',
                     'rotate certificate'):
            run = self.ssh(line, 'observer')
            self.assertEqual((run.returncode, run.stdout), (2, ''), line)
        self.assertEqual(self.watch.changes[seen:], [])
        last = self.audit_log()[-1]
        self.assertEqual((last['event'], last['name'], last['role'], last['from']),
                         ('refused', 'alice', 'observer', FROM))

    def test_an_operator_drains_and_resumes(self) -> None:
        self.assertIn('drain', self.good(self.ssh("drain v4 --reason 'new disks; $(reboot)'")))
        self.assertTrue(wait_until(lambda: self.watch.present() == net.PREFIXES - {SPECIFIC_V4}, 10),
                        self.lab.seen())
        self.assertIn('new disks; $(reboot)', self.lab.ask_agent('history'))
        self.good(self.ssh('imrsctl resume v4'))
        self.assertIsNotNone(self.watch.wait_all(10), self.lab.seen())
        events = [(one['event'], one['command']) for one in self.audit_log()[-4:]]
        drain = "drain v4 '--reason=new disks; $(reboot)'"
        self.assertEqual(events, [(event, command) for command in (drain, 'resume v4')
                                  for event in ('begun', 'done')])

    def test_an_audit_log_that_cannot_be_written_blocks_no_withdrawal(self) -> None:
        log = self.lab.state_directory / 'audit.log'
        kept = log.with_name('kept')
        if log.exists():
            log.rename(kept)
        log.mkdir()
        try:
            run = self.ssh('withdraw')
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn('warning: this use is not in the audit log', run.stderr)
            self.assertIsNotNone(self.watch.wait_none(10), self.lab.seen())
            self.assertEqual(self.ssh('resume').returncode, 0)
            self.assertIsNotNone(self.watch.wait_all(10), self.lab.seen())
        finally:
            log.rmdir()
            if kept.exists():
                kept.rename(log)

    def test_an_upgrade_loses_no_route(self) -> None:
        seen = len(self.watch.changes)
        self.assertIn('upgraded in place', self.good(self.ssh('upgrade')))
        self.assertEqual(self.watch.changes[seen:], [])


class Rotations(Hands):
    def test_a_tsig_key(self) -> None:
        """The primary keeps the old secret: until the way back, nothing comes from it."""
        seen = len(self.watch.changes)
        said = self.good(self.ssh(f'rotate tsig-key {net.TSIG_KEY}', new=OTHER_SECRET))
        self.assertIn('upgraded in place', said)
        log = AgentLog(self.lab.agent.log)
        version = self.lab.zones.next_version()
        self.lab.primary.serve(version.file, version.serial)
        log.wait(r'zone=\. .*state=(refused|unreachable)', 30)
        log = AgentLog(self.lab.agent.log)
        self.good(self.ssh('rollback secrets'))
        log.wait(rf'serial={version.serial} state=serving', 30)
        self.assertEqual(self.watch.changes[seen:], [])
        self.assertNotIn(OTHER_SECRET, (self.lab.state_directory / 'audit.log').read_text())

    def test_a_secret_that_is_none_changes_nothing(self) -> None:
        before = self.secrets.read_text()
        for line, new in (('rotate certificate', 'hunter2'), (f'rotate tsig-key {net.TSIG_KEY}', 'hunter2'),
                          ('rotate bgp-password host9', 'hunter2'),
                          ('rotate bgp-password host4', 'two words')):
            run = self.ssh(line, new=new)
            self.assertEqual(run.returncode, 1, line)
            self.assertNotIn('hunter2', run.stdout + run.stderr)
        self.assertEqual(self.secrets.read_text(), before)

    def test_a_bgp_password(self) -> None:
        """The session ends until both have it. Here the host's router never gets it."""
        bird = self.lab.appliance_bird
        config = bird.service.folder / 'bird.conf'
        agent = f'{self.lab.programs}/imrs-agent --config {self.lab.config_file}'
        manager = self.manager('reload', (f'{agent} --write-bird-config {config} &&\n'
                                          f'exec birdc -s {bird.socket} configure'))
        more = ['--config', str(self.lab.config_file), '--manager', manager]
        said = self.good(self.imrsctl('rotate', 'bgp-password', 'host4', *more, new='hunter2'))
        self.assertIn('its session has been ended', said)
        left = frozenset(net.PREFIXES_V6)
        self.assertTrue(wait_until(lambda: self.watch.present() == left, 15), self.lab.seen())
        self.good(self.imrsctl('rollback', 'secrets', *more))
        self.assertIsNotNone(self.watch.wait_all(30), self.lab.seen())

    def test_a_certificate(self) -> None:
        tls = self.lab.certificates
        tls._sign('next', 'ca', 'next.example', f'subjectAltName=IP:{net.MANAGEMENT4}')
        new = ''.join((tls.directory / name).read_text() for name in ('next.pem', 'next.key'))
        said = self.good(self.ssh('rotate certificate', new=new))
        self.assertIn('CN=next.example', said)
        self.assertTrue(wait_until(lambda: 'next.example' in self.shown_certificate(), TLS_LOOKS, .5))
        self.assertEqual(tls.server_key.stat().st_uid, net.UIDS['web'])
        self.good(self.ssh('rollback certificate'))
        self.assertTrue(wait_until(lambda: 'lab01' in self.shown_certificate(), TLS_LOOKS, .5))

    def shown_certificate(self) -> str:
        tls = self.lab.certificates
        argv = ['ip', 'netns', 'exec', net.APPLIANCE, 'openssl', 's_client', '-connect',
                f'{net.MANAGEMENT4}:{net.OPS_PORT}', '-cert', tls.client, '-key', tls.client_key]
        run = subprocess.run(argv, input='', capture_output=True, text=True, check=False, timeout=10)
        return next((line for line in run.stdout.splitlines() if line.startswith('subject=')), 'subject=none')


class KskRoll(Hands):
    """A roll of the root's key signing key under a running appliance: no route is lost, and each step that
    comes too early is refused."""

    def publish(self, *ksks: str) -> int:
        """The next version, signed by these; the lab's keys are taken from a file."""
        names = self.lab.zones.folder / 'keys'
        made = names.stat().st_mtime
        names.write_text(' '.join([self.zsk, *ksks]))
        os.utime(names, (made, made))
        log = AgentLog(self.lab.agent.log)
        version = self.lab.publish_next()
        log.wait(rf'serial={version.serial} state=serving', 30)
        return version.serial

    def new_key(self) -> str:
        argv = ['ldns-keygen', '-r', '/dev/urandom', '-a', 'RSASHA256', '-b', '2048', '-k', '.']
        run = subprocess.run(argv, cwd=self.lab.zones.folder, capture_output=True, text=True, check=True,
                             timeout=60)
        return run.stdout.strip()

    def ds(self, key: str) -> str:
        return Path(self.lab.zones.folder, f'{key}.ds').read_text()

    def test_step_by_step(self) -> None:
        self.zsk, first = (self.lab.zones.folder / 'keys').read_text().split()
        second = self.new_key()
        tags = {key: self.ds(key).split()[3] for key in (first, second)}
        seen = len(self.watch.changes)

        self.refused('rotate trust-anchor', new=self.ds(second))
        said = self.good(self.ssh('rotate trust-anchor --add', new=self.ds(second)))
        self.assertIn(f'key {tags[first]} signs the zone', said)
        self.refused(f'rotate trust-anchor --remove {tags[first]}')
        self.publish(first, second)
        self.publish(second)
        self.refused(f'rotate trust-anchor --remove {tags[second]}')
        said = self.good(self.ssh(f'rotate trust-anchor --remove {tags[first]}'))
        self.assertIn(f'key {tags[second]} signs the zone', said)
        self.publish(second)

        self.assertEqual(self.watch.changes[seen:], [], self.log_tail())
        records = [line.split() for line in self.lab.trust_anchor.read_text().splitlines()]
        self.assertEqual([fields[4] for fields in records if 'DS' in fields], [tags[second]])

    def refused(self, line: str, new: str = '') -> None:
        before = self.lab.trust_anchor.read_text()
        run = self.ssh(line, new=new)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn('would not be known by these anchors', run.stderr)
        self.assertEqual(self.lab.trust_anchor.read_text(), before)


class Decommissioning(Hands):
    def decommission(self, manager: str, *more: str) -> subprocess.CompletedProcess:
        return self.imrsctl('decommission', '--config', str(self.lab.config_file), '--manager', manager,
                            '--place', str(self.folder), '--journal', str(DIRECTORY / 'journal'),
                            '--receipt', str(DIRECTORY / 'receipt'), *more)

    def stopping(self, name: str, more: str = '') -> str:
        """A service manager that ends the two programs, waits for it, and does `more` at the packet filter's
        turn."""
        agent, bird = self.lab.agent.process(), self.lab.appliance_bird.service.process()
        ends = [f'end {process.pid}' if process else ':' for process in (agent, bird)]
        return self.manager(name, f'''
end() {{
    kill -TERM "$1"
    n=0
    while [ -e /proc/"$1"/exe ] && [ $n -lt 200 ]; do sleep .05; n=$((n + 1)); done
}}
case "$1 $2" in
"stop imrs-agent.service") {ends[0]} ;;
"stop imrs-bird.service") {ends[1]} ;;
"stop imrs-firewall.service") {more or ':'} ;;
"--quiet is-"*) exit 3 ;;
esac''')

    def files(self) -> list[Path]:
        return [file for file in self.folder.rglob('*') if not file.is_dir()]

    def test_all_of_it_with_a_power_cut(self) -> None:
        run = self.decommission('/bin/true')
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertIn('Nothing has been done', run.stdout)
        self.assertEqual(self.watch.present(), net.PREFIXES)

        seen = len(self.watch.changes)
        cut = self.decommission(self.stopping('cut', 'kill -KILL $PPID'), '--yes-really')
        self.assertNotEqual(cut.returncode, 0)
        self.assertIsNotNone(self.watch.wait_none(10), cut.stdout + cut.stderr)
        went = [change.prefix for change in self.watch.changes[seen:] if not change.added]
        self.assertIn(went[0], {'199.7.83.0/24', '2001:500:9f::/48', '2001:500:3::/48'}, 'drained first')
        self.assertTrue(wait_until(lambda: not netns_programs(), 20), netns_programs())
        self.assertNotEqual(self.files(), [], 'it was cut off before it erased')

        run = self.decommission(self.stopping('rest'), '--yes-really')
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(self.files(), [])
        self.assertFalse((DIRECTORY / 'journal').exists())
        receipt = json.loads((DIRECTORY / 'receipt.json').read_text())
        erased = {item['path'] for item in receipt['erased']}
        for name in ('agent.json', 'secrets.json', 'tls/server.key', 'bird/bird.conf', 'state/orders.json'):
            self.assertIn(str(self.folder / name), erased)
        text = (DIRECTORY / 'receipt.txt').read_text() + json.dumps(receipt)
        for secret in (net.MD5_PASSWORD, net.TSIG_SECRET):
            self.assertNotIn(secret, text)


def netns_programs() -> list[str]:
    """What of the appliance still runs."""
    names = []
    for pid in netns.pids(net.APPLIANCE):
        with suppress(OSError):                      # it has ended meanwhile
            names.append(Path(f'/proc/{pid}/comm').read_text().strip())
    return names
