#!/usr/bin/python3
"""Checks that a folder includes only headers of the folders it may see (ARCHITECTURE, "Folders").

CMake checks what a target links; since every folder is found through one include root, it cannot see a
header that is included without a link. This does. Exit status 1 names each such line.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP = ('agent', 'bgp', 'dns', 'health')
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')

# Folder -> folders whose headers it may include besides its own and agent/base. The longest folder name
# that a file's path starts with counts.
ALLOWED = {
    'agent/base': set(),
    'dns/wire': set(),
    'dns/zone': {'dns/wire'},
    'dns/transfer': {'dns/wire', 'dns/zone'},
    'dns/image': {'dns/wire', 'dns/zone'},
    'dns/answer': {'dns/wire', 'dns/image'},
    'dns/engine': {'dns/wire', 'dns/image', 'dns/answer', 'agent/counts'},
    'dns/audit': {'dns/wire', 'dns/image', 'dns/answer', 'agent/config'},
    'dns/pipeline': {'dns/wire', 'dns/zone', 'dns/transfer', 'dns/image', 'dns/answer', 'dns/audit',
                     'agent/config'},
    'health': {'dns/wire', 'dns/image'},
    'bgp': {'agent/config'},
    'agent/config': set(),
    'agent/counts': {'dns/wire'},
    'agent/rssac002': {'agent/counts'},
    'agent/snapshot': set(),
    'agent/web': {'agent/snapshot', 'agent/config', 'agent/counts', 'agent/rssac002',
                  'agent/preflight'},
    'agent/site': {'agent/config'},
    'agent/preflight': {'agent/config', 'agent/snapshot', 'dns/wire'},
    'agent/remote': {'agent/config', 'agent/web', 'dns/zone', 'dns/wire'},
    'agent/decommission': {'agent/config', 'agent/web', 'bgp'},
    'agent/ctl': {'agent/snapshot', 'agent/web', 'agent/config', 'agent/counts', 'agent/rssac002',
                  'agent/site', 'agent/preflight', 'agent/remote', 'agent/decommission', 'bgp'},
    'agent': {'agent/site', 'agent/config', 'agent/counts', 'agent/snapshot', 'agent/web', 'bgp', 'health',
              'dns/wire', 'dns/image'},
}
# The one header of a folder that another may see although the folder is closed to it, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ('agent/ctl', 'agent/privileges.h'): 'imrsctl leaves no core dump, as the agent leaves none',
}


def folder_of(path: str) -> str | None:
    """The folder of the table that `path` (relative to the root) belongs to."""
    candidates = [f for f in ALLOWED if path.startswith(f + '/')]
    return max(candidates, key=len) if candidates else None


def wrong_includes(file: Path, root: Path = ROOT) -> list[str]:
    own = folder_of(file.relative_to(root).as_posix())
    if own is None:
        return [f'{file.relative_to(root)}: its folder is not in the table of {Path(__file__).name}']
    out = []
    for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        included = match.group(1)
        other = folder_of(included)
        where = f'{file.relative_to(root)}:{number}: includes "{included}"'
        if other is None:
            out.append(f'{where}: not the full path of a header of this project')
        elif other not in ALLOWED[own] | {own, 'agent/base'} and (own, included) not in EXCEPTIONS:
            out.append(f'{where}: {own} may not see {other}')
    return out


def sources(root: Path = ROOT) -> list[Path]:
    return sorted(f for top in TOP for f in (root / top).rglob('*') if f.suffix in ('.h', '.cc'))


def cycles() -> list[str]:
    """The table itself: following it must never lead back."""
    out = []
    for start in ALLOWED:
        seen, todo = set(), list(ALLOWED[start])
        while todo:
            folder = todo.pop()
            if folder not in seen:
                seen.add(folder)
                todo += ALLOWED[folder]
        if start in seen:
            out.append(f'{start} can see itself by way of others')
    return out


def main() -> int:
    files = sources()
    wrong = cycles() + [line for file in files for line in wrong_includes(file)]
    print('\n'.join(wrong) if wrong else f'{len(files)} files include only what their folders may see')
    return 1 if wrong or not files else 0


if __name__ == '__main__':
    sys.exit(main())
