"""What is read from /proc of the guest, and what is held against it."""

import shutil
import subprocess
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

from lablib.vm import guest

ROOT = {'Uid': '0\t0\t0\t0', 'Gid': '0\t0\t0\t0', 'Groups': '', 'CapInh': '0' * 16, 'CapPrm': 'f' * 16,
        'CapEff': 'f' * 16, 'CapBnd': 'f' * 16, 'CapAmb': '0' * 16, 'NoNewPrivs': '0', 'Seccomp': '0',
        'ns/mnt': 'mnt:[1]', 'ns/net': 'net:[1]', 'ns/ipc': 'ipc:[1]', 'wx': '0', 'oom_score_adj': '0',
        'stat': f'1 (systemd) S {"7 " * 15}0 1 0'}


def stat(name: str, nice: str) -> str:
    """A line of /proc/PID/stat of a program with a name that is hard to read."""
    return f'218 ({name} 1) 2) S {"7 " * 15}{nice} 1 0'


def ours(name: str, number: int, **fields: str) -> guest.Process:
    """As it has to be, but for `fields`."""
    ids = f'{900 + number}\t' * 4
    want = f'{guest.CAPABILITIES[name]:016x}'
    kept = want if name in guest.AMBIENT else '0' * 16
    right = {**ROOT, 'Uid': ids, 'Gid': ids, 'CapPrm': want, 'CapEff': want, 'CapBnd': want,
             'CapInh': kept, 'CapAmb': kept, 'NoNewPrivs': '1', 'Seccomp': '2', 'ns/mnt': 'mnt:[2]',
             'ns/ipc': 'ipc:[2]', 'oom_score_adj': guest.OOM_SCORE.get(name, '0'),
             'stat': stat(name, guest.NICE.get(name, '0'))}
    return guest.Process(name, 100 + number, {**right, **fields})


def machine(**changed: dict[str, str]) -> list[guest.Process]:
    """Process 1 and all of the package's; `changed`: fields by name, with _ for -."""
    init = guest.Process('init', 1, ROOT)
    return [init, *(ours(name, number, **changed.get(name.replace('-', '_'), {}))
                    for number, name in enumerate(guest.CAPABILITIES))]


class Faults(unittest.TestCase):
    def test_as_it_has_to_be(self) -> None:
        self.assertEqual(guest.faults(machine()), [])

    def test_what_must_not_be(self) -> None:
        cases = (
            ('a capability of the engine', {'imrs_engine': {'CapEff': f'{1 << 12:016x}'}},
             ['imrs-engine: CapEff 0000000000001000, not 0000000000000000']),
            ('one that it could get', {'imrs_web': {'CapBnd': f'{1 << 21:016x}'}},
             ['imrs-web: CapBnd 0000000000200000, not 0000000000000000']),
            ('one missing', {'imrs_agent': {'CapEff': f'{1 << 12:016x}'}},
             ['imrs-agent: CapEff 0000000000001000, not 0000000000001400']),
            ('ambient ones of the agent', {'imrs_agent': {'CapAmb': f'{1 << 12:016x}'}},
             ['imrs-agent: CapAmb 0000000000001000, not 0000000000000000']),
            ('root', {'imrs_zone': {'Uid': '0\t0\t0\t0'}}, ['imrs-zone: Uid 0\t0\t0\t0']),
            ('saved root', {'imrs_zone': {'Gid': '904\t904\t0\t904'}}, ['imrs-zone: Gid 904\t904\t0\t904']),
            ('a group more', {'imrs_audit': {'Groups': '4'}}, ['imrs-audit: further groups: 4']),
            ('privileges by exec', {'bird': {'NoNewPrivs': '0'}}, ['bird: NoNewPrivs 0, not 1']),
            ('no filter', {'imrs_engine': {'Seccomp': '0'}}, ['imrs-engine: Seccomp 0, not 2']),
            ('code that can be written', {'imrs_engine': {'wx': '2'}}, ['imrs-engine: wx 2, not 0']),
            ('killed as late as the agent', {'imrs_web': {'oom_score_adj': '-900'}},
             ['imrs-web: oom_score_adj -900, not 0']),
            ('before the agent', {'imrs_engine': {'stat': stat('imrs-engine', '-20')}},
             ['imrs-engine: nice -20, not 0']),
            ('the machine\'s mounts', {'bird': {'ns/mnt': 'mnt:[1]'}},
             ['bird: in the mnt namespace of process 1']),
            ('another network', {'imrs_agent': {'ns/net': 'net:[7]'}},
             ['imrs-agent: not in the machine\'s network namespace']),
            ('a user of two', {'imrs_web': {'Uid': '900\t' * 4}}, ['two have the same user: ']))
        for what, changed, want in cases:
            with self.subTest(what):
                found = guest.faults(machine(**changed))
                self.assertEqual(len(found), len(want), found)
                for got, wanted in zip(found, want):
                    self.assertTrue(got.startswith(wanted), found)

    def test_who_is_missing_and_who_is_too_many(self) -> None:
        found = machine()
        without = [process for process in found if process.name != 'imrs-web']
        self.assertEqual(guest.faults(without), ['imrs-web: does not run'])
        stranger = guest.Process('sh', 999, {**found[1].fields, 'Uid': '5\t5\t5\t5'})
        self.assertEqual(guest.faults([*found, stranger]), ['sh: is no part of the package'])

    def test_the_launcher_may_keep_what_it_has_to_drop_for_others(self) -> None:
        self.assertEqual(guest.faults(machine(imrs_launcher={'CapBnd': f'{0x15e0:016x}'})), [])


