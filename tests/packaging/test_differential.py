"""That the differential test bites: right answers from four servers, and then one of ours is spoiled."""

import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))

import answers_table  # noqa: E402
import differential  # noqa: E402
import dns_compare  # noqa: E402
import dns_messages  # noqa: E402
import dns_queries  # noqa: E402
from dns_queries import (A, ANY, ANY_KIND, BROKEN, DS, FORM, NS, POLICY, SOA, message, opt,  # noqa: E402
                         option, query, wire_name)

AA, TC, QR = 0x0400, 0x0200, 0x8000
FORMERR, NXDOMAIN, NOTIMP, REFUSED = 1, 3, 4, 5
COM_NS = wire_name('a.nic.com.')
QUERY = query('com', message(wire_name('www.com.'), A, extra=opt()))


def record(owner: bytes, rtype: int, ttl: int, rdata: bytes, rclass: int = 1) -> bytes:
    return owner + struct.pack('>HHIH', rtype, rclass, ttl, len(rdata)) + rdata


REFERRAL = record(wire_name('com.'), NS, 172800, COM_NS)
OTHER_NS = record(wire_name('com.'), NS, 172800, wire_name('b.nic.com.'))
GLUE = record(COM_NS, A, 172800, bytes((198, 18, 0, 1)))


def reply(asked: dns_queries.Query = QUERY, flags: int = 0, answer=(), authority=(), additional=(),
          with_opt: bytes | None = opt(), question: bool = True) -> bytes:
    head = struct.pack('>6H', 0, QR | flags, int(question), len(answer), len(authority),
                       len(additional) + (with_opt is not None))
    return head + (asked.wire[12:asked.end] if question else b'') + \
        b''.join((*answer, *authority, *additional)) + (with_opt or b'')


RIGHT = reply(authority=[REFERRAL], additional=[GLUE])


def judged(mine: bytes | None, peers=None, asked: dns_queries.Query = QUERY,
           tcp: bool = False) -> differential.Tally:
    """`peers`: of NSD, Knot and BIND; all RIGHT if not given."""
    tally = differential.Tally()
    differential.Judge().judge(asked, (*(peers or [RIGHT] * 3), mine), tcp, tally)
    return tally


