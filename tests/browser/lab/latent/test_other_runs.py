"""The map of other runs: wide codes, variational ones, tables, slow decoders."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import expect
from sklearn.datasets import load_digits

from tests.browser.chromium import Chromium
from tests.browser.lab.latent.map_probe import DECODED, NEAREST, at, hover, of_model, settled
from tests.browser.lab.serving import Lab, data, lab_page, pixels, served_digits, until, until_true


def test_a_wide_code_has_a_slider_for_each_number(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1&settings=1") as page:
        until(page, "training", "d.ready === 'true'")
        page.locator("[data-restart=n_components]").fill("6")
        page.locator("[data-restart=epochs]").fill("4")
        page.get_by_role("button", name="Start again").click()
        until_true(
            page,
            "() => { const d = document.querySelector('.lab-header').dataset;"
            " return d.runState === 'done' && d.run !== 'r1'; }",
        )
        run = page.locator(".lab-header").get_attribute("data-run") or ""
        page.keyboard.press("2")
        until(page, "latent", "d.ready === 'true' && d.epoch === '4'")
        before = settled(page)
        assert before.shape == (6,)
        unit = page.locator("[data-unit='4']")
        unit.focus()
        for _ in range(8):
            unit.press("ArrowRight")
        until(page, "latent", f"Number(d.z.split(',')[4]) > {before[4] + 1e-6}")
        after = settled(page)
        assert np.delete(after, 4) == pytest.approx(np.delete(before, 4), abs=1e-5)
        assert np.abs(pixels(page, DECODED) - of_model(lab, run, after)).max() <= 1
        codes = np.asarray(lab.model(run).transform(load_digits().data / 16))
        page.get_by_role("button", name="Back to the mean").click()
        until(page, "latent", f"Math.abs(Number(d.z.split(',')[4]) - {after[4]}) > 1e-6")
        assert settled(page) == pytest.approx(codes.mean(axis=0), abs=1e-3)


def test_a_variational_run_makes_rows_up(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1") as page:
        until(page, "latent", "d.ready === 'true'")
        page.get_by_role("button", name="Variational").click()
        page.wait_for_selector("[data-samples='16']")
        first = page.locator(".sample-grid canvas").first
        picture = pixels(page, ".sample-grid canvas:nth-child(1)")
        assert picture.std() > 5
        page.get_by_role("button", name="Generate more").click()
        page.wait_for_selector("[data-samples='16'][data-seed='1']")
        assert (pixels(page, ".sample-grid canvas:nth-child(1)") != picture).any()
        expect(first).to_be_visible()
        expect(page.locator(".map circle.prior")).to_have_count(2)


def test_a_table_is_explored_as_profiles(chromium: Chromium, people: Lab) -> None:
    with lab_page(chromium, people, "view=latent") as page:
        until(page, "latent", "d.ready === 'true' && d.points === '300'")
        hover(page, 0.5, 0.5)
        assert "is-profile" in (page.locator(DECODED).get_attribute("class") or "")
        assert pixels(page, NEAREST).std() > 1
        expect(page.locator(".legend .chip")).to_have_count(2)
        assert page.get_by_role("button", name="Thumbnails").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def slow_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab whose decoder takes four tenths of a second."""
    with pytest.MonkeyPatch.context() as slow:
        slow.setenv("NARROWS_LAB_DECODE_DELAY_MS", "400")
        with served_digits(tmp_path_factory, "r1") as running:
            yield running


def test_a_slow_decoder_shows_the_last_point_and_few_on_the_way(chromium: Chromium, slow_lab: Lab) -> None:
    with lab_page(chromium, slow_lab, "view=latent&run=r1") as page:
        until(page, "latent", "d.ready === 'true' && Number(d.decoded) > 0")
        before = int(data(page, "latent", "decoded"))
        for i in range(40):
            page.mouse.move(*at(page, 0.3 + i / 130, 0.5))
        z = settled(page)
        assert np.abs(pixels(page, DECODED) - of_model(slow_lab, "r1", z)).max() <= 1
        drawn = int(data(page, "latent", "decoded")) - before
        assert 1 <= drawn < 39


def test_a_late_picture_is_stood_in_for_by_a_preview(chromium: Chromium, slow_lab: Lab) -> None:
    with lab_page(chromium, slow_lab, "view=latent&run=r1") as page:
        until(page, "latent", "d.ready === 'true' && Number(d.decoded) > 0 && Number(d.previews) > 0")
        mark = page.locator(".preview-mark")
        expect(mark).to_be_hidden()
        page.mouse.move(*at(page, 0.4, 0.45))
        expect(mark).to_be_visible()
        z = settled(page)
        expect(mark).to_be_hidden()
        assert np.abs(pixels(page, DECODED) - of_model(slow_lab, "r1", z)).max() <= 1
