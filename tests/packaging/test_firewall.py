"""The nftables rules that imrs-agent --print-firewall makes, loaded in a namespace, with packets really sent
through them by another (firewall_site.py)."""

import socket
import struct
import subprocess
import unittest
from pathlib import Path

from firewall_site import (AGENT, BIRD_UID, BOX, FAR, FORMER6, HOST, ICANN, LINK, LINK6, LINK_STRANGER,
                           LINK_STRANGER6, MANAGEMENT, NEIGHBOUR, NEIGHBOUR6, OUT, OWN_IN_OUT, PRIMARY,
                           SERVICE, SERVICE6, SOON, STRANGER, TIME, WEB_UID, ZONE_UID, FirewallCase, counted,
                           family_of, icmp, load, nft, printed, received, rules, tcp, udp)
from lablib.netns import in_namespace


@unittest.skipUnless(Path(AGENT).exists(), f'{AGENT} is not there')
class Printed(unittest.TestCase):

    def test_a_disk_that_is_full_is_an_error(self) -> None:
        for option in ('--print-firewall', '--print-bird-config'):
            with Path('/dev/full').open('w', encoding='ascii') as full:
                done = printed(option, full)
            self.assertEqual(done.returncode, 1, option)
            self.assertIn('No space left on device', done.stderr, option)


class ComesIn(FirewallCase):

    def test_queries_from_everybody_by_both_transports_and_families(self) -> None:
        for source, target in ((LINK_STRANGER, SERVICE), (FAR, SERVICE), (LINK_STRANGER6, SERVICE6),
                               (LINK_STRANGER6, FORMER6)):
            with self.subTest(source=source, target=target):
                self.assertTrue(self.arrives(source, target, 53))
                self.assertTrue(self.connects(source, target, 53))

    def test_a_service_address_has_no_other_port(self) -> None:
        for port in (22, 179, 80, 8080):
            self.assertFalse(self.connects(ICANN, SERVICE, port), port)
            self.assertFalse(self.arrives(ICANN, SERVICE, port), port)

    def test_bgp_and_bfd_from_the_neighbour_alone_and_from_the_link(self) -> None:
        cases = ((NEIGHBOUR, LINK, 255, True), (NEIGHBOUR, LINK, 254, False),
                 (LINK_STRANGER, LINK, 255, False), (HOST, LINK, 255, False),
                 (NEIGHBOUR, SERVICE, 255, False), (NEIGHBOUR6, LINK6, 64, True),
                 (LINK_STRANGER6, LINK6, 255, False))
        for source, target, ttl, want in cases:
            with self.subTest(source=source, target=target, ttl=ttl):
                self.assertEqual(self.connects(source, target, 179, ttl=ttl), want)
        self.assertTrue(self.arrives(NEIGHBOUR, LINK, 3784, ttl=255))
        for source, port, ttl in ((NEIGHBOUR, 3784, 254), (LINK_STRANGER, 3784, 255), (NEIGHBOUR, 4784, 255)):
            self.assertFalse(self.arrives(source, LINK, port, ttl=ttl), (source, port, ttl))
        self.assertFalse(self.arrives(NEIGHBOUR6, LINK6, 3784, ttl=255), 'BFD is off there')

    def test_a_session_that_the_appliance_opens(self) -> None:
        def opens(port: int, ttl: int) -> bool:
            return self.connects(LINK, NEIGHBOUR, port, client=BOX, server=OUT, ttl=ttl)
        self.assertTrue(opens(179, 255))
        self.assertFalse(opens(179, 254), 'an answer from farther away')
        self.assertFalse(self.connects(NEIGHBOUR, LINK, 8080, source_port=179, ttl=255),
                         'port 179 as a source opens nothing else')

    def test_who_may_log_in_and_look(self) -> None:
        cases = ((ICANN, MANAGEMENT, 22, True), (ICANN, LINK, 22, True), (HOST, LINK, 22, False),
                 (STRANGER, MANAGEMENT, 22, False), (PRIMARY, MANAGEMENT, 22, False),
                 (ICANN, MANAGEMENT, 9053, True), (HOST, MANAGEMENT, 9053, False),
                 (STRANGER, MANAGEMENT, 9053, False), (HOST, LINK, 80, True), (ICANN, LINK, 80, True),
                 (NEIGHBOUR, LINK, 80, False), (FAR, LINK, 80, False), (HOST, MANAGEMENT, 80, False))
        for source, target, port, want in cases:
            with self.subTest(source=source, target=target, port=port):
                self.assertEqual(self.connects(source, target, port), want)

    def test_notify_from_the_primary_to_the_management_address(self) -> None:
        for source, target, want in ((PRIMARY, MANAGEMENT, True), (STRANGER, MANAGEMENT, False),
                                     (PRIMARY, LINK, False)):
            self.assertEqual(self.arrives(source, target, 53), want, source)
            self.assertEqual(self.connects(source, target, 53), want, source)

    def test_own_addresses_and_impossible_ones_from_outside(self) -> None:
        for source, target, family in ((OWN_IN_OUT[0], SERVICE, 'IPv4'), (OWN_IN_OUT[1], SERVICE6, 'IPv6')):
            before = counted(f'own address from outside, {family}')
            self.assertFalse(self.arrives(source, target, 53))
            self.assertGreater(counted(f'own address from outside, {family}'), before)
        # Who has no address yet (DHCP, IGMP) speaks to all on its link: dropped, but not forged.
        for source, target, counts in (('240.0.0.1', SERVICE, 1), ('0.0.0.0', SERVICE, 1),
                                       ('0.0.0.0', '255.255.255.255', 0), ('0.0.0.0', '224.0.0.1', 0)):
            with self.subTest(source=source, target=target):
                before, came = counted('nobody\'s address, IPv4'), received()
                self.forge(source, target)
                self.assertGreater(received(), came)
                self.assertEqual(counted('nobody\'s address, IPv4'), before + counts)

    def test_icmp(self) -> None:
        def send(message: bytes, protocol: int, source: str, target: str, hops: int = 64) -> None:
            raw = self.keep(in_namespace(OUT, lambda: socket.socket(family_of(target), socket.SOCK_RAW,
                                                                    protocol)))
            if protocol == socket.IPPROTO_ICMPV6:
                raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
            raw.bind((source, 0))
            raw.sendto(message, (target, 0))
        v4, v6 = socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6
        cases = (('fragmentation needed', icmp(3, 4), v4, 64, 'ICMP'), ('echo', icmp(8), v4, 64, 'ping'),
                 ('redirect', icmp(5, 1), v4, 64, 'redirect'),
                 ('packet too big', icmp(2), v6, 64, 'ICMPv6'), ('echo', icmp(128), v6, 64, 'ping, IPv6'),
                 ('router advertisement', icmp(134), v6, 255, 'redirect, router advertisement'))
        for what, message, protocol, hops, comment in cases:
            with self.subTest(what=what):
                before = counted(comment)
                source, target = (FAR, SERVICE) if protocol == v4 else (LINK_STRANGER6, SERVICE6)
                send(message, protocol, source, target, hops)
                self.assertGreater(counted(comment), before)

    def test_nothing_is_forwarded(self) -> None:
        subprocess.run(['ip', 'netns', 'exec', BOX, 'sysctl', '-qw', 'net.ipv4.ip_forward=1'], check=True,
                       timeout=30)
        before = counted('not for this machine, dropped')
        with udp(OUT, FAR) as caller:
            caller.sendto(b'x', ('199.7.82.1', 53))
        self.assertGreater(counted('not for this machine, dropped'), before)


