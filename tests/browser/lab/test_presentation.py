"""The page in front of a class: larger, without what it does not need, opened by a link, joined by a code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, free_port, lab_page, until, until_true
from tests.browser.surfaces import VIEWS, LabSurface

SIZE = "() => parseFloat(getComputedStyle(document.querySelector('.caption')).fontSize)"


def test_a_key_makes_the_text_half_as_large_again_and_hides_the_tools(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        until(page, "training", "d.ready === 'true'")
        before = page.evaluate(SIZE)
        expect(page.get_by_role("button", name="Settings")).to_be_visible()
        page.keyboard.press("p")
        until_true(page, "() => document.querySelector('.narrows-lab').hasAttribute('data-present')")
        assert page.evaluate(SIZE) == pytest.approx(1.5 * before, rel=0.01)
        expect(page.get_by_role("button", name="Settings")).to_be_hidden()
        expect(page.get_by_role("button", name="Latent")).to_be_visible()
        assert grave(page) == []
        until_true(page, "() => location.hash.includes('present=1')")
        page.get_by_role("button", name="End the presentation").press("Enter")
        until_true(page, f"(before) => ({SIZE})() === before", before)
        until_true(page, "() => !location.hash.includes('present')")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (3840, 2160)])
def test_a_link_opens_it_without_scrolling_sideways(chromium: Chromium, lab: Lab, width: int, height: int) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1&present=1", width=width, height=height) as page:
        surface = LabSurface(chromium, lab)
        for view in VIEWS:
            surface.show(page, view)
            until_true(page, "(width) => document.documentElement.scrollWidth <= width", width)
            assert page.locator(f"[data-view={view}]").evaluate("el => el.clientWidth") > 0.9 * width - 60, view
            assert grave(page) == [], view


def test_this_machine_alone_has_no_code_to_join(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        until(page, "flow", "d.ready === 'true'")
        expect(page.locator("[data-action=join]")).to_be_hidden()


def test_a_report_of_the_run_can_be_handed_in(chromium: Chromium, lab: Lab, tmp_path: Path) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        until(page, "training", "d.ready === 'true'")
        with page.expect_download() as report:
            page.get_by_role("button", name="Save report").click()
        assert report.value.suggested_filename == "narrows-plain-report.html"
        report.value.save_as(tmp_path / "report.html")
    with chromium.page(tmp_path / "report.html") as page:
        until_true(page, "() => document.querySelector('#hold-section').dataset.ready === 'true'")


def test_where_others_reach_the_page_a_code_shows_its_address(chromium: Chromium, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "narrows", "lab", "--no-browser", "--host", "0.0.0.0", "--port", str(free_port())]
    environment = {**os.environ, "NARROWS_LAB": str(tmp_path)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[4]
        assert "?token=" in address
        page.goto(address)
        page.get_by_role("button", name="Show the address as a code").click()
        until_true(page, "() => document.querySelector('.address-code').naturalWidth > 100")
        source = page.locator(".address-code").get_attribute("src") or ""
        assert source.startswith("api/address.svg?state=view%3D")
        assert "token" not in source
        assert grave(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    finally:
        page.close()
        server.terminate()
        server.communicate(timeout=60)
