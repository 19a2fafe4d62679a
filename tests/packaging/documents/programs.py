"""The built programs, asked for what the documents say of them."""

import functools
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from documents.keys import ROOT, Row

BIN = Path(os.environ.get('IMRS_BUILD', ROOT / 'build' / 'release')) / 'bin'
ODD = 0.5                                # of no key's type
COMPLAINT = re.compile(r'(?<![\w.])([a-z]\w*(?:\[\d\])?(?:\.[a-z]\w*(?:\[\d\])?)*): ([^?\n]+)')
TIMEOUT = 20                             # seconds


def program(name: str) -> Path:
    return BIN / name


@functools.cache
def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Standard input is empty. For what may be run at any time, and says the same each time."""
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT, cwd=ROOT,
                          stdin=subprocess.DEVNULL, env={**os.environ, 'PYTHONPATH': str(ROOT / 'packaging')})


# ---- configurations ---------------------------------------------------------------------------------------


def complaints(agent: Any, secrets: Any = None) -> dict[str, list[str]]:
    """What imrs-agent --check has against it, by path."""
    with tempfile.TemporaryDirectory() as folder:
        file, other = Path(folder, 'agent.json'), Path(folder, 'secrets.json')
        if secrets is not None:
            agent = {**agent, 'secrets_file': str(other)}
            other.write_text(json.dumps(secrets), encoding='utf-8')
            other.chmod(0o640)
        file.write_text(json.dumps(agent), encoding='utf-8')
        done = subprocess.run([program('imrs-agent'), '--config', file, '--check'], capture_output=True,
                              text=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 2, f'{done.returncode}: {done.stderr}'
        text = re.sub(rf'^.*? error: |{file}: |{other}: ', '', done.stderr, flags=re.M)
    return by_path(text)


def complaints_of_sheet(sheet: Any) -> dict[str, list[str]]:
    """What imrsctl setup has against it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'sheet.json')
        file.write_text(json.dumps(sheet), encoding='utf-8')
        done = subprocess.run([program('imrsctl'), 'setup', '--dry-run', '--directory', folder, file],
                              capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 1, f'{done.returncode}: {done.stdout}{done.stderr}'
    return by_path(re.sub(rf'^imrsctl: |{file}: ', '', done.stderr))


def by_path(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, what in COMPLAINT.findall(text):
        found.setdefault(path.replace('[0]', '[]'), []).append(what)
    return found


def empty(paths: set[str], depth: int) -> dict[str, Any]:
    """A configuration whose objects are there, those of lists too, `depth` deep; nothing is in them."""
    out: dict[str, Any] = {}
    for path in paths:
        if path.count('.') < depth:
            at(out, path)
    return out


def at(out: dict[str, Any], path: str) -> dict[str, Any]:
    """The object with this path ("": `out`); made if need be."""
    for part in path.split('.') if path else []:
        name = part.removesuffix('[]')
        out = out.setdefault(name, [{}])[0] if part.endswith('[]') else out.setdefault(name, {})
    return out


def holder(path: str) -> str:
    """Of which object it is a key."""
    return path.rpartition('.')[0]


def odd_at(rows: dict[str, Row], depth: int) -> dict[str, Any]:
    """Every key that is so deep (from 0) has a value of no type."""
    out = empty({holder(path) for path in rows}, depth)
    for path in rows:
        if path.count('.') == depth:
            at(out, holder(path))[path.rpartition('.')[2]] = ODD
    return out
