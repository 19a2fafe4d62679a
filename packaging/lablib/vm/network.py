"""The three namespaces and the two taps. Every function may be repeated. Needs root and /dev/net/tun."""

import fcntl
import os
import struct
import subprocess

from lablib import netns
from lablib import topology as net
from lablib.vm.names import PREFIX, TAPS

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
# No address detection delay and no router advertisements on this side; nothing is forwarded.
SYSCTLS = ('net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0',
           *(f'net.ipv6.conf.{scope}.{key}=0' for scope in ('all', 'default')
             for key in ('accept_dad', 'accept_ra')))


def ensure() -> list[str]:
    """What had to be made."""
    made = []
    for name in net.NAMESPACES:
        if name not in netns.present():
            netns.ip('netns', 'add', name)
            made.append(f'namespace {name}')
        netns.ip('link', 'set', 'lo', 'up', namespace=name)
        subprocess.run(['ip', 'netns', 'exec', name, 'sysctl', '-qw', *SYSCTLS], check=True, timeout=30)
    for place, tap, addresses in TAPS:
        if _ensure_tap(PREFIX + place, tap, addresses):
            made.append(f'tap {tap}')
    _add_addresses(net.HOST, 'lo', (f'{net.CLIENT4}/32', f'{net.CLIENT6}/128'))
    return made


def _ensure_tap(namespace: str, tap: str, addresses: tuple[str, ...]) -> bool:
    """True if it had to be made."""
    missing = f' {tap}: ' not in netns.ip('-o', 'link', 'show', namespace=namespace)
    if missing:
        netns.ip('tuntap', 'add', 'dev', tap, 'mode', 'tap', namespace=namespace)
    netns.ip('link', 'set', tap, 'up', namespace=namespace)
    _add_addresses(namespace, tap, addresses)
    return missing


def _add_addresses(namespace: str, interface: str, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        nodad = ['nodad'] if ':' in address else []
        netns.ip('address', 'replace', address, 'dev', interface, *nodad, namespace=namespace)


def open_taps() -> list[int]:
    """The taps' descriptors in the order of TAPS, to be inherited by QEMU; the caller closes them. The link
    has carrier as long as one is open: the machine's end is the cable's."""
    return [netns.in_namespace(PREFIX + place, lambda tap=tap: _open_tap(tap)) for place, tap, _ in TAPS]


def _open_tap(name: str) -> int:
    descriptor = os.open('/dev/net/tun', os.O_RDWR)
    request = struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
    fcntl.ioctl(descriptor, TUNSETIFF, request)
    os.set_inheritable(descriptor, True)
    return descriptor
