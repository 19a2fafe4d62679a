"""The Debian package. Of its sources what can be said at once; of the package itself, which is made of
build/release (packaging/deb), by `python3 -m unittest test_package.Deb`: a test of its own, for it takes half
a minute. IMRS_DEB names a package that is there already."""

import gzip
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from email.utils import parsedate_to_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'packaging' / 'package'
PROGRAMS = ('imrs-agent', 'imrs-engine', 'imrs-zone', 'imrs-web')
ELF = b'\x7fELF'


def load_tests(loader: unittest.TestLoader, tests: unittest.TestSuite,
               pattern: str | None) -> unittest.TestSuite:
    """A search for tests (ctest's "packaging") leaves the slow ones to ctest's "package"."""
    return tests if pattern is None else loader.loadTestsFromTestCase(Sources)


def run(*argv: str | Path, **options) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 0, f'{argv}: {done.stdout[-2000:]}{done.stderr[-2000:]}'
    return done.stdout


def changelog_head() -> tuple[str, int]:
    """Version and time (Unix) of the newest entry."""
    text = (PACKAGE / 'changelog').read_text()
    when = re.search(r'^ -- .*>  (.*)$', text, re.M)[1]
    return re.match(r'imrs-appliance \((.*?)\)', text)[1], int(parsedate_to_datetime(when).timestamp())


