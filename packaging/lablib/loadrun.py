"""A load run in the host's namespace, started, asked and ended by the program that drills the lab."""

import json
import os
import select
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from lablib import topology as net

START_LIMIT = 30           # seconds: reading the zone and computing what is right
ANSWER_LIMIT = 10          # seconds
GRACE = .02                # seconds: what is asked so shortly before a fault may be lost to it


class LoadError(Exception):
    """The load generator did not do what it was told; the text has its last words."""


class LoadRun:
    """A context manager: inside it the load runs. At its end, or by finish(), `summary` has the counts
    (keys: tally.py)."""

    def __init__(self, zones: list[Path], rate: float = 2000, targets: tuple[str, ...] = (),
                 tcp_share: float = .02) -> None:
        self._argv = ['ip', 'netns', 'exec', net.HOST, '/usr/bin/python3', '-B', '-m', 'lablib.load',
                      '--json', '--rate', str(rate), '--tcp-share', str(tcp_share)]
        for zone in zones:
            self._argv += ['--zone', str(zone)]
        if targets:
            self._argv += ['--targets', *targets]
        self.start = 0.0                         # time.monotonic() of the first question
        self.summary: dict = {}

    def __enter__(self) -> 'LoadRun':
        folder = Path(__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            self._argv, cwd=folder, env={**os.environ, 'PYTHONPATH': str(folder)}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self._output = b''
        try:
            self.start = self._event('started', START_LIMIT)['start']
        except BaseException:                    # interrupted, too: __exit__ is not called then
            self._kill()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._process.poll() is None:
            self.finish()
        self._kill()

    def report(self) -> dict:
        """Counts so far."""
        self._tell('report')
        return self._event('report')

    def accept(self, zone: Path) -> None:
        """Answers of that version are right too, from before this returns."""
        self._tell(f'accept {zone}')
        self._event('accepted')

    def finish(self) -> dict:
        """Stops asking, waits for what is still out, and returns the summary."""
        if not self.summary:
            self._tell('stop')
            self.summary = self._event('summary')
            self._process.wait(ANSWER_LIMIT)
        return self.summary

    def lost_between(self, begin: float, end: float) -> int:
        """Of the questions asked in that time (time.monotonic(), in whole slots of 0.1 s: from the one of
        `begin` to the one before that of `end`), after finish()."""
        return self._between(begin, end, 2)

    def lost_udp_between(self, begin: float, end: float) -> int:
        return self._between(begin, end, 4)

    def wrong_between(self, begin: float, end: float) -> int:
        return self._between(begin, end, 3)

    def _between(self, begin: float, end: float, column: int) -> int:
        timeline = self.summary['timeline']
        first, last = (int(min(max((when - GRACE - self.start) / self.summary['slot_s'], 0), len(timeline)))
                       for when in (begin, end))
        return sum(row[column] for row in timeline[first:last])

    def _tell(self, command: str) -> None:
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(command.encode() + b'\n')
            self._process.stdin.flush()
        except OSError as error:
            raise self._failure(f'takes no command: {error}') from error

    def _event(self, name: str, limit: float = ANSWER_LIMIT) -> dict:
        """The next event, which must be of that name."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + limit
        while b'\n' not in self._output:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise self._failure(f'did not say "{name}" within {limit} s')
            data = os.read(self._process.stdout.fileno(), 1 << 20)
            if not data:
                raise self._failure('ended')
            self._output += data
        line, _, self._output = self._output.partition(b'\n')
        event = json.loads(line)
        if event['event'] != name:
            raise self._failure(f'said "{event["event"]}", not "{name}"')
        return event

    def _failure(self, what: str) -> LoadError:
        assert self._process.stderr is not None
        self._process.kill()
        words = self._process.stderr.read().decode(errors='replace').strip()
        self._kill()
        return LoadError(f'the load generator {what}; its errors: {words[-800:] or "none"}')

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):      # what it was not told any more
                pipe.close()