class Spoiled(unittest.TestCase):
    """What is wrong in our answer alone is found."""

    def test_right_answers_are_right(self) -> None:
        self.assertEqual(judged(RIGHT).identical, 1)
        compressed = RIGHT.replace(COM_NS, b'\1a\3nic\xc0\x10', 1)
        compressed = compressed.replace(bytes((0, len(COM_NS))) + b'\1a', b'\0\10\1a', 1)
        for what, wire in (('compressed in another way', compressed),
                           ('OPT before glue', RIGHT[:QUERY.end] + REFERRAL + opt() + GLUE)):
            with self.subTest(what):
                tally = judged(wire)
                self.assertEqual((tally.identical, tally.matter, dict(tally.classes)), (0, 0, {}))

    def test_each_fault_is_found(self) -> None:
        flipped = bytearray(RIGHT)
        flipped[13] ^= 0x20
        cases = (
            ('AA', reply(flags=AA, authority=[REFERRAL], additional=[GLUE]), 'flags'),
            ('AD', reply(flags=0x20, authority=[REFERRAL], additional=[GLUE]), 'flags'),
            ('rcode', reply(flags=NXDOMAIN, authority=[REFERRAL], additional=[GLUE]), 'rcode'),
            ('FORMERR to a good query', reply(flags=FORMERR), 'rcode'),
            ('REFUSED to a good query', reply(flags=REFUSED), 'rcode'),
            ('TTL', RIGHT.replace(struct.pack('>I', 172800), struct.pack('>I', 172801), 1), 'authority'),
            ('rdata', RIGHT.replace(b'\1a\3nic', b'\1b\3nic', 1), 'authority'),
            ('owner', RIGHT.replace(b'\3com\0\0\2', b'\3con\0\0\2', 1), 'authority'),
            ('type', RIGHT.replace(b'\3com\0\0\2', b'\3com\0\0\5', 1), 'authority'),
            ('case of the question', bytes(flipped), 'question'),
            ('no question', reply(authority=[REFERRAL], additional=[GLUE], question=False), 'question'),
            ('cut octets', RIGHT[:-1], 'malformed'), ('cut to a half', RIGHT[:40], 'malformed'),
            ('less than a header', RIGHT[:11], 'malformed'), ('octets behind it', RIGHT + b'\0', 'malformed'),
            ('dropped', None, 'no answer'),
            ('a record more', reply(authority=[REFERRAL, OTHER_NS], additional=[GLUE]), 'authority'),
            ('a record in the answer', reply(answer=[GLUE], authority=[REFERRAL]), 'answer'),
            ('a record twice', reply(authority=[REFERRAL, REFERRAL], additional=[GLUE]), 'malformed'),
            ('a record less', reply(additional=[GLUE]), 'authority'),
            ('a foreign additional record', reply(authority=[REFERRAL], additional=[
                GLUE, record(wire_name('x.org.'), A, 1, b'\1\2\3\4')]), 'additional'),
            ('TC though it fits', reply(flags=TC), 'TC'),
            ('no OPT', reply(authority=[REFERRAL], additional=[GLUE], with_opt=None), 'EDNS'),
            ('DO', reply(authority=[REFERRAL], additional=[GLUE], with_opt=opt(do=True)), 'EDNS'),
            ('an option', reply(authority=[REFERRAL], additional=[GLUE],
                                with_opt=opt(options=option(3, b'x'))), 'EDNS'),
            ('an extended error without an error', reply(
                authority=[REFERRAL], additional=[GLUE], with_opt=opt(options=option(15, b'\0\x14'))),
             'optional'),
            ('keepalive by UDP', reply(authority=[REFERRAL], additional=[GLUE], with_opt=opt(
                options=option(11, b'\0\x64'))), 'optional'),
            ('longer than the client takes', RIGHT + b'x' * 1300, 'longer'))
        for what, wire, word in cases:
            with self.subTest(what):
                tally = judged(wire)
                self.assertGreaterEqual(tally.matter, 1, tally.classes)
                self.assertIn(word, ' '.join(shown[0] for shown in tally.shown))

    def test_a_pointer_into_another_question_is_another_name(self) -> None:
        """Answers with the same octets behind different questions are not taken for the same."""
        judge, tally = differential.Judge(), differential.Tally()
        for name, good in (('www.com.', True), ('www.org.', False)):
            asked = query(name, message(wire_name(name), A, extra=opt()))
            mine = reply(asked, authority=[record(b'\xc0\x10', NS, 172800, COM_NS)], additional=[GLUE])
            right = reply(asked, authority=[REFERRAL], additional=[GLUE])
            judge.judge(asked, (right, right, right, mine), False, tally)
            self.assertEqual(tally.matter, 0 if good else 1)


