"""The keys of the configuration: those that the parsers ask for, taken from their source, and those that
CONFIGURATION.md has. A call of the parser that is not understood here is an error, not a key less."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from documents.markdown import Document

ROOT = Path(__file__).resolve().parents[3]
CONFIG = Path('agent/config')

# In which object the keys are that a function asks a reader for. None: not of a file that people write.
Places = dict[tuple[str, str], str | None]
AGENT: Places = {
    ('read_all', 'in'): '', ('read_prefixes', 'in'): '', ('read_zones', 'in'): '',
    ('read_tsig_keys', 'in'): '', ('read_management', 'in'): '', ('read_identity_zone', 'in'): '',
    ('read_instance', 'in'): 'instance', ('read_instance', 'reader'): 'instance.cluster',
    ('read_service', 'in'): 'service', ('read_prefixes', 'reader'): 'prefixes[]',
    ('read_management', 'reader'): 'management', ('read_bgp', 'in'): 'bgp', ('read_drain', 'in'): 'bgp',
    ('read_neighbour', 'in'): 'bgp.neighbours[]', ('read_zone', 'in'): 'zones[]',
    ('read_primaries', 'in'): 'zones[]', ('read_primaries', 'reader'): 'zones[].primaries[]',
    ('read_tsig_keys', 'reader'): 'tsig_keys[]', ('read_identity_zone', 'reader'): 'identity_zone',
    ('read_health', 'in'): 'health', ('read_engine', 'in'): 'engine', ('read_web', 'in'): 'web',
    ('read_web', 'reader'): 'web.tls', ('read_rssac002', 'in'): 'rssac002', ('read_access', 'in'): 'access',
    ('read_users', 'in'): 'users',
    # From the agent to its children: a zone's serial, and the identity zone.
    ('read_zones', 'zone'): None, ('read_identity', 'in'): None, ('read_identity', 'reader'): None,
    ('parse_zone_settings', 'reader'): None}
SECRETS: Places = {('parse_secrets', 'in'): ''}
SHEET: Places = {
    ('read_identity', 'in'): '', ('identity_of_parts', 'in'): 'identity', ('put_instance', 'in'): '',
    ('put_instance', ')'): 'cluster', ('put_management', 'sections.in'): '',
    ('put_management', 'in'): 'management', ('put_neighbours', 'in'): '',
    ('read_neighbour', 'in'): 'neighbours[]', ('read_primaries', 'sections.in'): '',
    ('read_primaries', 'in'): 'primaries[]', ('put_zones', 'sections.in'): '',
    ('put_identity_zone', 'in'): '', ('put_identity_zone', 'reader'): 'identity_zone',
    ('put_access', 'sections.in'): '', ('put_access', 'in'): 'networks', ('put_web', 'sections.in'): '',
    ('put_settings', 'sections.in'): ''}
SOURCES: dict[str, tuple[Places, ...]] = {
    'agent/config/parse.cc': (AGENT,), 'agent/config/zones.cc': (AGENT,),
    'agent/config/secrets.cc': (SECRETS,), 'agent/site/sheet_sections.cc': (SHEET,)}
# Those that ask for no key, or for those of a file that only programs write.
OTHERS = {'agent/config/json_reader.cc', 'agent/ctl/config_files.cc', 'agent/site/site_sheet.cc'}

METHODS = 'text|boolean|number|choice|parsed_list|parsed|each|member|required'
TYPE = r'(?:<[\w:]+>)?'
READ = re.compile(rf'([\w.]+|\))\.({METHODS}){TYPE}\(\s*("?)(\w+)"?(?:,\s*([\w.]+))?')
ANY_READ = re.compile(rf'\.(?:{METHODS})\b{TYPE}\(')
# Functions that are given the key, and ask for it themselves; and lambdas, which have but one reader to ask.
HELPERS = {'read_number', 'read_texts', 'copy'}
HELPED = re.compile(r'\b(?:read_number|read_texts|copy)\(([\w.]+), (?:"(\w+)"|key)')
LAMBDAS = {'milliseconds': 'read_health', 'user': 'read_users', 'section': 'read_all'}
LAMBDA = re.compile(r'\b(milliseconds|user|section)\("(\w+)"(?:, (?:"([\w-]+)"|([\w.]+)))?')
LOOP = re.compile(r'for \(const char\* key : (?:\{([^}]*)\}|(\w+))\)\s*copy\(([\w.]+), key,')
BLOCK = re.compile(r'^(?! |//|namespace|\}|#)([^\n;]*\((?:[^;{}]|\{\})*\{\n.*?)^\}', re.M | re.S)


@dataclass(frozen=True)
class Key:
    section: str
    name: str
    default: str | None = None       # if the source says it where the key is read

    @property
    def path(self) -> str:
        return f'{self.section}.{self.name}' if self.section else self.name


class UnknownForm(Exception):
    """The parser has something that is not understood here: teach documents/keys.py."""


def source(name: str | Path) -> str:
    """Without comments."""
    return re.sub(r'(?<!:)//[^\n]*', '', (ROOT / name).read_text(encoding='utf-8'))


def functions(text: str) -> Iterator[tuple[str, str]]:
    for match in BLOCK.finditer(text):
        head = re.match(r'[^(]*?(\w+)\(', match[1])
        if head:
            yield head[1], match[1]


def initialisers() -> dict[tuple[str, str], str]:
    """(struct, member) to the value that config.h gives it."""
    found = {}
    for struct, body in re.findall(r'^struct (\w+) \{\n(.*?)^\};', source(CONFIG / 'config.h'), re.M | re.S):
        for member, plain, braced in re.findall(r'\b(\w+)(?: = ([^;,]+)|\{([^}]+)\})(?=[;,])', body):
            found[struct, member] = (plain or braced).strip('"')
    return found


def _types(body: str) -> dict[str, str]:
    """Of the variables that are filled."""
    return {name: struct for struct, name in re.findall(r'\b(\w*Config)&? (\w+)\b(?=[;,)])', body)}


class Source:
    """One file of a parser."""

    def __init__(self, file: str, places: Places) -> None:
        self.file, self.places, self.keys = file, places, set[Key]()
        text = source(file)
        self.values = initialisers()
        self.constants = {name: re.findall(r'"(\w+)"', words) for name, words in
                          re.findall(r'constexpr const char\* (\w+)\[\] = \{([^}]*)\}', text)}
        bodies = list(functions(text))
        if len(ANY_READ.findall(text)) != sum(len(READ.findall(body)) for _, body in bodies):
            raise UnknownForm(f'{file}: keys are asked for in a form that is not known')
        for function, body in bodies:
            self.take_reads(function, body)
            self.take_copies(function, body)
            self.take_lambdas(function, body)

    def add(self, function: str, reader: str, name: str, default: str | None = None) -> None:
        if (function, reader) not in self.places:
            raise UnknownForm(f'{self.file}: {function}() asks "{reader}" for keys: of which object?')
        section = self.places[function, reader]
        if section is not None:
            self.keys.add(Key(section, name, default))

    def take_reads(self, function: str, body: str) -> None:
        for reader, _, quote, name, member in READ.findall(body):
            if quote:
                self.add(function, reader, name, self.value(body, member))
            elif not (name == 'key' and (function in HELPERS or function in LAMBDAS.values())):
                raise UnknownForm(f'{self.file}: {function}() asks for the key {name}')

    def take_copies(self, function: str, body: str) -> None:
        """Keys given to helpers, by name or in a loop over some."""
        loops, helped = LOOP.findall(body), HELPED.findall(body)
        if len(loops) != sum(not name for _, name in helped) and function not in HELPERS:
            raise UnknownForm(f'{self.file}: {function}() copies keys in a form that is not known')
        for words, constant, reader in loops:
            for name in re.findall(r'"(\w+)"', words) or self.constants[constant]:
                self.add(function, reader, name)
        for reader, name in helped:
            if name:
                self.add(function, reader, name)

    def take_lambdas(self, function: str, body: str) -> None:
        for called, name, default, member in LAMBDA.findall(body):
            if LAMBDAS[called] == function:
                self.add(function, 'in', name, default or self.value(body, member))

    def value(self, body: str, member: str) -> str | None:
        """What config.h gives the member that is filled, "out.device"."""
        variable, _, name = member.partition('.')
        return self.values.get((_types(body).get(variable, ''), name))


def keys_of(file: str, places: Places) -> set[Key]:
    return Source(file, places).keys


def parser_keys(places: Places) -> dict[str, Key]:
    """By path."""
    keys: set[Key] = set()
    for file, all_places in SOURCES.items():
        if places in all_places:
            keys |= keys_of(file, places)
    return {key.path: key for key in sorted(keys, key=lambda key: key.default is not None)}


def readers() -> set[str]:
    """Files that could ask for keys."""
    return {str(file.relative_to(ROOT)) for folder in ('agent', 'bgp', 'dns', 'health')
            for file in (ROOT / folder).rglob('*.cc') if 'ObjectReader' in file.read_text(encoding='utf-8')}


# ---- CONFIGURATION.md -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    path: str
    value: str
    default: str


def documented(document: Document, file: str) -> dict[str, Row]:
    """What is said below "## `file`" or "## The site sheet", by path."""
    rows: dict[str, Row] = {}
    chapter = ''
    for section in document.sections():
        heading = section.heading
        path = re.match(r'`([\w.\[\]]+)`', heading)
        of_sheet = heading.endswith(' of the site sheet')
        if heading in ('`agent.json`', '`secrets.json`', 'The site sheet'):
            chapter, prefix = heading.strip('`'), ''
        elif path and (of_sheet or chapter == 'agent.json'):
            prefix = path[1]
        else:
            continue
        if chapter != file:
            continue
        for name, value, default, _ in section.rows:
            full = f'{prefix}.{name.strip("`")}' if prefix else name.strip('`')
            assert full not in rows, f'{full} is in {document.name} twice'
            rows[full] = Row(full, value, default)
    return rows
