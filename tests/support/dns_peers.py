"""Starts NSD, Knot DNS and imrs-engine on loopback with the same zones, each on a port of its own.

What would make them differ without anybody being wrong is set alike: no rate limits, no cookies, 1232
octets by UDP, minimal responses, one identity and version text.
"""

import contextlib
import ctypes
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

SEARCH = '/usr/sbin:/usr/local/sbin:/usr/bin:/bin'


class PeerError(Exception):
    """A server could not be started; the text says which and what it said."""


def missing_programs() -> list[str]:
    return [p for p in ('nsd', 'knotd', 'ldns-signzone') if shutil.which(p, path=SEARCH) is None]


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


def _configured(name: str, head: str, zone: str, zones: dict[str, Path], folder: Path,
                argv: list[str]) -> Server:
    port = free_port()
    text = head.format(address=ADDRESS, port=port, dir=folder, identity=IDENTITY, version=VERSION)
    text += ''.join(zone.format(origin=origin, file=file) for origin, file in zones.items())
    config = folder / f'{name}.conf'
    config.write_text(text)
    return Server(name, [shutil.which(argv[0], path=SEARCH), *argv[1:], str(config)], port,
                  folder / f'{name}.out')


@contextlib.contextmanager
def running(zones: dict[str, Path], engine: Path, image: Path, folder: Path):
    """-> [nsd, knot, imrs], all answering."""
    (folder / 'knot').mkdir(exist_ok=True)
    servers = []
    try:
        servers.append(_configured('nsd', NSD, NSD_ZONE, zones, folder, ['nsd', '-d', '-c']))
        servers.append(_configured('knot', KNOT, KNOT_ZONE, zones, folder, ['knotd', '-c']))
        port = free_port()
        servers.append(Server('imrs', [str(engine), '--image', str(image), '--listen',
                                       f'{ADDRESS}:{port}', '--identity', IDENTITY], port,
                              folder / 'imrs.out'))
        for server in servers:
            server.wait_until_answering()
        yield servers
    finally:
        for server in servers:
            server.stop()
