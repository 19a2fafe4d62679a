"""What dpkg runs: the package's control scripts, with a folder in the place of the root directory."""

import shutil
import subprocess
import unittest

from scripted import PACKAGE, Scripted

OWN = ('unshare', '--user', '--map-root-user', '--mount')         # where anybody may mount
MOUNTS = shutil.which('unshare') is not None and subprocess.run(
    [*OWN, 'sh', '-c', 'mount -t tmpfs none /mnt'], capture_output=True, check=False).returncode == 0


class Control(Scripted):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.folder / 'root'
        for name in ('etc/imrs/anchors', 'var/lib/imrs/zones', 'run/imrs', 'run/systemd/system',
                     'usr/lib/imrs', 'lib/systemd', 'usr/share/dns'):
            (self.root / name).mkdir(parents=True)
        (self.root / 'usr/share/dns/root.ds').touch()
        for name in ('systemctl', 'deb-systemd-invoke', 'imrsctl', 'systemd-run'):
            self.program(name, f'echo {name} "$@" >>{self.folder}/done')
        for name in ('deb-systemd-helper', 'systemd-sysusers', 'systemd-tmpfiles'):
            self.program(name, 'exit 0')
        self.program('getent', 'exit 2')
        self.installed('lib/systemd/systemd-sysctl', 'exit 0')
        self.installed('usr/lib/imrs/imrs-agent', f'cat {self.root}/etc/imrs/agent.json; '
                                                  f'! grep -q refused {self.root}/etc/imrs/agent.json')
        self.installed('usr/lib/imrs/bird-configuration',
                       f'echo bird-configuration "$@" >>{self.folder}/done\n'
                       f'exit $(cat {self.folder}/compared)')
        (self.folder / 'compared').write_text('0')
        (self.root / 'etc/imrs/agent.json').write_text('good\n')

    def installed(self, name: str, text: str) -> None:
        self.program('new', text).rename(self.root / name)

    def control(self, name: str, *arguments: str, before: str = '', own: bool = False) -> str:
        """What the script says, and its exit status as the last line."""
        text = (PACKAGE / 'control' / name).read_text()
        for top in ('etc', 'var', 'run', 'usr', 'lib'):
            for before_it in (' ', '\t', '='):
                text = text.replace(f'{before_it}/{top}/', f'{before_it}{self.root}/{top}/')
        script = self.program(name, '')
        script.write_text(text)
        command = f'{before}\nsh {script} "$@"\necho $?'
        run = subprocess.run([*(OWN if own else ()), 'sh', '-c', command, 'sh', *arguments],
                             capture_output=True, text=True, timeout=30, check=False,
                             env={'PATH': f'{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin'})
        self.assertNotIn('not found', run.stderr)
        return run.stdout.replace(f'{self.root}', '')


class Upgrade(Control):
    """systemctl says of every unit that it is active."""

    def done(self) -> list[str]:
        return [line for line in self.said('done').splitlines() if 'is-active' not in line]

    def test_the_agent_becomes_the_new_one(self) -> None:
        self.assertTrue(self.control('postinst', 'configure', '1.0').endswith('\n0\n'))
        self.assertEqual(self.done()[-1], 'imrsctl upgrade')
        self.assertIn('deb-systemd-invoke reload imrs-firewall.service', self.done())

    def refused(self, *words: str) -> None:
        (self.folder / 'done').unlink(missing_ok=True)
        said = self.control('postinst', 'configure', '1.0')
        self.assertEqual(said.splitlines()[-1], '1')
        for text in (*words, 'The version before runs on', 'RESTART NOTHING', 'imrs-appliance_1.0_amd64.deb',
                     'dpkg --configure -a'):
            self.assertIn(text, said)
        for word in ('imrs-agent', 'imrs-firewall', 'imrs-bird', 'imrs-recover', 'upgrade', 'systemd-run'):
            self.assertNotIn(word, '\n'.join(self.done()))

    def test_a_version_that_refuses_the_configuration_is_not_configured(self) -> None:
        (self.root / 'etc/imrs/agent.json').write_text('refused: no such key\n')
        self.refused('refused: no such key', 'this version refuses /etc/imrs/agent.json')
        (self.root / 'etc/imrs/agent.json').write_text('good\n')          # mended: dpkg --configure -a
        self.assertTrue(self.control('postinst', 'configure', '1.0').endswith('\n0\n'))
        self.assertEqual(self.done()[-1], 'imrsctl upgrade')

    def test_nor_is_one_whose_configuration_bird_does_not_take(self) -> None:
        (self.folder / 'compared').write_text('1')
        self.refused('BIRD does not take what this version makes')

    def test_another_configuration_of_birds_is_taken_by_a_reload(self) -> None:
        (self.folder / 'compared').write_text('3')
        self.program('systemctl', 'case "$*" in *imrs-other-bird*) exit 3 ;; esac')
        self.assertTrue(self.control('postinst', 'configure', '1.0').endswith('\n0\n'))
        self.assertIn('reload imrs-bird.service', self.said('done').partition('systemd-run')[2])

    def test_a_bird_that_does_not_run_takes_it_at_its_start(self) -> None:
        self.program('systemctl', 'case "$*" in *imrs-bird.service) exit 3 ;; esac')
        self.assertTrue(self.control('postinst', 'configure', '1.0').endswith('\n0\n'))
        self.assertIn('bird-configuration renew', self.done())


class Purge(Control):
    STATE = 'var/lib/imrs/zones/root'

    def test_nothing_stays(self) -> None:
        (self.root / self.STATE).touch()
        self.assertEqual(self.control('postrm', 'purge'), '0\n')
        for name in ('etc/imrs', 'var/lib/imrs', 'run/imrs'):
            self.assertFalse((self.root / name).exists(), name)

    @unittest.skipUnless(MOUNTS, 'nothing can be mounted here')
    def test_a_mount_stays_empty(self) -> None:
        state = self.root / 'var/lib/imrs'
        said = self.control('postrm', 'purge', own=True,
                            before=f'mount -t tmpfs none {state}; mkdir {state}/zones\n'
                                   f'touch {state}/zones/root; trap "find {state}" EXIT')
        self.assertEqual(said.splitlines(), ['imrs-appliance: /var/lib/imrs stays, empty: is it a mount?',
                                             '0', '/var/lib/imrs'])
        self.assertFalse((self.root / 'etc/imrs').exists())

    @unittest.skipUnless(MOUNTS, 'nothing can be mounted here')
    def test_a_disk_of_somebody_elses_below_it_stays_whole(self) -> None:
        other = self.root / 'var/lib/imrs/zones'
        said = self.control('postrm', 'purge', own=True,
                            before=f'mount -t tmpfs none {other}; touch {other}/theirs\n'
                                   f'trap "ls {other}" EXIT')
        self.assertIn('/var/lib/imrs stays, with what could not be removed', said)
        self.assertEqual(said.splitlines()[-2:], ['0', 'theirs'])
