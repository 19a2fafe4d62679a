"""What may happen to a box in a year alone: a damaged configuration, a full disk, a primary that is not
there, a clock that has forgotten the time.
"""

import signal
import time

from lablib.processes import wait_until
from lablib.routewatch import RouteWatch, host_routes
from lablib.vm import asking, guest
from lablib.vm.site import Site
from lablib.vm.trials import TrialError
from lablib.vm.trials.boot import answers, check_closed, check_refusals, ready

CONFIGURATION = '/etc/imrs/agent.json'
WATCHED = 20               # seconds in which nothing may happen: that can only be waited for
CONSOLE_LIMIT = 120        # seconds from power on until the console has said why
EPOCH = '1970-01-01T00:00:00'
# Root's reserve, too. fallocate takes what it can get in one piece or says no.
FILL = '''cd /var/lib
size=$(df --output=avail -B1 / | tail -1)
fallocate -l "$size" imrs-vm-filler || true
dd if=/dev/zero of=imrs-vm-filler-2 bs=1M 2>/dev/null || true
dd if=/dev/zero of=imrs-vm-filler-3 bs=4k 2>/dev/null || true
sync; df --output=avail -B1 / | tail -1; ! echo x >imrs-vm-filler-4 2>/dev/null || ! sync imrs-vm-filler-4
'''
EMPTY = 'rm -f /var/lib/imrs-vm-filler*; sync'


def configuration(site: Site) -> list[str]:
    """Half of a configuration: nothing starts, nothing is announced, the reason is on the console and in the
    journal. Mended, the box comes back without a hand."""
    ready(site)
    site.machine.port.run(f'cp -p {CONFIGURATION} /root/ && truncate -s 100 {CONFIGURATION} && sync')
    site.cut_power()
    start = site.machine.console_size()
    site.power_on()
    said = site.machine.wait_console('agent.json', start, CONSOLE_LIMIT).strip()
    with RouteWatch() as watch:
        if wait_until(lambda: watch.changes or site.established() or host_routes(), WATCHED, .2):
            raise TrialError(f'something is announced though the configuration is damaged\n{site.seen()}')
    if 'agent.json' not in (journal := site.journal('imrs-agent')):
        raise TrialError(f'the journal does not say why:\n{journal}')
    if running := guest.serving(site.machine.port.run(guest.RUNNING)):
        raise TrialError('though the configuration is damaged, there run:\n' + '\n'.join(running))
    begin = time.monotonic()
    site.machine.port.run(f'cp -p /root/agent.json {CONFIGURATION}')
    site.wait_routes()
    return [f'the console says: {said}', f'nothing ran, no session and no route within {WATCHED} s',
            f'mended: all five routes {time.monotonic() - begin:.1f} s later, without a command']


def full_disk(site: Site) -> list[str]:
    """The host router notices nothing, a new zone is served all the same, and a power cut does no harm: the
    firewall is loaded, too."""
    ready(site)
    left = site.machine.port.run(FILL, 120).split()[0]
    try:
        with RouteWatch() as watch:
            begin = time.monotonic()
            version = site.publish()
            site.wait_serial(version.serial)
            took = time.monotonic() - begin
            _unseen(site, watch, 'a full disk')
        site.stop_primary()
        site.cut_power()
        site.power_on()
        site.wait_routes()
        served = asking.served_serial()
        check_closed()
    finally:
        site.restore_primary()
        site.machine.port.run(EMPTY)
    site.wait_serial(version.serial)
    return [f'{left} octets left: a new version served in {took:.1f} s, no route went',
            f'after a power cut, the primary unreachable: all five routes, serial {served}, firewall loaded']


def dead_primary(site: Site) -> list[str]:
    """A box that runs goes on; one that never had a zone announces nothing, until there is one."""
    ready(site)
    with RouteWatch() as watch:
        site.stop_primary()
        wait_until(lambda: watch.changes, WATCHED)
        _unseen(site, watch, 'a dead primary')
    site.new_box()
    site.power_on()
    if not wait_until(site.established, 120, .2):
        raise TrialError(f'without a primary, BGP is not established\n{site.seen()}')
    if wait_until(host_routes, WATCHED, .2):
        raise TrialError(f'{host_routes()} are announced by a box that never had a zone')
    status, said = site.machine.port.status('imrsctl status')
    if status != 3:
        raise TrialError(f'imrsctl status: exit status {status}, not 3:\n{said}')
    begin = time.monotonic()
    site.restore_primary()
    site.wait_routes()
    return [f'no route went within {WATCHED} s', 'a new box without a primary: both sessions, no route',
            f'the primary back: all five routes {time.monotonic() - begin:.1f} s later']


def clock(site: Site) -> list[str]:
    """The clock's battery is dead: the box begins in 1970, goes by the time it had kept, and announces."""
    ready(site)
    site.machine.port.run('sync')
    site.cut_power()
    site.power_on(EPOCH)
    site.wait_routes()
    believed = site.machine.port.run('date -u +%Y-%m-%d').strip()
    return [f'the wall clock says {believed}; all five routes', *answers(site)]


def clock_of_a_new_box(site: Site) -> list[str]:
    """The same of a box that has kept no time: it cannot know whether signatures are valid yet, and must not
    announce, until a time server tells."""
    site.restore_primary()
    site.new_box()
    site.power_on(EPOCH)
    if not wait_until(site.established, 120, .2):
        raise TrialError(f'BGP is not established\n{site.seen()}')
    if wait_until(host_routes, WATCHED, .2):
        raise TrialError(f'{host_routes()} are announced by a box that cannot know the date')
    said = site.machine.port.status('imrsctl zone')[1]
    attempt = next((line.strip() for line in said.splitlines() if 'last attempt' in line), 'nothing')
    begin = time.monotonic()
    site.start_time_server()
    try:
        site.wait_routes()
    finally:
        site.time_server.stop(signal.SIGKILL)
    check_refusals(site)         # the day has changed: RSSAC002 was written
    return [f'both sessions, no route; imrsctl zone says: {attempt}',
            f'a time server: all five routes {time.monotonic() - begin:.1f} s later', *answers(site)]


def _unseen(site: Site, watch: RouteWatch, what: str) -> None:
    if watch.changes:
        raise TrialError(f'{what}: the host router saw {watch.changes}\n{site.seen()}')
