"""NSD, Knot DNS and BIND on loopback: their configurations, and starting and stopping them and imrs-engine.

For tests that put them side by side (dns_peers.py: their answers, bench/benchlib/servers.py: their speed).
What would make them differ without anybody being wrong is set alike:

  - no limit on rates (Debian's NSD has one), no logging, no remote control, no statistics, no cookies
  - one worker for UDP and TCP; NSD and BIND have helper processes and threads besides
  - at most 1232 octets by UDP, minimal responses (Knot always does that), one identity
  - BIND: RRsets are not rotated, which costs it time and which the others do not do

The rest is each server's default; what the tests want differently is in Setup.
"""

import contextlib
import ctypes
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ADDRESS = '127.0.0.1'
PATIENCE = 30                # seconds until the first right answer
ASK_AGAIN = .001             # seconds between two questions to a server that starts
STOPS_WITHIN = 10            # seconds; is killed after that
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
SEARCH = os.pathsep.join((os.environ.get('PATH', ''), '/usr/local/sbin', '/usr/sbin'))
PACKAGES = {'nsd': 'nsd', 'knotd': 'knot', 'named': 'bind9', 'ldns-signzone': 'ldnsutils'}
SOA_QUERY = struct.pack('>6H', 1, 0, 1, 0, 0, 0) + b'\0\0\6\0\1'


class PeerError(Exception):
    """A server could not be started; the text says which and what it said, or what to do."""


@dataclass(frozen=True)
class Setup:
    identity: str
    version: str                     # what version.bind says
    tcp_clients: int                 # at a time
    under_load: bool = False         # limits and buffers for a load that does not pause
    chaos_view: bool = False         # BIND's own view of class CH is limited to 3 responses a second


@dataclass(frozen=True)
class Peer:
    """{origin} and {file} belong to a zone, all else to the head."""
    argv: tuple[str, ...]            # the configuration file follows
    version: str                     # argument that makes it say its version
    head: str
    zone: str
    under_load: str = ''             # lines more, in place of {more}
    chaos: tuple[str, str] = ('', '')    # before and after the zones, with a chaos_view


NSD = Peer(('nsd', '-d', '-c'), '-v', '''
server:
  ip-address: {address}@{port}
  zonesdir: "{dir}"
  zonelistfile: "{dir}/nsd.zonelist"
  xfrdfile: "{dir}/nsd.xfrd"
  xfrdir: "{dir}"
  pidfile: "{dir}/nsd.pid"
  logfile: "{dir}/nsd.log"
  database: ""
  username: ""
  zonefiles-check: no
  verbosity: 0
  server-count: 1
  identity: "{identity}"
  nsid: "ascii_{identity}"
  version: "{version}"
  ipv4-edns-size: 1232
  ipv6-edns-size: 1232
  minimal-responses: yes
  answer-cookie: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  tcp-count: {tcp_clients}
  tcp-query-count: 0
  receive-buffer-size: 4194304
{more}
remote-control:
  control-enable: no
''', 'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n', '''
  tcp-timeout: 10
  send-buffer-size: 4194304
''')

KNOT = Peer(('knotd', '-c'), '--version', '''
server:
    listen: {address}@{port}
    rundir: {dir}
    pidfile: {dir}/knot.pid
    identity: {identity}
    nsid: {identity}
    version: {version}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: {tcp_clients}
    udp-max-payload: 1232
{more}
control:
    listen: {dir}/knot.sock
log:
  - target: stderr
    any: error
database:
    storage: {dir}/knot
template:
  - id: default
    storage: {dir}
    zonefile-sync: -1
    journal-content: none
    semantic-checks: off
zone:
''', '  - domain: "{origin}"\n    file: {file}\n', '''
    tcp-reuseport: on
''')

BIND = Peer(('named', '-f', '-n', '1', '-c'), '-v', '''
options {{
    directory "{dir}";
    pid-file none;
    lock-file none;
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    server-id "{identity}";
    hostname "{identity}";
    version "{version}";
    recursion no;
    allow-query {{ any; }};
    allow-transfer {{ none; }};
    notify no;
    dnssec-validation no;
    empty-zones-enable no;
    minimal-responses yes;
    minimal-any no;
    answer-cookie no;
    edns-udp-size 1232;
    max-udp-size 1232;
    rrset-order {{ order none; }};
    zero-no-soa-ttl no;
    tcp-clients {tcp_clients};
    querylog no;
    zone-statistics none;
}};
controls {{ }};
logging {{ channel errors {{ stderr; severity error; }}; category default {{ errors; }}; }};
''', 'zone "{origin}" {{ type primary; file "{file}"; check-names ignore; check-integrity no; }};\n',
            chaos=('''
view "chaos" CH {
    match-clients { any; };
    zone "version.bind" CH { type primary; database "_builtin version"; };
    zone "hostname.bind" CH { type primary; database "_builtin hostname"; };
    zone "id.server" CH { type primary; database "_builtin id"; };
};
view "zones" IN {
    match-clients { any; };
''', '};\n'))

