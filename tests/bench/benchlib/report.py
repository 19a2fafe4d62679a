"""A run as text: tables for a terminal, and the README's table. Pure: a run (figures.py) in, text out."""

from benchlib.figures import (ENGINE, REFLECTOR, Sample, Spread, best, column, cpu_split,
                              load_limits_reflector, missed, number, ratio_by_cpu, ratio_to_best,
                              ratio_to_reflector, scaling, scaling_by_cpu, spread, targets, to_reflector,
                              user_split, values, void_reasons)

NAMES = {ENGINE: 'imrs-engine', REFLECTOR: 'reflector', 'nsd': 'NSD', 'knot': 'Knot', 'bind': 'BIND'}
ABSENT = ''


def with_range(s: Spread) -> str:
    return f'{number(s.median)} ({number(s.low)}–{number(s.high)})'


def ranged(numbers: list[float]) -> str:
    return with_range(spread(numbers)) if numbers else ABSENT


def head(run: dict) -> str:
    m = run['machine']
    peers = ', '.join(f'{NAMES[name]} {version}' for name, version in m['peers'].items())
    virtual = ', in a virtual machine' if m['virtual'] else ''
    s = run['settings']
    system = f'{m["system"]}, Linux {m["kernel"]}, {m["cores"]} CPUs ({m["cpu"]}){virtual}, {m["date"]}'
    rounds = f'{s["rounds"]} interleaved rounds of {s["seconds"]:g} s'
    return (f'{system}; {peers}; {run["zone"]}; {rounds}, server on one core, load on another; median '
            '(lowest–highest)')


# ---- for a terminal ---------------------------------------------------------------------------------------


# Title, width, decimals, key of the sample.
COLUMNS = (('p50 µs', 9, 0, 'p50_us'), ('p99 µs', 9, 0, 'p99_us'), ('p99.9 µs', 10, 0, 'p999_us'),
           ('lost%', 7, 2, 'lost_pct'), ('errors', 8, 0, 'errors'), ('busy%', 7, 0, 'busy_pct'),
           ('other%', 8, 1, 'other_pct'), ('size', 6, 0, 'octets'))


def load_table(test: str, by_server: dict[str, list[Sample]]) -> list[str]:
    titles = ''.join(f'{title:>{width}}' for title, width, _, _ in COLUMNS)
    lines = [f'\n{test:14}{"answers/s":>12}{"range":>18}{"user µs":>9}{"±":>6}{"sys µs":>8}{titles}']
    for server, samples in by_server.items():
        qps, split = spread([s['qps'] for s in samples]), cpu_split(samples)
        rest = ''.join(f'{spread([s[key] for s in samples]).median:{width}.{digits}f}'
                       for _, width, digits, key in COLUMNS)
        lines.append(f'{NAMES[server]:14}{qps.median:12.0f}{f"{number(qps.low)}–{number(qps.high)}":>18}'
                     f'{split.user:9.2f}{split.error:6.2f}{split.system:8.2f}{rest}')
    return lines


def ratio_lines(run: dict) -> list[str]:
    if 'udp-max' not in run['load']:
        return []
    lines = ['', 'Ratios, round by round']
    lines.append(f'  udp-max {to_reflector(run)}: {ranged(ratio_to_reflector(run))}')
    for test in ('udp-max', 'tcp-reuse', 'tcp-new'):
        measured, rival = ratio_to_best(run, test)
        if rival:
            by_cpu = ratio_by_cpu(run, test, rival) or 0
            lines.append(f'  {test} to the best peer ({NAMES[rival]}): {ranged(measured)} in answers/s, '
                         f'{by_cpu:.2f} in answers per CPU second')
    for server in (ENGINE, REFLECTOR):
        by_cpu = scaling_by_cpu(run, server)
        if by_cpu:
            lines.append(f'  two workers to one, {NAMES[server]}: {ranged(scaling(run, server))} in '
                         f'answers/s, {by_cpu:.2f} in answers per CPU second')
    return lines


def single_lines(run: dict) -> list[str]:
    lines = ['']
    for title, key in (('memory, MB (imrs-engine: three zones, peers: root alone)', 'memory'),
                       ('start to first right answer, ms', 'start')):
        text = ', '.join(f'{NAMES[server]} {ranged(v)}' for server, v in run[key].items())
        lines.append(f'{title}: {text}')
    for step in ('compile', 'audit'):
        measured = run['image'].get(step)
        lines.append(f'image {step}, s: {ranged(measured) if measured else "NOT MEASURED"}')
    if run.get('responder'):
        text = ', '.join(f'{name} {ns:.0f}' for name, ns in run['responder'].items())
        lines.append(f'responder alone, ns per answer: {text}')
    return lines


