"""The query mix of L-root, made from a root zone's delegations; the same zone and seed give the same file.

By its RSSAC002 reports of 2022-06-01: 45 % below existing TLDs (a few of them heavy, the rest by Zipf's
law), 54 % names that do not exist, 1 % priming; EDNS on 90 %, DO on 80 % of these, some mixed case and
client cookies. File: repeated length (16 bits, network order) and message, ids 0.
"""

import bisect
import itertools
import random
import string
import struct
from pathlib import Path

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28, 'SRV': 33,
         'DS': 43, 'DNSKEY': 48, 'HTTPS': 65, 'ANY': 255, 'CAA': 257}
HEAVY = {'com': .34, 'net': .13, 'org': .06, 'arpa': .12}     # share of the queries below existing TLDs
PRIMING, EXISTING = .01, .445
EDNS_DO, MIXED_CASE, COOKIE = .8, .08, .2
CHARACTERS = string.ascii_lowercase + string.digits
COOKIE_OPTION, OPT = 10, 41

HOST_TYPES = {'A': 48, 'AAAA': 24, 'NS': 7, 'DS': 6, 'HTTPS': 5, 'MX': 3, 'TXT': 3, 'SOA': 2, 'SRV': 1,
              'CNAME': .5, 'DNSKEY': .3, 'CAA': .2}
TLD_TYPES = {'NS': 45, 'DS': 22, 'A': 18, 'AAAA': 6, 'SOA': 4, 'DNSKEY': 2, 'MX': 1, 'TXT': 1, 'ANY': .2}
MISSING_TYPES = {'A': 66, 'AAAA': 22, 'PTR': 2, 'SRV': 3, 'NS': 2, 'SOA': 2, 'HTTPS': 1, 'TXT': 1, 'MX': 1}
PRIMING_TYPES = {'NS': 70, 'DNSKEY': 20, 'SOA': 10}
PRIVATE = {'local': 22, 'lan': 14, 'home': 14, 'internal': 12, 'localdomain': 8, 'corp': 7, 'dhcp': 4,
           'localhost': 4, 'router': 3, 'domain': 3, 'invalid': 2, 'belkin': 2, 'openstacklocal': 3,
           'intranet': 2}
SIZES = {None: 10, 512: 7, 1232: 40, 1400: 8, 4096: 35}       # None: no EDNS
FLAGS = {0: 55, 0x0010: 30, 0x0100: 8, 0x0110: 4, 0x0020: 3}
HOSTS = (b'www', b'mail', b'api', b'ns1', b'cdn')

Labels = list[bytes]


class Picker:
    """Weighted choice, quick enough for millions of draws."""

    def __init__(self, rng: random.Random, weights: dict) -> None:
        self._items = list(weights)
        self._sums = list(itertools.accumulate(weights.values()))
        self._random = rng.random

    def __call__(self):
        return self._items[bisect.bisect(self._sums, self._random() * self._sums[-1])]


def delegations(zone: Path) -> list[str]:
    """In the file's order, without the dot at the end."""
    owners: dict[str, None] = {}
    for line in zone.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3] == 'NS' and fields[0] != '.':
            owners[fields[0].lower().rstrip('.')] = None
    return list(owners)


def message(labels: Labels, qtype: int, flags: int, opt: bytes) -> bytes:
    name = b''.join(bytes([len(label)]) + label for label in labels) + b'\0'
    return struct.pack('>6H', 0, flags, 1, 0, 0, bool(opt)) + name + struct.pack('>HH', qtype, 1) + opt


class Mix:
    def __init__(self, tlds: list[str], rng: random.Random) -> None:
        self._rng, self._known = rng, set(tlds)
        rest = [tld for tld in tlds if tld not in HEAVY]
        rng.shuffle(rest)
        zipf = [1 / (i + 1) for i in range(len(rest))]
        scale = (1 - sum(HEAVY.values())) / sum(zipf)
        weights = {tld: share for tld, share in HEAVY.items() if tld in self._known}
        weights.update((tld, share * scale) for tld, share in zip(rest, zipf))
        tables = {'tld': weights, 'host type': HOST_TYPES, 'tld type': TLD_TYPES,
                  'missing type': MISSING_TYPES, 'priming type': PRIMING_TYPES, 'private': PRIVATE,
                  'size': SIZES, 'flags': FLAGS}
        self._pick = {name: Picker(rng, table) for name, table in tables.items()}

    def query(self) -> bytes:
        roll = self._rng.random()
        priming = roll < PRIMING
        if priming:
            labels, qtype = [], self._pick['priming type']()
        else:
            labels, qtype = self._existing() if roll < PRIMING + EXISTING else self._missing()
        if self._rng.random() < MIXED_CASE:
            labels = [self._mixed_case(label) for label in labels]
        return message(labels, TYPES[qtype], self._pick['flags'](), self._opt(priming))

    def _opt(self, priming: bool) -> bytes:
        size = self._pick['size']()
        if priming and size is None and self._rng.random() < .8:
            size = 4096
        if size is None:
            return b''
        cookie = struct.pack('>HH', COOKIE_OPTION, 8) + self._rng.randbytes(8)
        options = cookie if self._rng.random() < COOKIE else b''
        flags = 0x8000 if self._rng.random() < EDNS_DO else 0
        return b'\0' + struct.pack('>HHIH', OPT, size, flags, len(options)) + options

    def _mixed_case(self, label: bytes) -> bytes:
        return bytes(c ^ 0x20 if 97 <= c <= 122 and self._rng.random() < .5 else c for c in label)

    def _word(self, low: int, high: int) -> bytes:
        return ''.join(self._rng.choices(CHARACTERS, k=self._rng.randint(low, high))).encode()

    def _reverse(self) -> tuple[Labels, str]:
        if self._rng.random() < .8:
            octets = [str(self._rng.randrange(256)).encode() for _ in range(4)]
            return [*octets, b'in-addr', b'arpa'], 'PTR'
        nibbles = [bytes([c]) for c in self._rng.choices(b'0123456789abcdef', k=32)]
        return [*nibbles, b'ip6', b'arpa'], 'PTR'

    def _existing(self) -> tuple[Labels, str]:
        tld = self._pick['tld']()
        if tld == 'arpa':
            return self._reverse()
        roll = self._rng.random()
        if roll < .35:                       # minimised (RFC 9156), or about the TLD itself
            return [tld.encode()], self._pick['tld type']()
        labels = [self._word(3, 14), tld.encode()]
        if roll < .75:
            labels.insert(0, self._rng.choice((*HOSTS, self._word(2, 10))))
        if roll < .40:
            labels.insert(0, b'_dmarc' if roll < .37 else self._word(8, 40))
        return labels, self._pick['host type']()

    def _missing(self) -> tuple[Labels, str]:
        while True:
            labels = self._missing_name()
            if labels[-1].decode() not in self._known:
                return labels, self._pick['missing type']()

    def _missing_name(self) -> Labels:
        roll, rng = self._rng.random(), self._rng
        if roll < .45:                       # Chromium's probes: one label of 7 to 15 letters
            return [''.join(rng.choices(string.ascii_lowercase, k=rng.randint(7, 15))).encode()]
        if roll < .75:
            return [*(self._word(3, 15) for _ in range(rng.randint(0, 2))), self._pick['private']().encode()]
        return [self._word(1, 20) for _ in range(rng.randint(1, 4))]


def write_queries(zone: Path, file: Path, count: int, seed: int = 1) -> None:
    mix = Mix(delegations(zone), random.Random(seed))
    messages = (mix.query() for _ in range(count))
    file.write_bytes(b''.join(struct.pack('>H', len(m)) + m for m in messages))
