"""What an orderly departure looks like from the host router."""

import unittest

from lablib import topology as net
from lablib.vm.history import SPECIFIC, Moment, departure_faults

ALL, NONE = net.PREFIXES, frozenset()
COVERING = ALL - SPECIFIC
WHOLE = Moment(0, ALL, NONE, True)
DRAINED = Moment(1, ALL, SPECIFIC, True)
GONE = Moment(2, NONE, NONE, True)
ENDED = Moment(3, NONE, NONE, False)
NOT_DRAINED = 'no GRACEFUL_SHUTDOWN with the specific prefixes before they went'
TOO_EARLY = 'a session ended before the routes were withdrawn'


class Departure(unittest.TestCase):
    def test_departures(self) -> None:
        cases = (
            ('in order', [WHOLE, DRAINED, GONE, ENDED], []),
            ('one after the other', [WHOLE, Moment(1, ALL, frozenset(list(SPECIFIC)[:1]), True), DRAINED,
                                     Moment(1.5, COVERING, NONE, True), GONE], []),
            ('never', [WHOLE, DRAINED], ['the routes never went']),
            ('nothing seen', [], ['the routes never went']),
            ('not drained', [WHOLE, GONE, ENDED], [NOT_DRAINED]),
            ('one of three drained', [WHOLE, Moment(1, ALL, frozenset(list(SPECIFIC)[:1]), True), GONE],
             [NOT_DRAINED]),
            ('drained for a moment', [WHOLE, DRAINED, Moment(1.2, COVERING, NONE, True), GONE],
             ['GRACEFUL_SHUTDOWN stood for 0.20 s only']),
            ('the power went', [WHOLE, Moment(1, NONE, NONE, False)], [NOT_DRAINED, TOO_EARLY]),
            ('drained, then the session went', [WHOLE, DRAINED, Moment(2, NONE, NONE, False)], [TOO_EARLY]),
            ('the session went first', [WHOLE, DRAINED, Moment(2, ALL, SPECIFIC, False), GONE], [TOO_EARLY]))
        for what, moments, want in cases:
            with self.subTest(what):
                self.assertEqual(departure_faults(moments), want)
