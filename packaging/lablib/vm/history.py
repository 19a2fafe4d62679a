"""What the host router had, change by change: its routes, which of them the appliance had asked it to avoid
(GRACEFUL_SHUTDOWN, RFC 8326), and the state of the BGP sessions.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lablib import netns
from lablib import topology as net

STEP = .03                 # seconds between two looks
DRAINED_FOR = .5           # seconds at least; the agent drains for 1 s, on a processor that is emulated
SPECIFIC = frozenset(('199.7.83.0/24', '2001:500:3::/48', '2001:500:9f::/48'))


@dataclass(frozen=True)
class Moment:
    when: float                # time.monotonic()
    routes: frozenset[str]
    drained: frozenset[str]    # of the routes: those that came with GRACEFUL_SHUTDOWN
    established: bool          # both sessions


class History:
    """A context manager; inside it `moments` grows, by one whenever something is not as before."""

    def __init__(self, established: Callable[[], bool]) -> None:
        self.moments: list[Moment] = []
        self._established = established
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> 'History':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(STEP):
            routes, drained = _routes()
            now = Moment(time.monotonic(), routes, drained, self._established())
            if not self.moments or _same(now) != _same(self.moments[-1]):
                self.moments.append(now)


def _routes() -> tuple[frozenset[str], frozenset[str]]:
    """The host's filter shows the community as "initcwnd 5" in the FIB (lablib/bird.py)."""
    found = [route for route in netns.routes(net.HOST, protocol='bird') if route['dst'] in net.PREFIXES]
    drained = (route['dst'] for route in found
               if any('initcwnd' in metric for metric in route.get('metrics', ())))
    return frozenset(route['dst'] for route in found), frozenset(drained)


def _same(moment: Moment) -> tuple:
    return moment.routes, moment.drained, moment.established


def departure_faults(moments: list[Moment]) -> list[str]:
    """What was wrong with an orderly departure: the host router has to be asked to avoid the specific
    prefixes while it still has them, and be left time for that; to lose all five while both sessions are up;
    and never to have a route of a session that ended. Empty if all was right."""
    gone = next((index for index, moment in enumerate(moments) if not moment.routes), None)
    if gone is None:
        return ['the routes never went']
    before = moments[:gone]
    wrong = []
    drained = next((moment.when for moment in before
                    if moment.drained >= SPECIFIC and moment.established), None)
    if drained is None:
        wrong.append('no GRACEFUL_SHUTDOWN with the specific prefixes before they went')
    else:
        stood = next(moment.when for moment in moments
                     if moment.when > drained and not moment.routes >= SPECIFIC) - drained
        if stood < DRAINED_FOR:
            wrong.append(f'GRACEFUL_SHUTDOWN stood for {stood:.2f} s only')
    if not moments[gone].established or not all(moment.established for moment in before):
        wrong.append('a session ended before the routes were withdrawn')
    return wrong
