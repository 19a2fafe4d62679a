"""The lab's and the programs' command lines, as an operator meets them."""

import json
import os
import signal
import subprocess
import unittest
from pathlib import Path

from labcase import DIRECTORY, make_lab
from lablib import netns
from lablib import topology as net
from lablib.processes import OWNER, everything, stat, wait_until

LAB = Path(__file__).resolve().parents[2] / 'packaging' / 'lab'


def lab(*words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'IMRS_LAB_DIR': str(DIRECTORY)}
    return subprocess.run([LAB, *words], capture_output=True, text=True, check=False, timeout=60,
                          env=environment)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        make_lab().down()
        cls.addClassCleanup(make_lab().down)
        run = lab('up', '--build', os.environ['IMRS_BUILD'])
        assert run.returncode == 0, run.stderr

    def agent(self, *words: str) -> subprocess.CompletedProcess:
        program = Path(os.environ['IMRS_BUILD']) / 'bin' / 'imrs-agent'
        return subprocess.run(['ip', 'netns', 'exec', net.APPLIANCE, program, *words], capture_output=True,
                              text=True, check=False, timeout=20)

    def test_status_names_every_process(self) -> None:
        run = lab('status', '--json')
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        status = json.loads(run.stdout)
        self.assertTrue(status['complete'])
        self.assertEqual(set(status['routes']), set(net.PREFIXES))
        roles = ('agent', 'launcher', 'engine', 'zone', 'web', 'bird_appliance', 'bird_host', 'primary')
        for role in roles:
            self.assertTrue(Path(f'/proc/{status["processes"][role]["pid"]}').exists(), role)

    def test_up_again_finds_everything_there(self) -> None:
        run = lab('up')
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.splitlines()[0], 'everything was there')

    def test_dig_and_birdc(self) -> None:
        run = lab('dig', 'com.', 'NS', '+norec')
        self.assertIn('status: NOERROR', run.stdout)
        run = lab('birdc', 'host', 'show', 'route')
        for prefix in net.PREFIXES:
            self.assertIn(prefix, run.stdout)
        run = lab('birdc', 'appliance', 'show', 'protocols')
        self.assertRegex(run.stdout, r'specific_host4\s+Static\s+\S+\s+up')

    def test_no_namespace_has_a_way_out(self) -> None:
        for namespace in net.NAMESPACES:
            shown = json.loads(netns.ip('-json', 'link', 'show', namespace=namespace))
            links = {link['ifname'] for link in shown}
            self.assertLessEqual(links, {'lo', 'a0', 'a1', 'h0', 'p0', 'anycast0'}, namespace)

    def test_check_says_good_and_prints_no_secret(self) -> None:
        run = self.agent('--config', str(make_lab().config_file), '--check')
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertNotIn(net.MD5_PASSWORD, run.stdout + run.stderr)

    def test_a_shown_bird_configuration_has_no_password(self) -> None:
        run = self.agent('--config', str(make_lab().config_file), '--print-bird-config')
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn('password "(masked', run.stdout)
        self.assertNotIn(net.MD5_PASSWORD, run.stdout + run.stderr)

    def test_a_wrong_configuration_is_refused_by_key(self) -> None:
        config = json.loads(make_lab().config_file.read_text())
        config['bgp']['neighbours'][0]['as'] = -1
        broken = DIRECTORY / 'broken.json'
        broken.write_text(json.dumps(config))
        for mode in (['--check'], ['--print-bird-config'], []):
            run = self.agent('--config', str(broken), *mode)
            self.assertEqual(run.returncode, 2, mode)
            self.assertIn('bgp.neighbours[0].as', run.stderr)
            self.assertNotIn(net.MD5_PASSWORD, run.stdout + run.stderr)

    def test_a_second_agent_is_refused_and_changes_nothing(self) -> None:
        with make_lab().watch_routes() as watch:
            run = self.agent('--config', str(make_lab().config_file))
            self.assertEqual(run.returncode, 1)
            self.assertIn('another imrs-agent runs here', run.stderr)
            self.assertEqual(watch.changes, [])

    def test_an_agent_without_root_is_refused(self) -> None:
        program = Path(os.environ['IMRS_BUILD']) / 'bin' / 'imrs-agent'
        config = DIRECTORY / 'readable.json'
        config.write_text(make_lab().config_file.read_text())
        config.chmod(0o644)
        run = subprocess.run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', program,
                              '--config', config], capture_output=True, text=True, check=False, timeout=20)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn('must be started as root', run.stderr)


