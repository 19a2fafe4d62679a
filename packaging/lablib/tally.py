"""Counts of a load run: what was asked, what came, what was lost or wrong, and when it had been asked."""

import json
import resource
import time
from pathlib import Path

from lablib.answers import Expected, Question, Zone, expected, fault

SLOT = .1                  # seconds of the timeline
EXAMPLES = 5               # wrong answers that are kept
RESOLUTION = 10000         # latency buckets a second, for the first second


class Checker:
    """Proves each distinct answer once, against whole zone versions: an answer is right if it is exactly
    what one accepted version says."""

    def __init__(self, zones: list[Zone], questions: list[Question]) -> None:
        self._zones = list(zones)
        self._questions = questions
        self._proved: list[set[bytes]] = [set() for _ in questions]
        self._wanted: dict[tuple[int, int], Expected] = {}
        for index in range(len(questions)):                 # now, not while the load runs
            for version in range(len(zones)):
                self._expected(version, index)

    def accept(self, file: Path) -> None:
        """One more version is right from now on."""
        self._zones.append(Zone(file))

    def fault(self, index: int, tail: bytes) -> str | None:
        """Why the octets after the ID are no right answer to the question; None if they are."""
        if tail in self._proved[index]:
            return None
        faults = []
        for version in reversed(range(len(self._zones))):
            found = fault(self._expected(version, index), self._questions[index], b'\0\0' + tail)
            if found is None:
                self._proved[index].add(tail)
                return None
            faults.append(found)
        return faults[0]

    def _expected(self, version: int, index: int) -> Expected:
        key = (version, index)
        if key not in self._wanted:
            self._wanted[key] = expected(self._zones[version], self._questions[index])
        return self._wanted[key]


class Tally:
    """`start` is time.monotonic() of the first question; all times are that clock's."""

    def __init__(self, start: float) -> None:
        self.start = start
        self.sent = self.answered = self.lost = self.wrong = self.late = self.skipped = self.unasked = 0
        self.lost_tcp = self.tcp_lost = self.tcp_closed = 0
        self.examples: list[dict] = []
        self._slots: list[list[int]] = []
        self._latency = [0] * (RESOLUTION + 1)
        self._cpu = time.process_time()

    def on_sent(self, sent_at: float) -> None:
        self.sent += 1
        self._slot(sent_at)[0] += 1

    def on_answer(self, sent_at: float, now: float) -> None:
        self.answered += 1
        self._slot(sent_at)[1] += 1
        self._latency[min(int((now - sent_at) * RESOLUTION), RESOLUTION)] += 1

    def on_lost(self, sent_at: float, over_tcp: bool) -> None:
        self.lost += 1
        self._slot(sent_at)[2] += 1
        self._slot(sent_at)[4] += not over_tcp

    def on_wrong(self, sent_at: float, question: str, target: str, why: str, wire: bytes) -> None:
        self.wrong += 1
        self._slot(sent_at)[3] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append({'question': question, 'target': target, 'fault': why,
                                  'after_s': round(sent_at - self.start, 3), 'wire': wire.hex()})

    def counts(self) -> dict:
        """sent = answered + lost, once all is in; `wrong` are among the answered. `lost`: no answer within
        1 s, or its TCP connection went (those are `lost_tcp` too). `late`: lost ones that were answered
        after all. `skipped`: never asked, the generator was held up. `unasked`: answers to no question.
        `tcp_lost`: connections that were reset or had open questions; `tcp_closed`: the others."""
        names = ('sent', 'answered', 'lost', 'wrong', 'late', 'skipped', 'unasked', 'lost_tcp', 'tcp_lost',
                 'tcp_closed')
        return {name: getattr(self, name) for name in names}

    def summary(self) -> dict:
        seconds = time.monotonic() - self.start
        return {**self.counts(), 'start': self.start, 'seconds': round(seconds, 3),
                'latency_ms': {'p50': self._percentile(.5), 'p99': self._percentile(.99),
                               'max': self._percentile(1)},
                'cpu_share': round((time.process_time() - self._cpu) / seconds, 3),
                'memory_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                'examples': self.examples,
                'slot_s': SLOT, 'timeline_columns': ['sent', 'answered', 'lost', 'wrong', 'lost_udp'],
                'timeline': self._slots}

    def _slot(self, sent_at: float) -> list[int]:
        index = int((sent_at - self.start) / SLOT)
        while len(self._slots) <= index:
            self._slots.append([0, 0, 0, 0, 0])
        return self._slots[index]

    def _percentile(self, part: float) -> float:
        """Upper end of the bucket, in ms; 1000 is "a second or more"."""
        limit, seen = part * self.answered, 0
        for bucket, count in enumerate(self._latency):
            seen += count
            if seen and seen >= limit:
                return min(bucket + 1, RESOLUTION) * 1000 / RESOLUTION
        return 0


def text(summary: dict) -> str:
    lines = [f'{summary["sent"]} questions in {summary["seconds"]:.1f} s: {summary["answered"]} answered, '
             f'{summary["lost"]} lost, {summary["wrong"]} wrong, {summary["late"]} late',
             f'TCP connections lost: {summary["tcp_lost"]}, closed in order: {summary["tcp_closed"]}',
             f'latency {json.dumps(summary["latency_ms"])} ms, CPU {summary["cpu_share"]:.0%} of a core']
    lines += [f'wrong: {one["question"]} at {one["target"]}: {one["fault"]}' for one in summary['examples']]
    return '\n'.join(lines)
