"""Faults of BIRD, of the link and of the host router."""

import os
import re
import signal
from functools import partial

from lablib import netns
from lablib import topology as net
from lablib.bird import HOST_CONFIG
from lablib.drilling.plan import ALL, V6, Drill, DrillError, Round
from lablib.drilling.site import LIMIT, Site
from lablib.processes import is_same, wait_until
from lablib.routewatch import host_routes

BOTH_WAYS = ('iif a0 drop', 'oif a0 drop')
OTHER_ROUTER4 = '192.0.2.6'
UNPLUGGED = 12             # seconds: longer than the hold time
WITHDRAWN = 2              # seconds until the appliance itself has withdrawn everything


def bird_killed(site: Site) -> Round:
    return site.withdrawn(lambda: site.lab.appliance_bird.service.send(signal.SIGKILL))


def bird_stopped(site: Site) -> Round:
    """It holds its sessions and says nothing: BFD tells the host. The agent has it killed in the end."""
    before = site.lab.appliance_bird.service.process()
    one = site.withdrawn(lambda: site.lab.appliance_bird.service.send(signal.SIGSTOP))
    if is_same(before, site.lab.appliance_bird.service.process()):
        raise DrillError('BIRD is the same process still')
    return one


def link_cut(site: Site) -> Round:
    """Nothing passes, and no carrier is lost."""
    return site.withdrawn(lambda: site.nft(*BOTH_WAYS), ALL, site.nft)


def cable_unplugged(site: Site) -> Round:
    """The host's port goes down, and ours loses its carrier. The host's kernel drops the routes by itself,
    those of IPv4 without a word to who listens: so the FIB is asked. What the appliance has to do: withdraw,
    say why, keep everything, and come back when the cable does."""
    before = _kept(site)
    alarms: list[str] = []

    def plug(state: str) -> None:
        netns.ip('link', 'set', 'h0', state, namespace=net.HOST)

    def look() -> None:
        if not wait_until(lambda: not host_routes() and _nothing_announced(site), WITHDRAWN):
            raise DrillError(f'still announced\n{site.lab.seen()}')
        if wait_until(lambda: _kept(site) != before, UNPLUGGED, .1):
            raise DrillError(f'was {before}, is {_kept(site)}')
        found = site.status()['alarms']
        alarms.extend(alarm for alarm in found if 'link a0 is down' in alarm)
        if not alarms:
            raise DrillError(f'no alarm names the link; there is: {found}')

    def mend() -> None:
        """A router keeps its configuration; Linux forgets the IPv6 addresses of what goes down."""
        plug('up')
        netns.ip('address', 'replace', f'{net.HOST_LINK6}/64', 'dev', 'h0', 'nodad', namespace=net.HOST)
        wait_until(lambda: host_routes() == ALL, LIMIT)
    one = site.withdrawn(lambda: plug('down'), V6, mend, meanwhile=look)
    one.alarm = alarms[0]
    if (after := _kept(site)) != before:
        raise DrillError(f'was {before}, is {after} since the cable is back')
    if left := [alarm for alarm in site.status()['alarms'] if 'a0' in alarm]:
        raise DrillError(f'the cable is back, and there is still: {left}')
    return one


def _kept(site: Site) -> dict:
    """Who runs, and what is served."""
    status = site.status()
    agent, bird = site.lab.agent.process(), site.lab.appliance_bird.service.process()
    kept = {program['name']: program['pid'] for program in status['programs']}
    kept |= {'imrs-agent': agent and agent.pid, 'bird': bird and bird.pid}
    return kept | {'image': status['image_digest'], 'serial': site.root_zone()['serial']}


def _nothing_announced(site: Site) -> bool:
    return not any(one['announce'] or any(prefix['exported'] for prefix in one['prefixes'])
                   for one in site.status()['decisions'])


def by_hand(command: str, seen: bool, site: Site) -> Round:
    """What somebody with birdc has done is put right."""
    if seen:
        return site.withdrawn(lambda: site.birdc(command), ALL, any_of=True)
    one = site.unseen(lambda: site.birdc(command), alarm='disabled drain_host4')
    if re.search(r'drain_host4\s+Static\s+\S+\s+up', site.birdc('show protocols')):
        raise DrillError('drain_host4 is still up')
    return one


def session_reset(where: str, site: Site) -> Round:
    name = 'host4' if where == 'appliance' else 'appliance4'
    prefixes = frozenset(net.PREFIXES_V4)
    return site.withdrawn(lambda: site.birdc(f'restart {name}', where), prefixes)


def wrong_password(site: Site) -> Round:
    """The host's engineers mistype it, and correct it."""
    config = site.lab.host_bird.service.folder / 'bird.conf'

    def configure(text: str) -> None:
        config.write_text(text, encoding='utf-8')
        site.birdc('configure', 'host')
        for name in ('appliance4', 'appliance6'):
            site.birdc(f'restart {name}', 'host')
    wrong = HOST_CONFIG.replace(net.MD5_PASSWORD, 'mistyped')
    return site.withdrawn(lambda: configure(wrong), ALL, lambda: configure(HOST_CONFIG))


