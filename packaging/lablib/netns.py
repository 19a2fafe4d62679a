"""The network namespaces and the links between them: made, repaired, entered and removed.

Everything is by iproute2, and every function may be repeated. Needs root.
"""

import ctypes
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from lablib import topology as net

T = TypeVar('T')
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class NetworkError(Exception):
    """iproute2 refused; the text is the command and its words."""


def ip(*arguments: str, namespace: str | None = None) -> str:
    argv = ['ip', *(['-n', namespace] if namespace else []), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise NetworkError(f'{" ".join(argv)}: {done.stderr.strip()}')
    return done.stdout


def present() -> list[str]:
    """Those of the lab's namespaces that exist."""
    return [name for name in net.NAMESPACES if _path(name).exists()]


def ensure_network() -> list[str]:
    """Namespaces, links, addresses and routes as topology.py has them. Returns what had to be made."""
    made = []
    for name in net.NAMESPACES:
        if not _usable(name):
            _remove_namespace(name)
            ip('netns', 'add', name)
            made.append(f'namespace {name}')
        ip('link', 'set', 'lo', 'up', namespace=name)
        _set_sysctls(name)
    for pair in net.PAIRS:
        if not all(_has_interface(interface) for interface in pair):
            _make_pair(*pair)
            made.append(f'link {pair[0]}-{pair[1]}')
    for interface, (name, addresses) in net.INTERFACES.items():
        _configure(name, interface, addresses)
    _configure(net.HOST, 'lo', (f'{net.CLIENT4}/32', f'{net.CLIENT6}/128'))
    # The appliance's way back to the clients. It needs the links first.
    ip('route', 'replace', 'default', 'via', net.HOST_LINK4, 'dev', 'a0', namespace=net.APPLIANCE)
    ip('-6', 'route', 'replace', 'default', 'via', net.HOST_LINK6, 'dev', 'a0', namespace=net.APPLIANCE)
    return made


def pids(namespace: str) -> list[int]:
    """The processes inside."""
    with suppress(NetworkError):
        return [int(pid) for pid in ip('netns', 'pids', namespace).split()]
    return []


def remove_network(limit: float = 10) -> None:
    """Kills whatever runs inside the three namespaces, by pid, and removes them."""
    for name in net.NAMESPACES:
        deadline = time.monotonic() + limit
        while inside := pids(name):
            for pid in inside:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise NetworkError(f'namespace {name}: processes {inside} do not end')
            time.sleep(.01)
        _remove_namespace(name)


def in_namespace(name: str, function: Callable[[], T]) -> T:
    """Calls the function in a thread that has entered the namespace. Sockets made in it stay there."""
    results: list[T] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            with open(_path(name), 'rb') as entry:
                if _libc.setns(entry.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f'cannot enter namespace {name}')
            results.append(function())
        except BaseException as error:  # pylint: disable=broad-except  (raised again below)
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def routes(namespace: str, *, protocol: str | None = None) -> list[dict]:
    """Main table of both families, as iproute2's JSON."""
    chosen = ['proto', protocol] if protocol else []
    found = []
    for family in ('-4', '-6'):
        found += json.loads(ip(family, '-j', 'route', 'show', *chosen, namespace=namespace) or '[]')
    return found


def _path(name: str) -> Path:
    return Path('/run/netns') / name


def _usable(name: str) -> bool:
    """False also for the plain file that a crash between creating and mounting leaves."""
    try:
        ip('link', 'show', 'lo', namespace=name)
    except NetworkError:
        return False
    return True


def _remove_namespace(name: str) -> None:
    if not _path(name).exists():
        return
    with suppress(NetworkError):
        ip('netns', 'del', name)
    _path(name).unlink(missing_ok=True)


def _set_sysctls(name: str) -> None:
    """No address detection delay (1 s), no router advertisements, nothing forwarded."""
    settings = ['net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0']
    for scope in ('all', 'default'):
        settings += [f'net.ipv6.conf.{scope}.{key}=0' for key in ('accept_dad', 'accept_ra')]
    subprocess.run(['ip', 'netns', 'exec', name, 'sysctl', '-qw', *settings], check=True, timeout=30)


def _has_interface(interface: str) -> bool:
    try:
        ip('link', 'show', 'dev', interface, namespace=net.INTERFACES[interface][0])
    except NetworkError:
        return False
    return True


def _make_pair(one: str, other: str) -> None:
    for interface in (one, other):
        if _has_interface(interface):
            ip('link', 'del', interface, namespace=net.INTERFACES[interface][0])
    ip('link', 'add', one, 'type', 'veth', 'peer', 'name', other, 'netns', net.INTERFACES[other][0],
       namespace=net.INTERFACES[one][0])


def _configure(namespace: str, interface: str, addresses: tuple[str, ...]) -> None:
    ip('link', 'set', interface, 'up', namespace=namespace)
    for address in addresses:
        nodad = ['nodad'] if ':' in address else []
        ip('address', 'replace', address, 'dev', interface, *nodad, namespace=namespace)
