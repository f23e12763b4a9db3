"""What lies under, over and beside the points of the map."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sklearn.datasets import load_digits

from tests.browser.lab.latent.map_probe import at, hover, settled
from tests.browser.lab.serving import Lab, data, pixels, until, until_true


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
