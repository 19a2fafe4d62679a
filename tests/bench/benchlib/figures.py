"""What the samples of a comparison amount to. Pure arithmetic: no files, no clocks, no processes.

A run is a dict (what --json writes):
  load      {test: {server: [sample, one per round]}}, see measure.py
  start     {server: [milliseconds]}                memory  {server: [MB]}
  image     {'compile': [seconds], 'audit': [seconds]}, without 'audit' if it could not be measured
ENGINE and REFLECTOR are servers like the peers; the best peer is the best of the others.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

ENGINE, REFLECTOR = 'imrs', 'reflector'
BUSY_AT_LEAST, OTHER_AT_MOST = 95, 15      # percent of the server's core
REFLECTOR_BUSY_AT_LEAST = 85               # percent; its limit may be the load generator, see measure.py
RCODES_APART = 2                           # percentage points of NXDOMAIN between two servers
LOSS_COUNTS = 1                            # percent: who loses more does not count as the best at latency

Sample = dict[str, float]


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Split:
    """CPU microseconds per answer. `error`: of user, one standard deviation of the sampling."""
    user: float
    system: float
    error: float


@dataclass(frozen=True)
class Target:
    name: str
    need: str
    measured: float | None       # None: could not be measured
    met: bool


def number(value: float) -> str:
    """Three digits that count; from 10,000 on in thousands."""
    if abs(value) >= 10000:
        return f'{value / 1000:.0f}k' if abs(value) >= 100000 else f'{value / 1000:.1f}k'
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'


def spread(values: list[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def column(run: dict, test: str, server: str, key: str) -> list[float]:
    """One value a round; empty if that server was not asked."""
    return [sample[key] for sample in run['load'].get(test, {}).get(server, [])]


def cpu_split(samples: list[Sample]) -> Split:
    """The sum is exact (schedstat). User is told from system by looks at random, so all rounds count as
    one."""
    answers = sum(s['answers'] for s in samples)
    exact = sum(s['cpu_s'] for s in samples)
    user, system = sum(s['user_s'] for s in samples), sum(s['system_s'] for s in samples)
    if not answers or not user + system:
        return Split(0, 0, 0)
    share, each = user / (user + system), 1e6 * exact / answers
    looks = sum(s['looks'] for s in samples)
    error = (share * (1 - share) / looks) ** .5 if looks else 0
    return Split(each * share, each * (1 - share), each * error)


def user_split(run: dict, server: str) -> Split | None:
    """At the steady rate: by perf where it was there, else by clock ticks. Of the former only `user` is the
    server's; perf itself adds to `system`."""
    samples = run['load'].get('udp-user', run['load'].get('udp-rate', {})).get(server)
    return cpu_split(samples) if samples else None


def peers(by_server: dict) -> list[str]:
    return [name for name in by_server if name not in (ENGINE, REFLECTOR)]


def best(by_server: dict[str, list[float]], pick: Callable) -> str | None:
    """The peer with the best median."""
    names = [name for name in peers(by_server) if by_server[name]]
    return pick(names, key=lambda name: statistics.median(by_server[name]), default=None)


def ratios(mine: list[float], other: list[float]) -> list[float]:
    """Round by round, so that a drift of the machine hits both."""
    return [a / b for a, b in zip(mine, other) if b]


def values(run: dict, test: str, key: str) -> dict[str, list[float]]:
    return {server: column(run, test, server, key) for server in run['load'].get(test, {})}


def ratio_to_best(run: dict, test: str) -> tuple[list[float], str | None]:
    """The engine's answers/s against the best peer's: a ratio a round, and which peer."""
    all_values = values(run, test, 'qps')
    rival = best(all_values, max)
    if rival is None or not all_values.get(ENGINE):
        return [], rival
    return ratios(all_values[ENGINE], all_values[rival]), rival


def ratio_by_cpu(run: dict, test: str, rival: str) -> float | None:
    """The rival's CPU per answer by the engine's: what the ratio would be if load were no limit."""
    mine, other = (run['load'].get(test, {}).get(server) for server in (ENGINE, rival))
    if not mine or not other:
        return None
    costs = [split.user + split.system for split in (cpu_split(mine), cpu_split(other))]
    return costs[1] / costs[0] if costs[0] else None


def load_limits_reflector(run: dict) -> bool:
    """In udp-max. Its answers/s are then not what the kernel's sockets allow."""
    busy = column(run, 'udp-max', REFLECTOR, 'busy_pct')
    return bool(busy) and statistics.median(busy) < BUSY_AT_LEAST


def ratio_to_reflector(run: dict, server: str = ENGINE) -> list[float]:
    """Of udp-max in answers/s; in answers per CPU second where the load was the reflector's limit."""
    if not load_limits_reflector(run):
        return ratios(column(run, 'udp-max', server, 'qps'), column(run, 'udp-max', REFLECTOR, 'qps'))
    mine, other = ([a / s for a, s in zip(column(run, 'udp-max', name, 'answers'),
                                          column(run, 'udp-max', name, 'cpu_s'))]
                   for name in (server, REFLECTOR))
    return ratios(mine, other)


def to_reflector(run: dict) -> str:
    """What that ratio is called."""
    return 'to the reflector' + (', per CPU second' if load_limits_reflector(run) else '')


def best_latency(run: dict, test: str) -> float | None:
    """The lowest median p99.9 among the peers that answer (nearly) everything; of all if none does."""
    all_values = {name: column(run, test, name, 'p999_us') for name in peers(run['load'].get(test, {}))}
    answering = {name: v for name, v in all_values.items()
                 if statistics.median(column(run, test, name, 'lost_pct')) <= LOSS_COUNTS}
    rival = best(answering or all_values, min)
    return statistics.median(all_values[rival]) if rival else None


