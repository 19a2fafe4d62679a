"""What a drill is: a fault, what may be seen of it, and how one round of it is done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lablib import topology as net
from lablib.routewatch import Change

ALL = net.PREFIXES
V4, V6 = frozenset(net.PREFIXES_V4), frozenset(net.PREFIXES_V6)
SPECIFIC = frozenset({'199.7.83.0/24', '2001:500:3::/48', '2001:500:9f::/48'})


@dataclass
class Round:
    """What was seen in one round. Times are seconds from the fault."""
    begin: float                           # time.monotonic()
    wall: float = field(default_factory=time.time)   # the same as Unix time
    end: float = 0                         # when the lab was whole again
    gone: float | None = None              # until the last of the drill's prefixes had gone
    back: float | None = None              # from when the fault was over until all five were there
    changes: list[Change] = field(default_factory=list)
    alarm: str = ''                        # the line that was waited for


@dataclass(frozen=True)
class Drill:
    """`run` does one round and leaves the lab whole; it raises DrillError when it cannot go on."""
    name: str
    fault: str                             # in words, for the table
    run: Callable[['Site'], Round]         # noqa: F821  (drilling.site)
    gone: float | None = None              # limit in seconds; None: the host router may see nothing
    prefixes: frozenset[str] = ALL         # what has to go, and nothing else may
    any_of: bool = False                   # at least one of them has to go, not all
    back: float = 30.0                     # limit in seconds
    lost_udp: int | None = None            # of all rounds together; None: not limited
    replaced: bool = False                 # of what the host router may not see withdrawals alone are meant
    wrong: bool = False                    # wrong answers are the fault itself: only those until it was seen
    rounds: int | None = None              # at most; None: as many as asked for
    fresh: bool = False                    # a new agent before each round: it remembers flaps


class DrillError(Exception):
    """The lab is not as the drill needs it; the text says what was seen."""


class DrillSkipped(Exception):
    """This machine does not let the fault be made; the text says why."""
