#!/usr/bin/python3
"""An NTP server for one client (RFC 5905, mode 4), which says what this machine's clock says.

    ip netns exec imrsvm-primary /usr/bin/python3 -m lablib.vm.timeserver 198.51.100.2
"""

import socket
import struct
import sys
import time

EPOCH = 2208988800         # 1970 in seconds since 1900
SERVER, VERSION = 4, 4
LENGTH = 48                # octets without extensions
STRATUM, PRECISION = 1, -20


def reply(query: bytes, received: float, now: float) -> bytes | None:
    """None for what is no query of a client."""
    if len(query) < LENGTH or query[0] & 7 != 3:
        return None
    head = struct.pack('>BBbbII4s', VERSION << 3 | SERVER, STRATUM, query[2], PRECISION, 0, 0, b'LAB\0')
    return head + _timestamp(received) + query[40:48] + _timestamp(received) + _timestamp(now)


def _timestamp(unix: float) -> bytes:
    return struct.pack('>II', (int(unix) + EPOCH) % 2**32, int(unix % 1 * 2**32))


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((sys.argv[1], 123))
        while True:
            query, client = server.recvfrom(512)
            received = time.time()
            if (answer := reply(query, received, time.time())) is not None:
                server.sendto(answer, client)


if __name__ == '__main__':
    main()
