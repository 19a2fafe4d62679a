"""The scripts that the units call, with programs in the place of BIRD, ethtool and the agent; and that every
script of the package can be read by a shell."""

import os
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from lablib.processes import wait_until
from scripted import PACKAGE, ROOT, SCRIPTS, Scripted

SHELL = sorted([*SCRIPTS.iterdir(), *(PACKAGE / 'control').iterdir(), PACKAGE / 'lifecycle',
                ROOT / 'packaging' / 'deb', ROOT / 'packaging' / 'reproducible'])


class Shell(unittest.TestCase):
    def test_syntax(self) -> None:
        for script in SHELL:
            run = subprocess.run(['sh', '-n', script], capture_output=True, text=True, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ''), script)
            self.assertTrue(script.stat().st_mode & 0o111, f'{script} is not executable')
            self.assertTrue(script.read_text().startswith('#!/bin/sh\n# '), script)

    @unittest.skipUnless(shutil.which('shellcheck'), 'shellcheck is missing (Debian package of that name)')
    def test_shellcheck(self) -> None:
        run = subprocess.run(['shellcheck', *SHELL], capture_output=True, text=True, check=False)
        self.assertEqual(run.stdout, '')


class Withdraw(Scripted):
    NOTHING = 'echo "Total: 0 of 0 routes for 0 networks in 4 tables"'

    def setUp(self) -> None:
        super().setUp()
        self.group = self.folder / 'group'
        self.group.mkdir()
        # A process called bird: its own name is all that the script looks at.
        self.bird = self.bin / 'bird'
        shutil.copy('/usr/bin/sleep', self.bird)
        process = subprocess.Popen([self.bird, '60'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: Path(f'/proc/{process.pid}/comm').read_text() == 'bird\n', 10, .01)
        (self.group / 'cgroup.procs').write_text(f'{process.pid}\n')
        (self.group / 'cgroup.kill').write_text('')

    def withdraw(self, birdcl: str) -> subprocess.CompletedProcess:
        self.program('birdcl', f'echo "$3" >>{self.folder}/asked\n{birdcl}')
        self.program('systemctl', f'echo "$@" >>{self.folder}/manager')
        run = self.run_script('withdraw', IMRS_BIRD_CGROUP=self.group, IMRS_BIRD_SOCKET='/none')
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def killed(self) -> bool:
        return self.said('group/cgroup.kill') == '1\n'

    def test_disables_everything_and_looks(self) -> None:
        run = self.withdraw(self.NOTHING)
        self.assertEqual(self.said('asked').splitlines(),
                         ['disable "specific_*"', 'disable "covering_*"', 'disable "drain_*"',
                          'show route table all count'])
        self.assertEqual(run.stderr, 'withdraw: nothing is announced\n')
        self.assertFalse(self.killed())

    def test_a_family_without_covering_prefixes(self) -> None:
        self.withdraw(f'case $3 in *covering*) echo "No protocols match"; exit 1 ;; esac\n{self.NOTHING}')
        self.assertFalse(self.killed())

    def test_a_route_that_stays(self) -> None:
        run = self.withdraw('echo "Total: 1 of 1 routes for 1 networks in 4 tables"')
        self.assertTrue(self.killed())
        self.assertIn('Total: 1 of 1 routes', run.stderr)

    def test_a_route_that_goes_at_the_second_look(self) -> None:
        self.withdraw(f'case $3 in show*) if [ -e {self.folder}/seen ]; then {self.NOTHING}; else\n'
                      f'touch {self.folder}/seen; echo "Total: 1 of 1 routes"; fi ;; esac')
        self.assertFalse(self.killed())

    def test_mute(self) -> None:
        began = time.monotonic()
        self.withdraw('exec sleep 60')
        self.assertTrue(self.killed())
        self.assertLess(time.monotonic() - began, 12)

    def test_no_socket(self) -> None:
        run = self.withdraw('echo "Unable to connect to server control socket" >&2; exit 1')
        self.assertTrue(self.killed())
        self.assertIn('Unable to connect', run.stderr)

    def test_bird_does_not_run(self) -> None:
        (self.group / 'cgroup.procs').write_text(f'{os.getpid()}\n')        # another process of the unit
        run = self.withdraw('exit 1')
        self.assertIn('BIRD does not run', run.stderr)
        self.assertEqual(self.said('asked'), '')
        self.assertFalse(self.killed())

    def test_without_a_group_the_manager_kills(self) -> None:
        shutil.rmtree(self.group)
        self.withdraw('exit 1')
        self.assertIn('kill --signal=KILL imrs-bird.service', self.said('manager'))


class CheckConfiguration(Scripted):
    def check(self, agent: str, configuration: str = '/dev/null') -> subprocess.CompletedProcess:
        return self.run_script('check-configuration', configuration, IMRS_AGENT=self.program('agent', agent),
                               IMRS_CONSOLE=self.folder / 'console', IMRS_SAID=self.folder / 'said',
                               IMRS_PAUSE='0', JOURNAL_STREAM='1:2')

    def setUp(self) -> None:
        super().setUp()
        (self.folder / 'console').write_text('')

    REFUSES = 'echo "2026-11-27T07:00:00.000Z imrs-agent[1] - error: bgp.router_id: is missing" >&2; exit 2'

    def test_good(self) -> None:
        run = self.check('test -z "${JOURNAL_STREAM-}" && echo "agent.json: good"')
        self.assertEqual((run.returncode, run.stderr, self.said('console')), (0, '', ''))

    def test_refused(self) -> None:
        run = self.check(self.REFUSES)
        self.assertEqual(run.returncode, 78)
        for text in (run.stderr, self.said('console')):
            self.assertIn('nothing is announced and nothing is answered, for /dev/null is refused', text)
            self.assertIn('\nbgp.router_id: is missing', text)

    def test_the_console_is_told_once_for_each_reason(self) -> None:
        self.check(self.REFUSES)
        (self.folder / 'console').write_text('')
        self.check(self.REFUSES)
        self.assertEqual(self.said('console'), '')
        self.check(self.REFUSES.replace('missing', 'none'))
        self.assertIn('is none', self.said('console'))
        os.utime(self.folder / 'said', (0, 0))
        (self.folder / 'console').write_text('')
        self.check(self.REFUSES.replace('missing', 'none'))
        self.assertIn('is none', self.said('console'))
        self.check('exit 0')
        self.assertFalse((self.folder / 'said').exists())

    def test_missing(self) -> None:
        run = self.check('exit 2', '/none/agent.json')
        self.assertEqual(run.returncode, 78)
        self.assertIn('there is no /none/agent.json', self.said('console'))
        self.assertIn('imrsctl setup', run.stderr)

    def test_a_console_that_takes_nothing(self) -> None:
        (self.folder / 'console').unlink()
        os.mkfifo(self.folder / 'console')
        began = time.monotonic()
        self.assertEqual(self.check(self.REFUSES).returncode, 78)
        self.assertLess(time.monotonic() - began, 10)


class Firewall(Scripted):
    """nft takes everything but what is "bad", even an empty file; what makes a table is "good"."""

    def setUp(self) -> None:
        super().setUp()
        self.kept = self.folder / 'kept'
        self.program('nft', f'echo "$@" >>{self.folder}/nft\ncd {self.folder}\ncase "$*" in\n'
                            'list*) [ -e loaded ]; exit ;;\nesac\n'
                            'for file; do :; done\ncat "$file" >text || exit\n'
                            'if grep -q bad text; then exit 1; fi\n'
                            'case "$*" in -c*) ;; *) if grep -q good text; then cp text loaded; fi ;; esac')

    def load(self, agent: str) -> subprocess.CompletedProcess:
        return self.run_script('firewall', 'load', IMRS_AGENT=self.program('agent', agent),
                               IMRS_CONFIGURATION=self.folder / 'agent.json', IMRS_FIREWALL_KEPT=self.kept)

    def boot(self) -> None:
        (self.folder / 'loaded').unlink(missing_ok=True)

    def test_good_rules_are_kept(self) -> None:
        self.assertEqual(self.load('echo good 1').returncode, 0)
        self.assertEqual((self.said('kept'), self.said('loaded')), ('good 1\n', 'good 1\n'))
        self.assertEqual(self.kept.stat().st_mode & 0o777, 0o600)
        self.assertTrue(self.said('nft').startswith('-c -f '))

    def test_the_last_good_ones_stand_in(self) -> None:
        self.load('echo good 1')
        for agent in ('echo bad', 'exit 2', 'exit 0', 'echo; exit 0', 'echo "# none"', 'echo good; exit 1'):
            self.boot()
            run = self.load(agent)
            self.assertEqual(run.returncode, 1, agent)
            self.assertIn('the rules of the last good configuration are loaded', run.stderr, agent)
            self.assertEqual((self.said('kept'), self.said('loaded')), ('good 1\n', 'good 1\n'), agent)
            self.assertFalse((self.folder / 'kept.new').exists())

    def test_what_is_loaded_stays(self) -> None:
        self.load('echo good 1')
        (self.folder / 'nft').unlink()
        self.assertIn('the rules that are loaded stay', self.load('exit 2').stderr)
        self.assertEqual(self.said('nft'), 'list table inet imrs\n')

    def test_none(self) -> None:
        for kept in (None, '', '# a comment'):
            if kept is not None:
                self.kept.write_text(kept)
            run = self.load('exit 2')
            self.assertEqual(run.returncode, 1)
            self.assertIn('there are no rules', run.stderr)

    def test_a_full_disk_is_no_reason_not_to_load(self) -> None:
        self.load('echo good 1')
        self.boot()
        (self.folder / 'kept.new').symlink_to('/dev/full')
        run = self.load('echo good 2')
        self.assertEqual((run.returncode, self.said('loaded')), (0, 'good 2\n'))
        self.assertIn('kept cannot be written; the rules are loaded', run.stderr)
        self.assertEqual(self.said('kept'), 'good 1\n')
        self.boot()
        (self.folder / 'kept.new').symlink_to('/dev/full')
        run = self.load('echo good 1')                 # what is kept already needs no place
        self.assertEqual((run.returncode, run.stderr, self.said('loaded')), (0, '', 'good 1\n'))

    def test_a_disk_that_is_gone_is_no_reason_not_to_load(self) -> None:
        self.kept = Path('/none/kept')
        run = self.load('echo good 1')
        self.assertEqual((run.returncode, self.said('loaded')), (0, 'good 1\n'))
        self.assertIn('/none/kept cannot be written', run.stderr)

    def test_rules_on_trial_are_not_the_last_good_ones(self) -> None:
        marker = self.folder / 'agent.json.pending'
        self.load('echo good 1')
        marker.touch()
        self.assertEqual(self.load('echo good 2').returncode, 0)
        self.assertEqual((self.said('kept'), self.said('loaded')), ('good 1\n', 'good 2\n'))
        run = self.load('exit 2')                      # what it goes back to is refused
        self.assertIn('the rules of the last good configuration are loaded', run.stderr)
        self.assertEqual(self.said('loaded'), 'good 1\n')
        self.assertIn('stay', self.load('exit 2').stderr)
        self.load('echo good 3')
        marker.unlink()                                # it has held
        self.assertIn('stay', self.load('exit 2').stderr)
        self.assertEqual(self.said('kept'), 'good 3\n')


class RecoverConfiguration(Scripted):
    TOLD = ['systemctl try-reload-or-restart imrs-firewall.service', 'bird-configuration renew']

    def setUp(self) -> None:
        super().setUp()
        self.marker = self.folder / 'agent.json.pending'
        self.marker.write_text('{"restarts":false}\n')
        self.program('systemctl', f'echo systemctl "$@" >>{self.folder}/done')
        self.bird = self.program('bird', f'echo bird-configuration "$@" >>{self.folder}/done')
        self.program('imrsctl', f'echo imrsctl "$@" >>{self.folder}/done\ncase "$*" in\n'
                                'upgrade) exit ${UPGRADE:-0} ;;\n'
                                f'"config recover"*) [ -e {self.marker} ] && echo "one is back"\n'
                                f'[ "$3" = --leave-mark ] || rm -f {self.marker} ;;\nesac')

    def recover(self, when: str, **environment: str) -> list[str]:
        run = self.run_script('recover-configuration', when, IMRS_CONFIGURATION=self.folder / 'agent.json',
                              IMRS_BIRD_CONFIGURATION=self.bird, **environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        return self.said('done').splitlines()

    def test_all_are_told_before_the_mark_goes(self) -> None:
        self.assertEqual(self.recover('late'), ['imrsctl config recover --leave-mark', *self.TOLD,
                                                'imrsctl upgrade', 'imrsctl config recover'])
        self.assertFalse(self.marker.exists())

    def test_what_no_upgrade_takes_back_is_restarted(self) -> None:
        restarted = ['systemctl try-restart imrs-agent.service', 'imrsctl config recover']
        self.assertEqual(self.recover('late', UPGRADE='1')[-3:], ['imrsctl upgrade', *restarted])
        self.marker.write_text('{"restarts":true}\n')
        (self.folder / 'done').unlink()
        self.assertEqual(self.recover('late'),
                         ['imrsctl config recover --leave-mark', *self.TOLD, *restarted])

    def test_a_start_waits_for_nobody(self) -> None:
        self.assertEqual(self.recover('start'), [
            'imrsctl config recover',
            'systemctl --no-block try-reload-or-restart imrs-bird.service imrs-firewall.service'])
        self.assertFalse(self.marker.exists())

    def test_nothing_to_put_back(self) -> None:
        self.marker.unlink()
        for when in ('start', 'late'):
            self.assertNotIn('systemctl', ' '.join(self.recover(when)))


ETHTOOL_L = '''Channel parameters for card:
Pre-set maximums:
RX:\t\tn/a
TX:\t\tn/a
Other:\t\t1
Combined:\t{most}
Current hardware settings:
RX:\t\tn/a
TX:\t\tn/a
Other:\t\t1
Combined:\t{now}'''
ETHTOOL_G = '''Ring parameters for card:
Pre-set maximums:
RX:\t\t{most}
RX Mini:\tn/a
TX:\t\t4096
Current hardware settings:
RX:\t\t{now}
RX Mini:\tn/a
TX:\t\t512'''


class TuneCards(Scripted):
    def setUp(self) -> None:
        super().setUp()
        cpu = self.folder / 'sys/devices/system/cpu'
        cpu.mkdir(parents=True)
        (cpu / 'online').write_text('0-2,5\n')
        (self.folder / 'sys/class/net/veth0').mkdir(parents=True)          # no device: no card

    def card(self, interrupts: list[int]) -> None:
        (self.folder / 'sys/class/net/card/device/msi_irqs').mkdir(parents=True)
        for number in interrupts:
            (self.folder / f'sys/class/net/card/device/msi_irqs/{number}').write_text('msix\n')
            (self.folder / f'proc/irq/{number}').mkdir(parents=True)

    def ethtool(self, **replies: str) -> None:
        cases = '\n'.join(f"-{option}) cat <<'END'\n{text}\nEND\n;;" for option, text in replies.items())
        self.program('ethtool', f'echo "$@" >>{self.folder}/set\ncase $1 in\n{cases}\n'
                                f'-[LGN]) exit ${{REFUSED:-0}} ;;\n*) exit 1 ;;\nesac')

    def tune(self, **environment: str) -> str:
        run = self.run_script('tune-cards', IMRS_SYS=self.folder / 'sys', IMRS_PROC=self.folder / 'proc',
                              IMRS_IRQBALANCE=self.folder / 'irqbalance', **environment)
        self.assertEqual((run.returncode, run.stderr), (0, ''))
        return run.stdout

    def orders(self) -> list[str]:
        return [line for line in self.said('set').splitlines() if line[1] in 'LGN']

    def affinities(self) -> list[str]:
        return [file.read_text().strip() for file in sorted(self.folder.glob('proc/irq/*/smp_affinity_list'))]

    def test_a_card_with_everything(self) -> None:
        self.card([30, 31, 32, 33, 34])
        self.ethtool(l=ETHTOOL_L.format(most=8, now=1), g=ETHTOOL_G.format(most=8192, now=512))
        said = self.tune()
        self.assertEqual(self.orders(), ['-L card combined 4', '-G card rx 4096',
                                         '-N card rx-flow-hash udp4 sdfn', '-N card rx-flow-hash udp6 sdfn'])
        self.assertEqual(self.affinities(), ['0', '1', '2', '5', '0'])
        self.assertIn('4 queues (were 1)', said)
        self.assertIn('5 of 5 interrupts spread', said)

    def test_what_is_right_is_not_touched(self) -> None:
        self.card([30])
        self.ethtool(l=ETHTOOL_L.format(most=2, now=2), g=ETHTOOL_G.format(most=256, now=256))
        said = self.tune()
        self.assertEqual([order for order in self.orders() if order[1] != 'N'], [])
        self.assertIn('2 queues; 256 places', said)

    def test_a_card_that_refuses(self) -> None:
        self.card([])
        self.ethtool(l=ETHTOOL_L.format(most=8, now=1), g=ETHTOOL_G.format(most=8192, now=512))
        said = self.tune(REFUSED='1')
        for words in ('1 queues, 4 refused', '512 places in the receive ring, 4096 refused',
                      'UDP is spread as the card likes', 'its interrupts are not known'):
            self.assertIn(words, said)

    def test_a_card_that_can_nothing(self) -> None:
        self.card([30])
        self.ethtool(g=ETHTOOL_G.format(most='n/a', now='n/a'))
        (self.folder / 'irqbalance').mkdir()
        said = self.tune()
        self.assertIn('queues cannot be set; places in the receive ring cannot be set', said)
        self.assertIn("interrupts are irqbalance's", said)
        self.assertEqual(self.affinities(), [])

    def test_no_card(self) -> None:
        self.ethtool()
        self.assertIn('no card found', self.tune())
        self.assertEqual(self.said('set'), '')
