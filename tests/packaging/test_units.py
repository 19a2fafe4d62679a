"""The package's units, and the files beside them that the system reads: what can be said without a boot."""

import configparser
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'packaging' / 'package'
UNITS = ('imrs-agent', 'imrs-bird', 'imrs-firewall', 'imrs-recover', 'imrs-tuning')
SYSTEM_UNITS = Path('/lib/systemd/system')
MANAGER = '/lib/systemd/systemd'
MOST_EXPOSED = 30                       # of systemd-analyze's 0 to 100, that is 3.0
OTHERS = ('usr/sbin/bird', 'usr/sbin/birdc', 'usr/lib/bird/prepare-environment', 'usr/bin/systemd-tmpfiles',
          'lib/systemd/systemd-sysctl')  # what units of ours and bird.service call of other packages
USERS = {'imrs-agent', 'imrs-launcher', 'imrs-engine', 'imrs-zone', 'imrs-audit', 'imrs-web', 'imrs-bird'}


def contents() -> set[str]:
    """What the package holds, by package_contents.txt."""
    lines = (Path(__file__).parent / 'package_contents.txt').read_text().splitlines()
    return {line.split()[1] for line in lines if line and not line.startswith('#')}


class Unit:
    """A unit file. A key may be there several times; an empty value takes the ones before away."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text()
        self._values: dict[tuple[str, str], list[str]] = {}
        section = ''
        for line in self.text.splitlines():
            if header := re.fullmatch(r'\[(\w+)\]', line):
                section = header[1]
            elif '=' in line and not line.startswith('#'):
                key, value = line.split('=', 1)
                self._values.setdefault((section, key), []).append(value)

    def all(self, section: str, key: str) -> list[str]:
        return self._values.get((section, key), [])

    def one(self, section: str, key: str) -> str:
        values = self.all(section, key)
        assert len(values) == 1, f'{key}: {values}'
        return values[0]

    def commands(self) -> list[str]:
        """The programs of all Exec...= lines, without systemd's prefixes."""
        return [value.split()[0].lstrip('-+!@:') for (_, key), values in self._values.items()
                if key.startswith('Exec') for value in values]


def unit(name: str) -> Unit:
    return Unit(PACKAGE / 'units' / f'{name}.service')


def make_root(folder: Path) -> None:
    """A file system that has the units, and programs by their names only."""
    system = folder / 'lib/systemd/system'
    shutil.copytree(SYSTEM_UNITS, system, symlinks=True)
    shutil.copytree(PACKAGE / 'units', system, dirs_exist_ok=True)
    for name in (*OTHERS, *(name for name in contents() if name.startswith(('usr/bin/', 'usr/lib/imrs/')))):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('#!/bin/sh\n')
        file.chmod(0o755)


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(['systemd-analyze', *arguments[:1], f'--root={folder}', *arguments[1:]],
                          capture_output=True, text=True, timeout=60, check=False)


def dependencies(folder: Path, name: str) -> dict[str, set[str]]:
    """By kind, as systemd's manager sees them. It does not tell them to root."""
    folder.parent.chmod(0o755)
    other = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] if os.geteuid() == 0 else []
    run = subprocess.run([*other, MANAGER, '--test', '--system', '--no-pager', f'--unit={name}'],
                         env={'SYSTEMD_UNIT_PATH': str(folder / 'lib/systemd/system')},
                         capture_output=True, text=True, timeout=60, check=False)
    found: dict[str, set[str]] = {}
    part = run.stdout.partition(f'-> Unit {name}:\n')[2].partition('-> Unit ')[0]
    for kind, unit_named in re.findall(r'(?m)^\s+(\w+): (\S+) \(', part):
        found.setdefault(kind, set()).add(unit_named)
    assert run.returncode == 0 and found, run.stderr[-2000:]
    return found


@unittest.skipUnless(shutil.which('systemd-analyze') and SYSTEM_UNITS.is_dir(),
                     'systemd-analyze is missing (Debian package systemd)')
