"""The image: a Debian 12 made by mmdebstrap, with the package installed, as a tree of files; kept in the
build folder until the package or the recipe changes. A disk is made of the tree with each `up`, after the
site's own files (tree.py) were put in.

Root only. Debian's packages come from where the host's own do: its apt sources and its way to them.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from lablib.vm import VmError

SUITE = 'bookworm'
PROGRAMS = ('mmdebstrap', 'mke2fs', 'apt-get', 'apt-config')
# A server's minimum. The rest is for the package's dependencies to bring: what they forget, the boot finds.
# chrony is what the package recommends.
PACKAGES = ('systemd', 'systemd-sysv', 'udev', 'dbus', 'iproute2', 'procps', 'chrony',
            'linux-image-cloud-amd64')
NOT_UNPACKED = ('/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*')
DISK_SIZE = '2G'
LIMIT = 900                # seconds
STAMP = 'imrs-vm-stamp'


class ImageError(VmError):
    """What could not be made, and what mmdebstrap or mke2fs said of it."""


def mmdebstrap(tree: Path, package: Path, sources: list[str], options: list[str]) -> list[str]:
    """The command line. `options`: of apt, as apt.conf has them. The kernel's initrd is left out: it would
    take a third of the time, and the machine boots without one."""
    argv = ['mmdebstrap', '--variant=minbase', '--mode=root', '--format=directory',
            f'--include={",".join(PACKAGES)}', '--dpkgopt=force-unsafe-io', '--dpkgopt=force-confold',
            '--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"']
    argv += [f'--aptopt={option}' for option in options]
    argv += [f'--dpkgopt=path-exclude={pattern}' for pattern in NOT_UNPACKED]
    argv += ['--essential-hook=mkdir -p "$1"/etc/initramfs-tools && '
             'echo update_initramfs=no >"$1"/etc/initramfs-tools/update-initramfs.conf',
             f'--customize-hook=cp {package} "$1"/tmp/{package.name}',
             '--customize-hook=chroot "$1" apt-get install -y --no-install-recommends '
             f'/tmp/{package.name}',
             f'--customize-hook=rm "$1"/tmp/{package.name}']
    return [*argv, SUITE, str(tree), *sources]


def debian_sources(listed: str) -> list[str]:
    """One-line apt sources, from what apt-get indextargets lists: those of Debian 12, each once."""
    found = dict.fromkeys(line for line in listed.splitlines() if f' {SUITE}' in line)
    return list(found)


def ways_to_sources(dumped: str) -> list[str]:
    """Of what apt-config dumps, what says how packages are fetched: proxies, checks of dates."""
    kept = ('Acquire::Check-', 'Acquire::http', 'Acquire::https')
    return [line.rstrip(';') for line in dumped.splitlines()
            if line.startswith(kept) and not line.endswith(' "";')]


class Image:
    """The tree in `folder`, with the package."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.folder = folder
        self.package = package
        self.tree = folder / 'tree'
        self.log = folder / 'mmdebstrap.log'

    def ensure(self) -> bool:
        """True if it had to be made."""
        wanted = self._stamp()
        if (self.tree / STAMP).exists() and (self.tree / STAMP).read_text() == wanted:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)               # it will hold the site's keys
        shutil.rmtree(self.tree, ignore_errors=True)
        self._bootstrap()
        (self.tree / STAMP).write_text(wanted)
        return True

    def kernel(self) -> Path:
        found = sorted((self.tree / 'boot').glob('vmlinuz-*'))
        if not found:
            raise ImageError(f'{self.tree}/boot holds no kernel; remove {self.folder} and try again')
        return found[-1]

    def write_disk(self, disk: Path) -> None:
        """An ext4 of the tree, as it is now."""
        disk.unlink(missing_ok=True)
        _run(['mke2fs', '-q', '-t', 'ext4', '-L', 'imrs-root', '-d', str(self.tree), str(disk), DISK_SIZE])

    def _stamp(self) -> str:
        recipe = json.dumps(mmdebstrap(Path('TREE'), Path('PACKAGE'), [], []))
        digest = hashlib.sha256(recipe.encode())
        digest.update(self.package.read_bytes())
        return digest.hexdigest() + '\n'

    def _bootstrap(self) -> None:
        listed = _run(['apt-get', 'indextargets', '--format', 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)',
                       'Created-By: Packages', 'Origin: Debian'])
        sources = debian_sources(listed)
        if not sources:
            raise ImageError(f'apt knows no Debian sources of {SUITE}: run apt-get update on a Debian 12')
        argv = mmdebstrap(self.tree, self.package, sources, ways_to_sources(_run(['apt-config', 'dump'])))
        with open(self.log, 'wb') as log:
            done = subprocess.run(argv, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=LIMIT,
                                  env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
        if done.returncode != 0:
            last = '\n'.join(self.log.read_text(errors='replace').splitlines()[-15:])
            raise ImageError(f'mmdebstrap failed ({self.log}):\n{last}')


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT)
    if done.returncode != 0:
        raise ImageError(f'{" ".join(argv)}: {done.stderr.strip()}')
    return done.stdout
