"""Debian's Chromium under Playwright; where there is none, the tests say so, and in CI they fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PATIENCE = 120_000
"""Milliseconds for one action or expectation: a busy machine gives a page, or a training, little of its time."""
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


@dataclass
class Chromium:
    """A running browser that notes what a page fetches and what it complains of."""

    browser: Browser
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def new_page(self, **options: Any) -> Page:
        """A window of its own, to be closed, with patience."""
        page = self.browser.new_page(**options)
        page.set_default_timeout(PATIENCE)
        return page

    @contextmanager
    def page(self, path: Path, *, width: int = 1280, height: int = 720, scheme: str = "light") -> Iterator[Page]:
        """A file, opened in a window of its own."""
        self.requests.clear()
        self.complaints.clear()
        page = self.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        try:
            page.goto(path.as_uri())
            yield page
        finally:
            page.close()


@contextmanager
def opened() -> Iterator[Chromium]:
    """A browser for a module's tests."""
    path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    if path is None:
        reason = "no Chromium on the path (on Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield Chromium(browser)
        finally:
            browser.close()
