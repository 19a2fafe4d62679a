"""The lab of an ordinary user, as that user meets it: nobody, who gets no root at any step.

What the machine may lack for it (a device node that everybody may open, a readable copy of this tree, a range
of subordinate ids) is mounted, for these tests alone, in a mount namespace of their own."""

import ctypes
import json
import os
import shutil
import signal
import stat as modes
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from labcase import proc_status
from lablib import topology as net
from lablib.processes import Stat, everything, strays, wait_until
from lablib.rootless import HOLDER, NEWNS

REPOSITORY = Path(__file__).resolve().parents[2]
RELEASE = REPOSITORY / 'build' / 'release'
NOBODY, FIRST, COUNT = 65534, 2000000, 65536       # the user, and its range of subordinate ids
RANGES = (Path('/etc/subuid'), Path('/etc/subgid'))
CHILDREN = ('engine', 'zone', 'web')


class Stage:
    """Where nobody works. `missing` says why it cannot be had here."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix='imrs-rootless-'))
        self.missing = ''
        self._mounted: list[Path] = []
        self._made: list[Path] = []

    def set_up(self) -> None:
        self.folder.chmod(0o755)
        if ctypes.CDLL(None).unshare(NEWNS) != 0:
            self.missing = 'no mount namespace here'
            return
        try:
            _run('mount', '--make-rprivate', '/')
            self._bind(REPOSITORY, self._make('tree', folder=True))
            self._bind(Path(os.environ['IMRS_BUILD']), self._make('build', folder=True))
            tun = self._make('tun')
            tun.unlink()
            os.mknod(tun, modes.S_IFCHR | 0o666, os.stat('/dev/net/tun').st_rdev)
            tun.chmod(0o666)
            self._bind(tun, Path('/dev/net/tun'))
            self.range('')
            _run(*as_nobody('unshare', '--user', '--map-root-user', '--net', '--mount', 'true'))
        except (OSError, subprocess.CalledProcessError) as error:
            self.missing = f'{error}: {getattr(error, "stderr", None) or ""}'.strip()

    def range(self, line: str) -> None:
        """All that the two files of ranges say."""
        for place in RANGES:
            file = self.folder / place.name
            if file not in self._made:
                self._make(place.name).chmod(0o644)
                self._bind(file, place)
            file.write_text(line)

    def tear_down(self) -> None:
        """Never by removing a tree: the repository is mounted in it."""
        for place in reversed(self._mounted):
            _run('umount', place)
        for file in reversed(self._made):
            file.rmdir() if file.is_dir() else file.unlink()
        self.folder.rmdir()

    def _make(self, name: str, folder: bool = False) -> Path:
        file = self.folder / name
        file.mkdir() if folder else file.touch()
        self._made.append(file)
        return file

    def _bind(self, source: Path, place: Path) -> None:
        _run('mount', '--bind', source, place)
        self._mounted.append(place)


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)


def as_nobody(*words: str | Path) -> list[str | Path]:
    return ['setpriv', '--reuid', str(NOBODY), '--regid', str(NOBODY), '--clear-groups', *words]


STAGE = Stage()


def setUpModule() -> None:
    STAGE.set_up()
    unittest.addModuleCleanup(STAGE.tear_down)


def start(*words: str, folder: str = 'tree') -> subprocess.Popen:
    """A command of nobody's, in the tree, with an ordinary user's PATH."""
    environment = {'PATH': '/usr/local/bin:/usr/bin:/bin', 'HOME': '/nonexistent', 'LANG': 'C.UTF-8'}
    return subprocess.Popen(as_nobody(*words), cwd=STAGE.folder / folder, env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def command(*words: str, limit: float = 120) -> tuple[int, str, str]:
    """Its exit status, output and errors."""
    process = start(*words)
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, output, errors


def lab(*words: str) -> tuple[int, str, str]:
    return command('packaging/lab', *words)


def running() -> list[Stat]:
    """What runs as nobody or out of nobody's range."""
    return [process for process in everything()
            if process.uid == NOBODY or FIRST <= process.uid < FIRST + COUNT]


class Case(unittest.TestCase):
    RANGE = ''                                       # of nobody's in /etc/subuid and /etc/subgid

    def setUp(self) -> None:
        if STAGE.missing:
            self.skipTest(f'SKIPPED: an ordinary user cannot have the lab here: {STAGE.missing}')
        STAGE.range(self.RANGE)
        self.before = {process.pid for process in running()}
        self.addCleanup(lab, 'down')

    def up(self) -> str:
        status, output, errors = lab('up', '--build', str(STAGE.folder / 'build'))
        self.assertEqual(status, 0, output + errors)
        return output

    def status(self) -> dict:
        return json.loads(lab('status', '--json')[1])

    def assert_nothing_left(self) -> None:
        self.assertTrue(wait_until(lambda: not self.left(), 5), self.left())

    def left(self) -> list[str]:
        return [f'{process.pid} {process.name}' for process in self.ours()]

    def ours(self, name: str = '') -> list[Stat]:
        """The processes that this test has made (of that name), as root outside sees them."""
        return [process for process in running()
                if process.pid not in self.before and name in ('', process.name)]

    def outside(self, name: str) -> Stat:
        """The one of that name."""
        found = self.ours(name)
        self.assertEqual(len(found), 1, f'{name}: {self.left()}')
        return found[0]