class GoesOut(FirewallCase):

    def refused(self, source: str, target: str, port: int, source_port: int = 0) -> bool:
        with udp(BOX, source, source_port) as caller:
            try:
                caller.sendto(b'x', (target, port))
            except PermissionError:
                return True
        return False

    def test_only_answers_leave_with_a_service_address(self) -> None:
        self.assertFalse(self.refused(SERVICE, FAR, 4711, 53))
        self.assertTrue(self.refused(SERVICE, FAR, 53))
        self.assertTrue(self.refused(SERVICE6, NEIGHBOUR6, 123, 123))
        ping = self.keep(in_namespace(BOX, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                                                 socket.IPPROTO_ICMP)))
        ping.bind((SERVICE, 0))
        ping.sendto(icmp(8), (FAR, 0))
        self.assertGreater(counted('ICMP of the service, IPv4'), 0)

    def test_no_source_that_is_not_its_own(self) -> None:
        header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0,
                             socket.inet_aton('203.0.113.200'), socket.inet_aton(FAR))
        raw = self.keep(in_namespace(BOX, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                                                socket.IPPROTO_RAW)))
        with self.assertRaises(PermissionError):
            raw.sendto(header + struct.pack('!HHHH', 5353, 53, 8, 0), (FAR, 0))

    def test_time_is_asked_of_the_configured_servers(self) -> None:
        self.assertTrue(self.arrives(MANAGEMENT, TIME, 123, client=BOX, server=OUT))
        self.assertTrue(self.refused(MANAGEMENT, STRANGER, 123))

    def test_what_root_begins_is_answered(self) -> None:
        self.assertTrue(self.connects(MANAGEMENT, STRANGER, 443, client=BOX, server=OUT))
        self.assertTrue(self.arrives(LINK, FAR, 53, client=BOX, server=OUT))

    def test_the_programs_users_ask_nobody_but_the_primary(self) -> None:
        def connects_as(uid: int, target: str, port: int) -> bool:
            with tcp(OUT, target, port) as listener:
                listener.listen()
                return self.runs_as(uid, f'socket.create_connection(({target!r}, {port}), {SOON})')
        self.assertTrue(connects_as(ZONE_UID, PRIMARY, 53))
        for uid, target, port in ((ZONE_UID, PRIMARY, 80), (ZONE_UID, STRANGER, 53), (WEB_UID, PRIMARY, 53),
                                  (WEB_UID, FAR, 443)):
            self.assertFalse(connects_as(uid, target, port), (uid, target, port))

    def runs_as(self, uid: int, what: str) -> bool:
        """Of a program of that user in the box, without capabilities: has it come to its end?"""
        code = f'import socket\n{what}'
        done = subprocess.run(['ip', 'netns', 'exec', BOX, 'setpriv', f'--reuid={uid}', '--clear-groups',
                               '/usr/bin/python3', '-c', code], check=False, capture_output=True, text=True,
                              timeout=30)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode == 0

    def test_bgp_and_bfd_are_birds_alone(self) -> None:
        def as_bird(port: int, kind: str) -> str:
            return (f'one = socket.socket(socket.AF_INET, socket.{kind})\n'
                    f'one.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)\n'
                    f'one.settimeout({SOON})\n'
                    f'one.bind(({LINK!r}, 0))\n'
                    f'one.connect(({NEIGHBOUR!r}, {port}))\n'
                    f'one.send(b"x")')
        with tcp(OUT, NEIGHBOUR, 179, 255) as router:
            router.listen()
            for port, kind in ((3784, 'SOCK_DGRAM'), (179, 'SOCK_STREAM')):
                self.assertTrue(self.runs_as(BIRD_UID, as_bird(port, kind)), port)
                for uid in (ZONE_UID, WEB_UID):
                    self.assertFalse(self.runs_as(uid, as_bird(port, kind)), (uid, port))
        self.assertGreaterEqual(counted('a program of ours, as BIRD'), 4)

    def test_probes_by_the_loopback_device(self) -> None:
        for service in (SERVICE, SERVICE6, FORMER6):
            self.assertTrue(self.arrives(service, service, 53, client=BOX, mark=0x494d0000))
            self.assertTrue(self.connects(service, service, 53, client=BOX, mark=0x494d0001))


