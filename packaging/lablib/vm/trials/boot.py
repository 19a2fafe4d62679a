"""Power on, and what there has to be then. The first of these trials boots a box that was just installed; the
others look at one that runs, which is booted if there is none.
"""

import time

from lablib import topology as net
from lablib.netns import in_namespace
from lablib.processes import wait_until
from lablib.vm import asking, guest
from lablib.vm.site import BOOT_LIMIT, Site
from lablib.vm.trials import TrialError

QUESTIONS = 30             # to each address by each transport
SCRAPE_LIMIT = 60          # seconds
# Towards the clients behind the host router, at the address of the link. BIRD and the NOC page listen there;
# SSH and the ops listener of this site do not.
CLOSED = (22, 179, net.OPS_PORT, net.NOC_PORT)


def ready(site: Site) -> None:
    """A box that runs with all five routes and the last version of the zone; booted if need be."""
    site.restore_primary()
    if site.machine.service.process() is None:
        site.new_box()
        site.power_on()
    site.wait_routes()
    version = site.zones.current()
    assert version is not None
    site.wait_serial(version.serial)


def power_on(site: Site) -> list[str]:
    """A box that was just installed announces all five prefixes, and nothing before it answers."""
    site.restore_primary()
    site.new_box()
    begin = time.monotonic()
    site.power_on()
    if not wait_until(site.established, BOOT_LIMIT, .1):
        raise TrialError(f'BGP is not established within {BOOT_LIMIT} s\n{site.seen()}')
    sessions = time.monotonic() - begin
    site.wait_routes()
    routes = time.monotonic() - begin
    if asking.served_serial() is None:
        raise TrialError('all five routes are announced, and a question is not answered')
    return [f'both BGP sessions {sessions:.1f} s after power on, all five routes after {routes:.1f} s']


def answers(site: Site) -> list[str]:
    ready(site)
    version = site.zones.current()
    assert version is not None
    total, wrong = asking.wrong_answers(version.file, QUESTIONS)
    if wrong:
        raise TrialError(f'{len(wrong)} wrong of {total} answers:\n' + '\n'.join(wrong[:10]))
    return [f'{total} answers by UDP and TCP from {len(net.SERVICE_ADDRESSES)} addresses, all as the signed '
            f'zone {version.serial} says']


def metrics(site: Site) -> list[str]:
    ready(site)
    version = site.zones.current()
    assert version is not None
    site.prometheus.ensure()
    wanted = {'up{job="imrs"}': 1, 'sum(imrs_announce)': 2, 'imrs_zone_serial{zone="."}': version.serial}
    seen: dict[str, float | None] = {}

    def scraped() -> bool:
        seen.update({expression: site.prometheus.value(expression) for expression in wanted})
        return seen == wanted
    if not wait_until(scraped, SCRAPE_LIMIT, .5):
        raise TrialError(f'Prometheus has {seen}, not {wanted}\n{site.prometheus.service.log_tail()}')
    return [f'Prometheus has scraped over mutual TLS: serial {version.serial}, both families announced']


def confinement(site: Site) -> list[str]:
    ready(site)
    found = guest.processes(site.machine.port.run(guest.LISTING))
    if wrong := guest.faults(found):
        raise TrialError('what the processes may do:\n' + '\n'.join(wrong))
    filters = guest.filters_of(found)
    bare = [name for name in guest.SANDBOXED if filters[name] <= filters['imrs-agent']]
    if bare:
        raise TrialError(f'no seccomp filter of their own, but the unit\'s: {", ".join(bare)}')
    return [f'{process.name}: uid {process.fields["Uid"].split()[0]}, capabilities '
            f'{process.fields["CapEff"]}' for process in found[1:]]


def exposure(site: Site) -> list[str]:
    ready(site)
    found = guest.exposures(site.machine.port.run(guest.EXPOSURE))
    if missing := set(guest.UNITS) - set(found):
        raise TrialError(f'systemd-analyze says nothing of {", ".join(sorted(missing))}')
    if high := {unit: value for unit, value in found.items() if value > guest.MOST_EXPOSED}:
        raise TrialError(f'exposed by more than {guest.MOST_EXPOSED}: {high}')
    return [f'{unit}: exposure {value}' for unit, value in found.items()]


def settings(site: Site) -> list[str]:
    ready(site)
    if wrong := guest.settings_not_in_force(site.machine.port.run(guest.command_for_settings())):
        raise TrialError('settings of the kernel that are not in force:\n' + '\n'.join(wrong))
    return [f'{len(list(guest.settings()))} settings of the kernel are in force']


def quiet(site: Site) -> list[str]:
    """No unit has failed, Debian's own bird.service does not run, and no port is open that need not be."""
    ready(site)
    states = site.machine.port.run('systemctl --failed --plain --no-legend --no-pager; '
                                   f'systemctl is-active {" ".join(guest.UNITS)}; true').split('\n')
    if states[:-1] != ['active'] * len(guest.UNITS):
        journals = '\n'.join(site.journal(unit)[-1000:] for unit in guest.UNITS)
        raise TrialError('units that have failed, and states of the package\'s:\n' + '\n'.join(states)
                         + journals)
    check_refusals(site)
    _, state = site.machine.port.status('systemctl is-active bird.service')
    if state.strip() == 'active':
        raise TrialError('Debian\'s bird.service runs beside the package\'s')
    check_closed()
    return ['no failed unit, no second BIRD; what clients are not meant to reach is dropped']


def check_closed() -> None:
    """Clients are neither the host router nor ICANN: the firewall drops what they begin, so that nothing
    comes back (agent/site/firewall.cc). A refusal would come of a box without one. That the way is not to
    blame for the silence is shown by the host router's own address, which may have the NOC page."""
    if (seen := _knock(net.HOST_LINK4, net.NOC_PORT)) != asking.OPEN:
        raise TrialError(f'the NOC page is not there for the host router: {seen}')
    found = {port: _knock(net.CLIENT4, port) for port in CLOSED}
    if wrong := {port: seen for port, seen in found.items() if seen != asking.DROPPED}:
        raise TrialError(f'ports of the box that do not drop what anybody begins: {wrong}')


def check_refusals(site: Site) -> None:
    """A unit or a sandbox that forbids what a program needs is seen in the journal, if at all."""
    refused = [line for unit in guest.UNITS for line in site.journal(unit).splitlines()
               if 'Permission denied' in line or 'not permitted' in line]
    if refused:
        raise TrialError('refused by a unit or a sandbox:\n' + '\n'.join(refused[:10]))


def _knock(source: str, port: int) -> str:
    return in_namespace(net.HOST, lambda: asking.knock(source, net.APPLIANCE_LINK4, port))
