"""Two namespaces for test_firewall.py: the box with the rules that imrs-agent --print-firewall makes and what
is outside; sockets in both, and the rules' counters. Needs root and nft. IMRS_AGENT names another program
than the build's own.

    imrsfw-out                                         imrsfw-box
    o0 192.0.2.2 the neighbour, .3 a stranger, --- b0  192.0.2.1
       203.0.113.10 in the host's network              the service addresses, on lo
    o1 198.51.100.2 the primary, .129 ICANN's, --- b1  198.51.100.1, management
       .123 a time server, .77 a stranger
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

from lablib.netns import NetworkError, in_namespace, ip

ROOT = Path(__file__).resolve().parents[2]
AGENT = os.environ.get('IMRS_AGENT', str(ROOT / 'build' / 'release' / 'bin' / 'imrs-agent'))
BOX, OUT = 'imrsfw-box', 'imrsfw-out'
LINK, NEIGHBOUR, LINK_STRANGER = '192.0.2.1', '192.0.2.2', '192.0.2.3'
LINK6, NEIGHBOUR6, LINK_STRANGER6 = '2001:db8:0:1::1', '2001:db8:0:1::2', '2001:db8:0:1::3'
MANAGEMENT, PRIMARY, ICANN, TIME, STRANGER = (f'198.51.100.{n}' for n in (1, 2, 129, 123, 77))
HOST, FAR = '203.0.113.10', '203.0.113.77'
SERVICE, SERVICE6, FORMER6 = '199.7.83.42', '2001:500:9f::42', '2001:500:3::42'
OWN_IN_OUT = ('199.7.83.99', '2001:500:3::99')          # of our prefixes, and yet outside
ZONE_UID, WEB_UID, BIRD_UID = 64004, 64005, 64010
SOON = .3
ETH_P_IP = 0x0800

CONFIG = {
    'instance': {'identity': 'aa01-fr-par.l.dns.icann.org', 'kind': 'single', 'appliance': 'calypso'},
    'management': {'address': MANAGEMENT},
    'bgp': {'router_id': LINK, 'neighbours': [
        {'name': 'host4', 'address': NEIGHBOUR, 'source': LINK, 'as': 64500, 'interface': 'b0', 'gtsm': True,
         'bfd': True},
        {'name': 'host6', 'address': NEIGHBOUR6, 'source': LINK6, 'as': 64500}]},
    'zones': [{'origin': '.', 'primaries': [PRIMARY], 'trust_anchors': ['/root.ds']}],
    'web': {'noc': [f'{LINK}:80'], 'ops': ['127.0.0.1:9053', f'{MANAGEMENT}:9053'],
            'tls': {'certificate': '/c', 'key': '/k', 'client_ca': '/a'}},
    'access': {'icann': ['198.51.100.128/25'], 'host': ['203.0.113.0/28'], 'time_servers': [TIME]},
    'users': {name: f'{uid}:{uid}' for name, uid in
              {'agent': 64001, 'launcher': 64002, 'engine': 64003, 'zone': ZONE_UID, 'web': WEB_UID,
               'audit': 64007}.items()},
}


def printed(option: str, where: int | IO[str] = subprocess.PIPE) -> subprocess.CompletedProcess:
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(CONFIG, file)
        file.flush()
        return subprocess.run([AGENT, '--config', file.name, option], stdout=where, stderr=subprocess.PIPE,
                              text=True, timeout=30, check=False)


def rules() -> str:
    done = printed('--print-firewall')
    assert done.returncode == 0, f'{AGENT} --print-firewall: {done.stderr}'
    return done.stdout


def missing() -> str:
    if os.geteuid() != 0:
        return 'no root, no namespaces'
    if not shutil.which('nft'):
        return 'no nft'
    return '' if Path(AGENT).exists() else f'{AGENT} is not there'


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def tcp(namespace: str, address: str, port: int = 0, ttl: int = 64, mark: int = 0) -> socket.socket:
    return in_namespace(namespace, lambda: _open(socket.SOCK_STREAM, address, port, ttl, mark))


def udp(namespace: str, address: str, port: int = 0, ttl: int = 64, mark: int = 0) -> socket.socket:
    return in_namespace(namespace, lambda: _open(socket.SOCK_DGRAM, address, port, ttl, mark))


def _open(kind: socket.SocketKind, address: str, port: int, ttl: int, mark: int) -> socket.socket:
    made = socket.socket(family_of(address), kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    if family_of(address) == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    made.settimeout(SOON)
    made.bind((address, port))
    return made


def checksum(octets: bytes) -> int:
    total = sum(struct.unpack(f'!{len(octets) // 2}H', octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def icmp(kind: int, code: int = 0) -> bytes:
    """A message without content; of ICMPv6 the kernel makes the checksum."""
    return struct.pack('!BBHI', kind, code, checksum(struct.pack('!BBHI', kind, code, 0, 0)), 0)


class FirewallCase(unittest.TestCase):
    """Two namespaces, and the rules loaded in one."""

    @classmethod
    def setUpClass(cls) -> None:
        if why := missing():
            print(f'SKIPPED: {why}; the firewall was NOT tried', flush=True)
            raise unittest.SkipTest(why)
        cls.addClassCleanup(remove_namespaces)
        remove_namespaces()
        make_namespaces()
        load(rules())

    def setUp(self) -> None:
        self.open = self.enterContext(ExitStack())

    def keep(self, one: socket.socket) -> socket.socket:
        return self.open.enter_context(one)

    def connects(self, source: str, target: str, port: int, *, source_port: int = 0, ttl: int = 64,
                 client: str = OUT, server: str = BOX, mark: int = 0) -> bool:
        with tcp(server, target, port) as listener, tcp(client, source, source_port, ttl, mark) as caller:
            if ttl != 64:                            # what answers has to be as near
                listener.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            listener.listen()
            try:
                caller.connect((target, port))
            except (TimeoutError, PermissionError):
                return False
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            return True

    def forge(self, source: str, target: str) -> None:
        """A datagram as it is, onto the link: of a raw socket's 0.0.0.0 the kernel makes an own address."""
        link = self.keep(in_namespace(OUT, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)))
        def header(summed: int) -> bytes:
            return struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, summed,
                               socket.inet_aton(source), socket.inet_aton(target))
        datagram = header(checksum(header(0))) + struct.pack('!HHHH', 5353, 53, 8, 0)
        to_all = b'\xff' * 6 if target != SERVICE else link_address()
        link.sendto(datagram, ('o0', ETH_P_IP, 0, 0, to_all))

    def arrives(self, source: str, target: str, port: int, *, source_port: int = 0, ttl: int = 64,
                client: str = OUT, server: str = BOX, mark: int = 0) -> bool:
        """A datagram there, and one back."""
        with udp(server, target, port) as listener, udp(client, source, source_port, ttl, mark) as caller:
            try:
                caller.sendto(b'there', (target, port))
                _, peer = listener.recvfrom(100)
                listener.sendto(b'back', peer)
                return caller.recv(100) == b'back'
            except (TimeoutError, PermissionError):
                return False


