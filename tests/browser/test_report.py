"""The report, opened as a person opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import narrows
from tests import six_networks
from tests.browser.chromium import Chromium
from tests.six_networks import Case


@pytest.mark.parametrize("case", six_networks.ALL, ids=lambda case: case.__wrapped__.__name__)
def test_the_first_screen_says_in_words_what_is_wrong(
    case: Callable[[], Case], chromium: Chromium, tmp_path: Path
) -> None:
    narrows.report(case().model, case().rows, path=tmp_path / "report.html")
    with chromium.page(tmp_path / "report.html", width=1280, height=720) as page:
        headline = page.locator(".headline")
        assert any(words in headline.inner_text() for words in case().words), headline.inner_text()
        box = headline.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 720
        lights = page.locator(".lights .light")
        assert {lights.nth(i).inner_text() for i in range(lights.count())} <= {"good", "look", "wrong"}
        last = lights.last.bounding_box()
        assert last is not None
        assert last["y"] < 720


def test_nothing_is_fetched_and_nothing_is_complained_of(chromium: Chromium, report_of_a_good_network: Path) -> None:
    with chromium.page(report_of_a_good_network) as page:
        page.get_by_text("Settings and versions").click()
        assert page.locator("[aria-labelledby=again] details table").is_visible()
    assert chromium.requests == [report_of_a_good_network.as_uri()]
    assert chromium.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_figure_is_blank(chromium: Chromium, report_of_a_good_network: Path, tmp_path: Path, scheme: str) -> None:
    with chromium.page(report_of_a_good_network, scheme=scheme) as page:
        drawings = page.locator(".drawing")
        assert drawings.count() >= 9
        for i in range(drawings.count()):
            drawings.nth(i).screenshot(path=tmp_path / "figure.png")
            with Image.open(tmp_path / "figure.png") as picture:
                grey = np.asarray(picture.convert("L"), float)
            ink = np.abs(grey - np.median(grey)) > 60
            assert ink.mean() > 0.002, drawings.nth(i).get_attribute("aria-label")
            assert ink.any(axis=1).mean() > 0.3


def test_a_light_leads_to_its_finding_by_keyboard(chromium: Chromium, report_of_a_good_network: Path) -> None:
    with chromium.page(report_of_a_good_network) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.querySelector('.name').innerText")
        page.keyboard.press("Enter")
        assert name in page.locator(":target h3").inner_text()
