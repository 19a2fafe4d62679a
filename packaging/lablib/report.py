"""What `packaging/lab status` shows, as one dictionary (also its JSON) and as text.

  directory, build                where the lab and its programs are
  complete                        true if nothing is missing that `up` would make
  namespaces   {name: [pid, ...]} those that exist, and the processes inside
  processes    {role: {pid, parent, uid, state, name} or null}
                                  roles: agent launcher engine zone web bird_appliance bird_host primary;
                                  state as in proc(5): R, S, T (stopped), ...
  routes, missing_routes          of the five prefixes, in the host router's FIB
  host_routes                     the host's whole routing table, in iproute2's words
  sessions     [{at, name, state, error}]  BGP, as both BIRDs see it
  zone         {serial, served, good, file, change}  made last; `served` is what the primary answers
  files        {config, trust_anchor, control_socket, state}
  pages        {noc, noc_v6} for the host's namespace, {metrics} for the appliance's
  logs         {role: file}
"""

from dataclasses import asdict

from lablib import netns
from lablib import topology as net
from lablib.lab import Lab
from lablib.processes import Stat

CHILDREN = ('launcher', 'engine', 'zone', 'web')


def status(lab: Lab) -> dict:
    present = netns.present()
    processes = _processes(lab)
    routes = lab.host_routes()
    return {
        'directory': str(lab.directory),
        'build': str(lab.build),
        'complete': all(processes.values()) and routes == net.PREFIXES and len(present) == 3,
        'namespaces': {name: netns.pids(name) for name in present},
        'processes': processes,
        'routes': sorted(routes),
        'missing_routes': sorted(net.PREFIXES - routes),
        'host_routes': _routing_table() if net.HOST in present else [],
        'sessions': [{'at': where, **asdict(session)}
                     for where, bird in (('appliance', lab.appliance_bird), ('host', lab.host_bird))
                     for session in bird.sessions()],
        'zone': _zone(lab),
        'files': {'config': str(lab.config_file), 'trust_anchor': str(lab.trust_anchor),
                  'control_socket': str(lab.appliance_bird.socket), 'state': str(lab.state_directory)},
        'pages': {'noc': net.NOC_PAGE, 'noc_v6': net.NOC_PAGE_V6, 'metrics': net.METRICS_PAGE},
        'logs': {role: str(service.log) for role, service in _services(lab).items()},
    }


def as_text(found: dict) -> str:
    if not found['namespaces']:
        return 'The lab is not up.'
    lines = [f'lab in {found["directory"]}: ' + ('complete' if found['complete'] else 'NOT complete'), '']
    lines += ['namespace       processes']
    lines += [f'{name:<15} {" ".join(map(str, pids)) or "none"}' for name, pids in
              found['namespaces'].items()]
    lines += ['', 'process             pid    uid  state']
    for role, process in found['processes'].items():
        lines.append(f'{role:<15} {process["pid"]:>7} {process["uid"]:>6}  {process["state"]}'
                     if process else f'{role:<15}       -      -  not running')
    lines += ['', 'BGP session     at         state']
    lines += [f'{row["name"]:<15} {row["at"]:<10} {row["state"]} {row["error"]}'.rstrip()
              for row in found['sessions']]
    lines += ['', 'routes at the host:', *(f'  {route}' for route in found['host_routes'])]
    if found['missing_routes']:
        lines.append(f'missing: {", ".join(found["missing_routes"])}')
    zone = found['zone']
    if zone:
        lines += ['', f'zone: serial {zone["serial"]} ({zone["change"]}); '
                      f'the primary serves {zone["served"]}']
    return '\n'.join([*lines, '', *pages_text()])


def pages_text() -> list[str]:
    """How to look at the pages: the namespaces have no way out, so a program inside must fetch them."""
    return ['pages:',
            f'  packaging/lab exec host curl -s {net.NOC_PAGE}            what the host\'s NOC sees',
            f'  packaging/lab exec host curl -s {net.NOC_PAGE}api/bgp     the same as JSON',
            f'  packaging/lab exec appliance curl -s {net.METRICS_PAGE}']


def _services(lab: Lab) -> dict:
    return {'agent': lab.agent, 'bird_appliance': lab.appliance_bird.service,
            'bird_host': lab.host_bird.service, 'primary': lab.primary.service}


def _processes(lab: Lab) -> dict[str, dict | None]:
    children = lab.children()
    services = {role: service.process() for role, service in _services(lab).items()}
    ordered: dict[str, Stat | None] = {'agent': services.pop('agent')}
    ordered |= {name: children.get(f'imrs-{name}') for name in CHILDREN} | services
    return {role: _process(found) if found else None for role, found in ordered.items()}


def _process(found: Stat) -> dict:
    return {'pid': found.pid, 'parent': found.parent, 'uid': found.uid, 'state': found.state,
            'name': found.name}


def _routing_table() -> list[str]:
    return [line.strip() for family in ('-4', '-6')
            for line in netns.ip(family, 'route', 'show', namespace=net.HOST).splitlines()]


def _zone(lab: Lab) -> dict | None:
    version = lab.zones.current()
    if version is None:
        return None
    served = lab.primary.serial() if net.PRIMARY in netns.present() else None
    return {'serial': version.serial, 'served': served, 'good': version.good,
            'file': str(version.file), 'change': version.change}
