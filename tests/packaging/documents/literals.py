"""Texts that the programs say, as they stand in the source: string literals, with "…" for each {}."""

import re
from collections.abc import Iterator

from documents.keys import ROOT

FOLDERS = ('agent', 'bgp', 'dns', 'health')
LITERAL = r'"((?:[^"\\\n]|\\.)*)"'
JOINED = re.compile(rf'(?:{LITERAL}\s*)+')
PLACE = re.compile(r'\{[^{}]*\}')


def literals(folders: tuple[str, ...] = FOLDERS) -> Iterator[str]:
    """Those that stand next to each other are one."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob('*.cc')):
            text = re.sub(r'(?m)^\s*//.*$', '', file.read_text(encoding='utf-8'))
            for match in JOINED.finditer(text):
                yield joined(match[0])


def joined(source: str) -> str:
    """What the literals in it say together."""
    return PLACE.sub('…', ''.join(re.findall(LITERAL, source)).replace('\\"', '"'))


def scripts() -> list[str]:
    """What the package's scripts say, with "…" for what the shell puts in."""
    folder = ROOT / 'packaging' / 'package' / 'scripts'
    return [re.sub(r'\$(?:\{[^}]*\}|\([^)]*\)|\w+)', '…', file.read_text(encoding='utf-8'))
            for file in sorted(folder.iterdir())]


def own(text: str) -> str:
    """What of a documented text is the program's, in one piece: without what stands for something else at its
    ends."""
    return text.strip('… ').removesuffix(':')


def is_said(text: str, known: list[str]) -> bool:
    return len(own(text)) >= 4 and any(own(text) in literal for literal in known)
