"""A headless Chromium in a network namespace, driven by its own protocol over a pipe (DevTools Protocol)."""

import base64
import fcntl
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 20              # seconds


class Page:
    """One page of its own, with a width, a colour scheme, and JavaScript or none."""

    def __init__(self, browser: 'Browser', width: int, dark: bool, javascript: bool) -> None:
        self._browser = browser
        self.requests: list[str] = []
        self.problems: list[str] = []
        target = browser.call('Target.createTarget', {'url': 'about:blank'})['targetId']
        attached = browser.call('Target.attachToTarget', {'targetId': target, 'flatten': True})
        self._session = attached['sessionId']
        browser.pages[self._session] = self
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self.call(f'{domain}.enable')
        self.call('Emulation.setDeviceMetricsOverride',
                  {'width': width, 'height': 900, 'deviceScaleFactor': 1, 'mobile': width < 600})
        self.call('Emulation.setEmulatedMedia',
                  {'features': [{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}]})
        self.call('Emulation.setScriptExecutionDisabled', {'value': not javascript})

    def call(self, method: str, parameters: dict | None = None) -> dict:
        return self._browser.call(method, parameters, self._session)

    def open(self, url: str) -> None:
        self.call('Page.navigate', {'url': url})
        if not self.wait(lambda: 'State of' in self.text()):
            raise AssertionError(f'{url} does not show: {self.text()[:300]}')

    def evaluate(self, expression: str) -> object:
        """Also where the page's own scripts are off."""
        result = self.call('Runtime.evaluate', {'expression': expression, 'returnByValue': True})
        return result.get('result', {}).get('value')

    def text(self) -> str:
        return str(self.evaluate('document.body ? document.body.innerText : ""'))

    def wait(self, condition: Callable[[], object], limit: float = PATIENCE) -> bool:
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(.1)
        return bool(condition())

    def screenshot(self, file: Path) -> None:
        shot = self.call('Page.captureScreenshot', {'captureBeyondViewport': True, 'format': 'png'})
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot['data']))

    def take(self, method: str, parameters: dict) -> None:
        """An event."""
        if method == 'Network.requestWillBeSent':
            self.requests.append(parameters['request']['url'])
        elif method == 'Runtime.exceptionThrown':
            self.problems.append(parameters['exceptionDetails'].get('text', 'exception'))
        elif method == 'Log.entryAdded' and parameters['entry']['level'] == 'error':
            self.problems.append(parameters['entry']['text'])


class Browser:
    def __init__(self, namespace: str) -> None:
        self.pages: dict[str, Page] = {}
        self._number = 0
        self._rest = b''
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        low_read, self._to_browser = os.pipe()
        self._from_browser, low_write = os.pipe()
        # Out of the way of 3 and 4, which the browser wants them to be.
        to_read, to_write = (fcntl.fcntl(fd, fcntl.F_DUPFD, 30) for fd in (low_read, low_write))
        command = ('exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage '
                   '--no-first-run --disable-background-networking --disable-component-update --mute-audio '
                   f'--user-data-dir={self._profile.name} --remote-debugging-pipe about:blank '
                   f'3<&{to_read} 4>&{to_write}')
        self._process = subprocess.Popen(['ip', 'netns', 'exec', namespace, 'bash', '-c', command],
                                         pass_fds=(to_read, to_write), stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        for fd in (low_read, low_write, to_read, to_write):
            os.close(fd)

    def page(self, width: int = 1280, dark: bool = False, javascript: bool = True) -> Page:
        return Page(self, width, dark, javascript)

    def call(self, method: str, parameters: dict | None = None, session: str | None = None) -> dict:
        self._number += 1
        number = self._number
        message = {'id': number, 'method': method, 'params': parameters or {}}
        if session is not None:
            message['sessionId'] = session
        os.write(self._to_browser, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._read()
            if answer.get('id') == number:
                if 'error' in answer:
                    raise AssertionError(f'{method}: {answer["error"]["message"]}')
                return answer['result']
            page = self.pages.get(answer.get('sessionId', ''))
            if page is not None and 'method' in answer:
                page.take(answer['method'], answer['params'])

    def _read(self) -> dict:
        while b'\0' not in self._rest:
            piece = os.read(self._from_browser, 1 << 20)
            if not piece:
                raise AssertionError('the browser has ended')
            self._rest += piece
        one, self._rest = self._rest.split(b'\0', 1)
        return json.loads(one)

    def close(self) -> None:
        os.close(self._to_browser)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from_browser)
        self._profile.cleanup()
