"""The test port: a virtio serial port by which the tests run commands inside the guest.

It is there in the test image only, as a unit of its own that is no part of the package; an appliance has no
such thing, and nobody logs in to it. A request is a line "NUMBER SECONDS BASE64": a script for sh, and how
long it may take. Its reply is a line "NUMBER STATUS BASE64": what the script printed. One at a time.
"""

import base64
import itertools
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from lablib.vm import VmError

NAME = 'imrs.test'
TIMED_OUT = 124            # status of what took too long
UNIT = 'imrs-vm-test-port.service'
DEVICE = 'dev-virtio\\x2dports-imrs.test.device'

GUEST_SCRIPT = f'''#!/bin/sh
# Only in the image that packaging/vm boots: runs what the host sends. See lablib/vm/port.py.
exec 3<>/dev/virtio-ports/{NAME}
cd /run
while :; do
	while read -r number limit script; do
		printf '%s' "$script" | base64 -d >imrs-vm-test.script
		timeout "$limit" sh imrs-vm-test.script >imrs-vm-test.output 2>&1 </dev/null 3>&-
		printf '%s %s %s\\n' "$number" "$?" "$(base64 -w0 imrs-vm-test.output)" >&3
	done <&3
	sleep .2                 # the host has not connected yet
done
'''
GUEST_UNIT = f'''# Only in the image that packaging/vm boots; no part of the package.
[Unit]
Description=Test port of packaging/vm
DefaultDependencies=no
After=systemd-udevd.service

[Service]
ExecStart=/usr/local/sbin/imrs-vm-test-port
Restart=always
RestartSec=100ms

[Install]
WantedBy={DEVICE}
'''


class PortError(VmError):
    """The guest did not do what it was told; the text says what it said."""


class Port:
    """QEMU's side of it. A connection for each request: a machine that was reset or cut has forgotten what
    it was asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count(int(time.monotonic() * 1000))

    def run(self, script: str, limit: float = 60) -> str:
        """What it printed, on both outputs. PortError if its status is not 0, or none came within `limit`
        seconds: that includes the time until the guest has started its side of the port."""
        status, output = self.status(script, limit)
        if status != 0:
            raise PortError(f'in the guest, status {status} of: {script}\n{output}')
        return output

    def status(self, script: str, limit: float = 60) -> tuple[int, str]:
        """Exit status and output."""
        number = str(next(self._numbers))
        request = f'{number} {limit:.0f} {base64.b64encode(script.encode()).decode()}\n'
        deadline = time.monotonic() + limit
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._path))
                connection.sendall(request.encode())
                for reply in _lines(connection, deadline):
                    got, status, *output = reply.split(' ')
                    if got == number:
                        return int(status), base64.b64decode(output[0]).decode(errors='replace')
            except (OSError, ValueError) as error:
                raise PortError(f'the test port of the guest: {error}; asked: {script}') from error
        raise PortError(f'the test port of the guest closed, or said nothing within {limit:g} s; asked: '
                        f'{script}')


def _lines(connection: socket.socket, deadline: float) -> Iterator[str]:
    """Whole lines until the deadline or the end."""
    buffer = b''
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            data = connection.recv(1 << 16)
        except TimeoutError:
            return
        if not data:
            return
        *whole, buffer = (buffer + data).split(b'\n')
        yield from (line.decode(errors='replace') for line in whole)
