"""The questions of a load run: the kinds that a root server gets, from the zone's own names, in an order
that a seed fixes.
"""

import random
import struct

from lablib.answers import A, AAAA, DNSKEY, DS, NS, SOA, UDP_EDNS, Question, Zone
from lablib.wire import wire_name

POOL, POOL_TCP = 1200, 200          # distinct questions; each is asked again and again
JUNK = 'abcdefghijklmnopqrstuvwxyz0123456789'


def question_pool(zone: Zone, size: int, tcp: bool, seed: int = 1) -> list[Question]:
    """45 % referrals, 35 % names that do not exist, 10 % DS, 10 % apex; half of them with DO."""
    dice = random.Random(f'{seed} {tcp}')
    return [_question(zone, dice, tcp) for _ in range(size)]


def _question(zone: Zone, dice: random.Random, tcp: bool) -> Question:
    cut = dice.choice(zone.cuts)
    do = dice.random() < .5
    edns = do or dice.random() < .6
    part = dice.random()
    if part < .45:
        name = dice.choice((cut, wire_name('www')[:-1] + cut, wire_name('a.b')[:-1] + cut))
        return Question(name, dice.choice((A, AAAA, NS)), do, edns, tcp)
    if part < .8:
        junk = ''.join(dice.choices(JUNK, k=dice.randint(4, 15))) + 'q0'
        return Question(wire_name(dice.choice((junk, f'www.{junk}', f'{junk}.local0'))),
                        dice.choice((A, AAAA)), do, edns, tcp)
    if part < .9:
        return Question(cut, DS, do, edns, tcp)
    return Question(b'\0', dice.choice((SOA, NS, DNSKEY)), do, edns, tcp)


def query_tail(question: Question) -> bytes:
    """The query's octets after the ID: RD 0, one question, OPT if asked for."""
    opt = struct.pack('>BHHIH', 0, 41, UDP_EDNS, 0x8000 if question.do else 0, 0) if question.edns else b''
    return (struct.pack('>5H', 0, 1, 0, 0, 1 if opt else 0) + question.name
            + struct.pack('>HH', question.type, 1) + opt)
