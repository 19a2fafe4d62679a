"""The image: a Debian 12 made by mmdebstrap (the base), and a copy of it with the package installed, both as
trees of files in the build folder: the base is kept until its recipe changes, the other until the package
does. A disk is made of the tree with each `up`, after the site's own files (tree.py) were put in.

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
# In namespaces of its own: what is mounted here ends with it. Nothing is started by installing.
INSTALL = '''
set -e
cd "$1"
mount -t proc proc proc
printf '#!/bin/sh\\nexit 101\\n' >usr/sbin/policy-rc.d
chmod 755 usr/sbin/policy-rc.d
cp "$2" tmp/package.deb
chroot . apt-get install -y --no-install-recommends /tmp/package.deb
chroot . apt-get clean
rm -r usr/sbin/policy-rc.d tmp/package.deb var/lib/apt/lists
'''


class ImageError(VmError):
    """What could not be made, and what mmdebstrap or mke2fs said of it."""


def mmdebstrap(tree: Path, sources: list[str], options: list[str]) -> list[str]:
    """The command line. `options`: of apt, as apt.conf has them. The kernel's initrd is left out: it would
    take a third of the time, and the machine boots without one."""
    argv = ['mmdebstrap', '--variant=minbase', '--mode=root', '--format=directory',
            f'--include={",".join(PACKAGES)}', '--skip=cleanup/apt/lists',
            '--dpkgopt=force-unsafe-io', '--dpkgopt=force-confold',
            '--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"']
    argv += [f'--aptopt={option}' for option in options]
    argv += [f'--dpkgopt=path-exclude={pattern}' for pattern in NOT_UNPACKED]
    argv += ['--essential-hook=mkdir -p "$1"/etc/initramfs-tools && '
             'echo update_initramfs=no >"$1"/etc/initramfs-tools/update-initramfs.conf']
    return [*argv, SUITE, str(tree), *sources]


def install(tree: Path, package: Path) -> list[str]:
    """The command line."""
    return ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', INSTALL, 'sh', str(tree),
            str(package)]


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
    """The trees in `folder`; `package` is looked at by ensure() only."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.folder = folder
        self.package = package
        self.tree = folder / 'tree'
        self._base = folder / 'base'

    def ensure_base(self) -> bool:
        """True if it had to be made."""
        recipe = json.dumps(mmdebstrap(Path('TREE'), [], []))
        if _is_made_of(self._base, recipe):
            return False
        self._begin(self._base)
        listed = _run(['apt-get', 'indextargets', '--format', 'deb $(REPO_URI) $(CODENAME) $(COMPONENT)',
                       'Created-By: Packages', 'Origin: Debian'])
        sources = debian_sources(listed)
        if not sources:
            raise ImageError(f'apt knows no Debian sources of {SUITE}: run apt-get update on a Debian 12')
        self._log(mmdebstrap(self._base, sources, ways_to_sources(_run(['apt-config', 'dump']))))
        (self._base / STAMP).write_text(recipe)
        return True

    def ensure(self) -> bool:
        """Base and tree. True if one had to be made."""
        made = self.ensure_base()
        recipe = INSTALL + hashlib.sha256(self.package.read_bytes()).hexdigest()
        if not made and _is_made_of(self.tree, recipe):
            return False
        self._begin(self.tree)
        _run(['cp', '-a', '--reflink=auto', str(self._base), str(self.tree)])
        (self.tree / STAMP).unlink()
        self._log(install(self.tree, self.package))
        (self.tree / STAMP).write_text(recipe)
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

    def _begin(self, tree: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)               # it will hold the site's keys
        shutil.rmtree(tree, ignore_errors=True)

    def _log(self, argv: list[str]) -> None:
        file = self.folder / f'{argv[0]}.log'
        with open(file, 'wb') as log:
            done = subprocess.run(argv, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=LIMIT,
                                  env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive', 'LC_ALL': 'C'})
        if done.returncode != 0:
            last = '\n'.join(file.read_text(errors='replace').splitlines()[-15:])
            raise ImageError(f'{argv[0]} failed ({file}):\n{last}')


def _is_made_of(tree: Path, recipe: str) -> bool:
    return (tree / STAMP).exists() and (tree / STAMP).read_text() == recipe


def _run(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LIMIT)
    if done.returncode != 0:
        raise ImageError(f'{" ".join(argv)}: {done.stderr.strip()}')
    return done.stdout
