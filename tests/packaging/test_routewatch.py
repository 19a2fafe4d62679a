"""Netlink messages as the kernel writes them."""

import socket
import struct
import unittest

from lablib.routewatch import RTM_DELROUTE, RTM_NEWROUTE, _parse


def message(kind: int, family: int, address: str, length: int, table: int = 254) -> bytes:
    """nlmsghdr, rtmsg, RTA_TABLE (which is to be passed over), RTA_DST."""
    octets = socket.inet_pton(family, address)
    body = struct.pack('=BBBBBBBBI', family, length, 0, 0, table, 12, 0, 1, 0)
    body += struct.pack('=HHI', 8, 15, table) + struct.pack('=HH', 4 + len(octets), 1) + octets
    return struct.pack('=IHHII', 16 + len(body), kind, 0, 0, 0) + body


class Parse(unittest.TestCase):
    def test_messages(self) -> None:
        v4, v6 = socket.AF_INET, socket.AF_INET6
        cases = (
            ('added', message(RTM_NEWROUTE, v4, '199.7.83.0', 24), [(True, '199.7.83.0/24')]),
            ('removed', message(RTM_DELROUTE, v6, '2001:500:9e::', 47), [(False, '2001:500:9e::/47')]),
            ('two in one read', message(RTM_NEWROUTE, v4, '199.7.82.0', 23)
             + message(RTM_DELROUTE, v6, '2001:500:3::', 48),
             [(True, '199.7.82.0/23'), (False, '2001:500:3::/48')]),
            ('not one of the five', message(RTM_NEWROUTE, v4, '192.0.2.0', 24), []),
            ('another length', message(RTM_NEWROUTE, v4, '199.7.83.0', 25), []),
            ('another table', message(RTM_NEWROUTE, v4, '199.7.83.0', 24, table=255), []),
            ('another kind', message(20, v4, '199.7.83.0', 24), []),
            ('cut', message(RTM_NEWROUTE, v4, '199.7.83.0', 24)[:15], []),
            ('length 0', bytes(16), []),
            ('nothing', b'', []))
        for what, data, want in cases:
            with self.subTest(what):
                self.assertEqual([(change.added, change.prefix) for change in _parse(data, 5.)], want)
                self.assertEqual({change.time for change in _parse(data, 5.)}, {5.} if want else set())
