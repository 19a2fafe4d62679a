"""Files that the documents name: of the repository, of the package, and those that are made on an installed
machine."""

import fnmatch
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from documents.keys import ROOT
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


@functools.cache
def _sources() -> str:
    texts = []
    for folder in ('agent', 'bgp', 'dns', 'packaging/package'):
        for file in (ROOT / folder).rglob('*'):
            if file.is_file() and file.suffix not in ('.js', '.css'):
                texts.append(file.read_text(encoding='utf-8', errors='replace'))
    return '\n'.join(texts)


def is_made(path: str) -> bool:
    """Somebody who makes or reads it says its name: the whole, or its last part after a slash or a quote."""
    whole = path.rstrip('/')
    name = re.escape(whole.rpartition('/')[2])
    return bool(re.search(rf'{re.escape(whole)}(?![\w-])|["/]{name}(?![\w.-])', _sources()))


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
