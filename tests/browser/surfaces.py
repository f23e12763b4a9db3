"""Where views are: in the page of the lab, a notebook's cell, a report. Each is opened and walked the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Page

from narrows.apps.notebook.explore import VIEWS
from narrows.apps.notebook.widget import Explorer
from tests.browser.chromium import Chromium
from tests.browser.lab.notebook import cell
from tests.browser.lab.serving import Lab, lab_page, until, until_true

GROUNDS = {"light": "white", "dark": "#16181d"}


class Surface(Protocol):
    part: str | None
    """The selector of what belongs to it; None for the whole page."""

    def opened(self, *, width: int = 1280, scheme: str = "light") -> AbstractContextManager[Page]:
        """Opens it; at a good end nothing was complained of or fetched elsewhere."""
        ...

    def show(self, page: Page, view: str) -> None:
        """Goes to a view and waits until it is ready."""
        ...

    def resize(self, page: Page, width: int) -> None:
        """Makes the window, or the cell in it, as wide."""
        ...


@dataclass
class LabSurface:
    """The page of a lab, on a run."""

    chromium: Chromium
    lab: Lab
    run: str = "r1"
    part: str | None = None

    def opened(self, *, width: int = 1280, scheme: str = "light") -> AbstractContextManager[Page]:
        return lab_page(self.chromium, self.lab, f"view=flow&run={self.run}", width=width, scheme=scheme)

    def show(self, page: Page, view: str) -> None:
        page.keyboard.press(str(VIEWS.index(view) + 1))
        until_true(page, "() => document.querySelector('.narrows-lab').dataset.openingExample !== 'true'")
        until(page, view, "d.ready === 'true'")

    def resize(self, page: Page, width: int) -> None:
        _resize_window(page, width)


def open_tab(page: Page, view: str) -> None:
    """Goes to a view of a widget or a report."""
    page.locator(f"[data-tab={view}]").click()
    until(page, view, "d.ready === 'true'")


def _resize_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    until_true(page, "(width) => innerWidth === width", width)


class _Tabs:
    def show(self, page: Page, view: str) -> None:
        open_tab(page, view)


@dataclass
class WidgetSurface(_Tabs):
    """A notebook's cell."""

    chromium: Chromium
    widget: Explorer
    folder: Path
    part: str | None = "#cell"

    def opened(self, *, width: int = 900, scheme: str = "light") -> AbstractContextManager[Page]:
        return cell(self.chromium, self.widget, self.folder, width=width, ground=GROUNDS[scheme])

    def resize(self, page: Page, width: int) -> None:
        _resize_window(page, max(width, 1000))
        page.locator("#cell").evaluate("(el, width) => { el.style.width = `${width}px`; }", width)


@dataclass
class ReportSurface(_Tabs):
    """The file of a report."""

    chromium: Chromium
    path: Path
    part: str | None = None

    def resize(self, page: Page, width: int) -> None:
        _resize_window(page, width)

    @contextmanager
    def opened(self, *, width: int = 1280, scheme: str = "light") -> Iterator[Page]:
        with self.chromium.page(self.path, width=width, scheme=scheme) as page:
            until_true(page, "() => document.querySelector('#hold-section').dataset.ready === 'true'")
            until(page, "latent", "d.ready === 'true' && d.decoded")
            yield page
            assert self.chromium.requests == [self.path.as_uri()]
            # That pixels are read often is the tests' doing.
            assert [words for words in self.chromium.complaints if "willReadFrequently" not in words] == []
