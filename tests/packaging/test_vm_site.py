"""What is written for the VM's site: configuration, secrets, network, zone, QEMU's command line."""

import json
import subprocess
import unittest
from pathlib import Path

from lablib import topology as net
from lablib.rootzone import build_root_zone
from lablib.vm import config, image, machine, names, port
from lablib.vm.smallzone import small_zone
from lablib.vm.trials import table

SECRETS = (net.MD5_PASSWORD, net.TSIG_SECRET, net.SOURCE_KEY)


class Configuration(unittest.TestCase):
    def setUp(self) -> None:
        self.settings = json.loads(config.configuration())

    def test_no_secret_is_in_agent_json_and_each_is_in_the_other_file(self) -> None:
        text, secrets = config.configuration(), json.loads(config.secrets())
        for secret in SECRETS:
            self.assertNotIn(secret, text)
        neighbours = {neighbour['name'] for neighbour in self.settings['bgp']['neighbours']}
        self.assertEqual(set(secrets['bgp_passwords']), neighbours)
        self.assertEqual(set(secrets['tsig_secrets']), {key['name'] for key in self.settings['tsig_keys']})
        self.assertEqual(secrets['source_key'], net.SOURCE_KEY)

    def test_places_and_users_are_the_package_s(self) -> None:
        self.assertNotIn('users', self.settings)
        self.assertEqual(self.settings['bgp']['control_socket'], '/run/imrs-bird/bird.ctl')
        self.assertEqual(self.settings['control_socket'], '/run/imrs/control.sock')
        self.assertEqual(self.settings['state_directory'], '/var/lib/imrs')
        self.assertEqual(self.settings['secrets_file'], '/etc/imrs/secrets.json')
        self.assertNotIn('/run/imrs-lab', config.configuration())

    def test_interfaces_are_those_that_udev_is_told_to_name(self) -> None:
        files = config.network_files()
        used = {neighbour['interface'] for neighbour in self.settings['bgp']['neighbours']}
        self.assertEqual(used, {names.SERVICE_NIC})
        for nic, mac in ((names.SERVICE_NIC, names.SERVICE_MAC),
                         (names.MANAGEMENT_NIC, names.MANAGEMENT_MAC)):
            self.assertIn(f'MACAddress={mac}\n', files[f'10-{nic}.link'])
            self.assertIn(f'Name={nic}\n', files[f'10-{nic}.link'])
        service = files[f'20-{names.SERVICE_NIC}.network']
        for line in (f'Address={net.APPLIANCE_LINK4}/30', f'Gateway={net.HOST_LINK6}', 'IPv6AcceptRA=no'):
            self.assertIn(line + '\n', service)
        self.assertNotIn('Gateway', files[f'20-{names.MANAGEMENT_NIC}.network'])

    def test_networks_have_no_host_bits(self) -> None:
        self.assertEqual(self.settings['access']['host'], ['192.0.2.0/30', '2001:db8:0:1::/64'])


class Qemu(unittest.TestCase):
    ARGUMENTS = machine.arguments(Path('/f'), Path('/d/disk.qcow2'), Path('/k/vmlinuz'), (7, 8), '1970-01-01')

    def test_cables(self) -> None:
        line = ' '.join(self.ARGUMENTS)
        self.assertIn(f'-netdev tap,id=host,fd=7 -device virtio-net-pci,netdev=host,mac={names.SERVICE_MAC}',
                      line)
        self.assertIn(f'fd=8 -device virtio-net-pci,netdev=management,mac={names.MANAGEMENT_MAC}', line)

    def test_disk_clock_and_console(self) -> None:
        line = ' '.join(self.ARGUMENTS)
        for part in ('file=/d/disk.qcow2', '-rtc base=1970-01-01', '-kernel /k/vmlinuz',
                     'path=/f/console.log,append=on', f'name={port.NAME}'):
            self.assertIn(part, line)

    def test_the_machine_has_no_network_but_the_cables(self) -> None:
        self.assertIn('-nodefaults', self.ARGUMENTS)
        self.assertEqual(self.ARGUMENTS.count('-netdev'), 2)


class SmallZone(unittest.TestCase):
    WHOLE = build_root_zone(2026010100)

    def test_a_part_that_stands_alone(self) -> None:
        lines = small_zone(self.WHOLE, 30)
        self.assertLess(len(lines), len(self.WHOLE) / 5)
        self.assertLessEqual(set(lines), set(self.WHOLE))
        fields = [line.split(None, 4) for line in lines]
        delegated = {owner for owner, _, _, kind, _ in fields if kind == 'NS' and owner != '.'}
        self.assertGreaterEqual(len(delegated), 30)
        targets = {data for _, _, _, kind, data in fields if kind == 'NS'}
        addressed = {owner for owner, _, _, kind, _ in fields if kind == 'A'}
        self.assertLessEqual(targets, addressed, 'name servers without glue')
        for owner in addressed:
            self.assertTrue(any(owner.endswith('.' + cut) for cut in delegated), f'{owner} is below no cut')

    def test_the_apex_is_whole_and_the_choice_is_always_the_same(self) -> None:
        lines = small_zone(self.WHOLE, 30)
        self.assertEqual([line for line in lines if line.startswith('. ')],
                         [line for line in self.WHOLE if line.startswith('. ')])
        self.assertEqual(lines, small_zone(list(self.WHOLE), 30))


class GuestScripts(unittest.TestCase):
    def test_the_shell_takes_them(self) -> None:
        from lablib.vm import guest
        from lablib.vm.trials import damage, power
        scripts = [port.GUEST_SCRIPT, image.INSTALL, guest.LISTING, guest.EXPOSURE, damage.FILL, damage.EMPTY,
                   *(cut.script for cut in power.CUTS)]
        for script in scripts:
            done = subprocess.run(['sh', '-n'], input=script, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr + script)


class Trials(unittest.TestCase):
    def test_which_are_made(self) -> None:
        every = [trial.name for trial in table.TRIALS]
        self.assertEqual(len(set(every)), len(every))
        self.assertEqual([trial.name for trial in table.chosen([], True)], every)
        self.assertIn('boot', [trial.name for trial in table.chosen([], False)])
        self.assertNotIn('power', [trial.name for trial in table.chosen([], False)])
        self.assertEqual([trial.name for trial in table.chosen(['power', 'boot'], False)], ['power', 'boot'])
        with self.assertRaisesRegex(ValueError, 'no trial pwoer'):
            table.chosen(['pwoer'], False)
