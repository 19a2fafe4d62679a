"""The faults that are made to each rival, as they are made to the appliance by the drill of the same line."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lablib import netns
from lablib import topology as net
from lablib.drilling.nft import drop, drop_nothing
from lablib.rivals.site import RivalSite

ALL = net.PREFIXES
V4 = frozenset(net.PREFIXES_V4)
ADDRESS_C = frozenset({'2001:500:3::/48'})


@dataclass(frozen=True)
class Fault:
    words: str
    drill: str                                       # the appliance's
    make: Callable[[RivalSite], object]
    mend: Callable[[RivalSite], object]
    prefixes: frozenset[str] = ALL                   # what is a broken promise now


def _kill(which: str, site: RivalSite) -> None:
    site.signal(getattr(site, which)() if which == 'speaker' else getattr(site, which), signal.SIGKILL)


def _stop(which: str, site: RivalSite) -> None:
    site.signal(getattr(site, which)() if which == 'speaker' else getattr(site, which), signal.SIGSTOP)


def _continue(which: str, site: RivalSite) -> None:
    site.signal(getattr(site, which)() if which == 'speaker' else getattr(site, which), signal.SIGCONT)


def _nothing(_: RivalSite) -> None:
    """It mends itself."""


def _serve_wrong(site: RivalSite) -> None:
    """One delegation's signature is damaged; the name that is checked is right."""
    site.serve(site.lab.zones.next_version(True).file)


def _default_route(verb: str, *rest: str) -> None:
    netns.ip('route', verb, 'default', *rest, namespace=net.APPLIANCE)


FAULTS = (
    Fault('name server killed', 'engine-killed', partial(_kill, 'nsd'), _nothing),
    Fault('name server stopped', 'engine-stopped', partial(_stop, 'nsd'), partial(_continue, 'nsd')),
    Fault('TCP deaf', 'tcp-deaf', lambda _: drop('tcp dport 53 drop'), lambda _: drop_nothing()),
    Fault('one family deaf (IPv4)', 'family-deaf', lambda _: drop('ip daddr 199.7.83.42 th dport 53 drop'),
          lambda _: drop_nothing(), V4),
    Fault('one service address deaf', 'address-deaf',
          lambda _: drop(f'ip6 daddr {net.SERVICE_ADDRESSES[2]} th dport 53 drop'),
          lambda _: drop_nothing(), ADDRESS_C),
    Fault('wrong answers, on a name that is not checked', 'wrong-deep', _serve_wrong,
          lambda site: site.serve(site.zone_file)),
    Fault('the zone has expired (SERVFAIL)', 'expired', lambda site: site.serve(None),
          lambda site: site.serve(site.zone_file)),
    Fault('announcer killed -9', 'agent-killed', partial(_kill, 'announcer'), _nothing),
    Fault('announcer stopped', 'agent-stopped', partial(_stop, 'announcer'), partial(_continue, 'announcer')),
    Fault('BGP speaker killed -9', 'bird-killed', partial(_kill, 'speaker'), _nothing),
    Fault('BGP speaker stopped', 'bird-stopped', partial(_stop, 'speaker'), partial(_continue, 'speaker')),
    Fault('default route gone (IPv4)', 'no-way-out', lambda _: _default_route('del'),
          lambda _: _default_route('replace', 'via', net.HOST_LINK4, 'dev', 'a0'), V4),
)
