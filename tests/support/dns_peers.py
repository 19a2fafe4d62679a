"""NSD, Knot DNS, BIND and imrs-engine on loopback with the same zones, for comparing their answers."""

import contextlib
import shutil
from pathlib import Path

from peer_servers import PACKAGES, SEARCH, Server, Setup, engine_command, free_port, peer_command, version_of

SETUP = Setup(identity='differential', version='IMRS', tcp_clients=200, chaos_view=True)
NAMES = ('nsd', 'knot', 'bind', 'imrs')


def missing_programs(programs: tuple = tuple(PACKAGES)) -> list[str]:
    """Those that are not installed, with their Debian packages."""
    return [f'{program} (Debian: {PACKAGES[program]})' for program in programs
            if shutil.which(program, path=SEARCH) is None]


def versions() -> str:
    """Of the peers, as they name themselves."""
    return f'NSD {version_of("nsd")}, Knot DNS {version_of("knot")}, BIND {version_of("bind")}'


@contextlib.contextmanager
def running(zones: dict[str, Path], engine: Path, image: Path, folder: Path, names: tuple = NAMES):
    """-> the servers of these names in their order, all answering."""
    servers: list[Server] = []
    try:
        for name in names:
            port = free_port()
            argv = engine_command(engine, image, port, SETUP.identity) if name == 'imrs' else \
                peer_command(name, SETUP, port, folder, zones)
            servers.append(Server(name, argv, port, folder / f'{name}.out'))
        for server in servers:
            server.wait_for_answer()
        yield servers
    finally:
        for server in servers:
            server.stop()
