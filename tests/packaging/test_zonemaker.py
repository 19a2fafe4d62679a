"""Serials and changes of the lab's zone, without signing."""

import tempfile
import unittest
from pathlib import Path

from lablib.zonemaker import (ZoneError, _next_serial, damage_one_signature, read_unsigned, serial_of,
                              with_another_server, with_serial)

LINES = ['. 86400 IN SOA a.root-servers.net. nstld.example. 2026112500 1800 900 604800 86400',
         '. 518400 IN NS a.root-servers.net.', 'com. 172800 IN NS a.nic.com.', 'org. 172800 IN NS a.nic.org.']
SIGNATURE = 'A' * 60


class Serials(unittest.TestCase):
    def test_next(self) -> None:
        for serial, want in ((0, 1), (2026112500, 2026112501), (2**32 - 1, 0)):
            self.assertEqual(_next_serial(serial), want)

    def test_only_the_serial_changes(self) -> None:
        changed = with_serial(LINES, 7)
        self.assertEqual((serial_of(LINES), serial_of(changed)), (2026112500, 7))
        self.assertEqual(changed[1:], LINES[1:])
        self.assertEqual(with_serial(changed, 2026112500), LINES)


class Changes(unittest.TestCase):
    def test_the_serial_chooses_the_delegation(self) -> None:
        for serial, tld in ((0, 'com.'), (1, 'org.'), (2, 'com.')):
            changed, words = with_another_server(LINES, serial)
            self.assertEqual(changed[:len(LINES)], LINES)
            self.assertEqual(changed[len(LINES)].split()[0], tld)
            self.assertEqual(len(changed), len(LINES) + 3)
            self.assertIn(tld, words)

    def test_damage_is_one_character_of_one_signature(self) -> None:
        signed = '\n'.join(f'{tld}\t86400\tIN\tRRSIG\tDS 8 1 86400 20261225 20261125 1 . {SIGNATURE}'
                           for tld in ('aaa.', 'com.')) + '\n'
        damaged, what = damage_one_signature(signed)
        self.assertEqual(what, 'RRSIG of com. DS')
        self.assertEqual(damaged.splitlines()[0], signed.splitlines()[0])
        self.assertEqual(sum(a != b for a, b in zip(damaged, signed, strict=True)), 1)


class Reading(unittest.TestCase):
    def read(self, text: str) -> list[str]:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = Path(folder, 'zone')
        file.write_text(text)
        return read_unsigned(file)

    def test_signing_records_and_the_second_soa_are_left_out(self) -> None:
        text = [*LINES, 'com. 86400 IN RRSIG DS 8 1 86400 1 1 1 . AAAA', 'com. 86400 IN NSEC org. NS',
                'com. 86400 IN DS 1 8 2 00  ; kept', LINES[0]]
        self.assertEqual(self.read('\n'.join(text)), [*LINES, 'com. 86400 IN DS 1 8 2 00'])

    def test_without_soa_it_is_refused(self) -> None:
        with self.assertRaisesRegex(ZoneError, 'no SOA'):
            self.read(LINES[1])

    def test_without_file_it_is_refused_by_name(self) -> None:
        with self.assertRaisesRegex(ZoneError, '/nowhere/zone'):
            read_unsigned(Path('/nowhere/zone'))