def verdict_lines(run: dict) -> list[str]:
    lines = ['', 'Targets']
    for t in targets(run):
        measured = 'not measured' if t.measured is None else number(t.measured)
        lines.append(f'  {"met   " if t.met else "MISSED"} {t.name}: {measured}, needs {t.need}')
    lines += [f'VOID: {reason}' for reason in void_reasons(run)]
    return lines


def text(run: dict) -> str:
    lines = [head(run)]
    for test, by_server in run['load'].items():
        lines += load_table(test, by_server)
    if 'latency_rates' in run:
        same = next(iter(run['latency_rates']['latency-same'].values()))
        rival = best(values(run, 'udp-max', 'qps'), max)
        lines.append(f'latency-same: {same} queries/s for all, 60 % of the maximum of '
                     f'{NAMES[rival] if rival else NAMES[ENGINE]}')
    return '\n'.join(lines + ratio_lines(run) + single_lines(run) + verdict_lines(run))


# ---- for the README ---------------------------------------------------------------------------------------


def _user(run: dict, server: str) -> str:
    split = user_split(run, server)
    return f'{split.user:.2f} ± {split.error:.2f}' if split else ABSENT


def _cpu(run: dict, server: str) -> str:
    samples = run['load'].get('udp-rate', {}).get(server)
    return ranged([1e6 * s['cpu_s'] / s['answers'] for s in samples]) if samples else ABSENT


def _both_steps(image: dict[str, list[float]]) -> str:
    if 'audit' not in image:
        return f'{ranged(image["compile"])} without audit' if 'compile' in image else ABSENT
    return ranged([a + b for a, b in zip(image['compile'], image['audit'])])


def _rows(run: dict) -> list[tuple]:
    """Title, index of its target or None, and what goes into a server's column."""
    def of(test: str, key: str):
        return lambda server: ranged(column(run, test, server, key))
    rate = f'{number(run["settings"]["rate"])} queries/s'
    looks = 'perf' if 'udp-user' in run['load'] else 'clock ticks'
    return [
        ('UDP answers/s', None, of('udp-max', 'qps')),
        (f'UDP answers{"" if load_limits_reflector(run) else "/s"}, {to_reflector(run)}', 0,
         lambda s: ranged(ratio_to_reflector(run, s))),
        (f'user CPU per query at {rate} (by {looks}), µs', 1, lambda s: _user(run, s)),
        (f'user and system CPU per query at {rate}, µs', None, lambda s: _cpu(run, s)),
        (f'lost at {rate}, %', None, of('udp-rate', 'lost_pct')),
        ('TCP answers/s, connections reused', 2, of('tcp-reuse', 'qps')),
        ('TCP answers/s, a connection each', 3, of('tcp-new', 'qps')),
        ('p99.9 at 60 % of its own maximum, µs', 4, of('latency-own', 'p999_us')),
        ('p99.9 at 60 % of the best peer\'s maximum, µs', 5, of('latency-same', 'p999_us')),
        ('memory (PSS), MB', 6, lambda s: ranged(run['memory'].get(s, []))),
        ('start to first answer, ms', 7, lambda s: ranged(run['start'].get(s, []))),
        ('image compile + audit, s', 8, lambda s: _both_steps(run['image']) if s == ENGINE else ABSENT),
        ('two workers to one, answers/s', 9, lambda s: ranged(scaling(run, s))),
    ]


def markdown(run: dict) -> str:
    goals = targets(run)
    servers = [ENGINE, *run['machine']['peers'], REFLECTOR]
    lines = [head(run) + ':', '',
             f'| figure | {" | ".join(NAMES[s] for s in servers)} | must reach | met |',
             '| --- ' * (len(servers) + 3) + '|']
    for title, index, cell in _rows(run):
        goal = goals[index] if index is not None else None
        verdict = ('yes' if goal.met else 'no') if goal else ABSENT
        cells = [title, *(cell(s) for s in servers), goal.need if goal else ABSENT, verdict]
        lines.append(''.join(f'| {text} ' if text else '| ' for text in cells) + '|')
    return '\n'.join([*lines, '', _checks(run)])


def _checks(run: dict) -> str:
    all_samples = [s for by_server in run['load'].values() for v in by_server.values() for s in v]
    busy = [s['busy_pct'] for v in run['load'].get('udp-max', {}).values() for s in v]
    if not all_samples or not busy:
        return 'No load was measured.'
    other = max(s['other_pct'] for s in all_samples)
    reasons = void_reasons(run)
    valid = f'VOID: {"; ".join(reasons)}' if reasons else 'valid'
    gaps = missed(run)
    limited = (' (the load was the reflector\'s limit, so that it is compared by CPU time)'
               if load_limits_reflector(run) else '')
    return (f'Checks ({valid}): every server at least {min(busy):.0f} % busy in udp-max{limited}, '
            f'others took at most {other:.0f} % of its core in any measurement. '
            + (f'Missed: {"; ".join(gaps)}.' if gaps else 'All targets met.'))