class Rules(unittest.TestCase):
    """What is explained, and that each rule goes no further than its clause."""

    def check(self, cases: tuple) -> None:
        """(what, our answer, peers, query, by TCP, class or None: it matters)."""
        for what, mine, peers, asked, tcp, want in cases:
            with self.subTest(what):
                tally = judged(mine, peers, asked, tcp)
                self.assertEqual(tally.matter == 0, want is not None, tally.classes)
                if want is not None:
                    self.assertIn(want, tally.classes)

    def test_nsd_and_knot_disagree(self) -> None:
        one, other, third = (reply(flags=code) for code in (REFUSED, NOTIMP, NXDOMAIN))
        self.check((
            ('as NSD', one, [one, other, third], QUERY, False, dns_compare.DISAGREE),
            ('as Knot', other, [one, other, third], QUERY, False, dns_compare.DISAGREE),
            ('as BIND', third, [one, other, third], QUERY, False, dns_compare.DISAGREE),
            ('as nobody', RIGHT, [one, other, third], QUERY, False, None),
            ('as BIND, while NSD and Knot agree', third, [one, one, third], QUERY, False, None)))

    def test_kinds(self) -> None:
        wire = QUERY.wire
        broken, form, policy = (query('x', wire, kind) for kind in (BROKEN, FORM, POLICY))
        form_error, refused = reply(flags=FORMERR), reply(flags=REFUSED)
        self.check((
            ('FORMERR, broken', form_error, [None, None, RIGHT], broken, False, dns_compare.BROKEN_RULE),
            ('an answer, broken', RIGHT, [None, None, form_error], broken, False, None),
            ('FORMERR, bad cookie', form_error, None, form, False, dns_compare.FORM_RULE),
            ('REFUSED, bad cookie', refused, None, form, False, None),
            ('REFUSED, transfer', refused, None, policy, False, dns_compare.POLICY_RULE),
            ('FORMERR, transfer', form_error, None, policy, False, None),
            ('silent, broken, as Knot', None, [form_error, None, form_error], broken, False,
             dns_compare.DISAGREE),
            ('silent, broken, alone', None, [form_error] * 3, broken, False, None)))

    def test_options(self) -> None:
        def with_option(code: int, data: bytes) -> bytes:
            return reply(flags=REFUSED if code == 15 else 0, authority=[] if code == 15 else [REFERRAL],
                         with_opt=opt(options=option(code, data)))
        self.check((
            ('extended error', with_option(15, b'\0\x12'), [reply(flags=REFUSED)] * 3, QUERY, False,
             dns_compare.OPTION_RULE),
            ('keepalive by TCP', with_option(11, b'\0\x64'), [reply(authority=[REFERRAL])] * 3, QUERY, True,
             dns_compare.OPTION_RULE)))

    def test_truncation(self) -> None:
        cut = reply(flags=TC)
        self.check((
            ('cut by a judge too', cut, [RIGHT, cut, RIGHT], QUERY, False, dns_compare.DISAGREE),
            ('fits here', RIGHT, [cut] * 3, QUERY, False, dns_compare.TC_RULE),
            ('fits here, less than was left', reply(), [reply(flags=TC, authority=[REFERRAL])] * 3, QUERY,
             False, None),
            ('left out of a cut one', reply(flags=TC, authority=[REFERRAL]), [cut] * 3, QUERY, False,
             dns_compare.CUT_RULE)))

    def test_compression(self) -> None:
        """Against the question's name it is optional, but saves no more than that name's length."""
        for missing, explained in ((8, True), (9, False)):
            rest = 1232 - missing - len(reply(authority=[REFERRAL, record(b'\0', 99, 1, b'')]))
            filled = reply(authority=[REFERRAL, record(b'\0', 99, 1, b'x' * rest)])
            self.assertEqual(len(filled), 1232 - missing)
            tally = judged(reply(flags=TC), [filled] * 3)
            self.assertEqual((tally.matter == 0), explained, tally.classes)

    def test_additional(self) -> None:
        self.check((
            ('no glue', reply(authority=[REFERRAL]), None, QUERY, False, dns_compare.GLUE_RULE),
            ('glue of another server', reply(authority=[REFERRAL], additional=[
                record(wire_name('z.nic.com.'), A, 172800, b'\1\2\3\4')]), None, QUERY, False, None)))

    def test_any(self) -> None:
        asked = query('ANY', message(wire_name('com.'), ANY, extra=opt()), ANY_KIND)
        ns, ds = REFERRAL, record(wire_name('com.'), DS, 1, b'x' * 36)
        both = reply(asked, AA, answer=[ns, ds])
        one = reply(asked, AA, answer=[ns])
        alien = reply(asked, AA, answer=[record(wire_name('com.'), SOA, 1, b'\0\0' + bytes(20))])
        self.check((
            ('one RRset', reply(asked, AA, answer=[ds]), [one, one, both], asked, False,
             dns_compare.ANY_RULE),
            ('an RRset of no peer', alien, [one, one, both], asked, False, None),
            ('nothing', reply(asked, AA), [one, one, both], asked, False, None),
            ('one RRset, BIND cut', reply(asked, AA, answer=[ds]), [one, one, reply(asked, AA | TC)], asked,
             False, dns_compare.ANY_RULE),
            ('two RRsets, BIND cut', both, [one, one, reply(asked, AA | TC)], asked, False, None)))

    def test_at_most_ten_rules_and_each_names_what_allows_it(self) -> None:
        self.assertLessEqual(len(dns_compare.EXPLAINED), differential.MOST_CLASSES)
        for rule, why in dns_compare.EXPLAINED.items():
            self.assertIn('RFC', why, rule)


