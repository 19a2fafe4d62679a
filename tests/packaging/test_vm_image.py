"""The image's recipe: where packages come from, what is installed."""

import unittest
from pathlib import Path

from lablib.vm import image

LISTED = '''deb http://deb.example/debian/ bookworm main
deb http://deb.example/debian/ bookworm main
deb http://deb.example/debian/ bookworm-updates main
deb http://security.example/ bookworm-security main
deb http://deb.example/debian/ trixie main
'''
DUMPED = '''APT "";
APT::Install-Recommends "true";
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3142";
Acquire::https::Verify-Peer "true";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
'''


class Recipe(unittest.TestCase):
    def test_sources_are_debian_12_s_once_each(self) -> None:
        self.assertEqual(image.debian_sources(LISTED), [
            'deb http://deb.example/debian/ bookworm main',
            'deb http://deb.example/debian/ bookworm-updates main',
            'deb http://security.example/ bookworm-security main'])
        self.assertEqual(image.debian_sources('deb http://deb.example/debian/ trixie main\n'), [])
        self.assertEqual(image.debian_sources(''), [])

    def test_the_way_to_them_is_the_host_s(self) -> None:
        self.assertEqual(image.ways_to_sources(DUMPED), [
            'Acquire::http::Proxy "http://proxy.example:3142"', 'Acquire::https::Verify-Peer "true"',
            'Acquire::Check-Valid-Until "false"'])

    def test_the_package_brings_its_dependencies_itself(self) -> None:
        argv = image.mmdebstrap(Path('/t'), ['deb x bookworm main'], ['Acquire::http::Proxy "p"'])
        self.assertEqual(argv[-3:], ['bookworm', '/t', 'deb x bookworm main'])
        self.assertIn('--aptopt=Acquire::http::Proxy "p"', argv)
        included = next(word for word in argv if word.startswith('--include='))
        for name in ('bird2', 'nftables', 'ethtool', 'libldns3'):
            self.assertNotIn(name, included)
        installing = image.install(Path('/t'), Path('/p/imrs-appliance_1_amd64.deb'))
        self.assertEqual(installing[-2:], ['/t', '/p/imrs-appliance_1_amd64.deb'])
        self.assertIn('apt-get install -y --no-install-recommends /tmp/package.deb', image.INSTALL)
