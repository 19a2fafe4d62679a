"""Right answers at the service addresses, asked from the host's side."""

import subprocess

from labcase import LabCase
from lablib import topology as net
from lablib.loadrun import LoadRun

RATE, BATCH, WORKERS = 2000, 64, 2


def dig(*words: str) -> str:
    command = ['ip', 'netns', 'exec', net.HOST, 'dig', '+norec', '+tries=1', '+time=10', *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout


class Answers(LabCase):
    def test_every_address_over_both_transports(self) -> None:
        for address in net.SERVICE_ADDRESSES:
            for transport in ('+notcp', '+tcp'):
                said = dig(f'@{address}', transport, '.', 'SOA', '+dnssec')
                self.assertIn('status: NOERROR', said, f'{address} {transport}')
                self.assertIn('flags: qr aa;', said)
                self.assertIn('RRSIG\tSOA', said)

    def test_what_the_instance_says_of_itself(self) -> None:
        identity = '"lab01.l.root-servers.example"'
        for name in ('hostname.bind', 'id.server'):
            self.assertIn(identity, dig('@199.7.83.42', 'CH', 'TXT', name))
        self.assertIn('NSID', dig('@199.7.83.42', '.', 'SOA', '+nsid'))
        self.assertIn('lab01.l.root', dig('@199.7.83.42', '.', 'SOA', '+nsid'))

    def test_the_identity_zone_names_this_node(self) -> None:
        for address in net.SERVICE_ADDRESSES:
            said = dig(f'@{address}', 'IDENTITY.L.ROOT-SERVERS.ORG', 'TXT')
            self.assertIn('0\tIN\tTXT\t"lab01.l.root-servers.example" "the lab" "nowhere"', said)
            self.assertIn('flags: qr aa;', said)
        self.assertIn(f'0\tIN\tA\t{net.MANAGEMENT4}', dig('@199.7.83.42', 'identity.l.root-servers.org', 'A'))

    def test_what_is_refused(self) -> None:
        self.assertIn('status: REFUSED', dig('@199.7.83.42', 'HS', 'A', 'com.'))
        self.assertIn('Transfer failed', dig('@199.7.83.42', '.', 'AXFR'))
        self.assertIn('status: REFUSED', dig('@199.7.83.42', '.', 'SOA', '+opcode=notify'))
        self.assertIn('status: BADVERS', dig('@199.7.83.42', '.', 'SOA', '+edns=1', '+noednsneg'))

    def test_under_load_every_answer_is_right_and_none_is_lost(self) -> None:
        def a_broken_version() -> dict:
            version = self.lab.zones.current()
            with LoadRun([version.file], RATE, net.SERVICE_ADDRESSES, tcp_share=.1) as load:
                self.drills.publish(broken=True)     # 1.5 s and more
                summary = load.finish()
            self.lab.restore_zone()
            return summary
        summary = self.under_its_load(a_broken_version)
        self.assertGreater(summary['answered'], RATE)
        self.assertEqual(summary['lost'], 0, summary['examples'])

    def test_the_engine_killed_loses_at_most_a_batch_per_worker(self) -> None:
        def a_kill() -> dict:
            version = self.lab.zones.current()
            with LoadRun([version.file], RATE) as load:
                outcome = self.drills.kill_child('imrs-engine')
                summary = load.finish()
            self.assert_unseen(outcome)
            return summary
        lost = []
        for _ in range(4):      # the log leaves out a sixth start within ten seconds
            summary = self.under_its_load(a_kill)
            self.assertGreater(summary['answered'], RATE)
            lost.append(sum(slot[4] for slot in summary['timeline']))
        print(f'\n    UDP answers lost at each kill of the engine: {lost} (limit {BATCH * WORKERS})', end=' ',
              flush=True)
        self.assertLessEqual(max(lost), BATCH * WORKERS)
