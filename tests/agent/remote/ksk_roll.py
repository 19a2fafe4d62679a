#!/usr/bin/python3
"""ksk_roll.py BIN: a roll of the key signing key, with zones as a signer makes them, and the programs in BIN.

A root zone is signed as it is before, during and after a roll, and imrs-zone is given each of these versions
with the anchor of the first key, of both, and of the second. What it has to say is in ROLL. Then the steps of
the handbook are gone through with `imrsctl rotate trust-anchor`, while imrs-engine serves these versions:
each step in its order, and each that comes too early or too late has to be refused. Exit code 77 where
ldnsutils are missing.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

SKIPPED = 77
TOOLS = ('ldns-keygen', 'ldns-signzone')
ZONE = '''. 86400 IN SOA a.root-servers.net. nstld.example. {serial} 1800 900 604800 86400
. 518400 IN NS a.root-servers.net.
com. 172800 IN NS a.nic.com.
com. 86400 IN DS 30909 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d
a.nic.com. 172800 IN A 198.18.0.1
org. 172800 IN NS a.nic.org.
a.nic.org. 172800 IN AAAA 2001:db8::1
'''
# Version of the zone -> keys in it besides those that sign, keys that sign, and whether it is taken with the
# anchors of (the first key, both, the second key).
ROLL = {
    'before': ((), ('first',), (True, True, False)),
    'the second is published': (('second',), ('first',), (True, True, False)),
    'both sign': ((), ('first', 'second'), (True, True, True)),
    'the second signs': (('first',), ('second',), (False, True, True)),
    'after': ((), ('second',), (False, True, True)),
}
ANCHORS = (('first',), ('first', 'second'), ('second',))
# The handbook's steps: each with the version that is served then, and the anchors from then on.
STEPS = (('before', ('first',)), ('before', ('first', 'second')),
         ('the second is published', ('first', 'second')), ('both sign', ('first', 'second')),
         ('the second signs', ('first', 'second')), ('the second signs', ('second',)), ('after', ('second',)))


class Signer:
    """Keys and signed versions in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zsk = self._keygen()
        self.keys = {name: self._keygen('-k') for name in ('first', 'second')}
        self.versions = {name: self._sign(serial, *of[:2])
                         for serial, (name, of) in enumerate(ROLL.items(), 1)}

    def anchors(self, names: tuple[str, ...]) -> Path:
        file = self.folder / ('-'.join(names) + '.ds')
        file.write_text(''.join((self.folder / f'{self.keys[name]}.ds').read_text() for name in names))
        return file

    def _keygen(self, *more: str) -> str:
        return self._run('ldns-keygen', '-r', '/dev/urandom', '-a', 'ECDSAP256SHA256', *more, '.').strip()

    def _sign(self, number: int, published: tuple[str, ...], signers: tuple[str, ...]) -> Path:
        keys = ''.join((self.folder / f'{self.keys[name]}.key').read_text() for name in published)
        (self.folder / 'unsigned').write_text(ZONE.format(serial=number) + keys)
        signed = self.folder / f'zone-{number}'
        self._run('ldns-signzone', '-o', '.', '-z', 'simple:sha384', '-f', signed.name, 'unsigned', self.zsk,
                  *(self.keys[name] for name in signers))
        return signed

    def _run(self, *argv: str) -> str:
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'{argv[0]}: {done.stderr.strip()}')
        return done.stdout


def tags_in(file: Path) -> list[str]:
    """The key tags of the file's DS records."""
    records = [line.split() for line in file.read_text().splitlines()]
    return [fields[fields.index('DS') + 1] for fields in records if 'DS' in fields]


class Rehearsal(unittest.TestCase):
    programs = Path()

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.signer = Signer(cls.folder)

    def compile(self, version: str, anchors: tuple[str, ...]) -> subprocess.CompletedProcess:
        argv = [self.programs / 'imrs-zone', 'compile', '--zone', f'.={self.signer.versions[version]}',
                '--trust-anchor', self.signer.anchors(anchors), '-o', self.folder / 'image']
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


class Versions(Rehearsal):
    """What imrs-zone takes."""

    def test_each_version_with_each_set_of_anchors(self) -> None:
        for version, (_, signers, wanted) in ROLL.items():
            for anchors, good in zip(ANCHORS, wanted, strict=True):
                run = self.compile(version, anchors)
                said = f'{version}, anchors of {anchors}: {run.stderr}'
                self.assertEqual(run.returncode == 0, good, said)
                if not good:
                    self.assertRegex(run.stderr, 'trust anchor|not signed by a trusted key', said)

    def test_the_steps_in_their_order_lose_nothing(self) -> None:
        for version, anchors in STEPS:
            run = self.compile(version, anchors)
            self.assertEqual(run.returncode, 0, f'{version}, anchors of {anchors}: {run.stderr}')

    def test_without_the_first_step_the_zone_is_lost(self) -> None:
        """What a roll would do to an appliance whose new anchor was forgotten."""
        taken = [self.compile(version, ('first',)).returncode == 0 for version in ROLL]
        self.assertEqual(taken, [True, True, True, False, False])

    def test_too_early_is_lost_as_well(self) -> None:
        taken = [self.compile(version, ('second',)).returncode == 0 for version in ROLL]
        self.assertEqual(taken, [False, False, True, True, True])


