"""The closing table of a drill under load: a row for each thing that was done, and what was wrong with it.
"""

from dataclasses import dataclass

from lablib.drills import Outcome
from lablib.loadrun import LoadRun

WORKERS, BATCH = 2, 64             # an engine that is killed may take a batch of each worker with it
HEADINGS = ('what was done', 'the host router saw', 'how long it took', 'lost', 'wrong')


@dataclass(frozen=True)
class Row:
    """`unseen`: no route may have changed. `lost`, `lost_udp`: limits; None: there is none."""
    what: str
    took: str
    outcome: Outcome
    unseen: bool = False
    lost: int | None = None
    lost_udp: int | None = None


class Table:
    """A row counts what was asked until the next row begins, so none is left out. Lost and wrong answers
    are known when the load has ended: lines() and faults() come after LoadRun.finish()."""

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        self._rows.append(row)

    def lines(self, load: LoadRun) -> list[str]:
        cells = [HEADINGS]
        for row, end in self._spans():
            counts = (count(row.outcome.begin, end) for count in (load.lost_between, load.wrong_between))
            cells.append((row.what, row.outcome.saw(), row.took, *map(str, counts)))
        widths = [max(len(row[i]) for row in cells) for i in range(len(HEADINGS))]
        cells.insert(1, tuple('-' * width for width in widths))
        return ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]

    def faults(self, load: LoadRun) -> list[str]:
        """What is not as it has to be; empty if nothing."""
        found = [fault for row, end in self._spans() for fault in _faults(row, load, end)]
        summary = load.summary
        if summary['wrong']:
            examples = '; '.join(f'{one["question"]}: {one["fault"]}' for one in summary['examples'])
            found.append(f'{summary["wrong"]} answers were wrong: {examples}')
        if not summary['answered']:
            found.append('no question was answered')
        return found

    def _spans(self) -> list[tuple[Row, float]]:
        ends = [row.outcome.begin for row in self._rows[1:]] + [float('inf')]
        return list(zip(self._rows, ends))


def _faults(row: Row, load: LoadRun, end: float) -> list[str]:
    found, begin = [], row.outcome.begin
    if row.unseen and row.outcome.changes:
        changes = ', '.join(f'{"+" if one.added else "-"}{one.prefix}' for one in row.outcome.changes)
        found.append(f'{row.what}: the host router saw {changes}')
    counts = (('answers', load.lost_between(begin, end), row.lost),
              ('UDP answers', load.lost_udp_between(begin, end), row.lost_udp))
    found += [f'{row.what}: {lost} {name} were lost (limit {limit})'
              for name, lost, limit in counts if limit is not None and lost > limit]
    return found
