"""What holds of every view wherever it is: it fits the width, axe-core finds no grave fault, light or dark."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import narrows
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, lab_page, until, until_true
from tests.browser.surfaces import VIEWS, LabSurface, ReportSurface, Surface, WidgetSurface, open_tab

WIDTHS = (360, 500, 860, 1280, 1920, 3840)
SHEETS = ("Data", "Settings", "Runs", "Presets")


@pytest.fixture(params=["page", "page of a table", "widget", "report", "report of a wide code"])
def surface(request: pytest.FixtureRequest, chromium: Chromium, tmp_path: Path) -> Surface:
    get = request.getfixturevalue
    match request.param:
        case "page":
            return LabSurface(chromium, get("lab"))
        case "page of a table":
            return LabSurface(chromium, get("people"))
        case "widget":
            return WidgetSurface(chromium, narrows.explore(get("denoiser"), narrows.read("digits")), tmp_path)
        case "report":
            return ReportSurface(chromium, get("report"))
        case _:
            return ReportSurface(chromium, get("report_of_a_good_network"))


@pytest.mark.parametrize("widths", [WIDTHS, WIDTHS[::-1]], ids=["growing", "shrinking"])
def test_no_width_needs_scrolling_sideways(surface: Surface, widths: tuple[int, ...]) -> None:
    """Each view is drawn at the first width, then the window changes."""
    with surface.opened(width=widths[0]) as page:
        for view in VIEWS:
            surface.resize(page, widths[0])
            surface.show(page, view)
            for width in widths:
                surface.resize(page, width)
                fits = "([part, width]) => document.querySelector(part).scrollWidth <= width"
                until_true(page, fits, [surface.part or "html", width])
                if isinstance(surface, LabSurface) and width > 1440:  # a large screen is used
                    assert page.locator(f"[data-view={view}]").evaluate("el => el.clientWidth") > 0.75 * width, view


def test_each_view_uses_the_width_of_a_4k_screen(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1", width=3840, height=2160) as page:
        for view in VIEWS:
            open_tab(page, view)
            top = page.locator(".lab-main").evaluate("el => el.getBoundingClientRect().top")
            below = page.screenshot(clip={"x": 0, "y": top, "width": 3840, "height": 2160 - top})
            with Image.open(io.BytesIO(below)) as image:
                pixels = np.asarray(image.convert("RGB")).astype(int)
            drawn = np.flatnonzero(np.abs(pixels - pixels[:, :1]).sum(axis=2).max(axis=0) > 0)
            assert drawn[-1] - drawn[0] >= 0.85 * 3840, view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_grave_to_axe(surface: Surface, scheme: str) -> None:
    with surface.opened(scheme=scheme) as page:
        for view in VIEWS:
            surface.show(page, view)
            assert page.locator(".narrows-lab").get_attribute("data-theme") == scheme
            page.evaluate("() => { for (const folded of document.querySelectorAll('details')) folded.open = true; }")
            assert grave(page, surface.part) == [], view


def test_nothing_is_grave_on_a_narrow_page(chromium: Chromium, lab: Lab) -> None:
    surface = LabSurface(chromium, lab)
    with surface.opened(width=360) as page:
        for view in VIEWS:
            surface.show(page, view)
            assert grave(page) == [], view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_grave_in_what_opens_above_the_page(chromium: Chromium, lab: Lab, scheme: str) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1&overlay=tiles&pca=1", scheme=scheme) as page:
        until(page, "latent", "d.ready === 'true' && d.overlay === 'tiles' && d.pca === 'true'")
        assert grave(page) == []
        page.locator("[data-action=data]").click()
        for name in SHEETS:
            page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
            assert grave(page) == [], name
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        page.get_by_role("dialog", name="Keys and help").wait_for()
        assert grave(page) == []


def test_a_fault_would_be_found(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        until(page, "training", "d.ready === 'true'")
        page.evaluate("() => document.querySelector('.lab-main').append(document.createElement('button'))")
        assert [fault.split(":")[0] for fault in grave(page)] == ["critical button-name"]
