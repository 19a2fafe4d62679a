"""A route exists only while the agent lives and says so: start, stop, and every way to die."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labcase import LabCase
from lablib.agentlog import AgentLog
from lablib.processes import wait_until

ROUNDS = 10
CORE_PATTERN = Path('/proc/sys/kernel/core_pattern')


class Routes(LabCase):
    def test_gone_when_the_agent_is_killed_and_back_when_it_starts(self) -> None:
        gone, back = [], []
        for _ in range(ROUNDS):
            gone.append(self.drills.kill_agent(signal.SIGKILL).gone_after)
            back.append(self.drills.start_agent().back_after)
        self.report('agent killed -9, routes gone', gone, .050)
        self.report('agent started, routes at the host router', back, 5)

    def test_gone_when_it_crashes_though_cores_are_collected(self) -> None:
        with self.core_pattern('|/bin/sleep 5'):     # who waits for this collector keeps the routes
            for number in (signal.SIGSEGV, signal.SIGABRT):
                gone = []
                for _ in range(3):
                    gone.append(self.drills.kill_agent(number).gone_after)
                    self.drills.start_agent()
                self.report(f'agent {number.name} with a core pattern set, routes gone', gone, .050)

    def test_an_orderly_stop_withdraws_first_and_keeps_the_session(self) -> None:
        log, begin = AgentLog(self.lab.agent.log), time.time()
        self.lab.kill_agent(signal.SIGTERM)
        self.assertTrue(wait_until(lambda: self.lab.agent.process() is None, 5), self.log_tail())
        self.assertIsNotNone(self.watch.wait_none(1))
        words = [line.text for line in log.lines()]
        stopping = next(i for i, text in enumerate(words) if text.startswith('order: stopping'))
        confirmed = words.index('nothing is announced any more')
        self.assertLess(stopping, confirmed)
        self.assertLess(log.find('nothing is announced any more').when - begin, 1)
        for session in self.lab.appliance_bird.sessions():
            self.assertEqual(session.state, 'Established')
        self.drills.start_agent()

    def test_cold_start_to_the_first_right_answer(self) -> None:
        kept, cold = [], []
        for _ in range(5):
            for took, empty in ((kept, False), (cold, True)):
                self.drills.kill_agent()
                if empty:                            # a new appliance: everything comes from the primary
                    shutil.rmtree(self.lab.state_directory)
                log, begin = AgentLog(self.lab.agent.log), time.time()
                self.drills.start_agent()
                took.append(log.wait('probe=right').when - begin)
                self.assertRegex(log.wait('^image verified').text, r'\d{4} signatures verified')
                self.assertEqual(log.find('image on disk is good') is None, empty)
                log.wait('^image audited', 15)
                image = self.lab.state_directory / 'image' / 'image'
                self.assertTrue(wait_until(image.exists, 10), 'the image is kept for the next start')
        self.report('start to first right answer, from the image on disk', kept, .5)
        self.report('start to first right answer, from the primary, verified and audited', cold, 1.5)

    def test_the_launchers_death_ends_the_agent(self) -> None:
        self.lab.kill_child('imrs-launcher')
        self.assertIsNotNone(self.watch.wait_none(2))
        self.assertTrue(wait_until(lambda: self.lab.agent.process() is None, 5))
        self.drills.start_agent()

    def test_bird_killed_and_started_again_is_reconciled(self) -> None:
        begin = time.monotonic()
        self.lab.appliance_bird.service.stop(signal.SIGKILL)
        gone = self.watch.wait_none(2)
        self.assertIsNotNone(gone)
        started = time.monotonic()
        self.lab.up()                            # starts it with everything disabled
        back = self.watch.wait_all(1)
        self.assertIsNotNone(back)
        self.report('BIRD killed, routes gone', [gone - begin], .050)
        self.report('BIRD started again, routes back', [back - started], 5)

    def test_what_a_hand_disables_is_put_right(self) -> None:
        for command in ('disable specific_host4', 'configure'):
            begin = time.monotonic()
            self.birdc(command)
            self.assertTrue(wait_until(lambda begin=begin: len(self.changes_since(begin)) > 0, 2), command)
            self.assertIsNotNone(self.watch.wait_all(2), command)
            self.report(f'birdc {command}, put right', [time.monotonic() - begin], 1)

    def test_what_a_hand_enables_is_put_right(self) -> None:
        """drain_host4 is not wanted: its copy of the route must go again."""
        log, begin = AgentLog(self.lab.agent.log), time.monotonic()
        self.assertIn('drain_host4: enabled', self.birdc('enable drain_host4'))
        self.assertIn('disabled drain_host4', log.wait('disabled drain_host4', 5).text)
        self.assertTrue(wait_until(self.drain_is_down, 5), self.birdc('show protocols'))
        self.report('birdc enable drain_host4, put right', [time.monotonic() - begin], 1)

    def drain_is_down(self) -> bool:
        return re.search(r'drain_host4\s+Static\s+\S+\s+down', self.birdc('show protocols')) is not None

    @contextmanager
    def core_pattern(self, pattern: str) -> Iterator[None]:
        """It is the whole machine's: put back whatever happens, and not every place lets root write it."""
        before = CORE_PATTERN.read_text()
        try:
            try:
                CORE_PATTERN.write_text(pattern)
            except OSError as error:
                self.skipTest(f'{CORE_PATTERN} cannot be written: {error.strerror}; not tested')
            yield
        finally:
            if CORE_PATTERN.read_text() != before:
                CORE_PATTERN.write_text(before)

    def changes_since(self, begin: float) -> list:
        return [change for change in self.watch.changes if change.time >= begin]

    def birdc(self, command: str) -> str:
        run = subprocess.run(['birdc', '-s', self.lab.appliance_bird.socket, *command.split()],
                             capture_output=True, text=True, check=True, timeout=10)
        return run.stdout
