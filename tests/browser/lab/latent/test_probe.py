"""The map of the codes, used as a person uses it."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from tests.browser.chromium import Chromium
from tests.browser.lab.latent.map_probe import DECODED, NEAREST, at, hover, name_on_the_map, of_model, settled
from tests.browser.lab.serving import Lab, data, lab_page, pixels, until, until_true

COLOURS = {0: (63, 144, 218), 3: (148, 164, 162), 4: (131, 45, 182)}


def coloured(page: Page, colour: tuple[int, int, int]) -> int:
    """How many pixels of the map have exactly this colour."""
    return page.locator(".map-points").first.evaluate(
        """(c, [r, g, b]) => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 0; i < d.length; i += 4)
            if (d[i] === r && d[i + 1] === g && d[i + 2] === b && d[i + 3] === 255) n++;
        return n; }""",
        list(colour),
    )


def test_what_is_drawn_under_the_pointer_is_the_models_own_decode(page: Page, lab: Lab) -> None:
    shown = []
    for x, y in [(0.4, 0.4), (0.55, 0.6), (0.62, 0.45), (0.3, 0.7)]:
        z = hover(page, x, y)
        shown.append(pixels(page, DECODED))
        assert np.abs(shown[-1] - of_model(lab, "r1", z)).max() <= 1
    assert len({picture.tobytes() for picture in shown}) == 4


def test_the_code_follows_the_pointer_to_the_pixel(page: Page) -> None:
    first, second, third = (hover(page, x, y) for x, y in [(0.3, 0.5), (0.5, 0.5), (0.6, 0.3)])
    box = page.locator(".map").first.bounding_box()
    assert box is not None
    a_pixel = (second[0] - first[0]) / (0.2 * box["width"])
    assert third[0] == pytest.approx(second[0] + a_pixel * 0.1 * box["width"], abs=a_pixel)
    assert third[1] == pytest.approx(second[1] + a_pixel * 0.2 * box["height"], abs=a_pixel)


def test_a_move_of_the_pointer_draws_no_point_again(page: Page) -> None:
    hover(page, 0.4, 0.4)
    page.evaluate(
        """() => { const draw = CanvasRenderingContext2D.prototype.putImageData; window.drawn = 0;
        CanvasRenderingContext2D.prototype.putImageData = function (...given) {
          if (this.canvas.classList.contains("map-points")) drawn += 1;
          return draw.apply(this, given); }; }"""
    )
    for x, y in [(0.5, 0.6), (0.3, 0.7), (0.6, 0.4)]:
        hover(page, x, y)
    assert page.evaluate("drawn") == 0
    page.get_by_role("button", name="3 183").click()
    until_true(page, "() => drawn > 0")


def test_a_class_that_is_switched_off_is_neither_seen_nor_met(page: Page) -> None:
    labels = load_digits().target
    place = name_on_the_map(page, 3)
    assert coloured(page, COLOURS[3]) > 500
    page.get_by_role("button", name="3 183").click()
    until(page, "latent", "d.hidden === '3'")
    until_true(page, "() => !document.querySelector(\".maps figure:first-child text.class-name[data-class='3']\")")
    assert coloured(page, COLOURS[3]) == 0
    assert coloured(page, COLOURS[0]) > 500
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    settled(page)
    assert labels[int(data(page, "latent", "row"))] != 3
    page.get_by_role("button", name="Show all", exact=True).click()
    until(page, "latent", "d.hidden === ''")
    page.wait_for_selector(".maps figure:first-child text.class-name[data-class='3']", state="attached")
    assert coloured(page, COLOURS[3]) > 500


def test_pointing_at_a_class_sets_it_apart(page: Page) -> None:
    page.get_by_role("button", name="4 181").hover()
    until(page, "latent", "d.isolated === '4'")
    until_true(page, "() => document.querySelectorAll('.maps figure:first-child text.class-name').length === 1")
    assert coloured(page, COLOURS[0]) == 0
    assert coloured(page, COLOURS[4]) > 500


def test_the_row_that_is_shown_is_the_row_that_is_met_also_after_zoom_and_filter(page: Page, lab: Lab) -> None:
    digits = load_digits().data / 16
    codes = np.asarray(lab.model("r1").transform(digits))
    page.get_by_role("button", name="0 178").click()
    until(page, "latent", "d.hidden === '0'")
    shown = load_digits().target != 0
    met = set()
    for zoom in range(3):
        for x, y in [(0.45, 0.42), (0.52, 0.55), (0.58, 0.47)]:
            z = hover(page, x + zoom / 1000, y)
            row = int(data(page, "latent", "row"))
            met.add(row)
            assert np.abs(pixels(page, NEAREST) - np.round(255 * digits[row]).reshape(8, 8)).max() <= 1
            away = np.where(shown, np.linalg.norm(codes - z, axis=1), np.inf)
            assert away[row] == pytest.approx(away.min(), abs=1e-3)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -240)
        page.keyboard.up("Control")
    assert len(met) > 4
    page.keyboard.press("0")


def test_from_a_to_b_are_eight_decoded_steps_that_can_be_walked(page: Page, lab: Lab) -> None:
    page.mouse.click(*at(page, 0.35, 0.6))
    a = settled(page)
    page.keyboard.press("a")
    page.mouse.click(*at(page, 0.6, 0.4))
    b = settled(page)
    page.keyboard.press("b")
    page.wait_for_selector(".path[data-steps='8'] .path-strip li:nth-child(8)")
    for step, selector in [(0, "li:nth-child(1) canvas"), (3, "li:nth-child(4) canvas"), (7, "li:nth-child(8) canvas")]:
        expected = of_model(lab, "r1", a + step / 7 * (b - a))
        until_true(
            page,
            "([s, v]) => Math.abs(document.querySelector(s).getContext('2d').getImageData(3, 3, 1, 1).data[0] - v) < 2",
            [f".path-strip {selector}", float(expected[3, 3])],
        )
        assert np.abs(pixels(page, f".path-strip {selector}") - expected).max() <= 1
    page.mouse.move(*at(page, 0.5, 0.2))
    page.get_by_role("button", name="Play A → B").click()
    page.wait_for_selector(".path[data-walking]")
    page.wait_for_selector(".path:not([data-walking])")
    assert settled(page) == pytest.approx(b, abs=1e-4)


def test_a_click_holds_the_probe_until_escape(page: Page) -> None:
    hover(page, 0.3, 0.3)
    page.mouse.click(*at(page, 0.35, 0.6))
    held = settled(page)
    page.mouse.move(*at(page, 0.7, 0.7), steps=4)
    page.locator(".probe-panel").hover()
    assert (settled(page) == held).all()
    page.keyboard.press("Escape")
    assert (hover(page, 0.6, 0.5) != held).any()


def test_the_wheel_scrolls_the_page_until_the_map_is_clicked(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    page.mouse.move(*at(page, 0.5, 0.3))
    page.mouse.wheel(0, 60)
    until_true(page, "() => scrollY > 0")


def test_the_keyboard_moves_the_probe_and_zooms(page: Page) -> None:
    page.locator(".map").first.focus()
    start = settled(page)
    page.keyboard.press("ArrowRight")
    until(page, "latent", f"d.z !== '{','.join(map(str, start))}'")
    one = settled(page)
    page.keyboard.press("Shift+ArrowRight")
    until(page, "latent", f"Number(d.z.split(',')[0]) > {one[0] + 1e-9}")
    ten = settled(page)
    assert ten[0] - one[0] == pytest.approx(10 * (one[0] - start[0]), rel=1e-3)
    assert one[1] == pytest.approx(start[1])
    page.keyboard.press("+")
    page.keyboard.press("ArrowUp")
    until(page, "latent", f"Number(d.z.split(',')[1]) > {ten[1] + 1e-9}")
    assert settled(page)[1] - ten[1] == pytest.approx((one[0] - start[0]) / 1.5, rel=1e-3)


def test_where_no_row_lies_the_page_says_so(page: Page) -> None:
    warning = page.locator(".probe-warning")
    hover(page, 0.02, 0.02)
    expect(warning).to_be_visible()
    place = name_on_the_map(page, 0)
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    until(page, "latent", "d.far === 'false'")
    expect(warning).to_be_hidden()


def test_the_page_says_how_well_the_code_separates_the_classes(page: Page) -> None:
    note = page.locator("[data-neighbours]:not([data-view])")
    expect(note).to_contain_text("that training did not see")
    share = float(data(page, "latent", "neighbours"))
    assert 0.5 < share <= 1
    expect(note).to_contain_text(f"{round(100 * share)} %")
    assert page.locator("circle.prior").count() == 0


def test_the_address_brings_back_what_was_seen(chromium: Chromium, lab: Lab, page: Page) -> None:
    z = hover(page, 0.44, 0.57)
    page.get_by_role("button", name="7 179").click()
    until(page, "latent", "d.hidden === '7'")
    until_true(page, "() => location.hash.includes('hide=7') && location.hash.includes('z=')")
    with lab_page(chromium, lab, page.url.split("#")[1]) as again:
        until(again, "latent", "d.ready === 'true'")
        assert settled(again) == pytest.approx(z, rel=1e-4)
        expect(again.get_by_role("button", name="7 179")).to_have_attribute("aria-pressed", "false")
