"""The two BIRDs: the appliance's (its configuration comes from imrs-agent) and the host router's
(configured here as the host's engineers would: exactly the five prefixes, from AS 20144 itself).
"""

import os
import socket
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lablib import topology as net
from lablib.processes import Service, wait_until

HOST_CONFIG = f'''# The host router: takes exactly the five prefixes from AS {net.LOCAL_AS}, sends nothing.
log stderr all;
debug protocols {{ states, events }};
router id {net.HOST_LINK4};
timeformat protocol iso long ms;

define ANYCAST_V4 = [ {', '.join(net.PREFIXES_V4)} ];
define ANYCAST_V6 = [ {', '.join(net.PREFIXES_V6)} ];

protocol device {{ scan time 5; }}

# krt_initcwnd shows in the FIB whether GRACEFUL_SHUTDOWN came with the route ("initcwnd 5"). The
# preferred source is the client's address, so that answers need the appliance's way back.
filter to_fib_v4 {{
    if source != RTS_BGP then reject;
    if (65535,0) ~ bgp_community then krt_initcwnd = 5;
    krt_prefsrc = {net.CLIENT4};
    accept;
}}
filter to_fib_v6 {{
    if source != RTS_BGP then reject;
    if (65535,0) ~ bgp_community then krt_initcwnd = 5;
    krt_prefsrc = {net.CLIENT6};
    accept;
}}
protocol kernel kernel4 {{ scan time 20; ipv4 {{ import none; export filter to_fib_v4; }}; }}
protocol kernel kernel6 {{ scan time 20; ipv6 {{ import none; export filter to_fib_v6; }}; }}

filter from_appliance_v4 {{
    if ! (net ~ ANYCAST_V4) then reject;
    if bgp_path.last != {net.LOCAL_AS} || bgp_path.len != 1 then reject;
    if (65535,0) ~ bgp_community then bgp_local_pref = 0;   # RFC 8326
    accept;
}}
filter from_appliance_v6 {{
    if ! (net ~ ANYCAST_V6) then reject;
    if bgp_path.last != {net.LOCAL_AS} || bgp_path.len != 1 then reject;
    if (65535,0) ~ bgp_community then bgp_local_pref = 0;
    accept;
}}

protocol bfd bfd1 {{
    interface "h0" {{ interval 100 ms; multiplier 3; }};
}}

template bgp appliance_session {{
    local as {net.HOST_AS};
    ttl security on;
    password "{net.MD5_PASSWORD}";
    hold time 9;
    keepalive time 3;
    startup hold time 9;
    connect delay time 1;
    connect retry time 5;
    error wait time 1, 5;
    error forget time 30;
    graceful restart off;
    long lived graceful restart off;
    check link on;
    bfd on;
}}
protocol bgp appliance4 from appliance_session {{
    neighbor {net.APPLIANCE_LINK4} as {net.LOCAL_AS};
    source address {net.HOST_LINK4};
    ipv4 {{ import filter from_appliance_v4; export none; receive limit 8 action restart; }};
}}
protocol bgp appliance6 from appliance_session {{
    neighbor {net.APPLIANCE_LINK6} as {net.LOCAL_AS};
    source address {net.HOST_LINK6};
    ipv6 {{ import filter from_appliance_v6; export none; receive limit 8 action restart; }};
}}
'''


@dataclass(frozen=True)
class Session:
    name: str
    state: str          # "Established", "Connect", ...
    error: str          # BIRD's words; empty if none


class Bird:
    """One BIRD. `user` and `group` are numbers; the control socket belongs to `group` (mode 0660), the
    configuration, which holds the MD5 password, is readable by `user` alone."""

    def __init__(self, folder: Path, namespace: str, owner: Path, user: int = 0, group: int = 0) -> None:
        self.service = Service('bird', folder, namespace, owner)
        self.socket = folder / 'bird.ctl'
        self.namespace = namespace
        self._config = folder / 'bird.conf'
        self._user, self._group = user, group

    def ensure(self, config: str) -> bool:
        """Running with this configuration and answering; True if it had to be (re)started."""
        same = self._config.exists() and self._config.read_text() == config
        if same and self.service.fit() and self.answers():
            return False
        self.service.stop(limit=2)
        self._write_config(config)
        # Before the engine: its sessions must not starve under a flood.
        argv = ['nice', '-n', '-10', 'bird', '-f', '-c', str(self._config), '-s', str(self.socket)]
        if self._user:
            argv += ['-u', str(self._user), '-g', str(self._group)]
        self.service.start(argv)
        wait_until(lambda: self.answers() or self.service.process() is None, 5)
        if not self.answers():
            raise RuntimeError(f'BIRD in {self.namespace} does not answer; its log says:\n'
                               + self.service.log_tail())
        return True

    def command(self, text: str, limit: float = 1) -> str:
        """The whole reply to one command. OSError when BIRD is not there or mute."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(limit)
            connection.connect(str(self.socket))
            reader = connection.makefile('r', encoding='utf-8', errors='replace')
            _read_reply(reader)
            connection.sendall(text.encode() + b'\n')
            return _read_reply(reader)

    def answers(self) -> bool:
        with suppress(OSError):
            self.command('show status')
            return True
        return False

    def sessions(self) -> list[Session]:
        """Its BGP sessions; empty when BIRD does not answer."""
        try:
            reply = self.command('show protocols')
        except OSError:
            return []
        rows = [line[5 if line[:4].isdigit() else 1:].split() for line in reply.splitlines()]
        return [_session(row) for row in rows if len(row) > 5 and row[1] == 'BGP']

    def _write_config(self, config: str) -> None:
        self._config.unlink(missing_ok=True)
        with open(os.open(self._config, os.O_WRONLY | os.O_CREAT, 0o600), 'w', encoding='utf-8') as file:
            file.write(config)
        os.chown(self._config, self._user, 0)
        # BIRD makes its control socket here after it has given root up.
        os.chown(self.service.folder, self._user, self._group)
        self.service.folder.chmod(0o750)


def _session(row: list[str]) -> Session:
    """NAME BGP TABLE STATE DATE TIME INFO...; a session that is down has no BGP state in INFO."""
    if row[3] == 'down':
        return Session(row[0], 'Down', ' '.join(row[6:]))
    return Session(row[0], row[6] if len(row) > 6 else row[3], ' '.join(row[7:]))


def _read_reply(reader) -> str:
    """Lines up to the final one, "NNNN text". Lines that start with + are asynchronous."""
    lines = []
    for line in reader:
        if not line.startswith('+'):
            lines.append(line)
        if len(line) > 4 and line[:4].isdigit() and line[4] == ' ':
            return ''.join(lines)
    raise ConnectionError('BIRD closed the connection')


def appliance_config(agent: Path, agent_json: Path) -> str:
    """What imrs-agent renders from agent.json."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = Path(folder) / 'bird.conf'
        argv = [str(agent), '--write-bird-config', str(rendered), '--config', str(agent_json)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'{" ".join(argv)} failed: {done.stderr.strip()}')
        return rendered.read_text()
