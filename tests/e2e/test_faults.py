"""Faults of the engine: what is wrong or silent is withdrawn within a second, and mended."""

import os
import signal
import threading
import time
from contextlib import suppress

from labcase import LabCase
from lablib import topology as net
from lablib.agentlog import AgentLog
from lablib.corrupt import corrupt_image
from lablib.loadrun import LoadRun
from lablib.processes import wait_until
from lablib.stopthread import StoppedThread, threads

ROUNDS = 3
LIMIT = 1.0                # seconds until the last route has gone


class Faults(LabCase):
    def setUp(self) -> None:
        super().setUp()
        self.fresh_agent()

    def engine(self) -> int:
        return self.lab.children()['imrs-engine'].pid

    def test_the_engine_stopped(self) -> None:
        gone = []
        for _ in range(ROUNDS):
            log = AgentLog(self.lab.agent.log)
            gone.append(self.drills.stop_child('imrs-engine').gone_after)
            self.assertIsNotNone(log.find('phase=down announce=no reason="silent'))
        self.report('engine stopped, routes gone', gone, LIMIT)

    def test_one_worker_of_two_stopped(self) -> None:
        """By luck of the hash half of the world would still be answered."""
        gone = []
        for worker in (0, 1):
            pid = self.engine()
            workers = [thread for thread in threads(pid) if thread != pid]
            self.assertEqual(len(workers), 2)
            with StoppedThread(workers[worker]):
                gone.append(self.drills.withdrawing(lambda: None).gone_after)
        self.report('one worker of two stopped, routes gone', gone, LIMIT)

    def test_a_wrong_answer(self) -> None:
        gone = []
        for _ in range(ROUNDS):
            log, begin = AgentLog(self.lab.agent.log), time.monotonic()
            self.corrupt_soa()
            self.assertTrue(wait_until(self.a_family_has_gone, 3, .002), self.log_tail())
            gone.append(self.watch.changes[-1].time - begin)
            self.assertIn('first difference at octet', log.find('reason="wrong answer').text)
            log.wait('program=imrs-engine .* ended by the agent')
            self.assertIsNotNone(self.watch.wait_all(20), self.log_tail())
        self.report('wrong answer, routes of the family gone and the engine replaced', gone, LIMIT)

    def test_an_answer_that_stays_wrong(self) -> None:
        """Every engine that is started is corrupted as soon as it serves, until all five routes have gone.
        Then no more: they come back."""
        begin, stop = time.monotonic(), threading.Event()
        corrupting = threading.Thread(target=self.corrupt_every_engine, args=(stop,))
        corrupting.start()
        try:
            gone = self.watch.wait_none(10)
        finally:
            stop.set()
            corrupting.join()
        self.assertIsNotNone(gone, self.log_tail())
        self.assertIsNotNone(self.watch.wait_all(30), self.log_tail())
        self.report('each engine wrong, all five routes gone', [gone - begin], LIMIT)

    def corrupt_every_engine(self, stop: threading.Event) -> None:
        """Those that serve and are still right; at most for 10 s."""
        deadline = time.monotonic() + 10
        while not stop.is_set() and time.monotonic() < deadline:
            with suppress(OSError, KeyError):        # it is just being replaced
                self.corrupt(self.engine())
            stop.wait(.002)

    def a_family_has_gone(self) -> bool:
        """The first family to see it: the engine is replaced then, and the other may find it right."""
        present = self.watch.present()
        return not present & set(net.PREFIXES_V4) or not present & set(net.PREFIXES_V6)

    def corrupt_soa(self) -> None:
        """The serial in each answer that holds the SOA."""
        self.assertGreater(self.corrupt(self.engine()), 2)

    def corrupt(self, pid: int) -> int:
        serial = self.lab.zones.current().serial
        return corrupt_image(pid, serial.to_bytes(4, 'big'), (serial ^ 1).to_bytes(4, 'big'))

    def test_an_engine_that_always_dies_is_withdrawn_without_flapping(self) -> None:
        """Killed at every start, for as long as it takes until the routes have gone."""
        seen = len(self.watch.changes)
        for _ in range(200):
            child = self.lab.children().get('imrs-engine')
            if child is not None:
                try:
                    os.kill(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not self.watch.present():
                break
        self.assertIsNotNone(self.watch.wait_none(5), self.log_tail())
        self.assertIsNotNone(self.watch.wait_all(20), self.log_tail())
        gone = [change.prefix for change in self.watch.changes[seen:] if not change.added]
        self.assertEqual(len(gone), len(set(gone)), 'a prefix was withdrawn twice')

    def test_the_web_and_the_zone_process_killed(self) -> None:
        version = self.lab.zones.current()
        with LoadRun([version.file]) as load:
            for name in ('imrs-web', 'imrs-zone'):
                self.assert_unseen(self.drills.kill_child(name))
            summary = load.finish()
        self.assertEqual((summary['wrong'], summary['lost']), (0, 0), summary['examples'])
        self.assertGreater(summary['answered'], 1000)
        self.assert_rate_held(summary)
