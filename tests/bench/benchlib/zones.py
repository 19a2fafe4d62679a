"""The zones of a comparison and their images, and how long imrs-zone takes for them.

The root is the newest genuine one where ../shared/rootzone is there, else the lab's, which has the same
size; either is signed anew (RSASHA256/2048, NSEC, ZONEMD), so that its dates are good. arpa (signed) and
root-servers.net (not) are those of the differential test; only the memory figure needs them.
"""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from dns_zones import REAL_ZONES, root_servers_records, run, sign_arpa, write_zone
from lablib.zonemaker import ZoneMaker
from peer_servers import program


@dataclass(frozen=True)
class Zones:
    root: Path                   # signed
    anchor: Path
    serial: int
    description: str


def make_root(folder: Path, source: Path | None) -> Zones:
    program('ldns-signzone')                 # says what to do if it is not there
    genuine = sorted(REAL_ZONES.glob('root-*.zone.xz'))
    source = source or (genuine[-1] if genuine else None)
    maker = ZoneMaker(folder / 'root')
    version = maker.first(source)
    name = f'genuine root zone ({source.name})' if source else 'the lab\'s root zone (no ../shared/rootzone)'
    records = sum(1 for _ in version.file.open())
    return Zones(version.file, maker.trust_anchor, version.serial,
                 f'{name}, serial {version.serial}, {records} records, signed anew with RSASHA256/2048')


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
        arpa, anchor = sign_arpa(self._folder, '-z', 'simple:sha384')
        servers = write_zone(self._folder / 'root-servers.net', root_servers_records())
        image = self._folder / 'three.image'
        self._timed(['compile', *self._root_arguments, '--zone', f'arpa.={arpa}', '--trust-anchor',
                     str(anchor), '--zone', f'root-servers.net.={servers}', '--unsigned', 'root-servers.net.',
                     '-o', str(image)])
        return image

    def _timed(self, arguments: list[str]) -> float:
        start = time.monotonic()
        run([str(self._imrs_zone), *arguments], self._folder)
        return time.monotonic() - start
