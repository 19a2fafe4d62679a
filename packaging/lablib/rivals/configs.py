"""The configurations of the rivals, as published in the table: each at its documented defaults, and at the
fastest sensible settings (a check every second, down after two failures).

exabgp 4.2 healthcheck's defaults: --interval 5 --fast-interval 1 --timeout 5 --rise 3 --fall 3.
anycast_healthchecker's defaults: check_interval 2, check_timeout 2, check_rise 2, check_fail 2.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from lablib import topology as net
from lablib.bird import HOST_CONFIG


@dataclass(frozen=True)
class Timing:
    interval: float
    fast_interval: float
    timeout: float
    rise: int
    fall: int


@dataclass(frozen=True)
class Rival:
    name: str
    kind: str                          # "exabgp" or "checkloop"
    timing: Timing
    patience: float                    # seconds after which a fault that was not seen never is


RIVALS = (
    Rival('exabgp, defaults', 'exabgp', Timing(5, 1, 5, 3, 3), 30),
    Rival('exabgp, fast', 'exabgp', Timing(1, 1, 1, 2, 2), 15),
    Rival('check loop, defaults', 'checkloop', Timing(2, 2, 2, 2, 2), 20),
    Rival('check loop, fast', 'checkloop', Timing(1, 1, 1, 2, 2), 15),
)

# A service is an address; what is checked of it, and the prefixes that go with it.
SERVICES = (
    ('a', net.SERVICE_ADDRESSES[0], ('199.7.83.0/24', '199.7.82.0/23')),
    ('b', net.SERVICE_ADDRESSES[1], ('2001:500:9f::/48', '2001:500:9e::/47')),
    ('c', net.SERVICE_ADDRESSES[2], ('2001:500:3::/48',)),
)

NSD = '''server:
{addresses}
  zonesdir: "{folder}"
  zonelistfile: "{folder}/nsd.zonelist"
  xfrdfile: "{folder}/nsd.xfrd"
  xfrdir: "{folder}"
  pidfile: "{folder}/nsd.self"
  database: ""
  username: ""
  server-count: 2
  reuseport: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
'''

EXABGP_NEIGHBOUR = '''neighbor {peer} {{
    router-id {router_id}; local-address {own}; local-as {local_as}; peer-as {host_as};
    hold-time 9; md5-password "{password}"; outgoing-ttl 255;
    family {{ {family} unicast; }}
    api {{ processes [ {processes} ]; }}
}}
'''

BIRD_CONFIG = '''# As anycast_healthchecker's documentation has it: what is announced stands in its own file.
log stderr all;
router id {router_id};
include "{prefixes}";
protocol device {{ scan time 5; }}
protocol static {{ ipv4; {routes4} }}
protocol static {{ ipv6; {routes6} }}
protocol bfd {{ interface "a0" {{ interval 100 ms; multiplier 3; }}; }}
template bgp host {{
    local as {local_as};
    ttl security on;
    password "{password}";
    hold time 9; keepalive time 3; connect delay time 1; error wait time 1, 5;
    graceful restart off;
    bfd on;
}}
protocol bgp host4 from host {{
    neighbor {peer4} as {host_as};
    source address {own4};
    ipv4 {{ import none; next hop self; export where net ~ ANNOUNCED_V4; }};
}}
protocol bgp host6 from host {{
    neighbor {peer6} as {host_as};
    source address {own6};
    ipv6 {{ import none; next hop self; export where net ~ ANNOUNCED_V6; }};
}}
'''


def check_command(address: str) -> str:
    """What a careful operator checks: an answer with a SOA in it. dig alone is content with SERVFAIL, and
    says on its standard output, too, when nothing came."""
    return f'dig +short +tries=1 +time=1 @{address} . SOA | grep -q root-servers.net'


def nsd_config(folder: Path) -> str:
    addresses = '\n'.join(f'  ip-address: {address}' for address in net.SERVICE_ADDRESSES)
    return NSD.format(addresses=addresses, folder=folder)


def exabgp_config(timing: Timing) -> str:
    text = ''
    for name, address, prefixes in SERVICES:
        ips = ' '.join(f'--ip {prefix}' for prefix in prefixes)
        text += (f'process check-{name} {{\n    run /usr/bin/python3 -m exabgp healthcheck --no-syslog '
                 f'--no-ip-setup --withdraw-on-down --interval {timing.interval:g} '
                 f'--fast-interval {timing.fast_interval:g} --timeout {timing.timeout:g} '
                 f'--rise {timing.rise} --fall {timing.fall} --cmd "{check_command(address)}" {ips};\n'
                 '    encoder text;\n}\n')
    both = (('ipv4', net.HOST_LINK4, net.APPLIANCE_LINK4, ['check-a']),
            ('ipv6', net.HOST_LINK6, net.APPLIANCE_LINK6, ['check-b', 'check-c']))
    for family, peer, own, processes in both:
        text += EXABGP_NEIGHBOUR.format(
            peer=peer, own=own, router_id=net.APPLIANCE_LINK4, local_as=net.LOCAL_AS, host_as=net.HOST_AS,
            password=net.MD5_PASSWORD, family=family, processes=', '.join(processes))
    return text


def bird_config(prefixes_file: Path) -> str:
    def routes(prefixes: tuple[str, ...]) -> str:
        return ' '.join(f'route {prefix} blackhole;' for prefix in prefixes)
    return BIRD_CONFIG.format(
        router_id=net.APPLIANCE_LINK4, prefixes=prefixes_file, routes4=routes(net.PREFIXES_V4),
        routes6=routes(net.PREFIXES_V6), local_as=net.LOCAL_AS, host_as=net.HOST_AS,
        password=net.MD5_PASSWORD, peer4=net.HOST_LINK4, own4=net.APPLIANCE_LINK4, peer6=net.HOST_LINK6,
        own6=net.APPLIANCE_LINK6)


def checkloop_settings(timing: Timing, prefixes_file: Path, bird_socket: Path) -> str:
    services = [{'name': name, 'command': check_command(address),
                 'v4': [prefix for prefix in prefixes if ':' not in prefix],
                 'v6': [prefix for prefix in prefixes if ':' in prefix]}
                for name, address, prefixes in SERVICES]
    return json.dumps({'interval': timing.interval, 'timeout': timing.timeout, 'rise': timing.rise,
                       'fail': timing.fall, 'file': str(prefixes_file), 'bird_socket': str(bird_socket),
                       'services': services}, indent=2)


def host_config(kind: str) -> str:
    """exabgp has no BFD: its host can have none."""
    return HOST_CONFIG.replace('    bfd on;\n', '') if kind == 'exabgp' else HOST_CONFIG
