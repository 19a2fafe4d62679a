"""How the peers are configured for a comparison of speed.

  - no limit on rates (Debian's NSD has one), no logging, no remote control, no statistics, no cookies
  - one worker for UDP and TCP; NSD's and BIND's helper processes and threads are counted with it
  - at most 1232 octets by UDP, minimal responses (Knot always does that), the same identity
  - BIND: RRsets are not rotated, which costs it time and which the others do not do

The rest is each server's default. {origin} and {file} belong to a zone, all else to the head.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    argv: tuple[str, ...]            # the configuration file follows
    version: tuple[str, ...]         # arguments that make it say its version
    head: str
    zone: str


NSD_HEAD = '''
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
  version: "{identity}"
  ipv4-edns-size: 1232
  ipv6-edns-size: 1232
  minimal-responses: yes
  answer-cookie: no
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  tcp-count: 2000
  tcp-query-count: 0
  tcp-timeout: 10
  receive-buffer-size: 4194304
  send-buffer-size: 4194304
remote-control:
  control-enable: no
'''

KNOT_HEAD = '''
server:
    listen: {address}@{port}
    rundir: {dir}
    pidfile: {dir}/knot.pid
    identity: {identity}
    nsid: {identity}
    version: {identity}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: 2000
    tcp-reuseport: on
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

BIND_HEAD = '''
options {{
    directory "{dir}";
    pid-file none;
    lock-file none;
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    server-id "{identity}";
    hostname "{identity}";
    version "{identity}";
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
    tcp-clients 2000;
    querylog no;
    zone-statistics none;
}};
controls {{ }};
logging {{
    channel errors {{ stderr; severity error; }};
    category default {{ errors; }};
}};
'''

NSD_ZONE = 'zone:\n  name: "{origin}"\n  zonefile: "{file}"\n'
KNOT_ZONE = '  - domain: "{origin}"\n    file: {file}\n'
BIND_ZONE = 'zone "{origin}" {{ type primary; file "{file}"; check-names ignore; check-integrity no; }};\n'

PEERS = {
    'nsd': Peer(('nsd', '-d', '-c'), ('-v',), NSD_HEAD, NSD_ZONE),
    'knot': Peer(('knotd', '-c'), ('--version',), KNOT_HEAD, KNOT_ZONE),
    'bind': Peer(('named', '-f', '-n', '1', '-c'), ('-v',), BIND_HEAD, BIND_ZONE),
}
