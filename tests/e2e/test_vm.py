"""The package on a Debian 12 that boots: the short trials of packaging/vm, with one boot. The long ones are
`packaging/vm test --all`.
"""

import os
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lablib import topology as net
from lablib.vm import names
from lablib.vm.image import Image
from lablib.vm.site import Site, what_is_missing
from lablib.vm.trials import boot

names.adopt()

DIRECTORY = Path('/run/imrs-vm-e2e')
BUILD = Path(os.environ['IMRS_BUILD'])
PACKAGE_LIMIT = 300        # seconds


def why_not() -> str | None:
    """None if it can be tried here."""
    if BUILD.name != 'release':
        return f'the package is made of build/release, not of {BUILD}'
    return what_is_missing()


def make_package() -> Path:
    """Of what this build has made."""
    argv = [str(net.REPOSITORY / 'packaging' / 'deb'), '--no-build', '--output', str(BUILD / 'vm')]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=PACKAGE_LIMIT)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(argv)} failed:\n{done.stderr}')
    return Path(done.stdout.strip().splitlines()[-1])


@unittest.skipIf(why_not(), why_not())
class Vm(unittest.TestCase):
    site: Site

    @classmethod
    def setUpClass(cls) -> None:
        with ThreadPoolExecutor(1) as pool:              # there already if ctest has run vm_base
            base = pool.submit(Image(BUILD / 'vm', Path()).ensure_base)
            package = make_package()
            base.result()
        cls.site = Site(DIRECTORY, BUILD, package)
        cls.site.down()
        cls.addClassCleanup(cls.site.down)
        cls.site.up()
        cls.booted = boot.power_on(cls.site)

    def report(self, lines: list[str]) -> None:
        self.assertTrue(lines, 'the trial says nothing')
        print(''.join(f'\n    {line}' for line in lines), end=' ', flush=True)

    def test_1_power_on_to_five_prefixes(self) -> None:
        self.report(self.booted)

    def test_2_right_answers(self) -> None:
        self.report(boot.answers(self.site))

    def test_3_metrics_are_scraped(self) -> None:
        self.report(boot.metrics(self.site))

    def test_4_what_each_process_may_do(self) -> None:
        self.report(boot.confinement(self.site))

    def test_5_exposure_of_the_units(self) -> None:
        self.report(boot.exposure(self.site))

    def test_6_nothing_else_runs_or_listens(self) -> None:
        self.report(boot.quiet(self.site))
