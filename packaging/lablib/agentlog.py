"""Waits for lines in the agent's log, and reads when they were written."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

STEP = .005                # seconds between two looks
LINE = re.compile(r'^(\S+Z) \S+ \S+ (\w+): (.*)$')


class LogError(Exception):
    """The line that was waited for did not come; the text says what came instead."""


@dataclass(frozen=True)
class Line:
    when: float            # Unix time
    level: str
    text: str


class AgentLog:
    """What the agent has written since this was made."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size if file.exists() else 0

    def lines(self) -> Iterator[Line]:
        """Whole lines of the agent itself; its children's are there too, under their own pids."""
        if not self._file.exists():
            return
        with open(self._file, 'rb') as log:
            log.seek(self._start)
            text = log.read().decode(errors='replace')
        for line in text[:text.rfind('\n') + 1].splitlines():
            if match := LINE.match(line):
                when = datetime.fromisoformat(match[1].replace('Z', '+00:00')).timestamp()
                yield Line(when, match[2], match[3])

    def find(self, pattern: str) -> Line | None:
        """The first line with that regular expression."""
        return next((line for line in self.lines() if re.search(pattern, line.text)), None)

    def wait(self, pattern: str, limit: float = 10) -> Line:
        deadline = time.monotonic() + limit
        while True:
            if (found := self.find(pattern)) is not None:
                return found
            if time.monotonic() > deadline:
                seen = '\n'.join(line.text for line in list(self.lines())[-15:]) or '(nothing)'
                raise LogError(f'no line "{pattern}" in {self._file} within {limit} s; the last:\n{seen}')
            time.sleep(STEP)
