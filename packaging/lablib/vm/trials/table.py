"""All trials by name, in the order in which they are made: each leaves the box so that the next can begin."""

from collections.abc import Callable
from dataclasses import dataclass

from lablib.vm.site import Site
from lablib.vm.trials import boot, damage, leaving, power


@dataclass(frozen=True)
class Trial:
    name: str
    short: bool                # part of tests/run
    run: Callable[[Site], list[str]]
    about: str


TRIALS = (
    Trial('boot', True, boot.power_on, 'power on, BGP, five prefixes at the host router'),
    Trial('answers', True, boot.answers, 'right answers from the host\'s side, both families, UDP and TCP'),
    Trial('metrics', True, boot.metrics, 'a Prometheus scrapes the box over mutual TLS'),
    Trial('confinement', True, boot.confinement, 'what each process may do, from /proc in the guest'),
    Trial('exposure', True, boot.exposure, 'systemd-analyze security of the units'),
    Trial('settings', True, boot.settings, 'settings of the kernel: those of the package are in force'),
    Trial('quiet', True, boot.quiet, 'no unit failed, no second BIRD, strangers dropped'),
    Trial('power', False, power.cuts, 'five power cuts in the middle of a zone update'),
    Trial('reboot', False, leaving.reboot, 'an orderly reboot: drained, withdrawn, back'),
    Trial('button', False, leaving.button, 'the power button: drained, withdrawn, off'),
    Trial('configuration', False, damage.configuration, 'a damaged configuration'),
    Trial('full-disk', False, damage.full_disk, 'no space left on the disk'),
    Trial('dead-primary', False, damage.dead_primary, 'a primary that is not there'),
    Trial('clock', False, damage.clock, 'a clock at 1970, of a box that has kept the time'),
    Trial('new-clock', False, damage.clock_of_a_new_box, 'a clock at 1970, of a new box'),
)


def chosen(names: list[str], everything: bool) -> list[Trial]:
    """Those named; without names the short ones, or all. ValueError names one that is not there."""
    known = {trial.name: trial for trial in TRIALS}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f'no trial {", ".join(unknown)}; there are {", ".join(known)}')
    if names:
        return [known[name] for name in names]
    return [trial for trial in TRIALS if everything or trial.short]
