"""What the processes of the package may do, read from /proc in the guest, and held to what they may.

Landlock shows nowhere in /proc: what zone and audit may not open is held by their own tests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

SERVICES = ('imrs-agent.service', 'imrs-bird.service')
UNITS = (*SERVICES, 'imrs-firewall.service', 'imrs-tuning.service')
MOST_EXPOSED = 3.0
NAMESPACES = ('mnt', 'net', 'ipc', 'user', 'pid', 'uts')

NONE = 0
KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_BROADCAST, NET_ADMIN, NET_RAW = (
    1 << bit for bit in (5, 6, 7, 8, 10, 11, 12, 13))
CAPABILITIES = {
    'imrs-agent': NET_ADMIN | NET_BIND_SERVICE,
    'imrs-launcher': SETUID | SETGID | KILL | SETPCAP,
    'imrs-engine': NONE, 'imrs-zone': NONE, 'imrs-audit': NONE, 'imrs-web': NONE,
    'bird': NET_ADMIN | NET_BIND_SERVICE | NET_RAW | NET_BROADCAST,
}
# When memory is short the kernel takes a program that has grown, and never the agent for it.
OOM_SCORE = {'imrs-agent': '-900', 'bird': '-900'}
# Before the workers, whose flood must not keep them from saying so.
NICE = {'imrs-agent': '-10', 'bird': '-10'}
AMBIENT = ('bird',)        # not made by us: systemd gives it its user and keeps the capabilities so
SANDBOXED = ('imrs-engine', 'imrs-zone', 'imrs-audit', 'imrs-web')

# Process 1, for its namespaces; then all of the package's cgroups. Few commands: each takes its time.
LISTING = f'''
pids="1 $(cat {' '.join(f"/sys/fs/cgroup/system.slice/{unit}/cgroup.procs" for unit in SERVICES)})"
each() {{ for pid in $pids; do for file; do printf '/proc/%s/%s ' "$pid" "$file"; done; done; }}
ps -o pid=,args= -p "$(echo $pids | tr ' ' ,)"
grep -H . $(each status oom_score_adj stat)
grep -cH '^[^ ]* .wx' $(each maps)
stat -c %N $(each {' '.join(f'ns/{kind}' for kind in NAMESPACES)})
'''
# Command lines of our programs and of BIRD, by whomever they were started; an empty line for one that has
# ended meanwhile.
RUNNING = r'''
stat -c %N /proc/[0-9]*/exe 2>/dev/null | grep -e "-> '/usr/lib/imrs/" -e "-> '/usr/sbin/bird" |
while read -r exe _; do
	exe=${exe#"'"}
	tr '\0' ' ' 2>/dev/null <"${exe%/*}/cmdline"; echo
done 2>/dev/null
true
'''
# A unit that is refused asks the agent these every ten seconds; it says them and ends.
ASKED = ('--check', '--print-firewall', '--print-bird-config', '--write-bird-config')
SETTINGS = Path(__file__).parents[2] / 'package' / 'sysctl.conf'
EXPOSURE = f'systemd-analyze security --no-pager {" ".join(UNITS)} | grep "Overall exposure level"'


@dataclass(frozen=True)
class Process:
    """`fields`: of /proc/PID/status; "stat"; "oom_score_adj"; "ns/mnt" and others; "wx": mappings both
    writable and executable."""
    name: str                  # "imrs-agent", "imrs-launcher", "bird", ...
    pid: int
    fields: dict[str, str]


def processes(listing: str) -> list[Process]:
    """What LISTING has printed, process 1 first."""
    called: dict[int, str] = {}
    fields: dict[int, dict[str, str]] = {}
    for line in listing.splitlines():
        if match := re.match(r"'?/proc/(\d+)/(\S+?)(?::|' -> )(.*)$", line):
            pid, file, text = int(match[1]), match[2], match[3]
            key, _, value = text.partition(':') if file == 'status' else (file, '', text)
            fields.setdefault(pid, {})['wx' if key == 'maps' else key] = value.strip(" \t'")
        elif match := re.match(r'\s*(\d+) (\S+)', line):
            called[int(match[1])] = match[2].rpartition('/')[2]
    return [Process(_name(called.get(pid, ''), found), pid, found) for pid, found in sorted(fields.items())]


def _name(called: str, fields: dict[str, str]) -> str:
    """The launcher is the agent's fork, and has only its own name of the two."""
    return 'imrs-launcher' if fields.get('Name') == 'imrs-launcher' else called


