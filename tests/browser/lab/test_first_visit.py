"""The guided tour, the presets and shared links."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.client import connect

from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import Lab, lab_page, served, served_digits, until, until_true

pytestmark = pytest.mark.slow

PRESETS = ["identity-trap", "too-narrow", "collapsed-vae", "noise-as-regulariser", "amount-of-data"]


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        until(page, "flow", "d.ready === 'true'")
        yield page


def test_the_tour_is_offered_once_and_covers_nothing(chromium: Chromium, lab: Lab, page: Page) -> None:
    expect(page.locator(".tour")).to_be_hidden()
    page.goto(f"{lab.address}/?test=1&tour=offer#view=flow&run=r1")
    until(page, "flow", "d.ready === 'true'")
    expect(page.locator(".tour")).to_contain_text("New to autoencoders?")
    page.locator("[data-tour=later]").click()
    page.reload()
    until(page, "flow", "d.ready === 'true'")
    expect(page.locator(".tour")).to_be_hidden()


def test_every_preset_is_a_link_that_says_what_to_look_for(page: Page) -> None:
    page.locator("[data-action=runs]").click()
    page.locator(".drawer [data-value=presets]").click()
    links = page.locator(".drawer a[data-preset]")
    assert links.evaluate_all("all => all.map((one) => one.dataset.preset)") == PRESETS
    assert links.evaluate_all("all => all.map((one) => one.hash)") == [f"#preset={name}" for name in PRESETS]


def test_a_link_finds_its_run_or_offers_to_train_it(page: Page, lab: Lab) -> None:
    page.locator("[data-action=link]").click()
    until_true(page, "() => Boolean(document.querySelector('.share').dataset.link)")
    link = page.locator(".share").get_attribute("data-link") or ""
    fields = {key: values[0] for key, values in parse_qs(urlparse(link).fragment).items()}
    assert "run" not in fields
    setup = json.loads(fields["setup"])
    page.goto(link.replace("/#", "/?test=1#"))
    expect(page.locator(".lab-header")).to_have_attribute("data-run", "r1")
    expect(page.locator(".setup")).to_be_hidden()
    setup["runs"][0]["settings"] |= {"epochs": 2, "seed": 5}
    page.goto("about:blank")
    page.goto(f"{lab.address}/?test=1#view=flow&setup={json.dumps(setup)}")
    expect(page.locator(".setup")).to_contain_text("not on this machine")
    elsewhere = {**setup, "data": {**setup["data"], "rows": 1800}}
    page.goto("about:blank")
    page.goto(f"{lab.address}/?test=1#view=flow&setup={json.dumps(elsewhere)}")
    expect(page.locator(".setup")).to_contain_text("(1,800 images). Open these data under Data first.")
    page.goto("about:blank")
    page.goto(f"{lab.address}/?test=1#view=flow&setup={json.dumps(setup)}")
    page.locator("[data-action=train-link]").click()
    expect(page.locator(".setup")).to_be_hidden()
    run = page.locator(".lab-header").get_attribute("data-run") or ""
    assert lab.wait(run, "done")["settings"]["seed"] == 5


def test_a_preset_trains_its_runs_and_opens_its_view(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "preset=too-narrow") as page:
        until(page, "training", "d.compare !== '' && d.ready === 'true'")
        expect(page.locator(".setup")).to_contain_text("What to look for")
        run = page.locator(".lab-header").get_attribute("data-run") or ""
        assert lab.run(run)["settings"]["n_components"] == 1
        compared = page.locator("[data-view=training]").get_attribute("data-compare") or ""
        assert lab.run(compared)["settings"]["n_components"] == 16
        assert not grave(page, ".setup")
    with lab_page(chromium, lab, "preset=too-narrow") as again:
        until(again, "training", "d.ready === 'true'")
        expect(again.locator(".lab-header")).to_have_attribute("data-run", run)


def stop_all(lab: Lab) -> None:
    """Ends all trainings, so that there is a place for others."""
    with connect(lab.address.replace("http", "ws") + "/ws") as line:
        for run in [one["id"] for one in lab.state()["runs"] if one["state"] not in ("done", "stopped")]:
            line.send(json.dumps({"t": "train.stop", "seq": 1, "run": run}))
            lab.wait(run, "stopped", "done")


def test_the_other_presets_open_their_views_on_their_runs(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wide = {"n_components": 64, "hidden_layer_sizes": [64]}
    presets = {
        "identity-trap": ("denoise", [("plain", wide), ("plain", {"n_components": 8})]),
        "collapsed-vae": ("latent", [("variational", {"beta": 50}), ("variational", {"beta": 1})]),
        "noise-as-regulariser": ("denoise", [("denoising", wide), ("plain", wide)]),
        "amount-of-data": ("training", [("plain", {"rows": [[0, 99]]}), ("plain", {"n_components": 16, "rows": None})]),
    }
    with served_digits(tmp_path_factory, "r1") as lab, lab_page(chromium, lab, "view=flow&run=r1") as page:
        for name, (view, runs) in presets.items():
            page.evaluate("(name) => { location.hash = `preset=${name}`; }", name)
            until(page, view, "d.ready === 'true'")
            expect(page.locator(".setup")).to_have_attribute("data-preset", name)
            expect(page.locator(".setup")).to_contain_text("What to look for")
            assert not grave(page, ".setup")
            until_true(page, "() => /(^|[#&])(denoise-)?compare=r/.test(location.hash)")
            shown = page.evaluate("() => Object.fromEntries(new URLSearchParams(location.hash.slice(1)))")
            for run, (variant, settings) in zip((shown["run"], shown["compare"]), runs, strict=True):
                there = lab.run(run)
                assert there["variant"] == variant
                assert {key: there["settings"][key] for key in settings} == settings
            stop_all(lab)


def test_the_tour_is_walked_by_keys_through_all_views_and_ticks_what_was_done(page: Page) -> None:
    page.keyboard.press("?")
    page.locator("[data-action=tour]").press("Enter")
    expect(page.locator(".tour h2")).to_be_focused()
    assert not grave(page, ".tour")
    page.locator("button.sample").nth(3).click()
    expect(page.locator(".tour-task")).to_contain_text("Done.")
    for i, view in enumerate(["latent", "training", "denoise", "anomaly"], 2):
        page.locator("[data-tour=next]").press("Enter")
        expect(page.locator(".tour h2")).to_be_focused()
        expect(page.locator(".tour h2")).to_contain_text(f"{i} of 5")
        until_true(page, "(view) => document.querySelector(`[data-view=${view}]`) !== null", view)
    page.keyboard.press("Escape")
    expect(page.locator(".tour")).to_be_hidden()


def test_the_first_visit_opens_on_the_run_that_came_with_narrows_and_trains_it_again(
    chromium: Chromium, tmp_path: Path
) -> None:
    with served(tmp_path) as lab, lab_page(chromium, lab, "view=flow") as page:
        until(page, "flow", "d.ready === 'true' && d.epoch === '60'")
        header = page.locator(".lab-header")
        expect(header).to_have_attribute("data-run", "r1")
        expect(header.locator(".lab-status")).to_contain_text("example")
        page.locator("[data-tab=latent]").click()
        until(page, "latent", "d.ready === 'true' && Number(d.decoded) > 0")
        page.locator("[data-tab=training]").click()
        until(page, "training", "d.ready === 'true'")
        page.locator("[data-action=train]").click()
        until_true(page, "() => !['r1', ''].includes(document.querySelector('.lab-header').dataset.run)")
        own = header.get_attribute("data-run") or ""
        assert lab.run(own)["settings"] == lab.run("r1")["settings"]
        lab.wait(own, "done")
        expect(header.locator(".lab-status")).not_to_contain_text("example")