class Sources(unittest.TestCase):
    def test_one_version(self) -> None:
        project = re.search(r'project\(imrs VERSION (\S+)', (ROOT / 'CMakeLists.txt').read_text())[1]
        release = re.search(r'PACKAGE_RELEASE (\d+)', (ROOT / 'cmake/imrs_package.cmake').read_text())[1]
        self.assertEqual(changelog_head()[0], f'{project}-{release}')

    def test_nothing_of_the_configuration_is_shipped(self) -> None:
        """agent.json and the secrets are the site's: dpkg must neither ask about them nor replace them."""
        rules = (ROOT / 'cmake/imrs_package.cmake').read_text()
        self.assertNotRegex(rules, r'DESTINATION /?etc')

    def test_an_upgrade_stops_nothing(self) -> None:
        for action in ('upgrade', 'failed-upgrade', 'deconfigure'):
            said = self._maintain('prerm', action)
            self.assertEqual(said, '')

    def test_removal_stops_the_agent_first(self) -> None:
        stops = re.search(r'for unit in (.*); do', (PACKAGE / 'control/prerm').read_text())[1].split()
        self.assertEqual(stops, ['imrs-agent', 'imrs-bird', 'imrs-firewall', 'imrs-tuning'])

    def test_nothing_restarts_bird(self) -> None:
        for script in ('postinst', 'prerm'):
            self.assertNotRegex((PACKAGE / 'control' / script).read_text(), r'restart imrs-bird')

    @staticmethod
    def _maintain(script: str, *arguments: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            for name in ('deb-systemd-invoke', 'systemctl', 'imrsctl'):
                file = Path(folder, name)
                file.write_text('#!/bin/sh\necho "$0 $@"\n')
                file.chmod(0o755)
            return run(PACKAGE / 'control' / script, *arguments, env={'PATH': f'{folder}:/usr/bin:/bin'})


class Deb(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.deb = Path(os.environ.get('IMRS_DEB') or cls.make(cls.folder / 'first'))
        cls.root = cls.folder / 'root'
        run('dpkg-deb', '-R', cls.deb, cls.root)
        data = cls.folder / 'data.tar'
        with data.open('wb') as file:
            subprocess.run(['dpkg-deb', '--fsys-tarfile', cls.deb], stdout=file, timeout=60, check=True)
        with tarfile.open(data) as archive:
            cls.members = archive.getmembers()

    @staticmethod
    def make(output: Path, umask: int = -1, **environment: str) -> Path:
        return Path(run(ROOT / 'packaging' / 'deb', '--no-build', '--output', output, umask=umask,
                        env={**os.environ, **environment}).strip())

    def field(self, name: str) -> str:
        return run('dpkg-deb', '-f', self.deb, name).strip()

    def files(self) -> dict[str, Path]:
        return {member.name[2:]: self.root / member.name for member in self.members if member.isfile()}

    def test_contents(self) -> None:
        self.assertEqual(sorted(f'{member.mode:04o} {member.name[2:]}' for member in self.members
                                if not member.isdir()), sorted(_expected_contents()))

    def test_owners_kinds_and_times(self) -> None:
        time = changelog_head()[1]
        for member in self.members:
            self.assertTrue(member.isfile() or member.isdir(), member.name)
            self.assertEqual((member.uid, member.gid), (0, 0), member.name)
            self.assertEqual(member.mtime, time, member.name)
            if member.isdir():
                self.assertEqual(member.mode, 0o755, member.name)

    def test_control(self) -> None:
        self.assertEqual(self.field('Version'), changelog_head()[0])
        self.assertEqual(self.deb.name, f'imrs-appliance_{changelog_head()[0]}_amd64.deb')
        self.assertEqual(sorted(file.name for file in (self.root / 'DEBIAN').iterdir()),
                         ['control', 'md5sums', 'postinst', 'postrm', 'prerm'])

    def test_depends_on_what_it_calls(self) -> None:
        depends = re.findall(r'(?:^|, )([a-z0-9.+-]+)', self.field('Depends'))
        for package in ('bird2', 'ethtool', 'iproute2', 'netbase', 'nftables', 'systemd'):
            self.assertIn(package, depends)
        for program in self._programs():
            for library in re.findall(r'NEEDED.*\[(.*)\]', run('readelf', '-d', program)):
                owner = run('dpkg', '-S', f'*/x86_64-linux-gnu/{library}').split(':')[0]
                # Perhaps by the name of a virtual package.
                names = run('dpkg-query', '-W', '-f', '${Package}, ${Provides}', owner)
                self.assertTrue(set(re.findall(r'[a-z][a-z0-9.+-]+', names)) & set(depends),
                                f'{program.name} needs {library} of {owner}')

    def test_programs_are_stripped_and_hardened(self) -> None:
        for program in self._programs():
            self.assertNotRegex(run('readelf', '-SW', program), r'\.debug_|\.symtab', program)
            self.assertIn('NOW PIE', run('readelf', '-d', program), program)
            self.assertIn('GNU_RELRO', run('readelf', '-lW', program), program)
            self.assertNotRegex(run('readelf', '-d', program), 'RPATH|RUNPATH', program)

    def test_no_place_of_the_build(self) -> None:
        for name, file in self.files().items():
            self.assertNotIn(str(ROOT).encode(), file.read_bytes(), name)

    def test_checksums(self) -> None:
        listed = (self.root / 'DEBIAN/md5sums').read_text().splitlines()
        self.assertEqual(len(listed), len(self.files()))
        run('md5sum', '--check', '--quiet', 'DEBIAN/md5sums', cwd=self.root)

    def test_compressed_texts_have_no_time(self) -> None:
        compressed = [file for name, file in self.files().items() if name.endswith('.gz')]
        self.assertEqual(len(compressed), len(PROGRAMS) + 2)
        for file in compressed:
            self.assertEqual(file.read_bytes()[4:8], bytes(4), file)

    @unittest.skipUnless(shutil.which('groff'), 'groff is not installed (Debian package groff-base)')
    def test_manual_pages(self) -> None:
        for name in (*PROGRAMS, 'imrsctl'):
            page = gzip.decompress((self.root / f'usr/share/man/man8/{name}.8.gz').read_bytes())
            done = subprocess.run(['groff', '-man', '-ww', '-z'], input=page, capture_output=True, timeout=60,
                                  check=False)
            self.assertEqual(done.stderr, b'', name)

    def test_every_option_is_in_the_manual(self) -> None:
        for name in PROGRAMS:
            program = self.root / 'usr/lib/imrs' / name
            page = gzip.decompress((self.root / f'usr/share/man/man8/{name}.8.gz').read_bytes()).decode()
            text = page.replace('\\', '')
            options = _options(program)
            for command in _commands(program):
                self.assertIn(f'\n.B {command}\n', page)
                options |= _options(program, command)
            for option in options:
                self.assertRegex(text, rf'(?<![\w-]){option}(?![\w-])', f'{option} is not in {name}(8)')

    def test_completions(self) -> None:
        file = self.root / 'usr/share/bash-completion/completions/imrsctl'
        run('bash', '-n', file)
        self.assertIn('complete -o default -F _imrsctl imrsctl', file.read_text())

    def test_packed_twice_is_the_same(self) -> None:
        """The packing alone; packaging/reproducible builds twice, elsewhere."""
        if 'IMRS_DEB' in os.environ:
            self.skipTest('IMRS_DEB: not made here')
        other = self.make(self.folder / 'second', 0o077, TZ='Pacific/Auckland', LC_ALL='C.UTF-8')
        self.assertEqual(other.read_bytes(), self.deb.read_bytes())

    @unittest.skipUnless(shutil.which('lintian'), 'lintian is not installed (Debian package lintian)')
    def test_lintian(self) -> None:
        done = subprocess.run(['lintian', '--allow-root', '--fail-on', 'error,warning', self.deb],
                              capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ''), done.stderr)

    def _programs(self) -> list[Path]:
        found = [file for file in self.files().values() if file.read_bytes()[:4] == ELF]
        self.assertEqual({file.name for file in found}, {*PROGRAMS, 'imrsctl'})
        return found


def _expected_contents() -> list[str]:
    """package_contents.txt, with the tree's files in the place of "*"."""
    packaging = ROOT / 'packaging'
    there = {'*.md': [file for file in ROOT.glob('*.md') if file.name != 'STYLE.md'],
             'examples': packaging.glob('examples/*.json'), 'grafana': packaging.glob('grafana/*'),
             'prometheus': [file for file in packaging.glob('prometheus/*') if file.name != 'tests.yaml']}
    expected = []
    for line in (Path(__file__).parent / 'package_contents.txt').read_text().splitlines():
        folder, _, name = line.rpartition('/')
        if line.startswith('#'):
            continue
        if '*' not in name:
            expected.append(line)
            continue
        files = there[name] if name in there else there[folder.rpartition('/')[2]]
        expected += [f'{folder}/{file.name}' for file in files]
    return expected


def _options(program: Path, *command: str) -> set[str]:
    text = run(program, *command, '--help')
    return set(re.findall(r'^\s+(?:-\w,)?(--[a-z-]+)', text, re.M)) - {'--help'}


def _commands(program: Path) -> list[str]:
    _, _, commands = run(program, '--help').partition('\nSubcommands:\n')
    return re.findall(r'^  ([a-z-]+) ', commands, re.M)
