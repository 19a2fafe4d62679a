"""The lab as one object: brings it up, repairs it, takes it down, and does to it what a drill needs.

Used by packaging/lab, packaging/quickstart and the end-to-end tests. It keeps nothing in memory: all
state is in the directory and in the kernel, so any process can make a Lab for a running lab.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lablib import netns
from lablib import topology as net
from lablib.agentjson import agent_json
from lablib.bird import HOST_CONFIG, Bird, appliance_config
from lablib.certificates import Certificates
from lablib.primary import Primary
from lablib.processes import Service, Stat, ancestors, descendants, strays, wait_until
from lablib.routewatch import RouteWatch, host_routes
from lablib.zonemaker import ZoneMaker, ZoneVersion

PROGRAMS = ('ip', 'sysctl', 'bird', 'ldns-keygen', 'ldns-signzone', 'dig', 'openssl')
MARK = 'lab.json'                  # in a directory that is ours to delete
ROUTES_LIMIT = 30                  # seconds
NOT_HEALTHY = 3                    # imrsctl's exit status
KEPT_ORDERS = ('drain', 'withdraw', 'resume', 'waive')   # imrsctl keeps what stands after them


class LabError(Exception):
    """What could not be done, and what the operator can do."""


class Lab:
    def __init__(self, directory: Path = net.DEFAULT_DIRECTORY, build: Path | None = None) -> None:
        """`build`: the folder whose bin/ has the programs; None: the one that the running lab was brought
        up with, or build/release."""
        self.directory = Path(directory).absolute()
        self.build = Path(build).absolute() if build else _recorded_build(self.directory)
        self.programs = self.build / 'bin'
        appliance = self.directory / 'appliance'
        self.config_file = appliance / 'agent.json'
        self.state_directory = appliance / 'state'
        self.control_socket = appliance / 'control.sock'
        self.trust_anchor = appliance / 'trust-anchor.ds'
        self.certificates = Certificates(appliance / 'tls')
        self.zones = ZoneMaker(self.directory / 'zones')
        self.primary = Primary(self.directory / 'primary', self.directory)
        self.appliance_bird = Bird(appliance / 'bird', net.APPLIANCE, self.directory,
                                   net.UIDS['bird'], net.UIDS['agent'])
        self.host_bird = Bird(self.directory / 'host', net.HOST, self.directory)
        self.agent = Service('agent', appliance, net.APPLIANCE, self.directory)

    # ---- the whole --------------------------------------------------------------------------------

    def up(self, zone: Path | None = None, agent: bool = True, bird_config: Path | None = None) -> list[str]:
        """Makes or repairs everything; returns what had to be done. With `agent`, returns only when the
        host router has all five prefixes, otherwise when both BGP sessions are established.
        `bird_config` replaces what imrs-agent would render."""
        self._require(agent or bird_config is None)
        self._claim_directory()
        with self._locked():
            done = netns.ensure_network()
            done += self._ensure_host_bird()
            done += self._ensure_zone(zone)
            done += self._ensure_primary()
            self._write_agent_files()
            done += self._ensure_appliance_bird(bird_config)
            done += self._ensure_agent() if agent else []
            self._wait_for_routes() if agent else self._wait_for_sessions()
        return done

    def down(self) -> None:
        """Removes everything, whatever state it is in. The agent may withdraw first. Safe to repeat."""
        _require_root()
        _require_outside()
        self.agent.stop(signal.SIGTERM, limit=3)
        for service in self.services():
            service.stop(signal.SIGKILL)
        netns.remove_network()
        if (self.directory / MARK).exists():
            self._end_strays()
            shutil.rmtree(self.directory)

    def _end_strays(self) -> None:
        """What a crash has left without a pid file and without a namespace."""
        def left() -> list[Stat]:
            return strays(self.directory, net.UIDS.values())
        for process in left():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        if not wait_until(lambda: not left(), 5):
            raise LabError(f'processes {[process.pid for process in left()]} of the lab do not end')

    def services(self) -> tuple[Service, ...]:
        return (self.agent, self.appliance_bird.service, self.host_bird.service, self.primary.service)

    # ---- the agent and its children -----------------------------------------------------------------

    def start_agent(self, environment: dict[str, str] | None = None, under: tuple[str, ...] = ()) -> int:
        """Starts imrs-agent, with more in its environment and `under` a command that becomes it, and does not
        wait for anything; its pid."""
        if self.agent.process():
            raise LabError('the agent runs already')
        program = self._program('imrs-agent')
        return self.agent.start([*under, program, '--config', str(self.config_file)], environment)

    def ensure_appliance_bird(self) -> bool:
        """True if it had to be started; with everything disabled, as its configuration has it."""
        return bool(self._ensure_appliance_bird(None))

    def ask_agent(self, *words: str) -> str:
        """What imrsctl prints; LabError when it fails. That not everything is announced is no failure."""
        argv = [self._program('imrsctl'), '--socket', str(self.control_socket), *words]
        if words[0] in KEPT_ORDERS:
            argv += ['--config', str(self.config_file)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
        if done.returncode not in (0, NOT_HEALTHY):
            raise LabError(f'imrsctl {" ".join(words)}: {done.stderr.strip()}')
        return done.stdout

    def stop_agent(self, limit: float = 10) -> bool:
        """SIGTERM, as an operator would: it withdraws, then ends. False if it was not running."""
        return self.agent.stop(signal.SIGTERM, limit)

    def kill_agent(self, number: int = signal.SIGKILL) -> int:
        """Sends the signal and does not wait; the pid it went to."""
        process = self.agent.process()
        if process is None or not self.agent.send(number):
            raise LabError('the agent is not running')
        return process.pid

    def children(self) -> dict[str, Stat]:
        """The agent's processes by program name: imrs-launcher, imrs-engine, imrs-zone, imrs-web."""
        process = self.agent.process()
        return {child.name: child for child in descendants(process.pid)} if process else {}

    def kill_child(self, name: str, number: int = signal.SIGKILL) -> int:
        """Signals one of children(); the pid it went to."""
        child = self.children().get(name)
        if child is None:
            raise LabError(f'{name} is not running; see "packaging/lab status"')
        os.kill(child.pid, number)
        return child.pid

    # ---- what the host router sees, and the zone ----------------------------------------------------

    def host_routes(self) -> frozenset[str]:
        return host_routes() if net.HOST in netns.present() else frozenset()

    def watch_routes(self) -> RouteWatch:
        return RouteWatch()

    def publish_next(self, broken: bool = False) -> ZoneVersion:
        """A new serial with one changed delegation at the primary; `broken`: with a bad signature."""
        return self._publish(self.zones.next_version(broken))

    def restore_zone(self) -> ZoneVersion:
        """A new serial with what was served before the broken one."""
        return self._publish(self.zones.restored())

    def _publish(self, version: ZoneVersion) -> ZoneVersion:
        self.primary.serve(version.file, version.serial)
        return version

    # ---- the parts of up() --------------------------------------------------------------------------

    def _require(self, programs_needed: bool) -> None:
        _require_root()
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if not shutil.which('nsd') and not shutil.which('knotd'):
            missing.append('nsd')
        if missing:
            raise LabError(f'missing: {", ".join(missing)}; run packaging/install-packages')
        if programs_needed:
            self._program('imrs-agent')

    def _program(self, name: str) -> str:
        path = self.programs / name
        if not os.access(path, os.X_OK):
            raise LabError(f'{path} is missing; build it (cmake --preset release && cmake --build '
                           '--preset release), or name another build folder with --build')
        return str(path)

    def _claim_directory(self) -> None:
        """Ours, or not there yet: down() deletes it whole. Others may pass through, not list."""
        mark = self.directory / MARK
        if not mark.exists() and self.directory.exists() and any(self.directory.iterdir()):
            raise LabError(f'{self.directory} is not empty and not a lab; choose another --dir')
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)
        mark.write_text(json.dumps({'build': str(self.build)}) + '\n')
        for name, mode in (('appliance', 0o711), ('appliance/bird', 0o750), ('host', 0o750),
                           ('primary', 0o750), ('zones', 0o755)):
            folder = self.directory / name
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two `up` at the same time would both start everything."""
        with open(self.directory / 'lock', 'w', encoding='ascii') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ensure_zone(self, source: Path | None) -> list[str]:
        wanted = str(source.absolute()) if source else None
        if self.zones.current() and (source is None or self.zones.source() == wanted):
            return []
        version = self.zones.first(Path(wanted) if wanted else None)
        return [f'root zone, serial {version.serial}']

    def _ensure_primary(self) -> list[str]:
        version = self.zones.current()
        assert version is not None
        return ['primary'] if self.primary.ensure(version.file, version.serial) else []

    def _write_agent_files(self) -> None:
        """agent.json holds the MD5 password: for the agent alone."""
        shutil.copyfile(self.zones.trust_anchor, self.trust_anchor)
        self.certificates.ensure(net.MANAGEMENT4, net.UIDS['web'])
        self.config_file.write_text(
            agent_json(self.appliance_bird.socket, self.trust_anchor, self.state_directory,
                       self.control_socket, self.certificates))
        os.chown(self.config_file, 0, net.UIDS['agent'])
        self.config_file.chmod(0o640)

    def _ensure_host_bird(self) -> list[str]:
        return ["host router's BIRD"] if self.host_bird.ensure(HOST_CONFIG) else []

    def _ensure_appliance_bird(self, config_file: Path | None) -> list[str]:
        config = (config_file.read_text() if config_file
                  else appliance_config(self.programs / 'imrs-agent', self.config_file))
        return ["appliance's BIRD"] if self.appliance_bird.ensure(config) else []

    def _ensure_agent(self) -> list[str]:
        if self.agent.fit():
            return []
        self.agent.stop(signal.SIGKILL)
        self.start_agent()
        return ['agent']

    def _wait_for_routes(self) -> None:
        """Asks both BIRDs meanwhile: 2.0.12 works off what is pending only when something wakes it, for
        up to 3 s."""
        def arrived() -> bool:
            self._stir()
            return self.host_routes() == net.PREFIXES or self.agent.process() is None
        wait_until(arrived, ROUTES_LIMIT)
        if self.host_routes() != net.PREFIXES:
            raise LabError('the host router has not got all five routes\n' + self.seen())

    def _wait_for_sessions(self) -> None:
        def established() -> bool:
            self._stir()
            states = [session.state for session in self.host_bird.sessions()]
            return states == ['Established'] * 2
        if not wait_until(established, ROUTES_LIMIT):
            raise LabError('the BGP sessions are not established\n' + self.seen())

    def _stir(self) -> None:
        self.appliance_bird.answers()
        self.host_bird.answers()

    def seen(self) -> str:
        """What there is to see when something failed."""
        missing = sorted(net.PREFIXES - self.host_routes())
        lines = [f'routes missing at the host: {", ".join(missing) or "none"}']
        for where, bird in (('appliance', self.appliance_bird), ('host', self.host_bird)):
            lines += [f'BIRD, {where}: {session.name} {session.state} {session.error}'
                      for session in bird.sessions()] or [f'BIRD, {where}: no answer']
        if process := self.agent.process():
            lines.append(f'agent: pid {process.pid}, state {process.state}, children: '
                         + (', '.join(self.children()) or 'none'))
        else:
            lines.append('agent: not running')
        return '\n'.join([*lines, f'end of {self.agent.log}:', self.agent.log_tail()])


def _recorded_build(directory: Path) -> Path:
    try:
        return Path(json.loads((directory / MARK).read_text())['build'])
    except (OSError, ValueError, KeyError):
        return net.DEFAULT_BUILD


def _require_outside() -> None:
    """down() ends whatever is in the namespaces; it must not be in one itself."""
    own = ancestors(os.getpid())
    for name in netns.present():
        if own & set(netns.pids(name)):
            raise LabError(f'you are inside {name}, which is to be removed; leave it (exit) and try again')


def _require_root() -> None:
    if os.geteuid() != 0:
        raise LabError('the lab makes network namespaces, which only root may; run it with sudo')
