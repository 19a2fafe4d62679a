"""What an installer would write to the box of this site: agent.json and secrets.json with the package's
places and users, the network's configuration. Pure: text only.
"""

import ipaddress
import json
from pathlib import Path

from lablib import topology as net
from lablib.agentjson import agent_json
from lablib.certificates import Certificates
from lablib.vm.names import MANAGEMENT_MAC, MANAGEMENT_NIC, SERVICE_MAC, SERVICE_NIC

ETC = Path('/etc/imrs')
ANCHOR = ETC / 'anchors' / 'lab.ds'
TLS = ETC / 'tls'
STATE, CONTROL_SOCKET = Path('/var/lib/imrs'), Path('/run/imrs/control.sock')
BIRD_SOCKET = Path('/run/imrs-bird/bird.ctl')
# Emulated processors are ten times slower than real ones, and share the host's with everything else.
EMULATED = {'interval_ms': 500, 'timeout_ms': 2000}


def configuration() -> str:
    """The lab's agent.json as the package wants it: its paths, its users, the secrets in a file apart."""
    text = agent_json(BIRD_SOCKET, ANCHOR, STATE, CONTROL_SOCKET, Certificates(TLS))
    settings = json.loads(text)
    del settings['users'], settings['rssac002']['source_key']
    for neighbour in settings['bgp']['neighbours']:
        neighbour['interface'] = SERVICE_NIC
        del neighbour['password']
    for key in settings['tsig_keys']:
        del key['secret']
    settings['secrets_file'] = str(ETC / 'secrets.json')
    settings['access'] = {'icann': [_network(net.PRIMARY4, 24), _network(net.PRIMARY6, 64)],
                          'host': [_network(net.HOST_LINK4, 30), _network(net.HOST_LINK6, 64)],
                          'time_servers': [net.PRIMARY4]}
    settings['health'] = EMULATED
    del settings['bgp']['stop_drain_ms']
    return json.dumps(settings, indent=2) + '\n'


def secrets() -> str:
    return json.dumps({
        'bgp_passwords': {'host4': net.MD5_PASSWORD, 'host6': net.MD5_PASSWORD},
        'tsig_secrets': {net.TSIG_KEY: net.TSIG_SECRET},
        'source_key': net.SOURCE_KEY}, indent=2) + '\n'


def time_sources() -> str:
    """For chrony; asked every few seconds, for nobody wants to wait a minute for a clock."""
    return f'server {net.PRIMARY4} iburst minpoll 2 maxpoll 4\n'


def network_files() -> dict[str, str]:
    """By their names in /etc/systemd/network."""
    return {
        f'10-{SERVICE_NIC}.link': _link(SERVICE_MAC, SERVICE_NIC),
        f'10-{MANAGEMENT_NIC}.link': _link(MANAGEMENT_MAC, MANAGEMENT_NIC),
        f'20-{SERVICE_NIC}.network': _interface(
            SERVICE_NIC, (f'{net.APPLIANCE_LINK4}/30', f'{net.APPLIANCE_LINK6}/64'),
            (net.HOST_LINK4, net.HOST_LINK6)),
        f'20-{MANAGEMENT_NIC}.network': _interface(
            MANAGEMENT_NIC, (f'{net.MANAGEMENT4}/24', f'{net.MANAGEMENT6}/64'), ())}


def _network(address: str, length: int) -> str:
    return str(ipaddress.ip_network(f'{address}/{length}', strict=False))


def _link(mac: str, name: str) -> str:
    return f'[Match]\nMACAddress={mac}\n\n[Link]\nName={name}\n'


def _interface(name: str, addresses: tuple[str, ...], gateways: tuple[str, ...]) -> str:
    lines = ['[Match]', f'Name={name}', '', '[Network]', 'IPv6AcceptRA=no',
             *(f'Address={address}' for address in addresses),
             *(f'Gateway={gateway}' for gateway in gateways)]
    return '\n'.join(lines) + '\n'
