"""No client address stays anywhere: 10,000 of each family ask, and then every file, log, page, counter and
the memory of each process is looked through for them, as text and in binary.

Four octets also turn up by chance. So as many addresses of the same networks that never asked are looked for
too: those that asked must not be found more often than chance has it. Sixteen octets, and text, must not be
found at all.
"""

import ipaddress
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from labcase import LabCase
from lablib import netns
from lablib import topology as net
from test_web import fetch

COUNT = 10_000
BY_TCP = 500
SILENCE = 3                # seconds; the design promises a quarter
NETWORKS = {4: '198.18.0.0/16', 6: '2001:db8:1853::/48'}
QUERY = bytes.fromhex('abcd0100000100000000000103636f6d0000020001' '0000291000000000000000')

# Run in the host's namespace: addresses on standard input, a line each; asks by UDP, BY_TCP of them by TCP.
ASK = f'''
import socket, sys
def free_bind(one, six):
    one.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, 78 if six else 15, 1)
query = bytes.fromhex("{QUERY.hex()}")
for number, address in enumerate(sys.stdin.read().split()):
    six = ":" in address
    family, server = (socket.AF_INET6, "2001:500:9f::42") if six else (socket.AF_INET, "199.7.83.42")
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        free_bind(one, six)
        one.bind((address, 0))
        one.settimeout(30)
        one.sendto(query, (server, 53))
        one.recv(2000)
    if number % {COUNT // BY_TCP} == 0:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            free_bind(one, six)
            one.bind((address, 0))
            one.settimeout(30)
            one.connect((server, 53))
            one.sendall(len(query).to_bytes(2, "big") + query)
            one.recv(2000)
'''


class Wanted:
    """Addresses to be found, by their network's first octets."""

    def __init__(self, addresses: list[str]) -> None:
        parsed = [ipaddress.ip_address(address) for address in addresses]
        self.binary = {address.packed for address in parsed}
        self.text = {str(address).encode() for address in parsed}
        self._text = re.compile(rb'(?:198\.18\.[0-9.]{3,7}|2001:0?db8:1853:[0-9a-f:]{4,})')
        self._binary = re.compile(rb'(?=(\xc6\x12..)|(\x20\x01\x0d\xb8\x18\x53.{10}))', re.DOTALL)

    def found(self, octets: bytes) -> tuple[int, int, set[bytes]]:
        """IPv4 and IPv6 addresses in binary, how often; and those that are there as text."""
        hits = [match.group(1) or match.group(2) for match in self._binary.finditer(octets)]
        hits = [hit for hit in hits if hit in self.binary]
        texts = {match for match in self._text.findall(octets) if match in self.text}
        return sum(len(hit) == 4 for hit in hits), sum(len(hit) == 16 for hit in hits), texts


def memory_of(pid: int) -> bytes:
    """All that the process could write to, and has not given back."""
    out = []
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for line in Path(f'/proc/{pid}/maps').read_text(encoding='ascii').splitlines():
            span, mode = line.split()[:2]
            if not mode.startswith('rw') or line.endswith('[vvar]'):
                continue
            first, last = (int(part, 16) for part in span.split('-'))
            try:
                memory.seek(first)
                out.append(memory.read(last - first))
            except OSError:                 # a guard page
                continue
    return b'\0'.join(out)


class Privacy(LabCase):
    def addresses(self, numbers: random.Random) -> tuple[list[str], list[str]]:
        """Those that ask, and as many that do not."""
        both: tuple[list[str], list[str]] = ([], [])
        for family, network in NETWORKS.items():
            base = ipaddress.ip_network(network)
            size = base.num_addresses
            picked = numbers.sample(range(1, size - 1), 2 * COUNT) if family == 4 else [
                numbers.getrandbits(80) for _ in range(2 * COUNT)]
            for index, number in enumerate(picked):
                both[index % 2].append(str(base[number]))
        return both

    def ask_from(self, addresses: list[str]) -> None:
        netns.ip('route', 'replace', 'local', NETWORKS[4], 'dev', 'lo', namespace=net.HOST)
        netns.ip('-6', 'route', 'replace', 'local', NETWORKS[6], 'dev', 'lo', namespace=net.HOST)
        subprocess.run(['ip', 'netns', 'exec', net.HOST, sys.executable, '-c', ASK], check=True, timeout=300,
                       input='\n'.join(addresses), text=True)

    def everything(self) -> dict[str, bytes]:
        """What there is to be looked through, by name."""
        out = {f'file {file}': file.read_bytes() for file in (self.lab.directory / 'appliance').rglob('*')
               if file.is_file()}
        for page in ('', 'metrics', 'api/state', 'api/series?last=86400', 'api/now'):
            out[f'ops page {page}'] = fetch(net.APPLIANCE, net.OPS_PAGE + page).encode()
        for page in ('', 'api/bgp', 'events.atom'):
            out[f'NOC page {page}'] = fetch(net.HOST, net.NOC_PAGE + page).encode()
        out['imrsctl'] = self.lab.ask_agent('stats', '--json', '--top', '1000').encode()
        agent = self.lab.agent.process()
        assert agent is not None
        for name, pid in [('imrs-agent', agent.pid), *((n, c.pid) for n, c in self.lab.children().items())]:
            out[f'memory of {name}'] = memory_of(pid)
        return out

    def test_no_client_address_stays(self) -> None:
        asked, never = self.addresses(random.Random(7))
        self.ask_from(asked)
        time.sleep(SILENCE)
        wanted, control = Wanted(asked), Wanted(never)
        sizes = 0
        for name, octets in self.everything().items():
            sizes += len(octets)
            v4, v6, texts = wanted.found(octets)
            chance = control.found(octets)[0]
            self.assertEqual((v6, texts), (0, set()), name)
            self.assertLessEqual(v4, chance + 4 * (v4 + chance) ** .5 + 4, f'{name}: by chance {chance}')
        print(f'\n    {sizes / 1e6:.0f} MB looked through', end=' ', flush=True)
        self.assertGreater(sizes, 20_000_000)

    def test_the_search_finds_what_is_there(self) -> None:
        """Planted in a file of the appliance, and in the memory of a process."""
        address = ipaddress.ip_address('2001:db8:1853:1:2:3:4:5')
        four = ipaddress.ip_address('198.18.77.99')
        wanted = Wanted([str(address), str(four)])
        plant = self.lab.directory / 'appliance' / 'planted.log'
        plant.write_text(f'client {address} and {four}\n', encoding='ascii')
        self.addCleanup(plant.unlink)
        found_there = wanted.found(self.everything()[f'file {plant}'])[2]
        self.assertEqual(found_there, {str(address).encode(), b'198.18.77.99'})
        code = 'import socket, sys; a = socket.inet_pton(socket.AF_INET6, sys.argv[1]); ' \
               'b = bytearray(a) * 2; ' \
               'c = bytearray(socket.inet_aton("198.18.77.99")); print(flush=True); sys.stdin.read()'
        with subprocess.Popen([sys.executable, '-c', code, '2001:0DB8:1853:1:2:3:4:5'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None and holder.stdin is not None
            holder.stdout.readline()
            found = wanted.found(memory_of(holder.pid))
            holder.stdin.close()
        self.assertGreaterEqual(found[0], 1)
        self.assertGreaterEqual(found[1], 2)
