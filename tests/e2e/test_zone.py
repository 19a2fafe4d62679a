"""From the primary to live answers: what is good goes live, what is not leaves everything as it was."""

import json
import subprocess
import time
from pathlib import Path

from labcase import LabCase
from lablib import topology as net
from lablib.agentlog import AgentLog
from lablib.loadrun import LoadRun
from lablib.processes import wait_until


def answer(name: str, kind: str) -> str:
    """The records of the answer section; of a referral or a refusal none."""
    command = ['ip', 'netns', 'exec', net.HOST, 'dig', '+short', '+norec', '@199.7.83.42', name, kind]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout


def served_serial() -> int:
    return int(answer('.', 'SOA').split()[2])


def damage(file: Path) -> None:
    octets = bytearray(file.read_bytes())
    octets[len(octets) // 2] = octets[len(octets) // 2] + 1 & 255     # twice is damage too
    file.write_bytes(octets)


def contents(file: Path) -> bytes:
    """Nothing, while it is not there: between the renames of two generations."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b''


def written(file: Path) -> int | None:
    """When; None while it is not there."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return None


IDENTITY = 'identity.l.root-servers.org.'
ARPA = """arpa. 86400 IN SOA a.root-servers.net. nstld.example. 1 1800 900 604800 3600
arpa. 86400 IN NS a.root-servers.net.
"""


class OtherZones(LabCase):
    """Zones come into the configuration and go, each time by an upgrade in place."""

    def test_new_versions_go_live_after_each_and_no_route_goes(self) -> None:
        before = self.lab.config_file.read_text()
        self.addCleanup(self.become, before)
        file = self.lab.zones.folder / 'arpa.zone'
        file.write_text(ARPA)
        file.chmod(0o644)
        config = json.loads(before)
        arpa = {'origin': 'arpa.', 'file': str(file), 'dnssec': 'none', 'zonemd': 'none'}
        more = {**config, 'zones': [*config['zones'], arpa]}
        bare = {key: value for key, value in config.items() if key != 'identity_zone'}
        seen = len(self.watch.changes)
        for words, new, origins in (('arpa. comes', more, {IDENTITY, 'arpa.'}),
                                    ('arpa. goes', config, {IDENTITY}),
                                    ('identity_zone goes', bare, set()),
                                    ('both come', more, {IDENTITY, 'arpa.'}),
                                    ('both go', bare, set()),
                                    ('as it was', config, {IDENTITY})):
            with self.subTest(words):
                self.become(json.dumps(new))
                self.assertTrue(wait_until(lambda want=origins: self.served() == want, 15), self.log_tail())
                log = AgentLog(self.lab.agent.log)
                version = self.lab.zones.next_version()
                self.lab.primary.serve(version.file, version.serial)
                log.wait(rf'zone=\. serial={version.serial} state=serving', 15)
                self.assertEqual(served_serial(), version.serial)
        self.assertEqual(self.watch.changes[seen:], [], self.log_tail())

    def test_it_starts_with_other_zones_than_the_image_on_disk_has(self) -> None:
        self.addCleanup(self.lab.up)
        image = self.lab.state_directory / 'image' / 'image'
        self.assertTrue(wait_until(image.exists, 10), 'an image is kept')
        self.drills.kill_agent()
        config = json.loads(self.lab.config_file.read_text())
        del config['identity_zone']
        self.lab.config_file.write_text(json.dumps(config))
        log = AgentLog(self.lab.agent.log)
        self.drills.start_agent()
        log.wait('the image on disk is not used', 15)
        version = self.lab.zones.next_version()
        self.lab.primary.serve(version.file, version.serial)
        log.wait(rf'zone=\. serial={version.serial} state=serving', 15)
        self.assertIsNotNone(self.watch.wait_all(15), self.lab.seen())
        self.drills.kill_agent()                 # it starts again with the lab's own configuration

    def become(self, config: str) -> None:
        self.lab.config_file.write_text(config)
        self.assertIn('upgraded in place', self.lab.ask_agent('upgrade'))

    def served(self) -> set[str]:
        """Of the two zones besides the root."""
        return {origin for origin, kind in ((IDENTITY, 'TXT'), ('arpa.', 'SOA')) if answer(origin, kind)}


class ZoneUpdates(LabCase):
    def test_new_versions_go_live_and_no_answer_mixes_two(self) -> None:
        took: list[float] = []

        def five_versions() -> dict:
            took.clear()
            with LoadRun([self.lab.zones.current().file]) as load:
                for _ in range(5):
                    version = self.lab.zones.next_version()
                    load.accept(version.file)
                    self.lab.primary.serve(version.file, version.serial)
                    notified = time.time()                   # NSD says it as soon as it serves it itself
                    self.assertTrue(wait_until(lambda new=version.serial: self.serving(new), 10, .01))
                    took.append(time.time() - notified)
                    self.assertEqual(served_serial(), version.serial)
                return load.finish()
        summary = self.under_its_load(five_versions)
        self.report('NOTIFY to all workers serving, under load', took, 2)
        self.assertEqual(summary['lost'], 0, summary['examples'])
        self.assertGreater(summary['answered'], 1000)
        self.assertEqual(self.lab.host_routes(), net.PREFIXES)

    def serving(self, serial: int) -> bool:
        """All workers, as the agent says it."""
        return json.loads(self.lab.ask_agent('zone', '.', '--json'))['zones'][0]['serial'] == serial

    def test_a_broken_signature_is_refused_and_nothing_changes(self) -> None:
        before = served_serial()
        outcome, words = self.drills.publish(broken=True)
        self.assert_unseen(outcome)
        self.assertRegex(words, r'reason="zone \.: com\. RRSIG\(DS\) by key \d+ .* does not verify')
        self.assertEqual(served_serial(), before)
        log = AgentLog(self.lab.agent.log)
        version = self.lab.restore_zone()
        log.wait(rf'serial={version.serial} state=serving')

    def test_a_dead_primary_changes_nothing(self) -> None:
        log, seen = AgentLog(self.lab.agent.log), len(self.watch.changes)
        self.lab.primary.service.stop()
        log.wait(r'zone=\. .*state=unreachable', 15)
        self.assertEqual(self.watch.changes[seen:], [])
        self.assertGreater(served_serial(), 0)
        self.assertRegex(self.imrsctl('zone'), r'not taken +.*unreachable [1-9]')
        log = AgentLog(self.lab.agent.log)
        self.lab.up()                            # starts the primary again
        log.wait(r'zone=\. .*state=unchanged', 15)

    def test_it_goes_on_from_its_disk_without_a_primary(self) -> None:
        """Off and on while no primary answers; then with the newest image damaged, then with all images and
        the newest zone damaged."""
        before = served_serial()
        log = AgentLog(self.lab.agent.log)
        newest = self.lab.zones.next_version()
        self.lab.primary.serve(newest.file, newest.serial)
        log.wait(rf'serial={newest.serial} state=serving')
        state = self.lab.state_directory
        zone, image = state / 'zones' / '@.zone', state / 'image' / 'image'
        for copy, order in ((zone, 'big'), (image, 'little')):
            octets = newest.serial.to_bytes(4, order)
            self.assertTrue(wait_until(lambda f=copy, o=octets: o in contents(f), 10), copy)
        self.lab.primary.service.stop()
        took = []
        for _ in range(5):
            self.drills.kill_agent()
            log = AgentLog(self.lab.agent.log)
            self.drills.start_agent()
            started = log.wait('image on disk is good').when
            took.append(log.wait(rf'serial={newest.serial} state=serving').when - started)
            log.wait(rf'zone=\. serial={newest.serial} state=loaded source=disk')
            log.wait('image audited in', 15)
            self.assertEqual(served_serial(), newest.serial)
        self.report('from the image on disk to answers', took, .1)

        self.drills.kill_agent()
        damage(image)
        damaged = written(image)
        log = AgentLog(self.lab.agent.log)
        self.drills.start_agent()
        log.wait('image on disk is good')                # the generation before
        self.assertEqual(served_serial(), newest.serial)
        self.assertTrue(wait_until(lambda: written(image) not in (None, damaged), 10), 'kept again')

        self.drills.kill_agent()
        for copy in image.parent.iterdir():
            damage(copy)
        damage(zone)
        log = AgentLog(self.lab.agent.log)
        self.drills.start_agent()
        log.wait('the image on disk is not used: .*digest differs')
        self.assertEqual(served_serial(), before)
        log = AgentLog(self.lab.agent.log)
        self.lab.up()                            # starts the primary again
        log.wait(rf'serial={newest.serial} state=serving', 15)

    def test_imrsctl_and_the_metrics_tell_of_it(self) -> None:
        log = AgentLog(self.lab.agent.log)
        version = self.lab.zones.next_version(broken_signature=True)
        self.lab.primary.serve(version.file, version.serial)
        log.wait(r'zone=\. .*state=refused')
        zone = json.loads(self.imrsctl('zone', '.', '--json'))['zones'][0]
        self.assertEqual(zone['primaries'][0]['result'], 'refused')
        self.assertIn('does not verify', zone['primaries'][0]['reason'])
        self.assertGreaterEqual({one['reason']: one['count'] for one in zone['refusals']}['dnssec'], 1)
        text = self.imrsctl('zone')
        for part in ('zone .', 'signatures end', 'next attempt      in ', 'not taken         dnssec'):
            self.assertIn(part, text)
        self.assertIn('199.7.83.0/24', self.imrsctl('status'))
        metrics = subprocess.run(['ip', 'netns', 'exec', net.APPLIANCE, 'curl', '-s', '-m', '5',
                                  f'http://127.0.0.1:{net.OPS_PORT}/metrics'],
                                 capture_output=True, text=True, check=True, timeout=10).stdout
        self.assertRegex(metrics, r'imrs_zone_refusals_total{zone="\.",reason="dnssec"} [1-9]')
        self.assertRegex(metrics, r'imrs_zone_load_phase_seconds{phase="audit"} 0\.')
        log = AgentLog(self.lab.agent.log)
        restored = self.lab.restore_zone()
        log.wait(rf'serial={restored.serial} state=serving')

    def imrsctl(self, *words: str) -> str:
        run = subprocess.run([self.lab.programs / 'imrsctl', '--socket', self.lab.control_socket, *words],
                             capture_output=True, text=True, check=True, timeout=10)
        return run.stdout
