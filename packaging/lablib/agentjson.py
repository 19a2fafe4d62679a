"""agent.json for the lab's appliance, and the files that it names."""

import json
from pathlib import Path

from lablib import topology as net
from lablib.certificates import Certificates

STOP_DRAIN_MS = 200


def agent_json(bird_socket: Path, trust_anchor: Path, state_directory: Path, control_socket: Path,
               certificates: Certificates) -> str:
    """The text of agent.json; what is not said here is the agent's default."""
    session = {'as': net.HOST_AS, 'interface': 'a0', 'password': net.MD5_PASSWORD, 'gtsm': True,
               'bfd': True, 'hold_time': 9, 'keepalive_time': 3}
    return json.dumps({
        'instance': {'identity': 'lab01.l.root-servers.example', 'kind': 'single',
                     'appliance': 'calypso'},
        'management': {'address': net.MANAGEMENT4},
        'identity_zone': {'place': ['the lab', 'nowhere']},
        'bgp': {
            'router_id': net.APPLIANCE_LINK4,
            'control_socket': str(bird_socket),
            'drain_seconds': 2, 'stop_drain_ms': STOP_DRAIN_MS,
            'neighbours': [
                {'name': 'host4', 'address': net.HOST_LINK4, 'source': net.APPLIANCE_LINK4, **session},
                {'name': 'host6', 'address': net.HOST_LINK6, 'source': net.APPLIANCE_LINK6, **session},
            ],
        },
        'zones': [{
            'origin': '.', 'primaries': [{'address': net.PRIMARY4, 'key': net.TSIG_KEY}],
            'dnssec': 'required', 'zonemd': 'required',
            'trust_anchors': [str(trust_anchor)], 'refresh_seconds': 10,
        }],
        'tsig_keys': [{'name': net.TSIG_KEY, 'algorithm': net.TSIG_ALGORITHM, 'secret': net.TSIG_SECRET}],
        'state_directory': str(state_directory),
        'control_socket': str(control_socket),
        'engine': {'workers': 2},
        'web': {'noc': [f'{net.APPLIANCE_LINK4}:{net.NOC_PORT}', f'[{net.APPLIANCE_LINK6}]:{net.NOC_PORT}'],
                'ops': [f'127.0.0.1:{net.OPS_PORT}', f'{net.MANAGEMENT4}:{net.OPS_PORT}'],
                'tls': {'certificate': str(certificates.server), 'key': str(certificates.server_key),
                        'client_ca': str(certificates.ca)},
                'contact': 'the DNS engineers of the lab, +1 555 0100'},
        'rssac002': {'source_key': net.SOURCE_KEY},
        'users': {name: f'{uid}:{uid}' for name, uid in net.UIDS.items() if name != 'bird'},
    }, indent=2) + '\n'
