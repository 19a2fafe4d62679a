"""The three zones of a root server in their real shape, for comparing servers.

The root's arpa is delegated to names below arpa, whose addresses are glue in both zones; root-servers.net is
unsigned and holds the 13 letters' addresses. The root is the lab's, or a real one signed anew; arpa is signed
here. Everything is made in the folder given.
"""

import subprocess
from pathlib import Path

from lablib.rootzone import HINTS, build_root_zone
from lablib.zonemaker import ZoneError, ZoneMaker, read_unsigned

REAL_ZONES = Path(__file__).resolve().parent.parent.parent.parent / 'shared' / 'rootzone'
SERIAL = 2026112400
KEYGEN = ('ldns-keygen', '-r', '/dev/urandom', '-a', 'RSASHA256', '-b', '2048')

DELEGATED_ARPA = {          # name below arpa: its name servers
    'as112': ('blackhole.as112.arpa.',),
    'e164': ('ns3.afrinic.net.', 'ns4.apnic.net.', 'pri.authdns.ripe.net.'),
    'home': ('blackhole-1.iana.org.', 'blackhole-2.iana.org.'),
    'in-addr': tuple(f'{x}.in-addr-servers.arpa.' for x in 'abcdef'),
    'in-addr-servers': tuple(f'{x}.in-addr-servers.arpa.' for x in 'abcdef'),
    'ip6': tuple(f'{x}.ip6-servers.arpa.' for x in 'abcdef'),
    'ip6-servers': tuple(f'{x}.ip6-servers.arpa.' for x in 'abcdef'),
    'ipv4only': ('a.iana-servers.net.', 'ns.icann.org.'),
    'iris': ('a.iana-servers.net.', 'ns.icann.org.'),
    'uri': ('a.iana-servers.net.', 'ns.icann.org.'),
    'urn': ('a.iana-servers.net.', 'ns.icann.org.'),
    'deep.empty': ('a.iana-servers.net.',)}
SIGNED_ARPA = ('e164', 'in-addr', 'in-addr-servers', 'ip6', 'ip6-servers', 'uri', 'urn')


def run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise ZoneError(f'{argv[0]} failed: {(done.stderr or done.stdout).strip()[-1000:]}')
    return done.stdout.strip()


def compile_image(compiler: Path, zones: dict[str, Path], image: Path) -> None:
    """By compile_zones: it takes keys made on the spot."""
    run([str(compiler.resolve()), str(image), *(f'{o}={f}' for o, f in zones.items())], image.parent)


def letters() -> list[tuple[str, str, str]]:
    """(letter, A or AAAA, address) of the root servers."""
    out = []
    for line in HINTS.read_text(encoding='ascii').splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[2] in ('A', 'AAAA'):
            out.append((fields[0][0].lower(), fields[2], fields[3]))
    return out


def _arpa_servers() -> list[str]:
    """As in the root zone and in arpa: twelve letters, no J (RFC 9120)."""
    names = sorted({letter for letter, _, _ in letters()} - {'j'})
    lines = [f'arpa. 172800 IN NS {x}.ns.arpa.' for x in names]
    return lines + [f'{x}.ns.arpa. 172800 IN {kind} {address}'
                    for x, kind, address in letters() if x in names]


def arpa_records() -> list[str]:
    """Unsigned, one a line."""
    lines = ['arpa. 86400 IN SOA a.root-servers.net. nstld.iana.org. '
             f'{SERIAL} 1800 900 604800 86400', *_arpa_servers()]
    for number, (name, servers) in enumerate(DELEGATED_ARPA.items()):
        lines += [f'{name}.arpa. 172800 IN NS {server}' for server in servers]
        if name in SIGNED_ARPA:
            lines.append(f'{name}.arpa. 86400 IN DS {47000 + number} 8 2 {number:02x}{"5c" * 31}')
    hosts = [f'{x}.{zone}' for zone in ('in-addr-servers', 'ip6-servers') for x in 'abcdef']
    for number, host in enumerate(hosts):
        lines += [f'{host}.arpa. 172800 IN A 198.18.0.{number + 1}',
                  f'{host}.arpa. 172800 IN AAAA 2001:db8::{number + 1:x}']
    return [*lines, 'blackhole.as112.arpa. 172800 IN A 198.18.0.31']


def root_servers_records() -> list[str]:
    """One a line; the zone is never signed."""
    lines = [f'root-servers.net. 3600000 IN SOA a.root-servers.net. nstld.verisign-grs.com. {SERIAL} '
             '14400 7200 1209600 3600000']
    lines += [f'root-servers.net. 3600000 IN NS {x}.root-servers.net.'
              for x in sorted({letter for letter, _, _ in letters()})]
    return lines + [f'{x}.root-servers.net. 3600000 IN {kind} {address}' for x, kind, address in letters()]


def _with_real_arpa(root: list[str]) -> list[str]:
    """The root's records with arpa delegated as it really is."""
    kept = [line for line in root if line.split()[0] != 'arpa.' and not line.split()[0].endswith('.arpa.')]
    return [*kept, *_arpa_servers(), f'arpa. 86400 IN DS 42581 8 2 {"f2" * 32}']


def write_zone(file: Path, lines: list[str]) -> Path:
    file.write_text('\n'.join(lines) + '\n')
    return file


def sign_arpa(folder: Path, *options: str) -> tuple[Path, Path]:
    """-> zone, trust anchor. `options`: of ldns-signzone."""
    write_zone(folder / 'arpa', arpa_records())
    zsk, ksk = run([*KEYGEN, 'arpa.'], folder), run([*KEYGEN, '-k', 'arpa.'], folder)
    run(['ldns-signzone', '-o', 'arpa.', *options, '-f', 'arpa.signed', 'arpa', zsk, ksk], folder)
    return folder / 'arpa.signed', folder / f'{ksk}.ds'


def _three(root: list[str], folder: Path) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    source = write_zone(folder / 'root.source', _with_real_arpa(root))
    return {'.': ZoneMaker(folder / 'root').first(source).file,
            'arpa.': sign_arpa(folder)[0],
            'root-servers.net.': write_zone(folder / 'root-servers.net', root_servers_records())}


def lab_zones(folder: Path) -> dict[str, Path]:
    return _three(build_root_zone(SERIAL), folder)


def real_zones(folder: Path) -> dict[str, Path] | None:
    """With the newest real root zone there is; None if there is none."""
    found = sorted(REAL_ZONES.glob('root-*.zone.xz'))
    return _three(read_unsigned(found[-1]), folder) if found else None
