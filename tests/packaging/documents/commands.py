"""The commands that documents show, in code blocks and in code spans, and what the programs' --help says of
them. A command that is not understood here is an error, not a command less."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from documents.keys import ROOT
from documents.markdown import Document
from documents.programs import program, run

# Of our own: by name, wherever they are said to be.
INSTALLED = ('imrsctl', 'imrs-agent', 'imrs-zone', 'imrs-engine', 'imrs-web')
SCRIPT = re.compile(r'(?:packaging|tests)(?:/[\w.-]+)+$')
BEFORE = ('sudo', 'exec', '!')                    # words before a command
OPTION = re.compile(r'^ +(?:(-\w)(?:,? ?|$))?(?:(--[\w-]+)(?:,(--[\w-]+))?)?', re.M)
PLACEHOLDER = re.compile(r'[A-Z][A-Z0-9_-]*(?:\.\w+)?$|host[46]$|/')
# What follows is passed on to another program, even --help.
PASSED_ON = {('packaging/lab', 'dig'), ('packaging/lab', 'birdc'), ('packaging/lab', 'exec'),
             ('packaging/lab', 'ctl')}
# What follows are names of what is there: of drills, tests, targets.
NAMES = {('packaging/lab', 'drill'), ('tests/e2e/run.py', ''), ('tests/run', '')}


@dataclass(frozen=True)
class Command:
    """One as it is shown. `words` have no brackets; what is between them may be left out."""
    document: str
    shown: str
    name: str                        # "imrsctl" or "packaging/lab"
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f'{self.document}: {self.shown}'


@dataclass(frozen=True)
class Help:
    """What a program says of one of its commands."""
    text: str
    options: frozenset[str]
    valued: frozenset[str]           # options that want a value
    commands: frozenset[str]         # below it


def shown_in(document: Document) -> Iterator[Command]:
    for line in lines_of(document):
        for words in parts_of(line):
            while words and (words[0] in BEFORE or re.match(r'\w+=', words[0])):
                words = words[1:]
            name = name_of(words[0]) if words else None
            if name is None:
                continue
            for alternative in alternatives(name, words[1:]):
                yield Command(document.name, line, name, tuple(alternative))


def lines_of(document: Document) -> Iterator[str]:
    for block in document.blocks:
        joined = re.sub(r'\\\n\s*', '', block)
        for line in joined.splitlines():
            yield re.sub(r'^\s*[$#] ', '', re.sub(r'\s#\s.*$', '', line)).strip()
    yield from document.spans()


def parts_of(line: str) -> list[list[str]]:
    """The commands of a line, as words: "a && b", "a; b", "(a)"."""
    plain = re.sub(r'"[^"]*"|\'[^\']*\'', 'TEXT', line)
    plain = re.sub(r'<+ ?\S+|>+ ?\S+', '', plain).replace('…', ' ').replace('...', ' ')
    return [re.sub(r'[\[\](){},]', ' ', part).split() for part in re.split(r'&&|;', plain)]


def name_of(word: str) -> str | None:
    if SCRIPT.match(word):
        return word if has_help(word) else None
    base = word.rpartition('/')[2]
    return base if base in INSTALLED and re.fullmatch(r'(?:/[\w.-]+)*/?[\w-]+|build/.*', word) else None


@functools.cache
def has_help(script: str) -> bool:
    """One that does not know --help would do whatever it does."""
    file = ROOT / script
    return file.is_file() and bool(re.search(r'--help|argparse', file.read_text(encoding='utf-8')))


def alternatives(name: str, words: list[str]) -> list[list[str]]:
    """"status | bgp" are two commands; "… | man -l -" is a pipe; "[--a | --b]" are two options."""
    if '|' not in words:
        return [words]
    known = help_of(name).commands
    first, others, rest = words[:words.index('|')], [], words[words.index('|'):]
    common = [word for word in rest if word.startswith('-') and word != '-']
    while len(rest) > 1 and rest[0] == '|':
        if rest[1] in known:
            others.append([rest[1], *common])
        elif rest[1].startswith('--'):
            others.append([*[word for word in first if not word.startswith('--')], rest[1]])
        else:
            break
        rest = rest[2:]
    return [first, *others]


# ---- what programs say ------------------------------------------------------------------------------------


@functools.cache
def help_of(name: str, *commands: str) -> Help:
    where = str(program(name)) if name in INSTALLED else str(ROOT / name)
    done = run(where, *commands, '--help')
    assert done.returncode == 0, f'{name} {" ".join(commands)} --help: {done.returncode}: {done.stderr[:300]}'
    text = done.stdout
    options = {one for match in OPTION.finditer(text) for one in match.groups() if one}
    valued = set(re.findall(r'(--[\w-]+)[ =](?:TEXT|UINT|INT|FILE|[A-Z][A-Z_]+)\b', text))
    return Help(text, frozenset(options), frozenset(valued), frozenset(_below(text)))


def _below(text: str) -> set[str]:
    """Names of commands: CLI11's part "Subcommands:", argparse's "positional arguments:"."""
    part = re.search(r'^(?:Subcommands|positional arguments):\n((?: +.*\n)+)', text, re.M | re.I)
    if part is None:
        return set()
    found = re.findall(r'^ {2}(?: {2})?([a-z][\w-]*)(?: |$)', part[1], re.M)
    return set(found)


def fault(command: Command) -> str:
    """Why the program would not take it; empty: it would."""
    path: list[str] = []
    said = help_of(command.name)
    words, value_due = list(command.words), False
    general = said.options
    for word in words:
        if value_due:
            value_due = False
            continue
        if word == '--':
            return ''
        if word.startswith('-') and len(word) > 1:
            name, equals, _ = word.partition('=')
            if name not in said.options | general:
                return f'no option {name} of {command.name} {" ".join(path)}'.rstrip()
            value_due = name in said.valued and not equals
            continue
        for one in word.split('|'):
            if not path or said.commands:
                if said.commands and one not in said.commands and not PLACEHOLDER.match(one):
                    return f'no command {one} of {command.name} {" ".join(path)}'.rstrip()
                if one in said.commands:
                    path.append(one)
                    if (command.name, one) in PASSED_ON:
                        return ''
                    said = help_of(command.name, *path)
                    break
            if not _is_known(command, path, said, one):
                return f'{command.name} {" ".join(path)} does not say what "{one}" is'
    return ''


def _is_known(command: Command, path: list[str], said: Help, word: str) -> bool:
    """A word that is neither option nor command: a placeholder, or one that the help has."""
    free = (command.name, path[0] if path else '') in NAMES
    return free or bool(PLACEHOLDER.match(word)) or word == '-' or word in re.findall(r'[\w.:/-]+', said.text)


# ---- doing it ---------------------------------------------------------------------------------------------

NOWHERE = '/nonexistent'                          # of sockets and files
# All that these do is to ask the agent, which is not there; watch would ask again and again.
ASKING = ('status', 'bgp', 'zone', 'probes', 'stats', 'history', 'drain', 'withdraw', 'resume', 'waive',
          'upgrade', 'attack-report')
VALUES = {'NEIGHBOUR': 'host4', 'TIME': '+1h', 'CHECK': 'soa-expire', 'N': '5', 'SECONDS': '5', 'FILE': '/x',
          'PROGRAM': '/x'}


def filled(word: str) -> str:
    """Placeholders replaced by something that may stand there; of alternatives the first."""
    name, equals, value = word.partition('=')
    return f'{name}={filled(value)}' if equals else VALUES.get(word.partition('|')[0], word.partition('|')[0])


def refusal(command: Command) -> str | None:
    """What the program says if it is really called, with everything that may be left out, where it can do no
    harm: "" if it understands; None if it is not called."""
    words = [filled(word) for word in command.words]
    if command.name == 'imrsctl' and words and words[0] in ASKING:
        done = run(str(program('imrsctl')), '--socket', NOWHERE, *words)
        return '' if done.returncode == 1 and 'no agent listens there' in done.stderr else done.stderr
    if command.name == 'imrs-agent' and {'--check', '--print-bird-config', '--print-firewall'} & set(words):
        done = run(str(program('imrs-agent')), *[word for word in words if word.startswith('--')
                                                 and word != '--config'], '--config', NOWHERE)
        return '' if done.returncode == 2 and NOWHERE in done.stderr else done.stderr
    return None


# ---- from afar --------------------------------------------------------------------------------------------


def remote_in(document: Document) -> list[str]:
    """What follows "ssh root@BOX"."""
    return [line.removeprefix('ssh root@BOX ') for block in document.blocks for line in block.splitlines()
            if line.startswith('ssh root@BOX ')]


def listed_for(role: str) -> list[str]:
    """The commands that the role may use, as imrsctl remote lists them to an empty command line."""
    done = run(str(program('imrsctl')), 'remote', '--role', role, '--config', NOWHERE)
    return done.stderr.splitlines()[1:]


def remote_fault(line: str) -> str:
    """Why the operator's list has not what is shown."""
    listed = {re.split(r' (?=[\[A-Zv<-])', text)[0].strip(): text for text in listed_for('operator')}
    plain, = parts_of(line.replace("'", ''))
    for size in (2, 1):
        text = listed.get(' '.join(plain[:size]))
        if text is not None:
            missing = [word for word in plain[size:] if word.startswith('--') and word not in text]
            return f'not allowed: {missing}' if missing else ''
    return f'{plain[0]} is not among the commands of the operator: {sorted(listed)}'
