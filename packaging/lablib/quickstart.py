"""The main job as one run, narrated with times: a signed root zone in, right answers out, and routes that
exist only while the answers are right. Then a drill under load, each answer checked, and a table.

Started by packaging/quickstart, which has installed and built what is needed. Exit status 1, with a line on
each thing that was not as it has to be.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from lablib import rootless
from lablib import topology as net
from lablib.agentlog import AgentLog, LogError
from lablib.drills import Drills
from lablib.drilltable import BATCH, WORKERS, Row, Table
from lablib.lab import Lab, LabError
from lablib.loadrun import LoadError, LoadRun
from lablib.netns import NetworkError
from lablib.processes import wait_until
from lablib.report import pages_text
from lablib.routewatch import RouteWatch
from lablib.signals import INTERRUPTED, command_failed, interrupt_on_sigterm, undisturbed
from lablib.zonemaker import ZoneError

RATE = 2000                # questions a second
EVENTS = (                 # in the agent's log
    ('anycast0 made; BIRD announces nothing', r'^device='),
    ('zone verified and compiled', r'^image verified and compiled'),
    ('engine answering', r'^engine pid=\d+ generation=1 serving'),
    ('first probe right', r'probe=right'),
    ('IPv4 may be announced', r'family=ipv4 neighbour=\S+ phase=up'),
    ('IPv6 may be announced', r'family=ipv6 neighbour=\S+ phase=up'),
)
SESSION = re.compile(r'session (\S+): (.*?) ?-> Established')
DIG_SHOWS = ('+noall', '+comments', '+answer', '+authority', '+stats')
DIG_DULL = (';; Got', ';; WHEN', ';; SERVER', ';; OPT', '; EDNS', ';; AUTH', ';; ANS')
QUESTIONS = (              # and the status that dig must show
    (('com.', 'NS', '+dnssec'), 'NOERROR'),
    (('a-name-that-does-not-exist.', 'A', '+dnssec'), 'NXDOMAIN'),
    (('org.', 'DS', '+tcp'), 'NOERROR'),
)


def say(text: str = '') -> None:
    print(text, flush=True)


def title(text: str) -> None:
    say(f'\n== {text}')


# ---- the main job ---------------------------------------------------------------------------------------


def bring_up(lab: Lab, zone: Path | None) -> None:
    title('The lab: imrs-primary <-- AXFR -- imrs-appliance (AS 20144) == BGP == imrs-host (AS 64500)')
    for line in rootless.notes():
        say(f'   {line}')
    start = time.monotonic()
    lab.down()
    for part in lab.up(zone, agent=False):
        say(f'   {part}')
    if there := lab.host_routes():
        raise LabError(f'the host router has routes although no agent runs: {", ".join(sorted(there))}')
    say(f'   up in {time.monotonic() - start:.1f} s; BGP established; the host router has no route to us yet')


def announce(lab: Lab, watch: RouteWatch) -> None:
    title('The agent starts')
    log, begin, wall = AgentLog(lab.agent.log), time.monotonic(), time.time()
    lab.start_agent()
    if watch.wait_all(30) is None:
        raise LabError(f'the routes did not come\n{lab.seen()}')
    moments = [(change.time - begin, f'host router learns {change.prefix}') for change in watch.changes]
    for words, pattern in EVENTS:
        line = log.wait(pattern)
        detail = f': {line.text.split(": ", 1)[1]}' if words.startswith('zone') else ''
        moments.append((line.when - wall, words + detail))
    sessions = [(line.when - wall, words) for line in log.lines() if (words := session_words(line.text))]
    for seconds, words in sorted(moments + sessions):
        say(f'   {seconds * 1000:6.0f} ms  {words}')
    if not sessions:
        say('              BGP was established before')


def session_words(text: str) -> str | None:
    """Of a line in the agent's log that says that a BGP session is established."""
    match = SESSION.search(text)
    if match is None:
        return None
    before = match[2] in ('', 'unknown')             # the agent's first look at it
    return f'BGP session {match[1]} ' + ('was established before' if before else 'established')


def ask() -> list[str]:
    """What was not answered as it has to be."""
    title('Asked from the host\'s side')
    faults = []
    for words, status in QUESTIONS:
        for server in net.SERVICE_ADDRESSES[:2]:
            command = ['ip', 'netns', 'exec', net.HOST, 'dig', f'@{server}', '+norec', *DIG_SHOWS, *words]
            run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
            question = f'dig {" ".join(words)} @{server}'
            say(f'   {question}')
            for line in digest(run.stdout):
                say(f'      {line}')
            if f'status: {status},' not in run.stdout:
                faults.append(f'{question}: not status {status}: {(run.stdout + run.stderr).strip()[:300]}')
    return faults


def digest(text: str) -> list[str]:
    """The lines of dig's output that say something, cut to a screen's width."""
    kept = [line for line in text.splitlines() if line and not line.startswith(DIG_DULL)]
    shown = [line if len(line) < 100 else line[:97] + '...' for line in kept]
    return shown if len(shown) <= 7 else [*shown[:5], f'... {len(shown) - 6} records more', shown[-1]]


