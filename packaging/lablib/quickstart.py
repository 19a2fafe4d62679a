"""The main job as one run, narrated with times: a signed root zone in, right answers out, and routes that
exist only while the answers are right. Then a drill under load, each answer checked, and a table.

Started by packaging/quickstart, which has installed and built what is needed.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from lablib import topology as net
from lablib.agentlog import AgentLog, LogError
from lablib.drills import Drills, Outcome
from lablib.lab import Lab, LabError
from lablib.loadrun import LoadError, LoadRun
from lablib.netns import NetworkError
from lablib.processes import wait_until
from lablib.report import pages_text
from lablib.routewatch import RouteWatch
from lablib.zonemaker import ZoneError

RATE = 2000                # questions a second
EVENTS = (                 # in the agent's log, in the order of the main job
    ('anycast0 made; BIRD announces nothing', r'^device='),
    ('zone verified and compiled', r'^image verified and compiled'),
    ('engine answering', r'^engine pid=\d+ generation=1 serving'),
    ('first probe right', r'probe=right'),
    ('IPv4 may be announced', r'^family=ipv4 phase=up'),
    ('IPv6 may be announced', r'^family=ipv6 phase=up'),
)


def say(text: str = '') -> None:
    print(text, flush=True)


def title(text: str) -> None:
    say(f'\n== {text}')


# ---- the main job ---------------------------------------------------------------------------------------


def bring_up(lab: Lab, zone: Path | None) -> None:
    title('The lab: imrs-primary <-- AXFR -- imrs-appliance (AS 20144) == BGP == imrs-host (AS 64500)')
    start = time.monotonic()
    lab.down()
    for part in lab.up(zone, agent=False):
        say(f'   {part}')
    say(f'   up in {time.monotonic() - start:.1f} s; BGP established; the host router has no route to us yet')


def announce(lab: Lab, watch: RouteWatch) -> None:
    title('The agent starts')
    log, begin, wall = AgentLog(lab.agent.log), time.monotonic(), time.time()
    lab.start_agent()
    arrived = watch.wait_all(30)
    if arrived is None:
        raise LabError(f'the routes did not come\n{lab.seen()}')
    for words, pattern in EVENTS:
        line = log.wait(pattern)
        detail = f': {line.text.split(": ", 1)[1]}' if words.startswith('zone') else ''
        say(f'   {(line.when - wall) * 1000:6.0f} ms  {words}{detail}')
    for change in watch.changes:
        say(f'   {(change.time - begin) * 1000:6.0f} ms  host router learns {change.prefix}')


def ask() -> None:
    title('Asked from the host\'s side')
    for words in (['com.', 'NS', '+dnssec'], ['a-name-that-does-not-exist.', 'A', '+dnssec'], ['org.', 'DS', '+tcp']):
        for server in net.SERVICE_ADDRESSES[:2]:
            command = ['dig', f'@{server}', '+norec', '+noall', '+comments', '+answer', '+authority', '+stats', *words]
            run = subprocess.run(['ip', 'netns', 'exec', net.HOST, *command], capture_output=True, text=True,
                                 check=False, timeout=10)
            say(f'   dig {" ".join(words)} @{server}')
            for line in digest(run.stdout):
                say(f'      {line}')


def digest(text: str) -> list[str]:
    """The lines of dig's output that say something, cut to a screen's width."""
    kept = [line for line in text.splitlines()
            if line and not line.startswith((';; Got', ';; WHEN', ';; SERVER', ';; OPT', '; EDNS', ';; AUTH', ';; ANS'))]
    shown = [line if len(line) < 100 else line[:97] + '...' for line in kept]
    return shown if len(shown) <= 7 else [*shown[:5], f'... {len(shown) - 6} records more', shown[-1]]


# ---- the drill ------------------------------------------------------------------------------------------


class Table:
    """Rows of the closing table; lost and wrong answers are known when the load has ended."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, Outcome]] = []

    def add(self, what: str, took: str, outcome: Outcome) -> None:
        say(f'   {outcome.saw()}; {took}')
        self._rows.append((what, outcome.saw(), took, outcome))

    def print(self, load: LoadRun) -> None:
        cells = [('what was done', 'the host router saw', 'how long it took', 'lost', 'wrong')]
        for what, saw, took, outcome in self._rows:
            cells.append((what, saw, took, str(load.lost_between(outcome.begin, outcome.end)),
                          str(load.wrong_between(outcome.begin, outcome.end))))
        widths = [max(len(row[i]) for row in cells) for i in range(5)]
        for number, row in enumerate(cells):
            say('   ' + '  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if number == 0:
                say('   ' + '  '.join('-' * width for width in widths))


def ms(seconds: float | None) -> str:
    return f'{(seconds or 0) * 1000:.1f} ms'


def drill(lab: Lab, watch: RouteWatch) -> bool:
    """False if an answer was wrong or one was lost that should not be."""
    drills, table = Drills(lab, watch), Table()
    current = lab.zones.current()
    assert current is not None
    with LoadRun([current.file], RATE) as load:
        title(f'Drill, under {RATE} questions a second from the host\'s side, each answer checked')
        wait_until(lambda: load.report()['answered'] > RATE / 2, 10)

        say('-- the engine is killed (SIGKILL)')
        outcome = drills.kill_child('imrs-engine')
        table.add('engine killed', 'restarted at once', outcome)

        say('-- the primary publishes a zone with one damaged signature')
        outcome, word = drills.publish(broken=True)
        say(f'   agent: {word[:160]}')
        table.add('broken zone published', 'refused', outcome)

        say('-- the primary publishes a good version')
        version = lab.restore_zone()
        load.accept(version.file)
        log = AgentLog(lab.agent.log)
        log.wait(rf'serial={version.serial} state=serving', 15)

        say('-- the agent is killed (SIGKILL)')
        outcome = drills.kill_agent()
        table.add('agent killed', f'routes gone in {ms(outcome.gone_after)}', outcome)

        say('-- the agent starts again')
        outcome = drills.start_agent()
        table.add('agent back', f'routes back in {ms(outcome.back_after)}', outcome)
        wait_until(lambda: load.report()['answered'] == 0, 1)
        summary = load.finish()
    title('What was done, and what came of it')
    table.print(load)
    say(f'\n   {summary["sent"]} questions asked, {summary["answered"]} answered, {summary["wrong"]} wrong; '
        f'{summary["lost"]} lost, nearly all while the agent was dead and no route led to an answer')
    return summary['wrong'] == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog='packaging/quickstart')
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('--zone', type=Path)
    parser.add_argument('--no-install', action='store_true')
    args = parser.parse_args()
    lab = Lab(build=net.DEFAULT_BUILD)
    try:
        bring_up(lab, args.zone)
        with RouteWatch() as watch:
            announce(lab, watch)
            ask()
            good = drill(lab, watch)
    except (LabError, LoadError, LogError, NetworkError, ZoneError, RuntimeError, OSError) as error:
        print(f'packaging/quickstart: {error}', file=sys.stderr)
        return 1
    finally:
        if not args.keep:
            lab.down()
    if args.keep:
        title('The lab is still running')
        say('   packaging/lab status | dig NAME TYPE | birdc host show route | down')
        for line in pages_text():
            say(f'   {line}')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
