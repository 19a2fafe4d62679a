#!/usr/bin/python3
"""Real root zones, one after the other, signed with keys of our own as if by one operator.

root_history.py ZONES OUT: takes ZONES/root-SERIAL.zone.xz (records as published, without signatures) and
writes OUT/root-SERIAL.zone for each, OUT/trust-anchor.ds with both KSKs, OUT/old-anchor.ds with the first
alone, and OUT/serials. Keys and dates of signatures are the same for all: RSA signatures of what has not
changed stay the same then, and the differences between versions are as small as the real ones.

The keys roll in the last versions: from the fourth before the last on a second ZSK is published, from the
third on it signs, in the last one the first has gone (RFC 6781 section 4.1.1.1); from the fourth on the
DNSKEY set is signed by two KSKs, in the last one by the second alone (4.1.2).
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'packaging'))

from lablib.zonemaker import ZoneError, read_unsigned  # noqa: E402

INCEPTION, EXPIRATION = '20240601000000', '20480101000000'
WORKERS = 2
ROLL_VERSIONS = 4                        # before the last


@dataclass(frozen=True)
class Keys:
    """Base names of key files."""
    ksk: tuple[str, str]
    zsk: tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """What one version is signed with, and which keys it publishes besides."""
    signing: tuple[str, ...]
    published: tuple[str, ...] = ()


def plan(index: int, count: int, keys: Keys) -> Plan:
    """Of version `index` of `count`."""
    before_last = count - 1 - index
    if before_last >= ROLL_VERSIONS:
        return Plan((keys.ksk[0], keys.zsk[0]))
    if before_last == 0:
        return Plan((keys.ksk[1], keys.zsk[1]))
    if before_last == ROLL_VERSIONS - 1:
        return Plan((*keys.ksk, keys.zsk[0]), (keys.zsk[1],))
    return Plan((*keys.ksk, keys.zsk[1]), (keys.zsk[0],))


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise ZoneError(f'{argv[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}')
    return done.stdout.strip()


def make_keys(folder: Path) -> Keys:
    key = ['ldns-keygen', '-r', '/dev/urandom', '-a', 'RSASHA256', '-b', '2048']
    ksk = [run([*key, '-k', '.'], folder) for _ in range(2)]
    zsk = [run([*key, '.'], folder) for _ in range(2)]
    return Keys((ksk[0], ksk[1]), (zsk[0], zsk[1]))


def sign(packed: Path, folder: Path, what: Plan) -> None:
    serial = packed.name.split('-')[1].split('.')[0]
    lines = read_unsigned(packed)
    lines += [(folder / f'{key}.key').read_text().split(';')[0].strip() for key in what.published]
    unsigned = folder / f'{serial}.unsigned'
    unsigned.write_text('\n'.join(lines) + '\n')
    run(['ldns-signzone', '-o', '.', '-i', INCEPTION, '-e', EXPIRATION, '-z', 'simple:sha384',
         '-f', f'root-{serial}.zone', unsigned.name, *what.signing], folder)
    unsigned.unlink()


def make(zones: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    packed = sorted(zones.glob('root-*.zone.xz'))
    if len(packed) <= ROLL_VERSIONS:
        raise ZoneError(f'{zones} has {len(packed)} files root-SERIAL.zone.xz; more than '
                        f'{ROLL_VERSIONS} are needed')
    keys = make_keys(out)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(sign, file, out, plan(i, len(packed), keys)) for i, file in enumerate(packed)]
        for job in jobs:
            job.result()
    anchors = [(out / f'{key}.ds').read_text() for key in keys.ksk]
    (out / 'old-anchor.ds').write_text(anchors[0])
    (out / 'trust-anchor.ds').write_text(''.join(anchors))
    (out / 'serials').write_text(''.join(file.name.split('-')[1].split('.')[0] + '\n' for file in packed))


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        make(Path(sys.argv[1]), Path(sys.argv[2]))
    except (ZoneError, OSError) as error:
        print(f'root_history.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
