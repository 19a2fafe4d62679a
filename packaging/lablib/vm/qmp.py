"""QEMU's monitor: one command at a time over its QMP socket."""

import json
import socket
from pathlib import Path

from lablib.vm import VmError

LIMIT = 10                 # seconds


class QmpError(VmError):
    """QEMU refused a command, or is not there."""


def command(path: Path, name: str, **arguments: object) -> object:
    """What the command returns."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LIMIT)
        try:
            connection.connect(str(path))
            reader = connection.makefile('r', encoding='utf-8')
            reader.readline()                                # the greeting
            _ask(connection, reader, 'qmp_capabilities', {})
            return _ask(connection, reader, name, arguments)
        except (OSError, ValueError) as error:
            raise QmpError(f'QEMU\'s monitor {path}: {error}') from error


def _ask(connection: socket.socket, reader, name: str, arguments: dict) -> object:
    connection.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode() + b'\n')
    for line in reader:
        reply = json.loads(line)
        if 'error' in reply:
            raise QmpError(f'QEMU refused {name}: {reply["error"].get("desc", reply["error"])}')
        if 'return' in reply:
            return reply['return']
    raise QmpError(f'QEMU\'s monitor closed before it answered {name}')