def scaling(run: dict, server: str = ENGINE) -> list[float]:
    """Answers/s of two workers on two cores by those of one on one, a ratio a round. The load generator
    shares each core in both cases and is doubled too."""
    return ratios(column(run, 'scale-2', server, 'qps'), column(run, 'scale-1', server, 'qps'))


def scaling_by_cpu(run: dict, server: str = ENGINE) -> float | None:
    """2 x (CPU per answer of one worker) / (of two): what sharing memory and locks takes away."""
    one, two = (run['load'].get(test, {}).get(server) for test in ('scale-1', 'scale-2'))
    if not one or not two:
        return None
    each = [cpu_split(samples) for samples in (one, two)]
    costs = [split.user + split.system for split in each]
    return 2 * costs[0] / costs[1] if costs[1] else None


def at_least(name: str, limit: float, measured: list[float], unit: str = '') -> Target:
    value = statistics.median(measured) if measured else None
    return Target(name, f'≥ {limit:g}{unit}', value, value is not None and value >= limit)


def at_most(name: str, limit: float | None, measured: float | None, unit: str, need: str = '') -> Target:
    met = limit is not None and measured is not None and measured <= limit
    text = f'≤ {number(limit)}{unit}{need}' if limit is not None else '≤ the best peer'
    return Target(name, text, measured, met)


def _median_or_none(numbers: list[float] | None) -> float | None:
    return statistics.median(numbers) if numbers else None


def _no_more_than_best(name: str, by_server: dict[str, list[float]], unit: str) -> Target:
    rival = best(by_server, min)
    limit = statistics.median(by_server[rival]) if rival else None
    return at_most(name, limit, _median_or_none(by_server.get(ENGINE)), unit, ', the best peer')


def _latency(run: dict, name: str, test: str) -> Target:
    mine = _median_or_none(column(run, test, ENGINE, 'p999_us'))
    return at_most(name, best_latency(run, test), mine, ' µs', ', the best peer')


def _image(image: dict[str, list[float]]) -> Target:
    parts = [_median_or_none(image.get(step)) for step in ('compile', 'audit')]
    whole = sum(parts) if None not in parts else None
    return at_most('image compile + audit', 1, whole, ' s')


def targets(run: dict) -> list[Target]:
    """The table of the issue, row by row. What could not be measured is not met."""
    split = user_split(run, ENGINE)
    return [
        at_least(f'udp-max {to_reflector(run)}', .90, ratio_to_reflector(run), ' x'),
        at_most('user CPU at a steady rate', .4, split.user if split else None, ' µs'),
        at_least('tcp-reuse to the best peer', 1.3, ratio_to_best(run, 'tcp-reuse')[0], ' x'),
        at_least('tcp-new to the best peer', 1.2, ratio_to_best(run, 'tcp-new')[0], ' x'),
        _latency(run, 'p99.9 at 60 % of its own maximum', 'latency-own'),
        _latency(run, 'p99.9 at 60 % of the best peer\'s maximum', 'latency-same'),
        _no_more_than_best('memory', run['memory'], ' MB'),
        at_most('start to first answer', 20, _median_or_none(run['start'].get(ENGINE)), ' ms'),
        _image(run['image']),
        at_least('two workers to one', 1.8, scaling(run), ' x'),
    ]


def missed(run: dict) -> list[str]:
    return [f'{t.name}: {"not measured" if t.measured is None else number(t.measured)}, needs {t.need}'
            for t in targets(run) if not t.met]


def void_reasons(run: dict) -> list[str]:
    """Why the figures mean nothing; empty: they do."""
    return [*_not_quiet(run), *_load_was_the_limit(run), *_wrong_answers(run)]


def _medians(run: dict, key: str) -> dict[tuple[str, str], float]:
    """By test and server."""
    return {(test, server): statistics.median(s[key] for s in samples)
            for test, by_server in run['load'].items() for server, samples in by_server.items()}


def _not_quiet(run: dict) -> list[str]:
    noisy = {where: pct for where, pct in _medians(run, 'other_pct').items() if pct > OTHER_AT_MOST}
    if not noisy:
        return []
    (test, server), worst = max(noisy.items(), key=lambda item: item[1])
    return [f'the machine was not quiet in {len(noisy)} of {len(_medians(run, "other_pct"))} measurements: '
            f'others took {worst:.0f} % of the core in {test} of {server}; {OTHER_AT_MOST} are allowed']


def _load_was_the_limit(run: dict) -> list[str]:
    out = []
    for (test, server), pct in _medians(run, 'busy_pct').items():
        needed = REFLECTOR_BUSY_AT_LEAST if server == REFLECTOR else BUSY_AT_LEAST
        if test == 'udp-max' and pct < needed:
            out.append(f'the load generator was the limit: {server} was {pct:.0f} % busy in udp-max, '
                       f'at least {needed} are needed')
    return out


def _wrong_answers(run: dict) -> list[str]:
    """All get the same mix, so their shares of NXDOMAIN have to agree."""
    out = []
    for test in ('udp-max', 'tcp-reuse', 'tcp-new'):
        shares = {server: statistics.median(v) for server, v in values(run, test, 'nxdomain_pct').items()
                  if v and server != REFLECTOR}
        if shares and max(shares.values()) - min(shares.values()) > RCODES_APART:
            each = ', '.join(f'{server} {share:.1f} %' for server, share in shares.items())
            out.append(f'the servers do not give the same answers in {test}; NXDOMAIN: {each}')
    return out