class OneUser(Case):
    def test_the_main_job(self) -> None:
        """Up, right answers, a broken zone refused, routes gone with the agent, back, and down."""
        self.assertRegex(self.up(), r'separate users +OFF')
        found = self.status()
        self.assertTrue(found['complete'])
        self.assertEqual(set(found['routes']), set(net.PREFIXES))
        self.assertEqual({found['processes'][name]['uid'] for name in ('agent', *CHILDREN)}, {0})
        self.assertIn('status: NOERROR', lab('dig', 'com.', 'NS', '+norec')[1])
        self.assertEqual(lab('zone', 'broken')[0], 0)
        self.assertTrue(wait_until(lambda: 'refused' in lab('ctl', 'zone')[1], 20), lab('ctl', 'zone'))
        self.assertEqual(set(self.status()['routes']), set(net.PREFIXES))
        self.assertEqual(lab('agent', 'kill')[0], 0)
        self.assertTrue(wait_until(lambda: self.status()['routes'] == [], 5), self.status()['routes'])
        self.assertIn('made or repaired: agent', self.up())
        self.assertEqual(lab('down'), (0, '', ''))
        self.assert_nothing_left()

    def test_programs_that_face_the_network_have_no_capability_all_the_same(self) -> None:
        self.up()
        for name in CHILDREN:
            process = self.outside(f'imrs-{name}')
            fields = proc_status(process.pid)
            self.assertEqual(process.uid, NOBODY, name)
            for key in ('CapEff', 'CapPrm', 'CapBnd', 'CapAmb'):
                self.assertEqual(int(fields[key], 16), 0, f'{name} {key}')
            self.assertEqual((fields['NoNewPrivs'], fields['Seccomp']), ('1', '2'), name)

    def test_it_is_out_of_root_s_lab_s_reach(self) -> None:
        """Also when it is in a directory of the same name."""
        self.up()
        self.assertEqual(strays(net.DEFAULT_DIRECTORY, [*net.UIDS.values(), NOBODY]), [])

    def test_who_kills_the_holder_removes_all(self) -> None:
        self.up()
        os.kill(self.outside(HOLDER).pid, signal.SIGKILL)
        self.assert_nothing_left()
        self.assertEqual(lab('down')[0], 0)

    def test_ended_by_sigterm_says_so(self) -> None:
        process = start('packaging/lab', 'up', '--build', str(STAGE.folder / 'build'))
        try:
            self.assertTrue(wait_until(lambda: self.ours('bird'), 20))
            process.send_signal(signal.SIGTERM)
            self.assertEqual((process.communicate(timeout=20)[1], process.returncode), ('', 130))
        finally:
            process.kill()
        self.assertEqual(lab('down')[0], 0)
        self.assert_nothing_left()

    def test_not_up(self) -> None:
        status, _, errors = lab('status')
        self.assertEqual(status, 1)
        self.assertIn('packaging/lab up', errors)
        self.assertEqual(lab('down'), (0, '', ''))
        self.assert_nothing_left()

    def test_without_the_device_it_says_why_and_leaves_nothing(self) -> None:
        device = STAGE.folder / 'tun'
        device.chmod(0o600)
        self.addCleanup(device.chmod, 0o666)
        for words in (('packaging/lab', 'up'), ('env', 'PYTHONPATH=packaging', '/usr/bin/python3', '-B', '-m',
                                                'lablib.rootless')):
            status, _, errors = command(*words)
            self.assertEqual(status, 1, words)
            self.assertIn('/dev/net/tun: Permission denied', errors)
        self.assert_nothing_left()

    def test_quickstart(self) -> None:
        if Path(os.environ['IMRS_BUILD']) != RELEASE:
            self.skipTest('SKIPPED: quickstart shows build/release only')
        begin = time.monotonic()
        status, output, errors = command('env', f'PATH={os.environ["PATH"]}', 'PYTHONPATH=packaging',
                                         '/usr/bin/python3', '-B', '-m', 'lablib.quickstart')
        self.assertEqual((status, errors), (0, ''), output)
        self.assertRegex(output, r'separate users +OFF')
        self.assertRegex(output, r'answered, 0 wrong')
        print(f'\n    quickstart without root: {time.monotonic() - begin:.1f} s', end=' ', flush=True)
        self.assert_nothing_left()


class SeparateUsers(Case):
    RANGE = f'nobody:{FIRST}:{COUNT}\n'

    def setUp(self) -> None:
        if not shutil.which('newuidmap'):
            self.skipTest('SKIPPED: newuidmap is missing (package uidmap)')
        super().setUp()

    def test_each_program_has_its_own(self) -> None:
        self.assertRegex(self.up(), r'separate users +on')
        found = self.status()
        self.assertTrue(found['complete'])
        for name in ('agent', 'launcher', *CHILDREN):
            self.assertEqual(found['processes'][name]['uid'], net.UIDS[name], name)
        for name in CHILDREN:
            self.assertEqual(self.outside(f'imrs-{name}').uid, FIRST + net.UIDS[name] - 1, name)
        self.assertEqual(lab('down'), (0, '', ''))
        self.assert_nothing_left()
