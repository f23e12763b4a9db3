"""The views in the report: used as a person uses them, from a file, with nobody to ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.metrics import roc_auc_score

import narrows
from narrows import Autoencoder, VariationalAutoencoder
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import data, pixels, until, until_true
from tests.browser.surfaces import VIEWS, ReportSurface, open_tab

DIGITS = narrows.read("digits")


def test_the_map_decodes_between_the_nodes_of_its_grid(chromium: Chromium, report: Path, denoiser: Autoencoder) -> None:
    with ReportSurface(chromium, report).opened() as page:
        page.locator("#hold-section .map").first.scroll_into_view_if_needed()
        box = page.locator("#hold-section .map").first.bounding_box()
        assert box is not None
        before = data(page, "latent", "decoded")
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
        until(page, "latent", f"d.decoded !== '{before}'")
        z = np.array(data(page, "latent", "z").split(","), np.float32)
        expected = denoiser.inverse_transform(z[None])[0].reshape(8, 8) * 255
        assert np.abs(pixels(page, "[data-picture=decoded]") - expected).mean() < 8
        assert page.locator("[data-preview=between]").inner_text().count("a preview") == 1
        assert page.locator("[data-pin=a]").is_visible()


def test_a_class_can_be_taken_off_the_map(chromium: Chromium, report: Path) -> None:
    with ReportSurface(chromium, report).opened() as page:
        page.locator(".legend [data-class='3']").click()
        until(page, "latent", "d.hidden === '3'")


def test_a_threshold_moves_the_counts_and_other_classes_can_be_anomalies(
    chromium: Chromium, report: Path, denoiser: Autoencoder
) -> None:
    held_out = denoiser.validation_rows_
    errors = denoiser.reconstruction_error(DIGITS.take(held_out))
    labels = np.array([str(label) for label in DIGITS.labels[held_out]])
    with ReportSurface(chromium, report).opened() as page:
        open_tab(page, "anomaly")
        assert float(data(page, "anomaly", "auc")) == pytest.approx(roc_auc_score(labels == "4", errors), abs=1e-6)
        assert page.locator("[data-suggest=best_f1]").count() == 1
        page.locator("[data-act=threshold]").focus()
        page.keyboard.press("End")
        until(page, "anomaly", f"d.flagged === '0' && d.missed === '{(labels == '4').sum()}'")
        page.locator(".normal-chip[data-class='0']").click()
        until(page, "anomaly", f"d.anomalies === '{np.isin(labels, ['0', '4']).sum()}'")
        area = page.locator(".roc-figure svg").get_attribute("aria-label")
        assert area == f"ROC, area {roc_auc_score(np.isin(labels, ['0', '4']), errors):.3f}"
        page.locator("[data-suggest=p99]").click()
        until(page, "anomaly", "d.flagged !== '0'")


def test_noise_has_the_levels_that_were_measured(chromium: Chromium, report: Path) -> None:
    with ReportSurface(chromium, report).opened() as page:
        open_tab(page, "denoise")
        page.locator("[data-act=level]").focus()
        page.keyboard.press("Home")
        until(page, "denoise", "d.level === '0' && d.psnrNoisy === ''")
        page.keyboard.press("ArrowRight")
        until(page, "denoise", "d.level === '0.1' && Number(d.psnrNoisy) > 15")
        page.locator("[data-act=kind]").select_option("salt-and-pepper")
        until(page, "denoise", "d.kind === 'salt-and-pepper' && d.curve === '9'")
        for name in ("seed", "new-seed", "animate", "scribble", "others"):
            assert page.locator(f"[data-act={name}]:visible").count() == 0


def test_another_sample_has_its_own_way(chromium: Chromium, report: Path) -> None:
    with ReportSurface(chromium, report).opened() as page:
        open_tab(page, "flow")
        sample, error = data(page, "flow", "sample"), data(page, "flow", "error")
        page.locator("#hold-section .sample").nth(3).click()
        until(page, "flow", f"d.sample !== '{sample}' && d.error !== '{error}'")
        page.locator("select[aria-label='Class of the samples']").select_option("7")
        until_true(
            page,
            "() => [...document.querySelectorAll('#hold-section .sample')].every((one) => one.title === 'class 7')",
        )


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("kind", [Autoencoder, VariationalAutoencoder])
def test_a_table_has_every_view(chromium: Chromium, tmp_path: Path, kind: type[Autoencoder], classes: bool) -> None:
    table, wines = load_wine(return_X_y=True)
    model = kind(n_components=3, epochs=3, random_state=0, device="cpu").fit(table)
    narrows.report(model, table, wines if classes else None, path=tmp_path / "report.html")
    with ReportSurface(chromium, tmp_path / "report.html").opened() as page:
        assert page.locator(".code-sliders").count() == 0
        for name in VIEWS:
            open_tab(page, name)
            assert page.locator("#hold-section .message.bad:visible").count() == 0


def test_without_scripts_the_figures_say_the_same(chromium: Chromium, report: Path) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto(report.as_uri())
    assert not page.locator("#hold-section").is_visible()
    assert page.locator(".drawing").count() >= 9
    assert page.locator(".headline").is_visible()
    page.close()


def test_no_other_script_may_run(chromium: Chromium, report: Path) -> None:
    with chromium.page(report) as page:
        page.evaluate(
            "() => document.body.append(Object.assign(document.createElement('script'), { text: 'window.mine = 1' }))"
        )
        assert page.evaluate("window.mine") is None
