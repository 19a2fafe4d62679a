"""Runs the load programs against running servers, round by round; makes the samples that figures.py reads.

Tests, each server in turn within a round, so that a drift of the machine hits all alike; each round begins
with another server:
  udp-max       closed loop, 4 sockets x 32 outstanding
  udp-rate      --rate queries/s in bursts of 16, as behind a NIC that coalesces interrupts
  udp-user      the same while perf looks, if it is there: for the user part only, since perf adds to the rest
  latency-own   open loop, one by one, at 60 % of the server's own udp-max
  latency-same  the same at 60 % of the best peer's udp-max
  tcp-reuse     32 connections x 16 pipelined         tcp-new  a connection per query, 32 at a time
                (a server that is less than busy there is faster than the load: the figure is a lower bound)
  scale-1       a worker and a load thread on one core, the other core idle
  scale-2       the same twice, on two cores: what scaling is on a machine where load has no core to itself

A sample: qps, answers, lost_pct, errors, p50_us, p99_us, p999_us, octets (mean size of an answer),
nxdomain_pct, cpu_s (server, exact), user_s and system_s (the same by `looks` looks: clock ticks, in udp-user
perf's samples, see sampling.py), busy_pct (server, of its core), other_pct (what neither server nor load took
of it).

When is a server's udp-max its own? When its core was busy (figures.py, void_reasons): engine and peers have
to be. The reflector costs about as much as the load generator, so that on two cores the load may be its
limit; then answers/s would flatter the engine, and "to the reflector" is made of answers per CPU second of
the server's core instead. Since the reflector was the less busy one, that ratio is the lower of the two. It
is an estimate: a reflector that never waits might save a little more by larger batches. Therefore it too has
to be busy nearly all the time.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchlib import sampling
from benchlib.figures import ENGINE, REFLECTOR, Sample, best, values
from benchlib.processes import cpu_time, cpu_used, pss_mb, pss_shared_mb
from benchlib.servers import BenchError, Launcher, PinnedServer, is_echo, run_on, running
from peer_servers import ADDRESS

SHARE_OF_MAXIMUM = .6
NXDOMAIN = 3
UDP = ('--sockets', '4')
MAX = ('imrs-bench-udp', *UDP, '--window', '32')
TCP = {'tcp-reuse': ('imrs-bench-tcp', '--mode', 'reuse', '--connections', '32', '--pipeline', '16'),
       'tcp-new': ('imrs-bench-tcp', '--mode', 'new', '--connections', '32')}
TICKS = 100                            # a second, at least: how often the kernel looks, user or system?
LOOKS, BETWEEN_LOOKS = 40, .1          # at an idle server's memory, until it stays the same: no event tells


@dataclass(frozen=True)
class Settings:
    programs: Path
    queries: Path
    rounds: int
    seconds: float           # per measurement
    tick_seconds: float      # of udp-rate without perf: longer, since clock ticks tell the user time
    rate: int
    samples: Path | None     # perf's; None: without perf
    server_cpu: int
    load_cpu: int
    peers: tuple[str, ...]
    starts: int


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _own_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def load(server: PinnedServer, command: tuple[str, ...], seconds: float, settings: Settings,
         cpus: set[int] | None = None, samples: Path | None = None) -> Sample:
    """One measurement. `cpus`: server and load share these; else each has its own core. `samples`: file for
    perf's, if it is to look too."""
    load_cpus, server_cpus, pids = cpus or {settings.load_cpu}, cpus or {settings.server_cpu}, server.pids()
    argv = [str(settings.programs / command[0]), ADDRESS, str(server.port), str(settings.queries),
            '--seconds', str(seconds), '--cpu', str(min(load_cpus)), *command[1:]]
    argv = sampling.while_running(argv, pids, samples) if samples else argv
    start, before, used, mine = time.monotonic(), cpu_time(pids), cpu_used(server_cpus), _own_children()
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=False,
                          preexec_fn=run_on(load_cpus))
    wall, spent = time.monotonic() - start, cpu_time(pids) - before
    used, mine = cpu_used(server_cpus) - used, _own_children() - mine
    if done.returncode:
        raise BenchError(f'{server.name}, {" ".join(command)}: {done.stderr.strip() or "no answers"}')
    other = used - spent.exact - (mine if cpus else 0)
    by_ticks = {'user_s': spent.user, 'system_s': spent.system, 'looks': spent.exact * TICKS}
    return _sample(json.loads(done.stdout)) | (sampling.split(samples) if samples else by_ticks) | {
        'cpu_s': spent.exact, 'busy_pct': 100 * spent.exact / min(wall, seconds) / len(server_cpus),
        'other_pct': max(0., 100 * other / wall / len(server_cpus))}


def _sample(report: dict) -> Sample:
    answers = report['answered']
    return {'qps': report['qps'], 'answers': answers, 'errors': report['errors'],
            'lost_pct': 100 * report['lost'] / report['sent'],
            'octets': report['octets_received'] / answers,
            'nxdomain_pct': 100 * report['rcodes'][NXDOMAIN] / answers,
            **{key: report[key] for key in ('p50_us', 'p99_us', 'p999_us')}}


