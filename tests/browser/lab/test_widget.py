"""The notebook widget, used as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sklearn.datasets import load_wine

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from narrows.apps.notebook.widget import Explorer
from tests.browser.chromium import Chromium
from tests.browser.lab.notebook import cell
from tests.browser.lab.serving import data, pixels, until, until_true
from tests.browser.surfaces import VIEWS, open_tab

DIGITS = narrows.read("digits")


@pytest.fixture(scope="module")
def widget(denoiser: Autoencoder) -> Explorer:
    return narrows.explore(denoiser, DIGITS)


@pytest.fixture
def page(chromium: Chromium, widget: Explorer, tmp_path: Path) -> Iterator[Page]:
    with cell(chromium, widget, tmp_path) as shown:
        until(shown, "latent", "d.ready === 'true' && d.points === '1797' && d.decoded")
        yield shown


def test_a_decoded_picture_is_the_models_own_decode(page: Page, denoiser: Autoencoder) -> None:
    box = page.locator("[data-view=latent] .map").first.bounding_box()
    assert box is not None
    for x, y in ((0.3, 0.4), (0.72, 0.55)):
        before = data(page, "latent", "decoded")
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        until(page, "latent", f"d.decoded !== '{before}'")
        until_true(
            page,
            "() => document.querySelector('[data-picture=decoded]').dataset.z"
            " === document.querySelector('[data-view=latent]').dataset.z",
        )
        z = np.array(data(page, "latent", "z").split(","), np.float32)
        expected = np.rint(np.clip(denoiser.inverse_transform(z[None])[0], 0, 1) * 255)
        assert np.abs(pixels(page, "[data-picture=decoded]") - expected.reshape(8, 8)).max() <= 1


@pytest.mark.parametrize("name", ["flow", "training", "denoise", "anomaly"])
def test_every_view_shows_the_model(page: Page, name: str) -> None:
    open_tab(page, name)
    assert page.locator("[role=tab][aria-selected=true]").inner_text().lower() == name
    assert page.evaluate("window.traits.hash").startswith(f"view={name}")
    assert page.locator(".message.bad:visible").count() == 0


def test_what_a_notebook_cannot_do_is_not_offered(page: Page) -> None:
    open_tab(page, "training")
    for words in ("Start again", "Change settings and start again", "Live", "Replay"):
        assert page.get_by_text(words, exact=True).locator("visible=true").count() == 0, words
    assert data(page, "training", "frames") == "1"
    open_tab(page, "anomaly")
    assert page.locator("[data-act=train-normal]:visible").count() == 0


def test_a_drawn_input_goes_through_the_network(page: Page, denoiser: Autoencoder) -> None:
    open_tab(page, "flow")
    page.locator("[data-act=draw]").click()
    until(page, "flow", "d.sample === 'drawn'")
    box = page.locator(".own-input canvas").first.bounding_box()
    assert box is not None
    error = data(page, "flow", "error")
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()
    until(page, "flow", f"d.error !== '{error}'")
    drawn = pixels(page, "[data-role=input]")
    rebuilt = pixels(page, "[data-role=reconstruction]")
    assert np.abs(rebuilt - denoiser.reconstruct(drawn[None] / 255)[0].reshape(8, 8) * 255).max() <= 2


def test_the_threshold_moves_the_counts(page: Page) -> None:
    open_tab(page, "anomaly")
    caught = data(page, "anomaly", "caught")
    page.locator("[data-act=threshold]").focus()
    page.keyboard.press("Home")
    until(page, "anomaly", f"d.caught !== '{caught}' && d.missed === '0' && d.cleared === '0'")


def test_tabs_are_walked_with_the_keyboard(page: Page) -> None:
    page.locator("[data-tab=latent]").focus()
    page.keyboard.press("ArrowRight")
    until(page, "training", "d.ready === 'true'")
    expect(page.locator("[data-tab=training]")).to_be_focused()
    page.keyboard.press("1")
    until(page, "flow", "d.ready === 'true'")


def test_every_cell_is_as_dark_as_its_ground_however_that_is_written_and_follows_it(
    chromium: Chromium, widget: Explorer, tmp_path: Path
) -> None:
    with cell(chromium, widget, tmp_path, ground="color(srgb 0.99 1 1)") as page:
        page.evaluate("() => { window.showAgain(); }")
        shown = page.locator(".narrows-lab")
        assert shown.count() == 2
        for ground, scheme in ((None, "light"), ("oklch(0.2 0.01 260)", "dark"), ("rgb(255 255 255 / 95%)", "light")):
            if ground is not None:
                page.evaluate("ground => { document.body.style.background = ground; }", ground)
            for one in shown.all():
                expect(one).to_have_attribute("data-theme", scheme)


def test_a_removed_widget_leaves_nothing(page: Page) -> None:
    page.evaluate("window.end()")
    assert page.locator("#cell").inner_html() == ""


@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_a_table_without_classes_has_all_views(chromium: Chromium, tmp_path: Path, kind: type[Autoencoder]) -> None:
    table = load_wine().data
    widget = narrows.explore(kind(n_components=3, epochs=3, random_state=0, device="cpu").fit(table), table)
    with cell(chromium, widget, tmp_path) as page:
        for name in VIEWS:
            open_tab(page, name)
            if name == "flow":
                error = {
                    "plain": r"Squared error [\d.]+ \(0 is perfect; [\d.]+ is no better than guessing .*\)",
                    "variational": r"Loss in nats −?[\d.]+",
                }[kind.variant]
                expect(page.locator("[data-sentence]")).to_have_text(
                    re.compile(f"rebuilds this row from those alone\\. {error}\\.$")
                )
