"""That wrong answers are found: right ones, made by dnspython from the same tiny zone, and each then spoiled.
"""

import tempfile
import unittest
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset

from lablib.answers import A, DS, NS, Question, Zone, expected, fault
from lablib.wire import wire_name

ZONE = '''. 86400 IN SOA a.root-servers.net. nstld.example. 1 1800 900 604800 3600
. 86400 IN NSEC com. NS SOA
. 518400 IN NS a.root-servers.net.
com. 172800 IN NS a.nic.com.
com. 172800 IN NS b.ops.org.
com. 86400 IN DS 1 8 2 ''' + 'AB' * 32 + '''
com. 86400 IN RRSIG DS 8 1 86400 20261225000000 20261125000000 1 . AAAA
com. 86400 IN NSEC . NS DS
a.nic.com. 172800 IN A 198.18.0.1
'''
SOA = '. 3600 IN SOA a.root-servers.net. nstld.example. 1 1800 900 604800 3600'
REFERRAL = ('com. 172800 IN NS a.nic.com.', 'com. 172800 IN NS b.ops.org.')
GLUE = 'a.nic.com. 172800 IN A 198.18.0.1'
COM, NOBODY = Question(wire_name('www.com'), A), Question(wire_name('nobody'), A)
COM_DS = Question(wire_name('com'), DS, do=True, tcp=True)


def reply(question: Question, *, flags: int = 0, rcode: int = 0, answer=(), authority=(),
          additional=()) -> bytes:
    query = dns.message.make_query(dns.name.from_wire(question.name, 0)[0], question.type,
                                   use_edns=question.edns, want_dnssec=question.do)
    query.flags = dns.flags.Flag(0)
    made = dns.message.make_response(query)
    if question.do:
        made.want_dnssec()
    made.flags |= flags
    made.set_rcode(rcode)
    for section, lines in ((made.answer, answer), (made.authority, authority), (made.additional, additional)):
        section += [dns.rrset.from_text(*line.split(None, 4)) for line in lines]
    return made.to_wire()


class Faults(unittest.TestCase):
    zone: Zone

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, 'zone')
            file.write_text(ZONE)
            cls.zone = Zone(file)

    def check(self, cases: tuple) -> None:
        """(what, question, octets, words of the fault or None)."""
        for what, question, wire, want in cases:
            with self.subTest(what):
                found = fault(expected(self.zone, question), question, wire)
                self.assertEqual(found is None, want is None, found)
                self.assertIn(want or '', found or '')

    def test_referral(self) -> None:
        good = reply(COM, authority=REFERRAL, additional=[GLUE])
        self.check((
            ('right', COM, good, None),
            ('a name server missing', COM, reply(COM, authority=REFERRAL[:1], additional=[GLUE]),
             '1 records missing'),
            ('in-domain glue missing', COM, reply(COM, authority=REFERRAL), 'glue'),
            ('wrong glue', COM, reply(COM, authority=REFERRAL, additional=[GLUE.replace('.0.1', '.0.2')]),
             'do not belong'),
            ('wrong TTL', COM, reply(COM, authority=[REFERRAL[0], REFERRAL[1].replace('172800', '172801')],
                                     additional=[GLUE]), '1 too many'),
            ('authoritative', COM, reply(COM, flags=dns.flags.AA, authority=REFERRAL, additional=[GLUE]),
             'flags'),
            ('truncated though it fits', COM, reply(COM, flags=dns.flags.TC), 'octets fit'),
            ('to another question', COM, reply(NOBODY), 'another question'),
            ('cut', COM, good[:-1], 'malformed'),
            ('something after it', COM, good + b'\0', 'left over'),
            ('nothing', COM, b'', 'malformed')))

    def test_no_such_name(self) -> None:
        right = {'flags': dns.flags.AA, 'rcode': dns.rcode.NXDOMAIN}
        self.check((
            ('right', NOBODY, reply(NOBODY, **right, authority=[SOA]), None),
            ('NOERROR', NOBODY, reply(NOBODY, flags=dns.flags.AA, authority=[SOA]), 'rcode 0, not 3'),
            ('the SOA\'s own TTL', NOBODY,
             reply(NOBODY, **right, authority=[SOA.replace('3600', '86400', 1)]), 'too many'),
            ('no SOA', NOBODY, reply(NOBODY, **right), 'missing')))

    def test_ds_is_answered_by_the_parent_with_its_signature(self) -> None:
        ds, signature = (line for line in ZONE.splitlines() if ' DS ' in line and line[:4] == 'com.'
                         and ' NSEC ' not in line)
        self.check((
            ('right', COM_DS, reply(COM_DS, flags=dns.flags.AA, answer=[ds, signature]), None),
            ('unsigned', COM_DS, reply(COM_DS, flags=dns.flags.AA, answer=[ds]), '1 records missing'),
            ('TC over TCP', COM_DS, reply(COM_DS, flags=dns.flags.AA | dns.flags.TC), 'TC over TCP')))

    def test_opt_only_if_asked(self) -> None:
        plain = Question(COM.name, NS, edns=False)
        with_opt = reply(Question(COM.name, NS), authority=REFERRAL, additional=[GLUE])
        self.check((
            ('right', plain, reply(plain, authority=REFERRAL, additional=[GLUE]), None),
            ('not asked for', plain, with_opt, 'OPT not asked for')))
