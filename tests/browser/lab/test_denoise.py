"""Noise added and taken away, as a person does it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, pixels, until, until_alike, until_redrawn, until_true

NOISY, DENOISED, CLEAN = (f".triple[data-row='0'] [data-role={role}]" for role in ("noisy", "denoised", "clean"))
ROLES = (CLEAN, NOISY, DENOISED)


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=denoise&run=r1") as opened_page:
        until(opened_page, "denoise", "d.ready === 'true'")
        yield opened_page


def set_level(page: Page, level: float) -> None:
    page.locator("[data-act=level-box]").fill(str(level))
    page.keyboard.press("Enter")
    until(page, "denoise", f"d.level === '{level:g}'")


def all_noisy(page: Page) -> np.ndarray:
    return np.stack([pixels(page, f".triple[data-row='{i}'] [data-role=noisy]") for i in range(6)])


def test_without_noise_the_noisy_row_is_the_clean_one(page: Page) -> None:
    set_level(page, 0)
    for i in range(6):
        clean, noisy = (pixels(page, f".triple[data-row='{i}'] [data-role={role}]") for role in ("clean", "noisy"))
        assert (clean == noisy).all()


def test_a_seed_gives_its_noise_again(page: Page) -> None:
    set_level(page, 0.4)
    first = all_noisy(page)
    page.locator("[data-act=new-seed]").click()
    until(page, "denoise", "d.seed === '1'")
    assert (all_noisy(page) != first).any()
    page.locator("[data-act=seed]").fill("0")
    page.keyboard.press("Enter")
    until(page, "denoise", "d.seed === '0'")
    assert (all_noisy(page) == first).all()


def test_salt_and_pepper_is_black_and_white(page: Page) -> None:
    page.locator("[data-act=kind]").select_option("salt-and-pepper")
    until(page, "denoise", "d.kind === 'salt-and-pepper'")
    set_level(page, 0.2)
    clean = np.stack([pixels(page, f".triple[data-row='{i}'] [data-role=clean]") for i in range(6)])
    noisy = all_noisy(page)
    changed = noisy != clean
    assert np.isin(noisy[changed], [0, 255]).all()
    # Half of what falls on black or white stays what it was; between, all of it shows.
    between = (clean > 0) & (clean < 255)
    assert 0.08 < changed[between].mean() < 0.35


def test_slider_and_box_agree_by_keyboard(page: Page) -> None:
    before = all_noisy(page)
    page.locator("[data-act=level]").focus()
    page.keyboard.press("End")
    until(page, "denoise", "d.level === '1'")
    expect(page.locator("[data-act=level-box]")).to_have_value("1")
    assert (all_noisy(page) != before).any()
    assert float(data(page, "denoise", "psnrNoisy")) < 10
    page.keyboard.press("Home")
    until(page, "denoise", "d.level === '0'")


def test_the_curve_follows_and_moves_the_level(page: Page) -> None:
    until(page, "denoise", "Number(d.curve) >= 5")
    page.locator(".drag.cursor").focus()
    level = data(page, "denoise", "level")
    page.keyboard.press("ArrowRight")
    until(page, "denoise", f"d.level !== '{level}'")
    expect(page.locator("[data-act=level-box]")).to_have_value(data(page, "denoise", "level"))


def test_a_denoising_run_beside_a_plain_one_takes_more_noise_away(page: Page, lab: Lab, chromium: Chromium) -> None:
    set_level(page, 0.3)
    page.locator("[data-act=train-other]").click()
    until(page, "denoise", "d.compared !== ''")
    other = data(page, "denoise", "compared")
    assert lab.wait(other, "done")["variant"] == "denoising"
    expect(page.locator(".large-triple [data-role=other]")).to_be_visible()
    until(page, "denoise", f"d.compared === '{other}' && d.comparedEpoch === '{lab.run(other)['epoch']}'")
    with lab_page(chromium, lab, f"view=denoise&run={other}&level=0.3") as own:
        until(own, "denoise", "d.ready === 'true'")
        assert float(data(own, "denoise", "psnrDenoised")) > float(data(own, "denoise", "psnrNoisy"))
        for i in range(6):
            beside = pixels(page, f".triple[data-row='{i}'] [data-role=other]")
            assert (beside == pixels(own, f".triple[data-row='{i}'] [data-role=denoised]")).all()
            assert own.locator(f".triple[data-row='{i}'] [data-role=other]").is_hidden()
        plain = float(data(page, "denoise", "psnrDenoised"))
        assert float(data(own, "denoise", "psnrDenoised")) > plain


def test_a_scribble_passes_the_network(page: Page) -> None:
    set_level(page, 0)
    page.locator("[data-act=scribble]").click()
    until(page, "denoise", "d.scribbled === 'true'")
    noisy, denoised = ".large-triple [data-role=noisy]", ".large-triple [data-role=denoised]"
    clean, before = pixels(page, noisy), pixels(page, denoised)
    box = page.locator(".pad-canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 10, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    until_alike(page, noisy, ".pad-canvas")  # what is shown answers the last stroke
    scribbled = pixels(page, noisy)
    assert (scribbled[3:5] > 150).any(axis=0).all()
    assert (scribbled[[0, 7]] == clean[[0, 7]]).all()
    assert (pixels(page, denoised) != before).any()
    assert float(page.locator(f"{noisy} + figcaption b").inner_text().split()[0]) < 30


def test_animate_shows_new_noise_until_it_is_stopped(page: Page) -> None:
    page.locator("[data-act=animate]").click()
    until(page, "denoise", "Number(d.seed) >= 2")
    page.locator("[data-act=animate]").click()
    expect(page.locator("[data-act=animate]")).to_have_attribute("aria-pressed", "false")
    assert page.locator(".noise-controls").get_attribute("data-mode") is None


def test_the_wipe_moves_by_keyboard(page: Page) -> None:
    page.get_by_label("Compare clean and noisy").focus()
    page.keyboard.press("Home")
    assert page.locator(".wipe").get_attribute("data-wipe") == "0"
    page.keyboard.press("ArrowRight")
    assert page.locator(".wipe").get_attribute("data-wipe") == "1"


def test_values_of_a_table_go_missing_and_are_filled_in(chromium: Chromium, kinds: Lab) -> None:
    with lab_page(chromium, kinds, "view=denoise") as page:
        until(page, "denoise", "d.ready === 'true'")
        assert page.locator("[data-act=kind] option").all_inner_texts() == ["Gaussian", "Missing values"]
        page.locator("[data-act=kind]").select_option("masking")
        until(page, "denoise", "d.kind === 'masking'")
        set_level(page, 0.5)
        half = float(data(page, "denoise", "psnrNoisy"))
        set_level(page, 0.1)
        assert float(data(page, "denoise", "psnrNoisy")) > half


@pytest.mark.slow
def test_the_view_opens_on_a_denoising_network_that_beats_a_plain_one(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        page.locator("[data-tab=denoise]").click()
        until_true(page, "() => /denoise-compare=r/.test(location.hash)")
        address = page.evaluate("() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
        last, compared = (
            lab.wait(address[f"denoise-{name}"], "done", "stopped")["epoch"] for name in ("run", "compare")
        )
        until(page, "denoise", f"d.compared && d.epoch === '{last}' && d.comparedEpoch === '{compared}'")
        noisy, denoised, plain = (
            float(data(page, "denoise", name)) for name in ("psnrNoisy", "psnrDenoised", "psnrCompared")
        )
        assert denoised > noisy + 6
        assert denoised > plain + 1


LAYER = ".layer-strip li:nth-child(2) canvas"


def test_the_layers_under_the_sample_follow_the_noise_without_motion_where_none_is_wanted(page: Page) -> None:
    until_true(page, "() => document.querySelectorAll('.layer-strip canvas').length === 7")
    strip, sample = (page.locator(one).bounding_box() for one in (".layer-strip", ".large-triple"))
    assert strip is not None
    assert sample is not None
    assert 0 <= strip["y"] - (sample["y"] + sample["height"]) < 40
    before = pixels(page, LAYER)
    page.locator("[data-act=animate]").click()
    until_redrawn(page, LAYER, before)
    assert page.evaluate("() => document.querySelector('.layer-strip').getAnimations({ subtree: true }).length") == 0


def test_with_motion_the_signal_runs_from_layer_to_layer(chromium: Chromium, lab: Lab) -> None:
    page = chromium.new_page()
    try:
        page.goto(f"{lab.address}/#view=denoise&run=r1")
        until(page, "denoise", "d.ready === 'true'")
        until_true(page, "() => document.querySelector('.layer-strip').dataset.reached === '6'")
        before = pixels(page, LAYER)
        page.evaluate(
            "() => { const el = document.querySelector('.layer-strip'); window.seen = [];"
            "new MutationObserver(() => window.seen.push(Number(el.dataset.reached)))"
            ".observe(el, {attributeFilter: ['data-reached']}); }"
        )
        page.locator("[data-act=animate]").click()
        until_true(page, "() => window.seen.filter((i) => i === 6).length >= 2")
        seen = page.evaluate("window.seen")
        assert all(after in (before + 1, 0) for before, after in itertools.pairwise(seen))
        assert (pixels(page, LAYER) != before).any()
    finally:
        page.close()