def remove_namespaces() -> None:
    for name in (BOX, OUT):
        with suppress(NetworkError):
            ip('netns', 'del', name)


def make_namespaces() -> None:
    for name in (BOX, OUT):
        ip('netns', 'add', name)
        subprocess.run(['ip', 'netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0',
                        'net.ipv6.conf.default.accept_dad=0', 'net.ipv4.conf.all.rp_filter=0',
                        'net.ipv4.conf.default.rp_filter=0'], check=True, timeout=30)
        ip('link', 'set', 'lo', 'up', namespace=name)
    for box, out in (('b0', 'o0'), ('b1', 'o1')):
        ip('link', 'add', box, 'type', 'veth', 'peer', 'name', out, 'netns', OUT, namespace=BOX)
    for namespace, device, *addresses in (
            (BOX, 'b0', f'{LINK}/24', f'{LINK6}/64'), (BOX, 'b1', f'{MANAGEMENT}/24'),
            (BOX, 'lo', f'{SERVICE}/32', f'{SERVICE6}/128', f'{FORMER6}/128'),
            (OUT, 'o0', f'{NEIGHBOUR}/24', f'{LINK_STRANGER}/24', f'{NEIGHBOUR6}/64', f'{LINK_STRANGER6}/64'),
            (OUT, 'o1', *(f'{address}/24' for address in (PRIMARY, ICANN, TIME, STRANGER))),
            (OUT, 'lo', f'{HOST}/32', f'{FAR}/32', f'{OWN_IN_OUT[0]}/32', f'{OWN_IN_OUT[1]}/128')):
        ip('link', 'set', device, 'up', namespace=namespace)
        for address in addresses:
            ip('address', 'add', address, 'dev', device, *(['nodad'] if ':' in address else []),
               namespace=namespace)
    ip('route', 'add', 'default', 'via', NEIGHBOUR, 'dev', 'b0', namespace=BOX)
    ip('-6', 'route', 'add', 'default', 'via', NEIGHBOUR6, 'dev', 'b0', namespace=BOX)
    ip('route', 'add', '199.7.82.0/23', 'via', LINK, 'dev', 'o0', namespace=OUT)
    for prefix in ('2001:500:9e::/47', '2001:500:3::/48'):
        ip('-6', 'route', 'add', prefix, 'via', LINK6, 'dev', 'o0', namespace=OUT)


def nft(*arguments: str, text: str = '') -> str:
    done = subprocess.run(['ip', 'netns', 'exec', BOX, 'nft', *arguments], input=text, capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(text: str) -> None:
    nft('-f', '-', text=text)


def counted(comment: str) -> int:
    """Packets that the rule with this comment has seen."""
    listed = json.loads(nft('-j', 'list', 'table', 'inet', 'imrs'))['nftables']
    found = [rule['rule'] for rule in listed if rule.get('rule', {}).get('comment') == comment]
    assert len(found) == 1, f'{len(found)} rules are "{comment}"'
    return sum(part['counter']['packets'] for part in found[0]['expr'] if 'counter' in part)


def _device() -> dict[str, Any]:
    return json.loads(ip('-j', '-s', 'link', 'show', 'b0', namespace=BOX))[0]


def received() -> int:
    """Packets that the box's device has taken, whatever its rules did with them."""
    return _device()['stats64']['rx']['packets']


def link_address() -> bytes:
    return bytes.fromhex(_device()['address'].replace(':', ''))
