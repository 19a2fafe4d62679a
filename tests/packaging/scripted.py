"""A shell script of the package, run with other programs in the place of those that it calls."""

import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'packaging' / 'package'
SCRIPTS = PACKAGE / 'scripts'


class Scripted(unittest.TestCase):
    """A folder with programs that come first in PATH."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.bin = self.folder / 'bin'
        self.bin.mkdir()

    def program(self, name: str, text: str) -> Path:
        file = self.bin / name
        file.write_text(f'#!/bin/sh\n{text}\n')
        file.chmod(0o755)
        return file

    def run_script(self, name: str, *arguments: str,
                   **environment: str | Path) -> subprocess.CompletedProcess:
        path = f'{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin'
        return subprocess.run([SCRIPTS / name, *arguments], capture_output=True, text=True, timeout=30,
                              env={'PATH': path, **{k: str(v) for k, v in environment.items()}}, check=False)

    def said(self, file: str) -> str:
        return (self.folder / file).read_text() if (self.folder / file).exists() else ''
