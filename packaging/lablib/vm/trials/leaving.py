"""The box leaves in order: a reboot, and the power button that the host's staff press. Both times the host
router is asked to prefer others first, and loses the routes before the sessions.
"""

import time
from collections.abc import Callable

from lablib.drills import LIMIT
from lablib.loadrun import LoadRun
from lablib.processes import wait_until
from lablib.routewatch import host_routes
from lablib.vm.history import History, departure_faults
from lablib.vm.site import Site
from lablib.vm.trials import TrialError
from lablib.vm.trials.boot import ready

RATE = 50                  # questions a second
OFF_LIMIT = 120            # seconds until the machine has shut down


def reboot(site: Site) -> list[str]:
    ready(site)
    start, begin = site.machine.console_size(), time.monotonic()
    lines = _leave(site, 'reboot', lambda: site.machine.port.status('systemctl --no-block reboot'))
    site.machine.wait_console('reboot: Restarting system', start, OFF_LIMIT)
    site.machine.wait_off(OFF_LIMIT)
    site.power_on()
    site.wait_routes()
    return [*lines, f'all five routes back {time.monotonic() - begin:.1f} s after "systemctl reboot"']


def button(site: Site) -> list[str]:
    ready(site)
    lines = _leave(site, 'power button', site.machine.press_power_button)
    site.machine.wait_off(OFF_LIMIT)
    site.power_on()
    site.wait_routes()
    return [*lines, 'the machine was off; after power on all five routes are back']


def _leave(site: Site, what: str, order: Callable[[], object]) -> list[str]:
    """Gives the order and watches the host router until the routes are gone, under load."""
    version = site.zones.current()
    assert version is not None
    with LoadRun([version.file], rate=RATE, tcp_share=.1) as load, History(site.established) as history:
        wait_until(lambda: history.moments, LIMIT)
        begin = time.monotonic()
        order()
        if not wait_until(lambda: not host_routes(), OFF_LIMIT, .05):
            raise TrialError(f'{what}: the routes do not go\n{site.seen()}')
        wait_until(lambda: not history.moments[-1].routes, LIMIT)
        counts = load.finish()
    if wrong := departure_faults(history.moments):
        seen = '\n'.join(map(str, history.moments))
        raise TrialError(f'{what}: {"; ".join(wrong)}\n{seen}')
    if counts['wrong']:
        raise TrialError(f'{what}: {counts["wrong"]} wrong answers meanwhile')
    drained = next(moment for moment in history.moments if moment.drained)
    gone = next(moment for moment in history.moments if not moment.routes)
    return [f'{what}: GRACEFUL_SHUTDOWN after {drained.when - begin:.1f} s, no route after '
            f'{gone.when - begin:.1f} s, sessions still up; '
            f'{load.lost_between(begin, gone.when)} of the questions until then lost']
