"""Starts NSD, Knot DNS, BIND and imrs-engine on loopback with the same zones, each on a port of its own.

What would make them differ without anybody being wrong is set alike: no rate limits, no cookies, 1232
octets by UDP, minimal responses, one identity and version text. BIND's own view of class CH is limited to 3
responses a second, so it gets another one.
"""

import contextlib
import ctypes
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

ADDRESS = '127.0.0.1'
IDENTITY, VERSION = 'differential', 'IMRS'
PATIENCE = 30          # seconds until a server answers
PR_SET_PDEATHSIG = 1

NSD = '''
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
  tcp-count: 200
  tcp-query-count: 0
  receive-buffer-size: 4194304
remote-control:
  control-enable: no
'''
NSD_ZONE = 'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n'

KNOT = '''
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
    udp-max-payload: 1232
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
'''
KNOT_ZONE = '  - domain: "{origin}"\n    file: {file}\n'

BIND = '''
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
    tcp-clients 200;
    querylog no;
    zone-statistics none;
}};
controls {{ }};
logging {{ channel errors {{ stderr; severity error; }}; category default {{ errors; }}; }};
view "chaos" CH {{
    match-clients {{ any; }};
    zone "version.bind" CH {{ type primary; database "_builtin version"; }};
    zone "hostname.bind" CH {{ type primary; database "_builtin hostname"; }};
    zone "id.server" CH {{ type primary; database "_builtin id"; }};
}};
view "zones" IN {{
    match-clients {{ any; }};
'''
BIND_ZONE = '''
    zone "{origin}" {{ type primary; file "{file}"; check-names ignore; check-integrity no; }};
'''
BIND_END = '};\n'

NAMES = ('nsd', 'knot', 'bind', 'imrs')
PACKAGES = {'nsd': 'nsd', 'knotd': 'knot', 'named': 'bind9', 'ldns-signzone': 'ldnsutils'}
SEARCH = '/usr/sbin:/usr/local/sbin:/usr/bin:/bin'


class PeerError(Exception):
    """A server could not be started; the text says which and what it said."""


def missing_programs(programs: tuple = tuple(PACKAGES)) -> list[str]:
    """Those that are not installed, with their Debian packages."""
    return [f'{program} (Debian: {PACKAGES[program]})' for program in programs
            if shutil.which(program, path=SEARCH) is None]


def versions() -> str:
    """Of the peers, as they name themselves."""
    said = []
    for argv in (['nsd', '-v'], ['knotd', '-V'], ['named', '-V']):
        program = shutil.which(argv[0], path=SEARCH)
        done = subprocess.run([program, argv[1]], capture_output=True, text=True, timeout=10, check=False)
        said.append((done.stdout or done.stderr).splitlines()[0])
    number = [re.search(r'\d+\.\d+\.\d+', line)[0] for line in said]
    return f'NSD {number[0]}, Knot DNS {number[1]}, BIND {number[2]}'


def free_port() -> int:
    """A port that is free for UDP and TCP now."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((ADDRESS, 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
                udp.bind((ADDRESS, port))
                return port
    raise PeerError('no port is free for both UDP and TCP')


class Server:
    """One running server. Ends with this program, whatever happens to it."""

    def __init__(self, name: str, argv: list[str], port: int, log: Path) -> None:
        self.name, self.port, self._log = name, port, log
        libc = ctypes.CDLL(None)
        with log.open('wb') as out:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM))

    def wait_until_answering(self) -> None:
        end = time.monotonic() + PATIENCE
        query = struct.pack('>6H', 1, 0, 1, 0, 0, 0) + b'\0\0\6\0\1'
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, contextlib.suppress(OSError):
                s.settimeout(0.1)
                s.connect((ADDRESS, self.port))
                s.send(query)
                reply = s.recv(4096)
                if reply[2] & 4 and not reply[3] & 15:
                    return
        raise PeerError(f'{self.name} does not answer:\n{self._log.read_text(errors="replace")[-2000:]}')

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _configured(name: str, zones: dict[str, Path], folder: Path) -> Server:
    head, zone, end, argv = {
        'nsd': (NSD, NSD_ZONE, '', ['nsd', '-d', '-c']),
        'knot': (KNOT, KNOT_ZONE, '', ['knotd', '-c']),
        'bind': (BIND, BIND_ZONE, BIND_END, ['named', '-f', '-n', '1', '-c'])}[name]
    port = free_port()
    text = head.format(address=ADDRESS, port=port, dir=folder, identity=IDENTITY, version=VERSION)
    text += ''.join(zone.format(origin=origin, file=file) for origin, file in zones.items()) + end
    config = folder / f'{name}.conf'
    config.write_text(text)
    return Server(name, [shutil.which(argv[0], path=SEARCH), *argv[1:], str(config)], port,
                  folder / f'{name}.out')


def _engine(engine: Path, image: Path, folder: Path) -> Server:
    port = free_port()
    return Server('imrs', [str(engine), '--image', str(image), '--listen', f'{ADDRESS}:{port}', '--workers',
                           '1', '--identity', IDENTITY], port, folder / 'imrs.out')


@contextlib.contextmanager
def running(zones: dict[str, Path], engine: Path, image: Path, folder: Path, names: tuple = NAMES):
    """-> the servers of these names in their order, all answering."""
    (folder / 'knot').mkdir(exist_ok=True)
    servers = []
    try:
        for name in names:
            servers.append(_engine(engine, image, folder) if name == 'imrs' else
                           _configured(name, zones, folder))
        for server in servers:
            server.wait_until_answering()
        yield servers
    finally:
        for server in servers:
            server.stop()
