"""The documents as far as they are compared: headings, tables, code, links."""

import re
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r'^ *```.*?\n(.*?)^ *```', re.M | re.S)
SPAN = re.compile(r'(?<!`)`([^`\n]+)`(?!`)')
LINK = re.compile(r'\[[^\]\n]*\]\(([^)\s]+)\)')
CELL = re.compile(r'(?<!\\)\|')
RULE = re.compile(r'^\|(?: *:?-+:? *\|)+$')


@dataclass
class Section:
    """What stands below one heading, up to the next of whatever level."""
    heading: str
    rows: list[list[str]] = field(default_factory=list)      # cells of its tables, without their heads


class Document:
    def __init__(self, file: Path) -> None:
        self.name = file.name
        self.text = file.read_text(encoding='utf-8')
        self.blocks = FENCE.findall(self.text)
        self.prose = FENCE.sub('', self.text)

    def spans(self) -> list[str]:
        return [unescaped(span) for span in SPAN.findall(self.prose)]

    def links(self) -> list[str]:
        return LINK.findall(self.prose)

    def anchors(self) -> set[str]:
        """As GitHub makes them of headings."""
        return {anchor(heading) for heading in re.findall(r'^#+ (.+)$', self.prose, re.M)}

    def sections(self) -> list[Section]:
        found = [Section('')]
        for line in self.prose.splitlines():
            if match := re.match(r'#+ (.+)$', line):
                found.append(Section(match[1]))
            elif RULE.match(line):
                found[-1].rows.pop()                         # the table's head
            elif line.startswith('|'):
                found[-1].rows.append(cells(line))
        return found


def cells(line: str) -> list[str]:
    return [unescaped(cell.strip()) for cell in CELL.split(line)[1:-1]]


def unescaped(text: str) -> str:
    return text.replace('\\|', '|')


def anchor(heading: str) -> str:
    return re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
