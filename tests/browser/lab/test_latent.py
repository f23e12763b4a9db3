"""The map of the codes, used as a person uses it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, pixels, served_digits, until, until_true

DECODED = "[data-picture=decoded]"
NEAREST = "[data-picture=nearest]"
COLOURS = {0: (63, 144, 218), 3: (148, 164, 162), 4: (131, 45, 182)}


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=latent&run=r1") as opened_page:
        until(opened_page, "latent", "d.ready === 'true' && d.points === '1797'")
        yield opened_page


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the map, from shares of its width and height to pixels of the page."""
    box = page.locator(".map").first.bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def hover(page: Page, x: float, y: float) -> np.ndarray:
    """Points at a place and waits for its picture; the code there."""
    before = data(page, "latent", "z")
    page.mouse.move(*at(page, x, y))
    until(page, "latent", f"d.z !== '{before}'")
    return settled(page)


def settled(page: Page) -> np.ndarray:
    """The code that is held, once its picture and the nearest row's are drawn."""
    until(
        page,
        "latent",
        f"document.querySelector('{DECODED}').dataset.z === d.z && "
        f"(d.row === '' || document.querySelector('{NEAREST}').dataset.row === d.row)",
    )
    return np.array([float(v) for v in data(page, "latent", "z").split(",")])


def of_model(lab: Lab, run: str, z: np.ndarray) -> np.ndarray:
    decoded = np.asarray(lab.model(run).inverse_transform(z[None].astype(np.float32)))
    return np.round(255 * np.clip(decoded, 0, 1)).reshape(8, 8)


def name_on_the_map(page: Page, cls: int) -> dict[str, float]:
    """Where a class's name stands; asked at one blow, since names are made again with every frame."""
    selector = f".maps figure:first-child text.class-name[data-class='{cls}']"
    page.wait_for_selector(selector, state="attached")
    return page.evaluate("(name) => document.querySelector(name).getBoundingClientRect().toJSON()", selector)


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


def test_the_decoded_grid_lies_under_the_points(page: Page) -> None:
    count = """() => { const c = document.querySelector('.map canvas'); if (c.width < 9) return 0;
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
        for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n; }"""
    assert page.evaluate(count) == 0
    page.get_by_role("button", name="Decoded grid").click()
    until(page, "latent", "d.overlay === 'tiles'")
    until_true(page, f"({count})() > 20000")
    page.get_by_role("button", name="Points").click()
    until(page, "latent", "d.overlay === 'none'")
    until_true(page, f"({count})() === 0")


def test_where_rows_crowd_is_a_cloud(page: Page) -> None:
    cloud = """() => { const c = document.querySelector('.map canvas'); if (c.width < 9) return [];
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const steps = new Set();
        for (let i = 3; i < d.length; i += 4) steps.add(d[i]); return [...steps]; }"""
    assert page.evaluate(cloud) == []
    page.get_by_role("button", name="Density").click()
    until(page, "latent", "d.overlay === 'density'")
    until_true(page, f"() => ({cloud})().length > 4")
    assert page.evaluate(f"Math.max(...({cloud})())") == 190
    page.get_by_role("button", name="Points").click()
    until_true(page, f"() => ({cloud})().length === 0")


def thumbnails(page: Page, codes: np.ndarray) -> tuple[dict[int, np.ndarray], int]:
    """By the row that it is said to be of, each thumbnail's 8x8 pixels; and the row that is drawn in front.

    Where rows lie comes from their codes, and from two places of the page whose codes are known.
    """
    (left, low), (right, high) = at(page, 0.02, 0.98), at(page, 0.98, 0.02)
    start, end = hover(page, 0.02, 0.98), hover(page, 0.98, 0.02)
    front = data(page, "latent", "row")
    layer = ".map-thumbnails"
    until_true(page, f"r => document.querySelector('{layer}').dataset.front === r", front)
    until_true(page, f"() => document.querySelector('{layer}').dataset.rows.split(',').length > 40")
    rows = [int(row) for row in page.locator(layer).first.evaluate("c => c.dataset.rows").split(",")]
    corner = page.locator(layer).first.bounding_box()
    assert corner is not None
    places = np.array([left, low]) + (codes - start) / (end - start) * np.array([right - left, high - low])
    places -= [corner["x"], corner["y"]]
    drawn = pixels(page, f".maps figure:first-child {layer}")

    def picture(row: int, enlarged: int) -> np.ndarray:
        x, y = np.round(places[row] - 4 * enlarged).astype(int) + enlarged // 2  # the middle of its first pixel
        return drawn[y : y + 8 * enlarged : enlarged, x : x + 8 * enlarged : enlarged]

    covered = np.abs(places - places[int(front)]).max(axis=1) < 24 + 12 + 4
    found = {row: picture(row, 3) for row in rows if not covered[row]}
    return {**found, int(front): picture(int(front), 6)}, int(front)


