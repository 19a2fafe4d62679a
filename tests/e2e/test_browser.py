"""Both pages in a real browser, while things break; screenshots are kept in BUILD/screenshots."""

import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from browser import Browser, Page
from labcase import LabCase
from lablib import topology as net

SCREENSHOTS = Path(os.environ['IMRS_BUILD']) / 'screenshots'
WIDTHS = {'desktop': 1280, 'phone': 390}
FIT = 'document.scrollingElement.scrollWidth <= document.documentElement.clientWidth'


@unittest.skipUnless(shutil.which('chromium'), 'SKIPPED: no chromium; the pages were NOT looked at')
class InTheBrowser(LabCase):
    noc: Browser
    ops: Browser

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.noc, cls.ops = Browser(net.HOST), Browser(net.APPLIANCE)
        for browser in (cls.noc, cls.ops):
            cls.addClassCleanup(browser.close)

    def host_birdc(self, *words: str) -> None:
        subprocess.run(['birdc', '-s', self.lab.host_bird.socket, *words], capture_output=True, check=True,
                       timeout=10)

    def assert_sound(self, page: Page, origin: str) -> None:
        """Nothing failed, and nothing was asked for elsewhere."""
        self.assertEqual(page.problems, [])
        foreign = [url for url in page.requests if not url.startswith((origin, 'data:'))]
        self.assertEqual(foreign, [])

    def test_they_look_right_at_every_size_and_colour(self) -> None:
        for kind, browser, url in (('noc', self.noc, net.NOC_PAGE), ('ops', self.ops, net.OPS_PAGE)):
            for name, width in WIDTHS.items():
                for dark in (False, True):
                    with self.subTest(kind, size=name, dark=dark):
                        colour = 'dark' if dark else 'light'
                        self.look(browser.page(width, dark), url, f'{kind}-{name}-{colour}')

    def look(self, page: Page, url: str, name: str) -> None:
        page.open(url)
        if url == net.OPS_PAGE:
            charts = 'document.querySelectorAll("#charts figure").length'
            self.assertTrue(page.wait(lambda: int(page.evaluate(charts) or 0) >= 12), page.text()[-500:])
        page.screenshot(SCREENSHOTS / f'{name}.png')
        self.assertTrue(page.evaluate(FIT), 'wider than the screen')
        self.assert_sound(page, url)

    def test_the_noc_page_follows_without_being_loaded_again(self) -> None:
        page = self.noc.page()
        page.open(net.NOC_PAGE)
        self.assertIn('Announcing all 5 prefixes', page.text())
        page.evaluate('window.still = true')
        os.kill(self.lab.children()['imrs-engine'].pid, signal.SIGSTOP)
        self.assertTrue(page.wait(lambda: 'silent' in page.text() or 'Withdrawn' in page.text()), page.text())
        self.assertTrue(page.wait(lambda: 'Announcing all 5 prefixes' in page.text()), page.text())
        self.host_birdc('disable', 'appliance4', '"night work"')
        try:
            self.assertTrue(page.wait(lambda: 'night work' in page.text()), page.text())
        finally:
            self.host_birdc('enable', 'appliance4')
        self.assertTrue(page.wait(lambda: 'Announcing all 5 prefixes' in page.text()), page.text())
        self.assertEqual(page.evaluate('window.still'), True, 'the page was loaded again')
        self.assert_sound(page, net.NOC_PAGE)

    def test_the_noc_page_follows_without_javascript(self) -> None:
        page = self.noc.page(javascript=False)
        page.open(net.NOC_PAGE)
        self.host_birdc('disable', 'appliance4', '"no script"')
        try:
            self.assertTrue(page.wait(lambda: 'no script' in page.text()), page.text())
        finally:
            self.host_birdc('enable', 'appliance4')
        self.assertTrue(page.wait(lambda: 'Announcing all 5 prefixes' in page.text()), page.text())
        self.assertFalse([url for url in page.requests if url.endswith('.js')])

    def test_the_ops_page_without_javascript_has_its_tables(self) -> None:
        page = self.ops.page(javascript=False)
        page.open(net.OPS_PAGE)
        for words in ('Alarms', 'Zones', 'Queries since the agent started', 'Probes', 'Programs'):
            self.assertIn(words, page.text())
        self.assertEqual(page.evaluate('document.getElementById("charts").hidden'), True)

    def test_the_charts_are_live(self) -> None:
        page = self.ops.page()
        page.open(net.OPS_PAGE)
        self.assertTrue(page.wait(lambda: 'Live: a new point' in page.text()), page.text()[:2000])
        for _ in range(30):
            subprocess.run(['ip', 'netns', 'exec', net.HOST, 'dig', '+tries=3', '+noall', '-b', net.CLIENT4,
                            '@199.7.83.42', 'com.', 'DS'], check=True, capture_output=True, timeout=10)
        heat = 'document.querySelector("#charts").innerText.includes("com.")'
        self.assertTrue(page.wait(lambda: page.evaluate(heat)), page.text()[-3000:])
        self.lab.kill_child('imrs-web')
        self.assertTrue(page.wait(lambda: 'Not live since' in page.text()), page.text()[:2000])
        self.assertTrue(page.wait(lambda: 'Live: a new point' in page.text(), 40), page.text()[:2000])