class Down(unittest.TestCase):
    """Nothing is left behind, also after a crash."""

    def up(self) -> list[int]:
        """The process ids of everything that runs in the lab."""
        lab('up', '--build', os.environ['IMRS_BUILD'])
        pids = [pid for namespace in net.NAMESPACES for pid in netns.pids(namespace)]
        self.assertGreaterEqual(len(pids), 8)
        return pids

    def left(self, pids: list[int]) -> list[str]:
        alive = {process.pid: process.name for process in everything()}
        found = [f'{pid} {alive[pid]}' for pid in pids if pid in alive]
        found += [name for name in net.NAMESPACES if name in netns.present()]
        return found + ([str(DIRECTORY)] if DIRECTORY.exists() else [])

    def test_after_a_good_run(self) -> None:
        pids = self.up()
        self.assertEqual(lab('down').returncode, 0)
        self.assertEqual(self.left(pids), [])

    def test_after_a_crash(self) -> None:
        pids = self.up()
        for file in DIRECTORY.glob('*/*.pid'):
            file.unlink()
        netns.ip('netns', 'del', net.HOST)
        self.assertEqual(lab('down').returncode, 0)
        self.assertEqual(self.left(pids), [])

    def test_who_is_only_there_lives_on(self) -> None:
        """A shell whose current directory is the lab's is the operator's, not the lab's."""
        self.up()
        shell = subprocess.Popen(['sleep', '60'], cwd=DIRECTORY)
        self.addCleanup(shell.wait)
        self.addCleanup(shell.kill)
        environment = {**os.environ, 'IMRS_LAB_DIR': str(DIRECTORY)}
        down = subprocess.run([LAB, 'down'], cwd=DIRECTORY, capture_output=True, text=True, check=False,
                              timeout=60, env=environment)
        self.assertEqual((down.returncode, down.stderr), (0, ''))
        self.assertIsNone(shell.poll())

    def test_what_the_lab_started_is_found_without_pid_file_and_namespace(self) -> None:
        self.up()
        stray = subprocess.Popen(['sleep', '60'], cwd='/', env={**os.environ, OWNER: str(DIRECTORY)})
        user = str(net.UIDS['engine'])
        child = subprocess.Popen(['setpriv', '--reuid', user, '--clear-groups', 'sleep', '60'],
                                 cwd=DIRECTORY, env={})
        for process in (stray, child):
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.assertTrue(wait_until(lambda: stat(child.pid).uid == net.UIDS['engine'], 5))
        self.assertEqual(lab('down').returncode, 0)
        self.assertEqual([process.wait(5) for process in (stray, child)], [-signal.SIGKILL] * 2)

    def test_not_from_inside(self) -> None:
        pids = self.up()
        run = lab('exec', 'host', str(LAB), 'down')
        self.assertEqual(run.returncode, 1)
        self.assertIn(f'you are inside {net.HOST}', run.stderr)
        self.assertNotEqual(self.left(pids), [])
        self.assertEqual(lab('down').returncode, 0)

    def test_ended_by_sigterm_says_so(self) -> None:
        """`up` without a zone takes seconds, so it is still at work when the namespaces are there."""
        self.assertEqual(lab('down').returncode, 0)
        environment = {**os.environ, 'IMRS_LAB_DIR': str(DIRECTORY)}
        up = subprocess.Popen([LAB, 'up', '--build', os.environ['IMRS_BUILD']], env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertTrue(wait_until(lambda: len(netns.present()) == 3 or up.poll() is not None, 10))
        up.send_signal(signal.SIGTERM)
        self.assertEqual((up.communicate(timeout=20)[1], up.returncode), ('', 130))
        self.assertEqual(lab('down').returncode, 0)
        self.assertEqual(self.left([]), [])

    def test_twice(self) -> None:
        self.assertEqual(lab('down').returncode, 0)
        self.assertEqual(lab('down').returncode, 0)