def test_thumbnails_are_of_the_rows_they_stand_for_also_after_a_filter_and_zoom(page: Page, lab: Lab) -> None:
    digits, labels = load_digits().data / 16, load_digits().target
    codes = np.asarray(lab.model("r1").transform(digits))
    page.set_viewport_size({"width": 1280, "height": 1200})  # nothing scrolls under the header
    page.keyboard.press("t")
    until(page, "latent", "d.thumbnails === 'true'")
    seen = []
    for change in (None, page.get_by_role("button", name="2 177"), page.locator("[data-zoom=in]")):
        if change is not None:
            change.click()
        found, front = thumbnails(page, codes)
        assert front in found
        for row, picture in found.items():
            assert np.abs(picture - np.round(255 * digits[row]).reshape(8, 8)).max() <= 1, row
        seen.append(set(found))
    everything, without, nearer = seen
    assert 2 in labels[list(everything)]
    assert 2 not in labels[list(without | nearer)]
    assert nearer - without
    until_true(page, "() => location.hash.includes('thumbnails=1')")
    page.get_by_role("button", name="Thumbnails").click()
    until(page, "latent", "d.thumbnails === 'false'")
    until_true(page, "() => document.querySelector('.map-thumbnails').width === 1")


def test_a_grid_that_comes_after_the_picture_covers_it_no_more(page: Page) -> None:
    shown = page.evaluate(
        """async () => { const { createDecoding } = await import('/static/views/latent/decoding.js');
        const shown = []; let asked, arrive;
        const isAsked = new Promise((f) => { asked = f; }), grid = new Promise((f) => { arrive = f; });
        const decode = createDecoding({ run: {}, el: document.createElement('p'), isDestroyed: () => false,
            isFlat: () => true, map: { now: { probe: [0, 0], grid: {} } },
            panel: { showDecoded: () => shown.push('decoded'), showPreview: () => shown.push('preview') },
            grid: { load: () => { asked(); return grid; }, at: () => ({}) },
            lab: { can: { live: true }, decode: () => isAsked.then(() => ({ values: [], epoch: 1, ms: 60 })) } });
        await decode(new Float32Array(2), 1);
        arrive(); await grid; await null;
        return shown; }"""
    )
    assert shown == ["decoded"]


def test_the_page_says_how_well_the_code_separates_the_classes(page: Page) -> None:
    note = page.locator("[data-neighbours]:not([data-view])")
    expect(note).to_contain_text("that training did not see")
    share = float(data(page, "latent", "neighbours"))
    assert 0.5 < share <= 1
    expect(note).to_contain_text(f"{round(100 * share)} %")
    assert page.locator("circle.prior").count() == 0


def test_pcas_map_stands_beside_with_the_same_rows(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Compare with PCA").click()
    other = page.locator(".map").nth(1)
    expect(other).to_be_visible()
    expect(other).to_have_attribute("data-points", "1797")
    box = other.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.5)
    z = settled(page)
    row = int(data(page, "latent", "row"))
    code = np.asarray(lab.model("r1").transform(load_digits().data[[row]] / 16))[0]
    assert z == pytest.approx(code, abs=1e-2)


def test_the_address_brings_back_what_was_seen(chromium: Chromium, lab: Lab, page: Page) -> None:
    z = hover(page, 0.44, 0.57)
    page.get_by_role("button", name="7 179").click()
    until(page, "latent", "d.hidden === '7'")
    until_true(page, "() => location.hash.includes('hide=7') && location.hash.includes('z=')")
    with lab_page(chromium, lab, page.url.split("#")[1]) as again:
        until(again, "latent", "d.ready === 'true'")
        assert settled(again) == pytest.approx(z, rel=1e-4)
        expect(again.get_by_role("button", name="7 179")).to_have_attribute("aria-pressed", "false")


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
