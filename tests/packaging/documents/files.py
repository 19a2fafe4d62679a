"""Files that the documents name: of the repository, of the package, and those that are made on an installed
machine."""

import fnmatch
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from documents.keys import ROOT, source
from documents.markdown import Document

FOLDERS = ('agent', 'bgp', 'cmake', 'dns', 'health', 'packaging', 'tests')
OF_REPOSITORY = re.compile(rf'(?<![\w./-])((?:{"|".join(FOLDERS)})(?:/[\w.*-]+)+/?)')
INSTALLED = re.compile(r'(?<![\w.-])(/usr/(?:lib|bin|share)/[\w./*-]*imrs[\w./*-]*)')
MADE = re.compile(r'(?<![\w.-])(/(?:etc|var/lib|run)/imrs[\w./-]*)')
UNIT = re.compile(r'\b(?:systemctl|journalctl)\b([^`|&;\n]*)')
REFERENCE = re.compile(r'(?<![\w/])([A-Z]+\.md)\b(?:, \*([^*\n]+)\*|(?:#([\w-]+)))?')


def named(document: Document, pattern: re.Pattern[str]) -> Iterator[str]:
    for text in (*document.spans(), *document.blocks):
        for match in pattern.finditer(text):
            yield match[1].rstrip('.:,')


def is_there(path: str) -> bool:
    return any(True for _ in ROOT.glob(path.rstrip('/'))) if '*' in path else (ROOT / path).exists()


# ---- the package ------------------------------------------------------------------------------------------


@functools.cache
def _contents() -> list[str]:
    """What the package holds; "*" stands for the files of the tree that belong there (test_package.py)."""
    lines = (ROOT / 'tests' / 'packaging' / 'package_contents.txt').read_text(encoding='utf-8').splitlines()
    return [f'/{line.split()[1]}' for line in lines if line and not line.startswith('#')]


def is_installed(path: str) -> bool:
    plain = path.rstrip('/')
    if any(one == plain or one.startswith(f'{plain}/') for one in _contents()):
        return True
    of_tree = plain.replace('/usr/share/imrs/', 'packaging/').replace('/usr/share/doc/imrs-appliance/', '')
    return any('*' in one and fnmatch.fnmatchcase(plain, one) for one in _contents()) and is_there(of_tree)


def units() -> set[str]:
    return {file.stem for file in (ROOT / 'packaging' / 'package' / 'units').glob('*.service')}


def units_named(document: Document) -> Iterator[str]:
    for text in (*document.spans(), *document.blocks):
        for words in UNIT.findall(text):
            yield from re.findall(r'(?<![\w/=-])(imrs-\w+)(?:\.service)?(?![\w-])', words)
        yield from re.findall(r'(?<![\w/.-])(imrs-\w+)\.service', text)


# ---- the installed machine --------------------------------------------------------------------------------


PACKAGE = ROOT / 'packaging' / 'package'
SYSTEM = ('/etc', '/run', '/var/lib')            # directories that every machine has
FOLDER_OF_UNIT = {'ConfigurationDirectory': '/etc', 'RuntimeDirectory': '/run', 'StateDirectory': '/var/lib'}
STATE = '/var/lib/imrs'
# How programs name what they make in a directory that the configuration names: "state_directory", of which
# setup makes STATE (agent/site/site_sheet.h), and constants of a file's name alone.
IN_STATE = (re.compile(r'\bstate_directory \+ "/([\w.-]+)"'),
            re.compile(r'constexpr std::string_view k(?:Audit|Orders)File = "([\w.-]+)"'))


@functools.cache
def directories_made() -> set[str]:
    """By tmpfiles.d and by systemd for the units."""
    made = set(re.findall(r'^d (\S+)', (PACKAGE / 'tmpfiles.conf').read_text(encoding='utf-8'), re.M))
    for unit in (PACKAGE / 'units').glob('*.service'):
        for setting, name in re.findall(r'^(\w+Directory)=(\S+)$', unit.read_text(encoding='utf-8'), re.M):
            made.add(f'{FOLDER_OF_UNIT[setting]}/{name}')
    return made


def _code() -> Iterator[str]:
    """Of all that runs on an installed machine, without comments; not of what only removes."""
    for folder in ('agent', 'bgp', 'dns'):
        for file in (ROOT / folder).rglob('*'):
            if file.suffix in ('.cc', '.h') and file.parent.name != 'decommission':
                yield source(file)
    for folder in ('units', 'scripts', 'control'):
        for file in (PACKAGE / folder).rglob('*'):
            if file.is_file() and file.name != 'postrm':
                text = file.read_text(encoding='utf-8').replace(':-', ' ')      # a shell's default
                yield re.sub(r'(?m)(?:^|\s)#.*$', '', text)


@functools.cache
def files_made() -> set[str]:
    """Whole paths that the programs, units and scripts name, and those that programs put together."""
    made: set[str] = set()
    for text in _code():
        made.update(path.rstrip('.') for path in MADE.findall(text))
        made.update(f'{STATE}/{name}' for pattern in IN_STATE for name in pattern.findall(text))
    return made


def is_made(path: str) -> bool:
    """A directory that is made, or a file that is named whole and whose directory is made."""
    whole = path.rstrip('/')
    if whole in directories_made():
        return True
    directory = whole.rpartition('/')[0]
    return whole in files_made() and (directory in SYSTEM or directory in directories_made())


# ---- references -------------------------------------------------------------------------------------------


def references(document: Document) -> Iterator[tuple[str, str, str]]:
    """"HANDBOOK.md, *Alarms*" and "ALERTS.md#withdrawn": document, heading, anchor."""
    for match in REFERENCE.finditer(document.prose):
        yield match[1], match[2] or '', match[3] or ''


def wrong_reference(name: str, heading: str, of_anchor: str) -> str:
    file = ROOT / name
    if not file.is_file():
        return f'there is no {name}'
    target = Document(file)
    headings = [section.heading for section in target.sections()]
    if heading and not any(one.replace('`', '').startswith(heading) for one in headings):
        return f'{name} has no section "{heading}"'
    if of_anchor and of_anchor not in target.anchors():
        return f'{name} has no section #{of_anchor}'
    return ''


def wrong_link(document: Document, link: str) -> str:
    if re.match(r'[a-z]+:', link):
        return ''
    path, _, part = link.partition('#')
    if not path:
        return '' if part in document.anchors() else f'no section #{part}'
    if not (ROOT / path).exists():
        return f'no {path}'
    return wrong_reference(path, '', part) if part and Path(path).suffix == '.md' else ''
