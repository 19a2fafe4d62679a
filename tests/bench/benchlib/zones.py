"""The zones of a comparison and their images, and how long imrs-zone takes for them.

The root is the newest genuine one where ../shared/rootzone is there, else the lab's, which has the same
size; either is signed anew (RSASHA256/2048, NSEC, ZONEMD), so that its dates are good. arpa (signed) and
root-servers.net (not) are made here; only the memory figure needs them.
"""

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchlib.servers import BenchError
from lablib.zonemaker import ZoneMaker

ROOT = Path(__file__).resolve().parents[3]
GENUINE = ROOT.parent / 'shared' / 'rootzone'
KEY = ['ldns-keygen', '-r', '/dev/urandom', '-a', 'RSASHA256', '-b', '2048']
LETTERS = 'abcdefghijklm'
SOA = '{origin} 86400 IN SOA a.root-servers.net. nstld.example. 2026112400 1800 900 604800 86400'
ARPA_CUTS = ('as112', 'e164', 'home', 'in-addr', 'in-addr-servers', 'ip6', 'ip6-servers', 'ipv4only', 'iris',
             'resolver', 'service', 'uri', 'urn')


@dataclass(frozen=True)
class Zones:
    root: Path                   # signed
    anchor: Path
    serial: int
    description: str


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise BenchError(f'{argv[0]} failed: {(done.stderr or done.stdout).strip()[-1000:]}')
    return done.stdout.strip()


def make_root(folder: Path, source: Path | None) -> Zones:
    if shutil.which('ldns-signzone') is None:
        raise BenchError('ldns-signzone is not installed; packaging/install-packages --tests')
    genuine = sorted(GENUINE.glob('root-*.zone.xz'))
    source = source or (genuine[-1] if genuine else None)
    maker = ZoneMaker(folder / 'root')
    version = maker.first(source)
    name = f'genuine root zone ({source.name})' if source else 'the lab\'s root zone (no ../shared/rootzone)'
    records = sum(1 for _ in version.file.open())
    return Zones(version.file, maker.trust_anchor, version.serial,
                 f'{name}, serial {version.serial}, {records} records, signed anew with RSASHA256/2048')


def _arpa_lines() -> list[str]:
    lines = [SOA.format(origin='arpa.')]
    lines += [f'arpa. 518400 IN NS {letter}.ns.arpa.' for letter in LETTERS[:-1]]
    for number, letter in enumerate(LETTERS[:-1], 1):
        lines += [f'{letter}.ns.arpa. 518400 IN A 198.18.1.{number}',
                  f'{letter}.ns.arpa. 518400 IN AAAA 2001:db8:1::{number:x}']
    for cut in ARPA_CUTS:
        for number, letter in enumerate('abcdef', 1):
            lines += [f'{cut}.arpa. 172800 IN NS {letter}.{cut}.arpa.',
                      f'{letter}.{cut}.arpa. 172800 IN A 198.18.2.{number}',
                      f'{letter}.{cut}.arpa. 172800 IN AAAA 2001:db8:2::{number:x}']
    return lines


def _root_servers_lines() -> list[str]:
    lines = [SOA.format(origin='root-servers.net.')]
    for number, letter in enumerate(LETTERS, 1):
        host = f'{letter}.root-servers.net.'
        lines += [f'root-servers.net. 3600000 IN NS {host}', f'{host} 3600000 IN A 198.18.0.{number}',
                  f'{host} 3600000 IN AAAA 2001:db8::{number:x}']
    return lines


def _sign_arpa(folder: Path) -> tuple[Path, Path]:
    """-> zone, trust anchor."""
    (folder / 'arpa').write_text('\n'.join(_arpa_lines()) + '\n')
    ksk, zsk = run([*KEY, '-k', 'arpa.'], folder), run([*KEY, 'arpa.'], folder)
    sign = ['ldns-signzone', '-o', 'arpa.', '-z', 'simple:sha384', '-f', 'arpa.signed']
    run([*sign, 'arpa', zsk, ksk], folder)
    return folder / 'arpa.signed', folder / f'{ksk}.ds'


class Images:
    def __init__(self, folder: Path, imrs_zone: Path, zones: Zones) -> None:
        self._folder, self._imrs_zone, self._zones = folder, imrs_zone, zones
        self.root = folder / 'root.image'
        self._root_arguments = ['--zone', f'.={zones.root}', '--trust-anchor', str(zones.anchor)]

    def compile_root(self) -> float:
        """-> seconds, verification of every signature included."""
        return self._timed(['compile', *self._root_arguments, '-o', str(self.root)])

    def can_audit(self) -> bool:
        """Whether imrs-zone has that subcommand."""
        return re.search(r'^  audit\s', run([str(self._imrs_zone), '--help'], self._folder), re.M) is not None

    def audit_root(self) -> float:
        return self._timed(['audit', str(self.root), *self._root_arguments])

    def compile_three(self) -> Path:
        arpa, anchor = _sign_arpa(self._folder)
        servers = self._folder / 'root-servers.net'
        servers.write_text('\n'.join(_root_servers_lines()) + '\n')
        image = self._folder / 'three.image'
        self._timed(['compile', *self._root_arguments, '--zone', f'arpa.={arpa}', '--trust-anchor',
                     str(anchor), '--zone', f'root-servers.net.={servers}', '--unsigned', 'root-servers.net.',
                     '-o', str(image)])
        return image

    def _timed(self, arguments: list[str]) -> float:
        start = time.monotonic()
        run([str(self._imrs_zone), *arguments], self._folder)
        return time.monotonic() - start
