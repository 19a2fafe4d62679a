"""Versions of the lab's root zone, signed with the lab's own keys.

A ZoneMaker owns a folder: the keys, the last version's unsigned text, every signed version as
root-SERIAL.signed, and trust-anchor.ds. All versions are signed with the same keys (RSASHA256/2048,
KSK and ZSK, NSEC, ZONEMD as the real root has), so that a later one verifies with the same anchor.
"""

import json
import lzma
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lablib.rootzone import TTL_DELEGATION, build_root_zone

# Made by signing; DS stays, it belongs to the delegation.
SIGNING_TYPES = {'RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY', 'ZONEMD'}
DAY, HOUR = 86400, 3600


class ZoneError(Exception):
    """A zone could not be read or signed; the text names it."""


@dataclass(frozen=True)
class ZoneVersion:
    serial: int
    file: Path          # signed
    good: bool          # False: one of its signatures was damaged on purpose
    change: str         # in words, against the version before


class ZoneMaker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust_anchor = folder / 'trust-anchor.ds'
        self._unsigned = folder / 'zone.unsigned'
        self._state = folder / 'zone.json'

    def current(self) -> ZoneVersion | None:
        """The version made last; None before the first."""
        try:
            state = json.loads(self._state.read_text())
        except FileNotFoundError:
            return None
        return ZoneVersion(state['serial'], Path(state['file']), state['good'], state['change'])

    def source(self) -> str | None:
        """The file that first() was given; None if the zone was made here."""
        return json.loads(self._state.read_text())['source'] if self._state.exists() else None

    def first(self, source: Path | None = None) -> ZoneVersion:
        """A zone from `source`, or one made here. With versions already there, its serial follows
        theirs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self.current()
        if source is None:
            lines = build_root_zone(int(time.strftime('%Y%m%d00', time.gmtime())))
        else:
            lines = read_unsigned(source)
        if before is not None:
            lines = with_serial(lines, _next_serial(before.serial))
        self._unsigned.write_text('\n'.join(lines) + '\n')
        return self._publish(lines, True, 'first version', str(source) if source else None)

    def next_version(self, broken_signature: bool = False) -> ZoneVersion:
        """The next serial, with one more name server in one delegation. `broken_signature`: one RRSIG
        of it does not verify, and the version after it is made from the one before."""
        lines, serial = self._following()
        changed, change = with_another_server(lines, serial)
        self._unsigned.write_text('\n'.join(lines if broken_signature else changed) + '\n')
        return self._publish(changed, not broken_signature, change, self.source())

    def restored(self) -> ZoneVersion:
        """The next serial with nothing else changed: what follows a broken version."""
        lines, serial = self._following()
        self._unsigned.write_text('\n'.join(lines) + '\n')
        return self._publish(lines, True, f'serial {serial} only', self.source())

    def expiring(self, expire: int, validity: int | None = None) -> ZoneVersion:
        """The next serial with that SOA expire, and signatures that end `validity` seconds from now on (None:
        as ever). The version after it is made from the one before."""
        lines, serial = self._following()
        self._unsigned.write_text('\n'.join(lines) + '\n')
        at = _soa_index(lines)
        fields = lines[at].split()
        fields[9] = str(expire)
        changed = [*lines[:at], ' '.join(fields), *lines[at + 1:]]
        end = None if validity is None else int(time.time()) + validity
        return self._publish(changed, True, f'serial {serial}, SOA expire {expire} s', self.source(), end)

    def _following(self) -> tuple[list[str], int]:
        before = self.current()
        if before is None:
            raise ZoneError(f'{self.folder} holds no zone yet; run "packaging/lab up" first')
        serial = _next_serial(before.serial)
        return with_serial(self._unsigned.read_text().splitlines(), serial), serial

    def _publish(self, lines: list[str], good: bool, change: str, source: str | None,
                 end: int | None = None) -> ZoneVersion:
        serial = serial_of(lines)
        signed = self._sign(lines, end)
        if not good:
            signed, victim = damage_one_signature(signed)
            change = f'{change}; damaged: {victim}'
        file = self.folder / f'root-{serial}.signed'
        file.write_text(signed)
        state = {'serial': serial, 'file': str(file), 'good': good, 'change': change, 'source': source}
        _replace(self._state, json.dumps(state))
        return ZoneVersion(serial, file, good, change)

    def _keys(self) -> list[str]:
        """Base names of ZSK and KSK, made when missing."""
        names = self.folder / 'keys'
        if not names.exists():
            key = ['ldns-keygen', '-r', '/dev/urandom', '-a', 'RSASHA256', '-b', '2048']
            ksk = _run([*key, '-k', '.'], self.folder).strip()
            zsk = _run([*key, '.'], self.folder).strip()
            _replace(self.trust_anchor, (self.folder / f'{ksk}.ds').read_text())
            _replace(names, f'{zsk} {ksk}')
        return names.read_text().split()

    def _sign(self, lines: list[str], end: int | None = None) -> str:
        """Signed from an hour before the keys were made until `end` (None: 30 days after), as zone text. RSA
        signatures of what has not changed are then the same in each version, as most are in the real root."""
        keys = self._keys()
        made = int((self.folder / 'keys').stat().st_mtime)
        (self.folder / 'to-sign').write_text('\n'.join(lines) + '\n')
        _run(['ldns-signzone', '-o', '.', '-i', str(made - HOUR), '-e', str(end or made + 30 * DAY),
              '-z', 'simple:sha384', '-f', 'signed', 'to-sign', *keys], self.folder)
        return (self.folder / 'signed').read_text()


def read_unsigned(file: Path) -> list[str]:
    """A zone file's records without DNSSEC. One record a line, as root.zone and AXFR dumps have it;
    .xz is read too."""
    opener = lzma.open if file.suffix == '.xz' else open
    try:
        with opener(file, 'rt', encoding='ascii') as text:
            records = [line.split(';')[0].rstrip() for line in text]
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise ZoneError(f'zone file {file}: {error}') from error
    lines, soa_seen = [], False
    for record in records:
        fields = record.split()
        if len(fields) < 5 or fields[3] in SIGNING_TYPES:
            continue
        if fields[3] == 'SOA' and soa_seen:                  # an AXFR dump ends with the SOA again
            continue
        soa_seen = soa_seen or fields[3] == 'SOA'
        lines.append(record)
    if not soa_seen:
        raise ZoneError(f'zone file {file}: no SOA record; one record a line is needed: '
                        'owner, TTL, class, type, rdata')
    return lines


def _soa_index(lines: list[str]) -> int:
    return next(i for i, line in enumerate(lines) if line.split()[3] == 'SOA')


def serial_of(lines: list[str]) -> int:
    return int(lines[_soa_index(lines)].split()[6])


def with_serial(lines: list[str], serial: int) -> list[str]:
    at = _soa_index(lines)
    fields = lines[at].split()
    fields[6] = str(serial)
    return [*lines[:at], ' '.join(fields), *lines[at + 1:]]


def _next_serial(serial: int) -> int:
    return (serial + 1) % 2**32                              # RFC 1982


def with_another_server(lines: list[str], serial: int) -> tuple[list[str], str]:
    """One more name server with glue, in a delegation that the serial chooses."""
    tlds = sorted({fields[0] for fields in map(str.split, lines)
                   if fields[3] == 'NS' and fields[0] != '.'})
    tld = tlds[serial % len(tlds)]
    host = f'ns{serial}.nic.{tld}'
    added = [f'{tld} {TTL_DELEGATION} IN NS {host}',
             f'{host} {TTL_DELEGATION} IN A 198.18.53.{serial % 254 + 1}',
             f'{host} {TTL_DELEGATION} IN AAAA 2001:db8:53::{serial % 0xfffe + 1:x}']
    return lines + added, f'{tld} has one more name server, {host}'


def damage_one_signature(signed: str) -> tuple[str, str]:
    """The text with one character of one DS set's RRSIG changed (still base64), and what was damaged.
    com's where there is one."""
    lines = signed.splitlines()
    candidates = [i for i, line in enumerate(lines) if line.split()[3:5] == ['RRSIG', 'DS']]
    at = next((i for i in candidates if lines[i].split()[0] == 'com.'), candidates[0])
    fields = lines[at].split()
    signature = fields[12]
    fields[12] = signature[:40] + ('B' if signature[40] == 'A' else 'A') + signature[41:]
    lines[at] = '\t'.join(fields[:5]) + ' ' + ' '.join(fields[5:])
    return '\n'.join(lines) + '\n', f'RRSIG of {fields[0]} DS'


def _run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ZoneError(f'{argv[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}')
    return done.stdout


def _replace(file: Path, text: str) -> None:
    """Never a half-written file, whatever happens."""
    fresh = file.with_name(file.name + '.new')
    fresh.write_text(text)
    os.replace(fresh, file)
