"""The power goes in the middle of a zone update, at five moments of it. Each time the box comes back by
itself, without its primary, from a whole image on its disk.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from lablib.vm import asking, config
from lablib.vm.site import Site
from lablib.vm.trials import TrialError
from lablib.vm.trials.boot import ready
from lablib.zonemaker import ZoneVersion

WATCH_LIMIT = 120          # seconds until the moment has come
QUESTIONS = 10
KEPT = 'image on disk is good'


@dataclass(frozen=True)
class Cut:
    what: str              # "when ..."
    script: str            # ends in the guest when the moment has come; {serial} is the new one's


def _logged(pattern: str) -> str:
    return ('exec bash -c "exec 4< <(exec journalctl -b -f -n all -u imrs-agent -o cat); '
            f'grep -q -m1 \'{pattern}\' <&4"')


def _written(folder: str) -> str:
    """Something in the folder is not as it was when the watch began."""
    look = f'ls -lR --full-time {config.STATE}/{folder}'
    return f'was=$({look}); while [ "$({look})" = "$was" ]; do :; done'


CUTS = (
    Cut('when the new zone had been transferred', _logged(r'zone=\. serial={serial} state=loaded')),
    Cut('when the new image had been compiled', _logged('image verified and compiled.*serial {serial}')),
    Cut('while the zone was written to the disk', _written('zones')),
    Cut('while the image was written to the disk', _written('image')),
    Cut('as soon as the new version was served', _logged(r'zone=\. serial={serial} state=serving')),
)


def cuts(site: Site) -> list[str]:
    ready(site)
    return [_cut(site, cut) for cut in CUTS]


def _cut(site: Site, cut: Cut) -> str:
    old = site.zones.current()
    assert old is not None
    with ThreadPoolExecutor(1) as pool:
        new = _cut_during_update(site, cut, pool)
    site.stop_primary()
    begin = time.monotonic()
    site.power_on()
    site.wait_routes()
    took = time.monotonic() - begin
    served = _check_served(site, cut, (old, new))
    _check_kept_image(site, cut)
    site.restore_primary()
    site.wait_serial(new.serial)
    which = 'new' if served == new.serial else 'old'
    return f'power cut {cut.what}: all five routes {took:.1f} s after power on, with the {which} version'


def _cut_during_update(site: Site, cut: Cut, pool: ThreadPoolExecutor) -> ZoneVersion:
    """The watch runs before the new version is there, which is made meanwhile."""
    watch: Future[str] = pool.submit(site.machine.port.run, cut.script.replace('{serial}', _next(site)),
                                     WATCH_LIMIT)
    try:
        new = site.publish()
        watch.result()
    finally:
        site.cut_power()                     # ends the watch, too
    return new


def _next(site: Site) -> str:
    version = site.zones.current()
    assert version is not None
    return str(version.serial + 1)


def _check_served(site: Site, cut: Cut, versions: tuple[ZoneVersion, ZoneVersion]) -> int:
    """It must be one of the two versions, whole."""
    served = asking.served_serial()
    version = next((version for version in versions if version.serial == served), None)
    if version is None:
        raise TrialError(f'power cut {cut.what}: serial {served} is served, not '
                         f'{" or ".join(str(version.serial) for version in versions)}')
    _, wrong = asking.wrong_answers(version.file, QUESTIONS)
    if wrong:
        raise TrialError(f'power cut {cut.what}: wrong answers:\n' + '\n'.join(wrong[:10]))
    return version.serial


def _check_kept_image(site: Site, cut: Cut) -> None:
    """The start was from the disk: there was nothing else. What is not whole is refused, by its digest."""
    if KEPT not in (journal := site.journal('imrs-agent')):
        raise TrialError(f'power cut {cut.what}: the agent did not start from the image on disk\n{journal}')
