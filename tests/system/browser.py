"""Debian's Chromium, driven by Playwright: no host but loopback can be found, and whatever a page complains of is kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

LOOPBACK = "127.0.0.1"
ARGUMENTS = [
    "--no-sandbox",  # it cannot have one as root, as which containers and CI run it
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}",
]
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""Chromium says so of each call that is refused; whether it should be is asserted where the call is made."""


@dataclass
class Watch:
    """What a page asked for, and what is wrong with it."""

    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url} {request.failure}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", self._console)

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        self.asked.append(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != LOOPBACK:
            self.complaints.append(f"elsewhere: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or REFUSED.match(message.text):
            return
        self.complaints.append(f"{message.type}: {message.text}")


def program() -> str:
    found = shutil.which("chromium")
    assert found is not None, "these tests need Chromium: run `make test-system`, or `apt-get install chromium`"
    return found


@contextmanager
def open_page(*, scheme: Literal["light", "dark"] = "light") -> Iterator[tuple[Page, Watch]]:
    """A page in a browser of its own, as on a laptop's screen; what it does is watched from the start."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGUMENTS)
        try:
            page = browser.new_page(viewport={"width": 1366, "height": 900}, color_scheme=scheme)
            page.set_default_timeout(30_000)
            watch = Watch()
            watch.on(page)
            yield page, watch
        finally:
            browser.close()