class Rotations(Rehearsal):
    """What imrsctl does to the file of anchors while a version is served. Nobody is to be restarted here:
    what is called like systemctl does nothing."""

    def setUp(self) -> None:
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.file = self.folder / 'imrs' / 'anchors' / 'root.ds'
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / 'imrs' / 'agent.json'
        self.config.write_text(json.dumps({
            'instance': {'identity': 'lab01.example', 'kind': 'single', 'appliance': 'calypso'},
            'service': {'addresses': ['127.0.0.1'], 'port': self.port},
            'prefixes': [{'prefix': '127.0.0.0/24', 'role': 'specific'}],
            'bgp': {'router_id': '192.0.2.1', 'neighbours': [
                {'name': 'host4', 'address': '192.0.2.2', 'source': '192.0.2.1', 'as': 64500}]},
            'zones': [{'origin': '.', 'file': '/nowhere', 'trust_anchors': [str(self.file)]}],
            'users': {name: f'{uid}:{uid}' for uid, name in enumerate(
                ('agent', 'launcher', 'engine', 'zone', 'web', 'audit'), 64001)}}))
        self.file.write_text(self.signer.anchors(('first',)).read_text())

    @contextlib.contextmanager
    def served(self, version: str) -> Iterator[None]:
        run = self.compile(version, ('first', 'second'))
        self.assertEqual(run.returncode, 0, run.stderr)
        argv = [self.programs / 'imrs-engine', '--image', self.folder / 'image', '--workers', '1', '--listen',
                f'127.0.0.1:{self.port}']
        engine = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        try:
            self.assertTrue(self._listens(), 'imrs-engine does not listen')
            yield
        finally:
            engine.kill()
            engine.wait()

    def _listens(self) -> bool:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port), 1):
                return True
            time.sleep(.01)
        return False

    def rotate(self, *words: str, new: tuple[str, ...] = (), command: str = 'rotate') -> str:
        """Empty, or what was said against it; then the file is as it was."""
        before = self.file.read_text()
        text = self.signer.anchors(new).read_text() if new else ''
        argv = [self.programs / 'imrsctl', command, 'trust-anchor', *words, '--config', self.config,
                '--restart', '--manager', '/bin/true']
        run = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=30, check=False)
        if run.returncode == 0:
            return ''
        self.assertEqual(self.file.read_text(), before)
        return run.stderr

    def tags(self) -> list[str]:
        return tags_in(self.file)

    def tag(self, name: str) -> str:
        return tags_in(self.folder / f'{self.signer.keys[name]}.ds')[0]

    def test_the_steps_of_the_handbook(self) -> None:
        first, second = self.tag('first'), self.tag('second')
        with self.served('before'):
            self.assertIn('would not be known', self.rotate(new=('second',)))
            self.assertEqual(self.rotate('--add', new=('second',)), '')
            self.assertEqual(self.tags(), [first, second])
            self.assertIn('is there already', self.rotate('--add', new=('second',)))
        for version in ('before', 'the second is published'):
            with self.served(version):
                self.assertIn('would not be known', self.rotate('--remove', first), version)
        with self.served('the second signs'):
            self.assertIn('would not be known', self.rotate('--remove', second))
            self.assertEqual(self.rotate('--remove', first), '')
            self.assertEqual(self.tags(), [second])
            self.assertIn('is the last anchor', self.rotate('--remove', second))
            self.assertEqual(self.rotate(command='rollback'), '')
            self.assertEqual(self.tags(), [first, second])
            self.assertEqual(self.rotate(command='rollback'), '')
        self.assertEqual(self.tags(), [second])

    def test_a_roll_that_is_given_up(self) -> None:
        first, second = self.tag('first'), self.tag('second')
        with self.served('the second is published'):
            self.assertEqual(self.rotate('--add', new=('second',)), '')
            self.assertEqual(self.rotate('--remove', second), '')
        self.assertEqual(self.tags(), [first])

    def test_the_new_anchor_was_forgotten(self) -> None:
        """What is served is signed by a key that no anchor names; adding its anchor mends that."""
        with self.served('the second signs'):
            self.assertIn('would not be known', self.rotate(new=('first',)))
            self.assertEqual(self.rotate('--add', new=('second',)), '')

    def test_nothing_is_served(self) -> None:
        said = self.rotate('--add', new=('second',))
        self.assertIn('does not answer for . DNSKEY', said)
        self.assertEqual(self.rotate('--add', '--unchecked', new=('second',)), '')


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    Rehearsal.programs = Path(sys.argv[1]).resolve()
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f'SKIPPED: {", ".join(missing)} not installed (Debian package ldnsutils)')
        return SKIPPED
    result = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result
    return 0 if result.testsRun > 0 and result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