class Reading(unittest.TestCase):
    LISTING = '''    1 /sbin/init
  218 /usr/lib/imrs/imrs-agent --config /etc/imrs/agent.json
  219 /usr/lib/imrs/imrs-agent --config /etc/imrs/agent.json
  220 imrs-audit
/proc/1/status:Name:\tsystemd
/proc/1/status:Uid:\t0\t0\t0\t0
/proc/218/status:Name:\timrs-agent
/proc/218/status:Seccomp_filters:\t28
/proc/219/status:Name:\timrs-launcher
/proc/220/status:Name:\t4
/proc/1/maps:0
/proc/220/maps:3
'/proc/1/ns/mnt' -> 'mnt:[4026531841]'
'/proc/218/ns/mnt' -> 'mnt:[4026532201]'
grep: /proc/221/status: No such file or directory
'''

    def test_listing(self) -> None:
        found = {process.pid: process for process in guest.processes(self.LISTING)}
        self.assertEqual({pid: process.name for pid, process in found.items()},
                         {1: 'init', 218: 'imrs-agent', 219: 'imrs-launcher', 220: 'imrs-audit'})
        self.assertEqual(found[1].fields['Uid'], '0\t0\t0\t0')
        self.assertEqual(found[218].fields['ns/mnt'], 'mnt:[4026532201]')
        self.assertEqual(found[220].fields['wx'], '3')
        self.assertEqual(guest.filters_of(list(found.values()))['imrs-agent'], 28)

    def test_exposures(self) -> None:
        printed = ('→ Overall exposure level for imrs-agent.service: 3.0 OK :-)\n'
                   '→ Overall exposure level for imrs-bird.service: 9.6 UNSAFE :-{\n')
        self.assertEqual(guest.exposures(printed), {'imrs-agent.service': 3.0, 'imrs-bird.service': 9.6})
        self.assertEqual(guest.exposures('Failed to connect\n'), {})


class Settings(unittest.TestCase):
    def test_each_is_looked_for(self) -> None:
        right = [f'{path.replace("*", name)}:{value}' for path, value in guest.settings()
                 for name in ('all', 'anycast0')]
        self.assertEqual(guest.settings_not_in_force('\n'.join(right)), [])
        missing, _ = next(iter(guest.settings()))
        self.assertEqual(guest.settings_not_in_force('\n'.join(right[2:])), [f'{missing} is not there'])
        one = '/proc/sys/net/ipv4/conf/anycast0/accept_redirects'
        other = [f'{one}:1' if line.startswith(one) else line for line in right]
        self.assertEqual(guest.settings_not_in_force('\n'.join(other)), [f'{one} is 1, not 0'])


class Serving(unittest.TestCase):
    AGENT = '/usr/lib/imrs/imrs-agent --config /etc/imrs/agent.json'

    def test_what_only_asks_or_has_ended_is_left_out(self) -> None:
        printed = '\n'.join((
            '/usr/lib/imrs/imrs-agent --check --config /etc/imrs/agent.json ', '', 'imrs-audit ',
            f'{self.AGENT} --print-firewall ', f'{self.AGENT} --print-bird-config ', f'{self.AGENT} ',
            f'{self.AGENT} --write-bird-config /run/imrs-bird-config/bird.conf ',
            '/usr/sbin/bird -f -c /run/imrs-bird-config/bird.conf '))
        self.assertEqual(guest.serving(printed), ['imrs-audit', self.AGENT, '/usr/sbin/bird -f -c '
                                                  '/run/imrs-bird-config/bird.conf'])
        self.assertEqual(guest.serving(''), [])

    def test_the_script_finds_processes_by_what_they_execute(self) -> None:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
            program = Path(folder, 'imrs-agent')
            shutil.copy('/bin/sh', program)
            for executable, option in ((program, '--check'), (program, '--config'), ('/bin/sh', '--config')):
                process = subprocess.Popen([executable, '-c', 'echo; read line', 'imrs-agent', option],
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                running.enter_context(process)           # reads the end, and ends
                assert process.stdout is not None
                process.stdout.readline()                # it is what it will be
            script = guest.RUNNING.replace("-> '/usr/lib/imrs/", f"-> '{folder}/")
            done = subprocess.run(['sh', '-c', script], capture_output=True, text=True, timeout=30,
                                  check=True)
            self.assertEqual(done.stderr, '')
            found = [line for line in guest.serving(done.stdout) if folder in line]
            self.assertEqual(found, [f'{program} -c echo; read line imrs-agent --config'])
            self.assertIn('--check', done.stdout)


if __name__ == '__main__':
    unittest.main()