PEERS = {'nsd': NSD, 'knot': KNOT, 'bind': BIND}


def program(name: str) -> str:
    found = shutil.which(name, path=SEARCH)
    if found is None:
        raise PeerError(f'{name} is not installed (Debian: {PACKAGES.get(name, name)}); '
                        'packaging/install-packages --tests')
    return found


def version_of(name: str) -> str:
    peer = PEERS[name]
    done = subprocess.run([program(peer.argv[0]), peer.version], capture_output=True, text=True, timeout=10,
                          check=False)
    found = re.search(r'\b\d+\.[\d.]*\d', done.stdout + done.stderr)
    return found[0] if found else '?'


def free_port() -> int:
    """Free for UDP and TCP now, and below the ports that the kernel gives to clients. Bound without
    SO_REUSEPORT: a server left behind would share the load."""
    for port in random.sample(range(10000, 32768), 50):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((ADDRESS, port))
            udp.bind((ADDRESS, port))
            return port
    raise PeerError('no port is free for both UDP and TCP')


def config_text(name: str, setup: Setup, port: int, folder: Path, zones: dict[str, Path]) -> str:
    """`zones`: origin -> file. What the server keeps is in `folder`."""
    peer = PEERS[name]
    more = peer.under_load.strip('\n') if setup.under_load else ''
    before, after = peer.chaos if setup.chaos_view else ('', '')
    head = peer.head.format(address=ADDRESS, port=port, dir=folder, identity=setup.identity,
                            version=setup.version, tcp_clients=setup.tcp_clients, more=more)
    return head + before + ''.join(peer.zone.format(origin=o, file=f) for o, f in zones.items()) + after


def peer_command(name: str, setup: Setup, port: int, folder: Path, zones: dict[str, Path]) -> list[str]:
    """What starts it; its configuration is written to `folder`."""
    (folder / 'knot').mkdir(exist_ok=True)
    config = folder / f'{name}.conf'
    config.write_text(config_text(name, setup, port, folder, zones))
    path, *arguments = PEERS[name].argv
    return [program(path), *arguments, str(config)]


def engine_command(engine: Path, image: Path, port: int, identity: str, workers: int = 1) -> list[str]:
    return [str(engine), '--image', str(image), '--listen', f'{ADDRESS}:{port}', '--workers', str(workers),
            '--identity', identity]


def end_with_parent() -> None:
    """For a child, before it becomes another program."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def is_authoritative(reply: bytes) -> bool:
    return len(reply) >= len(SOA_QUERY) and bool(reply[2] & 4) and not reply[3] & 15


class Server:
    """One running server in a process group of its own. Ends with this program, whatever happens to it, if
    `prepare`, which the child runs, sees to it.

    `started`: the time just before the fork (monotonic seconds).
    """

    def __init__(self, name: str, argv: list[str], port: int, log: Path,
                 prepare: Callable[[], None] | None = end_with_parent) -> None:
        self.name, self.port, self._log = name, port, log
        with log.open('wb') as out:
            self.started = time.monotonic()
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                             start_new_session=True, preexec_fn=prepare)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_answer(self, is_right: Callable[[bytes], bool] = is_authoritative) -> float:
        """-> seconds from the fork to the first right answer to . SOA."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(ASK_AGAIN)
            s.connect((ADDRESS, self.port))
            while time.monotonic() < self.started + PATIENCE and self._process.poll() is None:
                with contextlib.suppress(ConnectionRefusedError, TimeoutError):
                    s.send(SOA_QUERY)
                    if is_right(s.recv(4096)):
                        return time.monotonic() - self.started
        raise PeerError(f'{self.name} does not answer:\n{self._log.read_text(errors="replace")[-2000:]}')

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(ProcessLookupError):    # a helper that has outlived its parent
            os.killpg(self.pid, signal.SIGKILL)