def faults(found: list[Process]) -> list[str]:
    """What one of them may that it must not, or the other way; empty if all is as it has to be. The first is
    process 1."""
    init, *ours = found
    names = [process.name for process in ours]
    wrong = [f'{name}: does not run' for name in CAPABILITIES if name not in names]
    wrong += [f'{name}: is no part of the package' for name in names if name not in CAPABILITIES]
    for process in ours:
        if process.name in CAPABILITIES:
            wrong += [f'{process.name}: {what}' for what in _faults(process, init)]
    users = [process.fields['Uid'].split()[0] for process in ours]
    if len(set(users)) != len(users):
        wrong.append(f'two have the same user: {dict(zip(names, users))}')
    return wrong


def _faults(process: Process, init: Process) -> list[str]:
    return [*_identity_faults(process), *_capability_faults(process), *_confinement_faults(process, init)]


def _identity_faults(process: Process) -> list[str]:
    wrong = []
    for field in ('Uid', 'Gid'):
        ids = set(process.fields[field].split())
        if len(ids) != 1 or '0' in ids:
            wrong.append(f'{field} {process.fields[field]}')
    if set(process.fields['Groups'].split()) - {process.fields['Gid'].split()[0]}:
        wrong.append(f'further groups: {process.fields["Groups"]}')
    return wrong


def _capability_faults(process: Process) -> list[str]:
    want = CAPABILITIES[process.name]
    kept = want if process.name in AMBIENT else NONE
    wanted = {'CapPrm': want, 'CapEff': want, 'CapInh': kept, 'CapAmb': kept}
    if process.name != 'imrs-launcher':          # it has to be able to drop its children's
        wanted['CapBnd'] = want
    return [f'{kind} {process.fields[kind]}, not {value:016x}' for kind, value in wanted.items()
            if int(process.fields[kind], 16) != value]


def _confinement_faults(process: Process, init: Process) -> list[str]:
    fields, wrong = process.fields, []
    for field, value in (('NoNewPrivs', '1'), ('Seccomp', '2'), ('wx', '0')):
        if fields.get(field) != value:
            wrong.append(f'{field} {fields.get(field)}, not {value}')
    score = OOM_SCORE.get(process.name, '0')
    if fields.get('oom_score_adj') != score:
        wrong.append(f'oom_score_adj {fields.get("oom_score_adj")}, not {score}')
    nice = fields['stat'].rpartition(')')[2].split()[16]                   # proc(5): the 19th field
    if nice != (wanted := NICE.get(process.name, '0')):
        wrong.append(f'nice {nice}, not {wanted}')
    for kind in ('mnt', 'ipc'):
        if fields[f'ns/{kind}'] == init.fields[f'ns/{kind}']:
            wrong.append(f'in the {kind} namespace of process 1')
    if fields['ns/net'] != init.fields['ns/net']:
        wrong.append('not in the machine\'s network namespace')
    return wrong


def settings() -> Iterator[tuple[str, str]]:
    """Of the package's sysctl.d file: the path, which may have asterisks, and the value."""
    for line in SETTINGS.read_text(encoding='utf-8').splitlines():
        if line and not line.startswith('#'):
            key, value = line.split(' = ')
            yield f'/proc/sys/{key.replace(".", "/")}', value


def command_for_settings() -> str:
    return f'grep -H . {" ".join(path for path, _ in settings())}; true'


def settings_not_in_force(printed: str) -> list[str]:
    """`printed`: by command_for_settings()."""
    found = dict(line.split(':', 1) for line in printed.splitlines() if line.startswith('/proc/sys/'))
    wrong = []
    for path, value in settings():
        matching = {name: there for name, there in found.items() if fnmatchcase(name, path)}
        wrong += [f'{name} is {there}, not {value}' for name, there in matching.items() if there != value]
        if not matching:
            wrong.append(f'{path} is not there')
    return wrong


def serving(printed: str) -> list[str]:
    """Command lines of what is there to stay, of what RUNNING has printed."""
    lines = [line.split() for line in printed.splitlines()]
    return [' '.join(words) for words in lines if words and not set(words) & set(ASKED)]


def filters_of(found: list[Process]) -> dict[str, int]:
    """How many seccomp filters each has: a child's own lie upon its unit's."""
    return {process.name: int(process.fields.get('Seccomp_filters', '0')) for process in found[1:]}


def exposures(printed: str) -> dict[str, float]:
    """Unit -> exposure, of what EXPOSURE has printed."""
    return {unit: float(value) for unit, value in re.findall(r'level for (\S+): ([0-9.]+)', printed)}