class Analyzed(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / 'root'
        make_root(cls.folder)

    def test_systemd_finds_nothing_wrong(self) -> None:
        for name in UNITS:
            run = analyze(self.folder, 'verify', '--man=no', f'{name}.service')
            self.assertEqual((run.returncode, run.stdout, run.stderr), (0, '', ''), name)

    def test_systemd_would_find_it(self) -> None:
        """That the test above can fail: a key that is none, a program that is not there."""
        text = unit('imrs-agent').text.replace('UMask=', 'Umsk=').replace('/withdraw', '/wthdraw')
        wrong = self.folder / 'lib/systemd/system/imrs-wrong.service'
        wrong.write_text(text)
        self.addCleanup(wrong.unlink)
        said = analyze(self.folder, 'verify', '--man=no', 'imrs-wrong.service').stderr
        self.assertIn("Unknown key 'Umsk'", said)
        self.assertIn('/usr/lib/imrs/wthdraw is not executable', said)

    def test_exposure(self) -> None:
        for name in UNITS:
            run = analyze(self.folder, 'security', '--offline=true', '--no-pager',
                          f'--threshold={MOST_EXPOSED}', f'{name}.service')
            self.assertEqual(run.returncode, 0, f'{name}: {run.stdout[-200:]}{run.stderr}')
            self.assertRegex(run.stdout, r'Overall exposure level for .*: [0-3]\.\d')

    @unittest.skipUnless(os.access(MANAGER, os.X_OK), f'{MANAGER} is missing')
    def test_the_disk_of_the_state_may_break(self) -> None:
        """Its unit then stops. Who requires it is stopped, and not started again."""
        disk = self.folder / 'lib/systemd/system/var-lib-imrs.mount'
        disk.write_text('[Mount]\nWhat=/dev/sdz1\nWhere=/var/lib/imrs\n')
        self.addCleanup(disk.unlink)
        for name in UNITS:
            wanted = dependencies(self.folder, f'{name}.service')
            self.assertIn('sysinit.target' if name != 'imrs-firewall' else 'local-fs.target', wanted['After'])
            for kind in ('Requires', 'Requisite', 'BindsTo', 'PartOf', 'PropagatesStopTo'):
                self.assertNotIn(disk.name, wanted.get(kind, set()), f'{name}: {kind}')
            if name in ('imrs-agent', 'imrs-firewall'):
                self.assertIn(disk.name, wanted['After'], name)


class Written(unittest.TestCase):
    """What issue 8 asks of the units, and what must not change by an oversight."""

    def test_every_program_is_in_the_package(self) -> None:
        ours = contents()
        for name in UNITS:
            for command in unit(name).commands():
                self.assertTrue(command.startswith('/'), f'{name}: {command}')
                if command[1:] not in OTHERS:
                    self.assertIn(command[1:], ours, f'{name}: {command} is in no package')

    def test_nobody_has_to_reset_anything(self) -> None:
        for name in ('imrs-agent', 'imrs-bird', 'imrs-firewall', 'imrs-recover'):
            self.assertEqual(unit(name).one('Unit', 'StartLimitIntervalSec'), '0', name)
        for name in ('imrs-agent', 'imrs-bird'):
            self.assertEqual(unit(name).one('Service', 'Restart'), 'always', name)
            self.assertEqual(unit(name).one('Service', 'RestartSec'), '100ms', name)
        wanted = [unit(name) for name in UNITS if name != 'imrs-recover']     # its path starts that
        for one in (*wanted, Unit(PACKAGE / 'units/imrs-recover.path')):
            self.assertEqual(one.one('Install', 'WantedBy'), 'multi-user.target', one.text)

    def test_nothing_waits_for_a_clock(self) -> None:
        for name in UNITS:
            for key in ('After', 'Wants', 'Requires', 'BindsTo'):
                for value in unit(name).all('Unit', key):
                    self.assertNotRegex(value, r'time-sync|chron|ntp|network-online', name)

    def test_agent(self) -> None:
        agent = unit('imrs-agent')
        wanted = {'Type': 'notify', 'NotifyAccess': 'main', 'WatchdogSec': '1700ms',
                  'WatchdogSignal': 'SIGKILL', 'KillMode': 'mixed', 'OOMPolicy': 'continue',
                  'LimitCORE': '0', 'LimitMEMLOCK': 'infinity',
                  'ExecStopPost': '+/usr/lib/imrs/withdraw', 'ProtectSystem': 'strict',
                  'DevicePolicy': 'closed', 'MemoryDenyWriteExecute': 'yes', 'NoNewPrivileges': 'yes',
                  'RuntimeDirectory': 'imrs', 'ConfigurationDirectory': 'imrs'}
        for key, value in wanted.items():
            self.assertEqual(agent.one('Service', key), value, key)
        after = ' '.join(agent.all('Unit', 'After')).split()
        for earlier in ('network.target', 'imrs-bird.service', 'imrs-firewall.service',
                        'imrs-tuning.service'):
            self.assertIn(earlier, after)
        self.assertNotIn('Requires=imrs-bird', agent.text)       # BIRD's end must not end the agent
        # "stop_drain_ms" can be a minute: stopping must not be cut off before the withdrawal.
        self.assertGreater(int(agent.one('Service', 'TimeoutStopSec')), 60 + 10)

    def test_capabilities(self) -> None:
        """No more than the code says: agent/startup.cc, agent/launcher.cc; BIRD's for its sessions."""
        kept = {'imrs-agent': 'NET_ADMIN NET_BIND_SERVICE SETUID SETGID SETPCAP KILL',
                'imrs-bird': 'NET_ADMIN NET_BIND_SERVICE NET_RAW NET_BROADCAST',
                'imrs-firewall': 'NET_ADMIN', 'imrs-tuning': 'NET_ADMIN'}
        for name, capabilities in kept.items():
            found = ' '.join(unit(name).all('Service', 'CapabilityBoundingSet'))
            self.assertEqual(set(found.split()), {f'CAP_{one}' for one in capabilities.split()}, name)

    def test_bird(self) -> None:
        bird = unit('imrs-bird')
        self.assertEqual(bird.one('Service', 'User'), 'imrs-bird')
        self.assertEqual(bird.one('Service', 'Group'), 'imrs-bird')        # not one that may read secrets
        folders = (PACKAGE / 'tmpfiles.conf').read_text()
        self.assertRegex(folders, r'(?m)^d /run/imrs-bird +2750 imrs-bird +imrs-agent$')
        self.assertRegex(folders, r'(?m)^d /run/imrs-bird-config +0750 root +imrs-bird$')
        # It starts with the file of before while the agent runs: nothing may remove it at a restart.
        self.assertIn('+/usr/lib/imrs/bird-configuration start', bird.all('Service', 'ExecStartPre'))
        self.assertEqual(bird.all('Service', 'RuntimeDirectory'), [])
        self.assertNotIn('Conflicts', bird.text)    # starting bird.service would stop ours, for good
        drop_in = (PACKAGE / 'units/bird.service.d/imrs-appliance.conf').read_text()
        self.assertIn('\nConditionPathExists=!/usr/lib/imrs/imrs-agent\n', drop_in)

    def test_lines_can_be_read(self) -> None:
        for name in UNITS:
            for number, line in enumerate(unit(name).text.splitlines(), 1):
                self.assertLessEqual(len(line), 110, f'{name}:{number}')


class Beside(unittest.TestCase):
    """sysusers.d, tmpfiles.d, sysctl.d."""

    @unittest.skipUnless(shutil.which('systemd-sysusers'), 'systemd-sysusers is missing')
    def test_users(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / 'etc').mkdir()
            run = subprocess.run(['systemd-sysusers', f'--root={folder}', str(PACKAGE / 'sysusers.conf')],
                                 capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            lines = (Path(folder) / 'etc/passwd').read_text().splitlines()
            made = {line.split(':')[0]: line.split(':') for line in lines}
            self.assertEqual(set(made), USERS)
            self.assertEqual({entry[6] for entry in made.values()}, {'/usr/sbin/nologin'})
            groups = {line.split(':')[0] for line in (Path(folder) / 'etc/group').read_text().splitlines()}
            self.assertEqual(groups, USERS)
        postrm = (PACKAGE / 'control/postrm').read_text()
        self.assertEqual(set(re.search(r"users='(.*)'", postrm)[1].split()), USERS)

    def test_folders_belong_to_users_that_there_are(self) -> None:
        lines = [line.split() for line in _lines(PACKAGE / 'tmpfiles.conf')]
        self.assertEqual({kind for kind, *_ in lines}, {'d', 'r!'})
        for path, mode, user, group in (rest for kind, *rest in lines if kind == 'd'):
            self.assertTrue(path.startswith(('/etc/imrs', '/var/lib/imrs', '/run/imrs-bird')), path)
            self.assertRegex(mode, r'^[02]7[05][05]$')
            self.assertLessEqual({user, group} - {'root'}, USERS)

    @unittest.skipUnless(shutil.which('systemd-tmpfiles'), 'systemd-tmpfiles is missing')
    def test_what_was_half_written_goes_at_boot_and_nothing_else(self) -> None:
        left = ('etc/imrs/secrets.json.new-aB3xYz', 'etc/imrs/tls/server.key.new-aB3xYz',
                'var/lib/imrs/orders.json.new-aB3xYz', 'var/lib/imrs/zones/root.new-aB3xYz',
                'var/lib/imrs/rssac002/2026/11/traffic-volume/a.yaml.new-aB3xYz')
        kept = ('etc/imrs/agent.json', 'etc/imrs/agent.json.before', 'etc/imrs/secrets.json.previous',
                'etc/imrs/tls/server.key.previous.before', 'var/lib/imrs/zones/root.before',
                'var/lib/imrs/zones/root.new', 'var/lib/imrs/rssac002/2026/11/traffic-volume/a.yaml')
        with tempfile.TemporaryDirectory() as folder:
            for name in left + kept:
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_text('x')
            lines = [line for line in _lines(PACKAGE / 'tmpfiles.conf') if line[0] == 'r']   # needs no users
            subprocess.run(['systemd-tmpfiles', f'--root={folder}', '--boot', '--remove', '-'],
                           input='\n'.join(lines), text=True, check=True, timeout=30)
            there = {str(path.relative_to(folder)) for path in Path(folder).rglob('*') if path.is_file()}
        self.assertEqual(there, set(kept))

    def test_every_setting_has_a_reason(self) -> None:
        reason = False
        settings = 0
        for line in (PACKAGE / 'sysctl.conf').read_text().splitlines():
            if line.startswith('#'):
                reason = True
            elif not line:
                reason = False
            else:
                self.assertTrue(reason, f'without a reason: {line}')
                self.assertRegex(line, r'^[\w.*]+ = \d+$')
                settings += 1
        self.assertGreater(settings, 20)

    def test_the_kernel_has_these_settings(self) -> None:
        """As far as this kernel and namespace show them; a name that is wrong is ignored at boot."""
        parser = configparser.RawConfigParser(delimiters=('=',), strict=True)
        parser.optionxform = str
        parser.read_string('[sysctl]\n' + (PACKAGE / 'sysctl.conf').read_text())
        keys = [key for key in parser['sysctl']
                if Path('/proc/sys', *key.split('.')[:2]).is_dir()]       # no IPv6: none of its settings
        missing = [key for key in keys if not list(Path('/proc/sys').glob(key.replace('.', '/')))]
        self.assertEqual(missing, [])


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line and not line.startswith('#')]