class Comparison:
    """`run` is filled as figures.py describes."""

    def __init__(self, settings: Settings, launcher: Launcher, image: Path) -> None:
        self._settings, self._launcher, self._image = settings, launcher, image
        self.run: dict = {'load': {}, 'start': {}, 'memory': {}, 'image': {}}

    def _start(self, name: str, cpus: set[int], timed: bool = False) -> PinnedServer:
        if name == ENGINE:
            return self._launcher.engine(self._image, cpus, timed=timed)
        return self._launcher.peer(name, cpus, timed)

    # ---- one server at a time -----------------------------------------------------------------------------

    def starts_and_memory(self, three_zones: Path) -> None:
        """Nothing else runs: pages that two servers share would count half."""
        core = {self._settings.server_cpu}
        for number in range(self._settings.starts):
            say(f'start and memory, {number + 1} of {self._settings.starts}')
            for name in (ENGINE, *self._settings.peers):
                server = self._start(name, core, timed=True)
                try:
                    seconds = server.wait_for_answer(self._launcher.is_right)
                    self.run['start'].setdefault(name, []).append(1000 * seconds)
                    if name != ENGINE:
                        self.run['memory'].setdefault(name, []).append(idle_memory(server))
                finally:
                    server.stop()
            with running(self._launcher.engine(three_zones, core), self._launcher.is_right) as server:
                memory = idle_memory(server, three_zones.stat().st_size / 1e6)
                self.run['memory'].setdefault(ENGINE, []).append(memory)

    # ---- all servers side by side -------------------------------------------------------------------------

    def under_load(self) -> None:
        core = {self._settings.server_cpu}
        with ExitStack() as stack:
            servers = []
            for name in (ENGINE, *self._settings.peers):
                servers.append(stack.enter_context(running(self._start(name, core), self._launcher.is_right)))
                servers[-1].pin(core)
            sizes = {s.name: load(s, MAX, .3, self._settings)['octets'] for s in servers}
            reflector = self._launcher.reflector(round(sizes[ENGINE]), self._settings.server_cpu)
            servers.insert(0, stack.enter_context(running(reflector, is_echo)))
            self._rounds('udp-max', lambda turn: self._udp_max(servers, turn))
            self._rounds('udp-rate, latency, TCP', lambda turn: self._other_tests(servers, turn))

    def _rounds(self, what: str, one_round: Callable[[int], None]) -> None:
        for turn in range(self._settings.rounds):
            say(f'{what}: round {turn + 1} of {self._settings.rounds}')
            one_round(turn)

    def _add(self, test: str, server: str, sample: Sample) -> None:
        self.run['load'].setdefault(test, {}).setdefault(server, []).append(sample)

    def _udp_max(self, servers: list[PinnedServer], turn: int) -> None:
        for server in rotated(servers, turn):
            self._add('udp-max', server.name, load(server, MAX, self._settings.seconds, self._settings))

    def _other_tests(self, servers: list[PinnedServer], turn: int) -> None:
        settings = self._settings
        rate = (*MAX[:1], *UDP, '--burst', '16', '--rate', str(settings.rate))
        seconds = settings.seconds if settings.samples else settings.tick_seconds
        for server in rotated(servers, turn):
            self._add('udp-rate', server.name, load(server, rate, seconds, settings))
        for server in rotated(servers, turn) if settings.samples else []:
            sample = load(server, rate, seconds, settings, samples=settings.samples)
            self._add('udp-user', server.name, sample)
        for test, rates in self._latency_rates().items():
            for server in rotated(servers, turn):
                command = (*MAX[:1], *UDP, '--rate', str(rates[server.name]))
                self._add(test, server.name, load(server, command, settings.seconds, settings))
        for test, command in TCP.items():
            for server in rotated([s for s in servers if s.name != REFLECTOR], turn):
                self._add(test, server.name, load(server, command, settings.seconds, settings))

    def _latency_rates(self) -> dict[str, dict[str, int]]:
        """Queries/s of each latency test, by server."""
        reached = values(self.run, 'udp-max', 'qps')
        own = {name: statistics.median(v) for name, v in reached.items()}
        rival = best(reached, max) or ENGINE
        self.run['latency_rates'] = {
            'latency-own': {name: round(SHARE_OF_MAXIMUM * qps) for name, qps in own.items()},
            'latency-same': {name: round(SHARE_OF_MAXIMUM * own[rival]) for name in own}}
        return self.run['latency_rates']

    # ---- two workers --------------------------------------------------------------------------------------

    def scaling(self) -> None:
        """imrs-engine and, as the limit that the machine sets, the reflector."""
        size = round(statistics.median(s['octets'] for s in self.run['load']['udp-max'][ENGINE]))
        with ExitStack() as stack:
            servers = {}
            for workers in (1, 2):
                cpus = set(range(workers))
                engine = self._launcher.engine(self._image, cpus, workers)
                servers[ENGINE, workers] = stack.enter_context(running(engine, self._launcher.is_right))
                reflector = self._launcher.reflector(size, 0, workers)
                servers[REFLECTOR, workers] = stack.enter_context(running(reflector, is_echo))
            self._rounds('two workers', lambda turn: self._scale(servers, turn))

    def _scale(self, servers: dict[tuple[str, int], PinnedServer], turn: int) -> None:
        for name, workers in rotated(list(servers), turn):
            command = (MAX[0], '--sockets', str(32 * workers), '--window', '8', '--threads', str(workers),
                       '--yield', '1')
            sample = load(servers[name, workers], command, self._settings.seconds, self._settings,
                          set(range(workers)))
            self._add(f'scale-{workers}', name, sample)


def rotated(items: list, by: int) -> list:
    by %= len(items)
    return items[by:] + items[:by]


def idle_memory(server: PinnedServer, image_mb: float = 0) -> float:
    """MB, when two looks agree. An image is counted whole, even where the server has not mapped all of it."""
    before = -1.
    for _ in range(LOOKS):
        now = pss_mb(server.pids())
        if abs(now - before) < .01 * now:
            return now + max(0., image_mb - pss_shared_mb(server.pids()))
        before = now
        time.sleep(BETWEEN_LOOKS)
    raise BenchError(f'{server.name} keeps changing its memory; now {before:.1f} MB')
