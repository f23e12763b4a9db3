"""The page around the views: variants, settings, keys, names of controls, what one takes along, and sizes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, data, lab_page, run_in_view, until, until_true
from tests.browser.surfaces import VIEWS


def stop(page: Page, lab: Lab) -> None:
    """Ends the training of the run in view."""
    page.get_by_role("button", name="Stop training").click()
    lab.wait(run_in_view(page), "stopped")


def test_a_variant_is_one_click_away_and_so_is_the_way_back(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Contractive").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    run = run_in_view(page)
    found = lab.wait(run, "running")
    assert found["variant"] == "contractive"
    assert found["settings"]["epochs"] == lab.run("r1")["settings"]["epochs"]
    until(page, "training", "d.ready === 'true'")
    stop(page, lab)
    page.get_by_role("button", name="Plain").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r1'")
    n = len(lab.state()["runs"])
    page.get_by_role("button", name="Contractive").click()
    until_true(page, f"() => document.querySelector('.lab-header').dataset.run === '{run}'")
    assert len(lab.state()["runs"]) == n


def test_a_sparse_run_gets_the_many_units_it_needs_and_the_way_back_finds_the_two(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Sparse").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    assert lab.wait(run_in_view(page), "running")["settings"]["n_components"] == 16
    stop(page, lab)
    page.get_by_role("button", name="Plain").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run === 'r1'")


def test_names_with_commas_survive_the_address(page: Page) -> None:
    names = ["a, b", "c", "100%", "é&="]
    assert names == page.evaluate(
        """async (names) => { const { createStore } = await import('/static/core/store.js');
        const store = createStore(); store.set('normal', names);
        return createStore(String(store)).get('normal', []); }""",
        names,
    )


def test_a_setting_that_cannot_be_is_said_beside_its_field(page: Page) -> None:
    page.get_by_role("button", name="Settings").click()
    field = page.locator("[data-setting=n_components]")
    field.fill("two")
    page.get_by_role("button", name="Train with these settings").click()
    expect(page.locator(".settings .is-problem").first).to_contain_text("whole number")
    expect(field).to_be_focused()
    field.fill("3")
    page.locator("[data-setting=hidden_layer_sizes]").fill("20, 10")
    page.locator("[data-setting=epochs]").fill("3")
    page.get_by_role("button", name="Train with these settings").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    until_true(page, "() => document.querySelector('.lab-header').dataset.runState === 'done'")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_everything_is_reached_by_keys_alone(page: Page) -> None:
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys and help")
    expect(keys).to_contain_text("pause or resume the training")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("2")
    until(page, "latent", "d.ready === 'true'")
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )
        if page.evaluate("document.activeElement.classList.contains('map')"):
            break
    assert page.evaluate("document.activeElement.classList.contains('map')"), seen
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    before = data(page, "latent", "z")
    page.keyboard.press("ArrowLeft")
    until(page, "latent", f"d.z !== '{before}'")
    expect(page.locator("[data-live=true]").first).to_contain_text("z ")


def test_every_control_has_a_name(page: Page) -> None:
    for i, view in enumerate(VIEWS):
        page.keyboard.press(str(i + 1))
        until(page, view, "d.ready === 'true'")
        nameless = page.evaluate(
            """() => [...document.querySelectorAll(
                '.narrows-lab :is(button, input, select, [role=slider], [tabindex="0"])')]
            .filter(el => el.offsetParent !== null || el instanceof SVGElement)
            .filter(el => !(el.getAttribute('aria-label') || el.getAttribute('aria-labelledby')
                || el.textContent?.trim()
                || el.labels?.[0]?.textContent.trim() || el.title)).map(el => el.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], view


