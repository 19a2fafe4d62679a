"""Which package the machine gets."""

from pathlib import Path

from lablib import topology as net
from lablib.vm import VmError

FOLDER = net.REPOSITORY / 'build' / 'package'
PATTERN = 'imrs-appliance_*_amd64.deb'


def newest(folder: Path = FOLDER) -> Path:
    """The one that packaging/deb has made last."""
    found = sorted(folder.glob(PATTERN), key=lambda file: file.stat().st_mtime)
    if not found:
        raise VmError(f'{folder} holds no {PATTERN}; make it by packaging/deb, or name one by --package')
    return found[-1]
