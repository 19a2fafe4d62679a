"""The query mix: same zone and seed, same file; the shares it promises."""

import random
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchlib import mix  # noqa: E402

ZONE = ('. 86400 IN SOA a. b. 1 2 3 4 5\n. 518400 IN NS a.root-servers.net.\n'
        + ''.join(f'{tld}. 172800 IN NS ns.{tld}.\n{tld}. 172800 IN NS ns2.{tld}.\n'
                  for tld in ('com', 'net', 'org', 'arpa', 'de', 'nl', 'xn--p1ai')))


def messages(octets: bytes) -> list[bytes]:
    out, at = [], 0
    while at < len(octets):
        length = struct.unpack_from('>H', octets, at)[0]
        out.append(octets[at + 2:at + 2 + length])
        at += 2 + length
    return out


class Queries(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / 'zone').write_text(ZONE)

    def made(self, seed: int) -> bytes:
        mix.write_queries(self.folder / 'zone', self.folder / 'queries', 5000, seed)
        return (self.folder / 'queries').read_bytes()

    def test_delegations(self) -> None:
        self.assertEqual(mix.delegations(self.folder / 'zone'),
                         ['com', 'net', 'org', 'arpa', 'de', 'nl', 'xn--p1ai'])

    def test_repeatable(self) -> None:
        self.assertEqual(self.made(1), self.made(1))
        self.assertNotEqual(self.made(1), self.made(2))

    def test_shares(self) -> None:
        queries = messages(self.made(1))
        self.assertEqual(len(queries), 5000)
        edns = [q for q in queries if q[11]]
        self.assertAlmostEqual(len(edns) / 5000, .9, delta=.02)
        self.assertAlmostEqual(sum(q[12] == 0 for q in queries) / 5000, mix.PRIMING, delta=.006)
        known = {tld.encode() for tld in mix.delegations(self.folder / 'zone')}
        self.assertAlmostEqual(sum(last_label(q) in known for q in queries) / 5000, .445, delta=.03)

    def test_missing_names_are_missing(self) -> None:
        made = mix.Mix(['com', 'local'], random.Random(1))
        for _ in range(500):
            self.assertNotIn(made._missing()[0][-1], (b'com', b'local'))


def last_label(message: bytes) -> bytes:
    at, last = 12, b''
    while message[at]:
        last = message[at + 1:at + 1 + message[at]].lower()
        at += 1 + message[at]
    return last


if __name__ == '__main__':
    unittest.main()