def test_light_and_dark_follow_the_system_until_one_chooses(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1", scheme="dark") as page:
        until(page, "latent", "d.ready === 'true'")
        root = page.locator(".narrows-lab")
        expect(root).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Switch to light").click()
        expect(root).to_have_attribute("data-theme", "light")
        page.reload()
        until(page, "latent", "d.ready === 'true'")
        expect(root).to_have_attribute("data-theme", "light")


def test_the_python_the_picture_and_the_model_go_along(page: Page, lab: Lab, tmp_path: Path) -> None:
    import narrows

    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.address)
    page.get_by_role("button", name="Copy Python").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    compile(code, "recipe", "exec")
    assert "Autoencoder(" in code
    with page.expect_download() as picture:
        page.get_by_role("button", name="Save PNG").click()
    assert picture.value.suggested_filename == "narrows-training.png"
    picture.value.save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        grey = np.asarray(image.convert("L"), float)
    assert grey.shape[1] > 2000
    assert (np.abs(grey - np.median(grey)) > 60).mean() > 0.02
    with page.expect_download() as model:
        page.get_by_role("button", name="Save model").click()
    model.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as packed:
        packed.extractall(tmp_path / "model")
    found = narrows.load(next(path.parent for path in (tmp_path / "model").rglob("narrows.json")))
    assert found.n_components_ == 2


def test_a_picture_has_its_source_and_no_controls(page: Page) -> None:
    page.evaluate("""() => {
        window.pictured = [];
        const set = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src').set;
        const keep = function (v) { window.pictured.push(v); set.call(this, v); };
        Object.defineProperty(HTMLImageElement.prototype, 'src', { set: keep });
    }""")
    with page.expect_download():
        page.get_by_role("button", name="Save PNG").click()
    drawn = page.evaluate("() => window.pictured.map(decodeURIComponent).find((one) => one.includes('foreignObject'))")
    epoch = page.locator(".lab-header").get_attribute("data-epoch")
    assert f"digits · run 1: plain, code of 2 · epoch {epoch} · narrows " in drawn
    body = drawn.partition("</style>")[2]
    assert "<canvas" not in body
    assert not [word for word in ("<input", "<select", "<details", 'class="controls') if word in body]


def test_data_that_are_not_here_say_how_to_fetch_them(page: Page, lab: Lab) -> None:
    missing = [one for one in lab.state()["offered"] if not one["here"]]
    if not missing:
        pytest.skip("all data sets are on this machine")
    page.locator("[data-action=data]").click()
    for one in missing:
        command = page.get_by_text(f"narrows data fetch {one['id']}", exact=True)
        card = page.locator(".card.is-offer").filter(has=command)
        expect(card).to_contain_text("in a terminal")
        expect(card.get_by_role("button", name="Open")).to_be_hidden()


def test_a_finished_run_has_its_diagnosis_under_the_title_of_every_view(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=training&run=r1") as page:
        for view in ("training", "flow", "latent"):
            page.locator(f"[data-tab={view}]").click()
            until(page, view, "d.ready === 'true'")
            line = page.locator(f"[data-view={view}] h2 ~ [data-diagnosis]")
            expect(line).to_contain_text("Diagnosis: ")
        pca = float(page.locator(".lab-status [data-pca] b").inner_text())
        expect(line).to_contain_text(f"PCA with 2 numbers: {pca:.3g}.")
        assert not grave(page, ".lab-header")
        before = page.locator(".lab-header").get_attribute("data-run")
        page.get_by_role("button", name="Train again").click()
        until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", before)
        expect(line).to_be_hidden()  # no verdict on an unfinished training
        lab.wait(page.locator(".lab-header").get_attribute("data-run") or "", "done")


def test_the_whole_map_is_in_the_window_of_a_laptop_below_one_line_of_diagnosis(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=latent&run=r1", width=1280, height=800) as page:
        until(page, "latent", "d.ready === 'true'")
        words = page.locator("[data-view=latent] [data-diagnosis] > summary")
        expect(words).to_be_visible()
        lines = "el => el.getBoundingClientRect().height / parseFloat(getComputedStyle(el).lineHeight)"
        is_cut = "el => el.scrollWidth > el.clientWidth"
        assert words.evaluate(lines) == pytest.approx(1, abs=0.1)
        assert words.evaluate(is_cut)
        box = page.locator("[data-view=latent] .map").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800
        assert box["height"] >= 320
        assert (words.locator("..").get_attribute("title") or "").startswith("The model learned")
        words.click()  # shows all of it
        until_true(page, "() => document.querySelector('.diagnosis').open")
        assert words.evaluate(lines) == pytest.approx(2, abs=0.1)
        assert not words.evaluate(is_cut)
        assert not grave(page, ".view")