class Counting(unittest.TestCase):
    def test_bind_alone(self) -> None:
        tally = judged(RIGHT, [RIGHT, RIGHT, reply(flags=REFUSED)])
        self.assertEqual((dict(tally.bind), tally.matter), ({'rcode': 1}, 0))

    def test_silence_makes_void(self) -> None:
        for silent, void in ((1, False), (3, True)):
            tally = differential.Tally(expected=2000)
            tally.silent['knot', 'x'] = silent
            self.assertEqual(differential.report('test', tally, 1.0) == differential.VOID, void)

    def test_silence_is_counted_per_server(self) -> None:
        tally = judged(RIGHT, [RIGHT, None, RIGHT])
        self.assertEqual((dict(tally.silent), tally.expected), ({('knot', 'com'): 1}, 1))
        self.assertEqual(judged(RIGHT, [RIGHT, None, RIGHT], query('x', QUERY.wire, BROKEN)).expected, 0)

    def test_a_million_is_a_million(self) -> None:
        asked = sum(differential.ODD * odd + (not odd) * (count + count // differential.TCP_SHARE)
                    for _, count, odd in differential.parts(differential.MILLION // 2, 1))
        self.assertGreaterEqual(2 * asked, 1000000)


class Table(unittest.TestCase):
    ROWS = {'Header': [['QR set', 'UDP', '*silent*', '*silent*', 'RFC 1035 4.1.1']]}
    TEXT = '## Header\n| message | by | imrs-engine | NSD | Knot | BIND | decided by |\n' \
           '| --- | --- | --- | --- | --- | --- | --- |\n| QR set | UDP | {} | a | b | c | RFC |\n'

    def test_our_column_is_held(self) -> None:
        self.assertEqual(answers_table.differences(self.TEXT.format('*silent*'), self.ROWS), [])
        for text in (self.TEXT.format('FORMERR'), '', self.TEXT.format('*silent*').replace('UDP', 'TCP')):
            self.assertTrue(answers_table.differences(text, self.ROWS), text)

    def test_short_form(self) -> None:
        refused = reply(flags=REFUSED | 0x100, with_opt=opt(options=option(15, b'\0\x12')))
        for wire, want in ((None, '*silent*'), (RIGHT, 'NOERROR ref'), (refused, 'REFUSED RD ede 18'),
                           (reply(flags=FORMERR, question=False, with_opt=None), 'FORMERR -q -opt'),
                           (reply(flags=AA, answer=[REFERRAL, OTHER_NS]), 'NOERROR AA an 2'),
                           (RIGHT[:-1], 'malformed: record past the end')):
            self.assertEqual(answers_table.short_form(wire, QUERY.wire), want)


class Reading(unittest.TestCase):
    def test_bad_messages_are_refused(self) -> None:
        for what, octets in (('a pointer to itself', b'\xc0' + bytes([QUERY.end])), ('label type', b'\x40'),
                             ('a pointer into the header', b'\xc0\0'), ('a name past the end', b'\x3fabc')):
            with self.subTest(what):
                wire = reply(authority=[octets + REFERRAL[5:]], with_opt=None)
                self.assertIn('malformed', dns_messages.Reader()(wire, QUERY.wire, QUERY.end))


if __name__ == '__main__':
    unittest.main()