def host_restarted(site: Site) -> Round:
    """Its kernel keeps the routes of a BIRD that is killed, so it is told to go."""
    service = site.lab.host_bird.service

    def stop() -> None:
        service.stop(signal.SIGTERM)
    return site.withdrawn(stop, ALL, lambda: site.lab.host_bird.ensure(HOST_CONFIG))


def device_deleted(site: Site) -> Round:
    """The agent makes it anew, and is the same process."""
    before = site.lab.agent.process()
    one = site.withdrawn(lambda: netns.ip('link', 'del', 'anycast0', namespace=net.APPLIANCE))
    if not is_same(before, site.lab.agent.process()):
        raise DrillError('the agent was started anew')
    return one


def no_way_out(site: Site) -> Round:
    def change(verb: str, *rest: str) -> None:
        netns.ip('route', verb, 'default', *rest, namespace=net.APPLIANCE)

    def mend() -> None:
        change('replace', 'via', net.HOST_LINK4, 'dev', 'a0')
    prefixes = frozenset(net.PREFIXES_V4)
    return site.withdrawn(lambda: change('del'), prefixes, mend)


def next_hop_dead(site: Site) -> Round:
    """The default gateway is another router than the BGP neighbour, and dies: sessions and route stay, every
    answer is lost. Its entry is deleted at once, for by itself the kernel asks again only after half a
    minute."""
    def router(verb: str) -> None:
        netns.ip('address', verb, f'{OTHER_ROUTER4}/32', 'dev', 'h0', namespace=net.HOST)

    def lead_by(address: str) -> None:
        netns.ip('route', 'replace', 'default', 'via', address, 'dev', 'a0', 'onlink',
                 namespace=net.APPLIANCE)

    def die() -> None:
        router('del')
        netns.ip('neigh', 'del', OTHER_ROUTER4, 'dev', 'a0', namespace=net.APPLIANCE)
    router('replace')
    try:
        lead_by(OTHER_ROUTER4)
        return site.withdrawn(die, frozenset(net.PREFIXES_V4), lambda: router('replace'))
    finally:
        lead_by(net.HOST_LINK4)
        router('del')


def socket_replaced(site: Site) -> Round:
    """Somebody removes the control socket: BIRD can be told nothing any more, and still announces. Nothing is
    to be withdrawn, until something is: then the device goes down, and BIRD is killed."""
    path = site.lab.appliance_bird.socket
    hidden = path.with_name('hidden.ctl')

    def fault() -> None:
        os.rename(path, hidden)
        site.lab.kill_agent()                        # the next agent cannot connect
    one = site.withdrawn(fault, ALL, lambda: os.rename(hidden, path))
    if not wait_until(site.lab.appliance_bird.answers, LIMIT):
        raise DrillError('BIRD does not answer')
    return one


DRILLS = (
    Drill('bird-killed', 'BIRD killed', bird_killed, gone=.05, back=5),
    Drill('bird-stopped', 'BIRD stopped', bird_stopped, gone=.4, back=30),
    Drill('link-cut', 'link cut unseen by the host', link_cut, gone=.4),
    Drill('cable', "cable unplugged (the host's port down, our carrier lost)", cable_unplugged, gone=.4,
          back=10, fresh=True),
    Drill('bird-configure', 'BIRD reconfigured by hand', partial(by_hand, 'configure', True), gone=1, back=1,
          any_of=True),
    Drill('bird-disable', 'a protocol disabled by hand', partial(by_hand, 'disable specific_host4', True),
          gone=1, back=1, any_of=True),
    Drill('bird-enable', 'a protocol enabled by hand', partial(by_hand, 'enable drain_host4', False),
          replaced=True),
    Drill('socket-gone', "BIRD's control socket gone, and the agent killed", socket_replaced, gone=.05),
    Drill('session-reset', 'session reset at the appliance', partial(session_reset, 'appliance'), gone=5,
          prefixes=frozenset(net.PREFIXES_V4)),
    Drill('session-reset-host', 'session reset at the host', partial(session_reset, 'host'), gone=5,
          prefixes=frozenset(net.PREFIXES_V4)),
    Drill('wrong-password', 'wrong password at the host', wrong_password, gone=15),
    Drill('host-restarted', 'host router restarted', host_restarted, gone=5),
    Drill('device-deleted', 'the device of the service addresses deleted by hand', device_deleted, gone=.5),
    Drill('no-way-out', 'default route gone (IPv4)', no_way_out, gone=1, prefixes=frozenset(net.PREFIXES_V4),
          fresh=True),
    Drill('next-hop-dead', 'next hop dead, not the BGP neighbour (IPv4)', next_hop_dead, gone=2,
          prefixes=frozenset(net.PREFIXES_V4), fresh=True),
)