class Tables(FirewallCase):

    def test_dns_and_bgp_leave_no_trace_in_the_table_of_connections(self) -> None:
        def tracked() -> int:
            return in_namespace(BOX, lambda: int(Path('/proc/thread-self/net/stat/nf_conntrack').read_text(
                encoding='ascii').splitlines()[1].split()[0], 16))
        before = tracked()
        for _ in range(20):
            self.assertTrue(self.arrives(LINK_STRANGER, SERVICE, 53))
            self.assertTrue(self.arrives(SERVICE, SERVICE, 53, client=BOX))
        self.assertTrue(self.connects(LINK_STRANGER, SERVICE, 53))
        self.assertTrue(self.connects(NEIGHBOUR, LINK, 179, ttl=255))
        self.assertEqual(tracked(), before)
        self.assertTrue(self.connects(ICANN, MANAGEMENT, 22))
        self.assertGreater(tracked(), before, 'the count is one')

    def test_loading_anew_replaces_all_of_it_and_cuts_nothing_off(self) -> None:
        listener = self.keep(tcp(BOX, MANAGEMENT, 22))
        listener.listen()
        caller = self.keep(tcp(OUT, ICANN))
        caller.connect((MANAGEMENT, 22))
        served = self.keep(listener.accept()[0])
        served.settimeout(SOON)
        before = nft('-s', 'list', 'ruleset')
        load(rules())
        self.assertEqual(nft('-s', 'list', 'ruleset'), before)
        caller.sendall(b'still there')
        self.assertEqual(served.recv(100), b'still there')

    def test_other_tables_stay(self) -> None:
        nft('add', 'table', 'inet', 'somebody_elses')
        load(rules())
        self.assertIn('somebody_elses', nft('list', 'tables'))


if __name__ == '__main__':
    unittest.main()
