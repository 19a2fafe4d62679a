"""What is read from the agent's log, and when it was written."""

import tempfile
import unittest
from pathlib import Path

from lablib.agentlog import AgentLog, LogError
from lablib.quickstart import session_words

OLD = '2026-11-25T08:00:00.000Z imrs-agent 7 info: before\n'
NEW = '''2026-11-25T08:00:01.500Z imrs-agent 7 info: engine pid=9 generation=1 serving
not a line of the agent: engine pid=8 generation=1 serving
2026-11-25T08:00:02.250Z imrs-agent 7 warning: program=imrs-engine pid=9 ended: killed
2026-11-25T08:00:03.000Z imrs-agent 7 info: half a li'''


class Log(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.file = Path(folder, 'agent.log')
        self.file.write_text(OLD)
        self.log = AgentLog(self.file)
        with open(self.file, 'a', encoding='ascii') as log:
            log.write(NEW)

    def test_whole_lines_since_then(self) -> None:
        self.assertEqual([(line.when, line.level, line.text) for line in self.log.lines()],
                         [(1795593601.5, 'info', 'engine pid=9 generation=1 serving'),
                          (1795593602.25, 'warning', 'program=imrs-engine pid=9 ended: killed')])

    def test_find_and_wait(self) -> None:
        self.assertIsNone(self.log.find('before'))
        self.assertIsNone(self.log.find('half'))
        self.assertEqual(self.log.wait(r'pid=\d+ ended').level, 'warning')

    def test_what_does_not_come_is_said_with_what_did(self) -> None:
        with self.assertRaisesRegex(LogError, '(?s)no line "never".*pid=9 ended: killed'):
            self.log.wait('never', 0)

    def test_no_file_no_lines(self) -> None:
        self.assertEqual(list(AgentLog(self.file.with_name('none')).lines()), [])

    def test_sessions(self) -> None:
        cases = (('bird: session host4: Connect -> Established', 'BGP session host4 established'),
                 ('bird: session host6: unknown -> Established', 'BGP session host6 was established before'),
                 ('bird: session host4: Established -> Active, Socket: Connection closed', None))
        for text, want in cases:
            self.assertEqual(session_words(text), want, text)