# ---- the drill ------------------------------------------------------------------------------------------


def ms(seconds: float | None) -> str:
    return 'not at all' if seconds is None else f'{seconds * 1000:.1f} ms'


def drill(lab: Lab, watch: RouteWatch) -> list[str]:
    """What was not as it has to be."""
    current = lab.zones.current()
    assert current is not None
    table = Table()
    with LoadRun([current.file], RATE) as load:
        title(f'Drill, under {RATE} questions a second from the host\'s side, each answer checked')
        faults = [] if answers_flow(load, RATE // 2) else ['the load got no answers before anything was done']
        for words, rehearse in REHEARSALS:
            say(f'-- {words}')
            row = rehearse(Drills(lab, watch), load)
            say(f'   {row.outcome.saw()}; {row.took}')
            table.add(row)
        if not answers_flow(load):
            faults.append('no answer came within 10 s of the agent\'s coming back')
        summary = load.finish()
    title('What was done, and what came of it')
    for line in table.lines(load):
        say(f'   {line}')
    say(f'\n   {summary["sent"]} questions asked in {summary["seconds"]:.1f} s, '
        f'{summary["sent"] / summary["seconds"]:.0f} a second; {summary["skipped"]} more were skipped '
        '(the load generator was held up)')
    say(f'   {summary["answered"]} answered, {summary["wrong"]} wrong, {summary["lost"]} lost')
    return faults + table.faults(load)


def answers_flow(load: LoadRun, count: int = 1) -> bool:
    """More answers come, that many."""
    before = load.report()['answered']
    return wait_until(lambda: load.report()['answered'] >= before + count, 10)


def engine_killed(drills: Drills, _: LoadRun) -> Row:
    outcome = drills.kill_child('imrs-engine')
    took = f'started again in {ms(outcome.started_after)}, serving in {ms(outcome.serving_after)}'
    return Row('engine killed', took, outcome, unseen=True, lost_udp=WORKERS * BATCH)


def broken_published(drills: Drills, _: LoadRun) -> Row:
    outcome, word = drills.publish(broken=True)
    say(f'   agent: {word[:160]}')
    took = f'refused in {ms(outcome.serving_after)}'
    return Row('broken zone published', took, outcome, unseen=True, lost=0)


def good_published(drills: Drills, load: LoadRun) -> Row:
    outcome, _ = drills.restore(lambda version: load.accept(version.file))
    return Row('good zone published', f'served in {ms(outcome.serving_after)}', outcome, unseen=True, lost=0)


def agent_killed(drills: Drills, _: LoadRun) -> Row:
    outcome = drills.kill_agent()
    return Row('agent killed', f'routes gone in {ms(outcome.gone_after)}', outcome)


def agent_back(drills: Drills, _: LoadRun) -> Row:
    outcome = drills.start_agent()
    return Row('agent back', f'routes back in {ms(outcome.back_after)}', outcome)


REHEARSALS = (
    ('the engine is killed (SIGKILL)', engine_killed),
    ('the primary publishes a zone with one damaged signature', broken_published),
    ('the primary publishes a good version', good_published),
    ('the agent is killed (SIGKILL)', agent_killed),
    ('the agent starts again', agent_back),
)


# ---- all of it ------------------------------------------------------------------------------------------


def show(lab: Lab, zone: Path | None) -> list[str]:
    """What was not as it has to be."""
    bring_up(lab, zone)
    with RouteWatch() as watch:
        announce(lab, watch)
        return ask() + drill(lab, watch)


def main() -> int:
    parser = argparse.ArgumentParser(prog='packaging/quickstart')
    parser.add_argument('--keep', action='store_true')
    parser.add_argument('--zone', type=Path)
    args = parser.parse_args()
    interrupt_on_sigterm()
    try:
        rootless.ensure_root(make=True)
    except (rootless.RootlessError, OSError, KeyboardInterrupt) as error:
        print(f'packaging/quickstart: {error}', file=sys.stderr)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    lab = Lab(build=net.DEFAULT_BUILD)
    try:
        faults = show(lab, args.zone)
    except subprocess.SubprocessError as error:
        faults = [command_failed(error)]
    except (LabError, LoadError, LogError, NetworkError, ZoneError, RuntimeError, OSError) as error:
        faults = [str(error)]
    except KeyboardInterrupt:
        print('packaging/quickstart: interrupted', file=sys.stderr)
        return INTERRUPTED
    finally:
        if not args.keep:
            with undisturbed():
                lab.down()
    for fault in faults:
        print(f'packaging/quickstart: FAILED: {fault}', file=sys.stderr)
    if args.keep:
        title('The lab is still running')
        say('   packaging/lab status | dig NAME TYPE | birdc host show route | down')
        for line in pages_text():
            say(f'   {line}')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
