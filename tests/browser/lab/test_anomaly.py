"""Anomalous rows found on the page, as a person finds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sklearn.metrics import roc_auc_score

from narrows.data import as_rows, read
from narrows.insight.splits import EvaluationSplit
from tests.apps.lab.prepared import NORMAL, copy_table_run
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import (
    Lab,
    data,
    lab_page,
    pixels,
    served,
    served_digits,
    until,
    until_true,
)
from tests.browser.lab.tables import digits

KINDS = ("first", "second")
COUNTS = ("caught", "missed", "falseAlarms", "cleared")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Digits, and r2, which learned from all of them but the nines."""
    with served_digits(tmp_path_factory, "r1", "r2") as running:
        yield running


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=anomaly&run=r2") as opened_page:
        until(opened_page, "anomaly", "d.ready === 'true'")
        yield opened_page


def counts(page: Page) -> dict[str, int]:
    """The numbers that are shown, not those behind them."""
    return {name: int(page.locator(f"td[data-count={name}] b").inner_text().replace(",", "")) for name in COUNTS}


def test_one_click_trains_on_the_normal_classes_alone(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=anomaly&run=r1") as page:
        until(page, "anomaly", "d.ready === 'true'")
        page.locator("[data-act=train-normal]").click()
        until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
        run = lab.wait(page.locator(".lab-header").get_attribute("data-run") or "", "done")
        assert run["settings"] == lab.run("r2")["settings"] == {**lab.run("r1")["settings"], "normal": NORMAL}
        until(page, "anomaly", "d.ready === 'true'")
        assert "0" in page.locator("[data-trained-on]").inner_text()
        expect(page.locator("[data-act=train-normal]")).to_be_hidden()
        seen = _seen(lab, run["id"])
        assert seen.any()
        assert not seen[digits()[1] == 9].any()


@pytest.mark.slow
def test_the_view_opens_on_a_network_of_normal_rows_and_shows_how_anomalies_in_training_spoil_it(
    chromium: Chromium, lab: Lab
) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        page.locator("[data-tab=anomaly]").click()
        until_true(page, "() => location.hash.includes('anomaly-run')")
        run = page.locator(".lab-header").get_attribute("data-run") or ""
        lab.wait(run, "done")
        until(page, "anomaly", "d.state === 'done' && Number(d.auc) >= 0.95")
        good, threshold = float(data(page, "anomaly", "auc")), float(data(page, "anomaly", "threshold"))
        errors = [float(page.locator(f"[data-kind={kind}]").get_attribute("data-score") or 0) for kind in KINDS]
        assert errors[0] < threshold < errors[1]
        page.locator("[data-act=train-everything]").click()
        until_true(page, f"() => document.querySelector('.lab-header').dataset.run !== '{run}'")
        lab.wait(page.locator(".lab-header").get_attribute("data-run") or "", "done")
        until(page, "anomaly", "d.state === 'done' && d.otherAuc")
        assert float(data(page, "anomaly", "auc")) < good == float(data(page, "anomaly", "otherAuc"))
        expect(page.locator("[data-trained-on]")).to_contain_text("can rebuild anomalies too")
        page.locator("[data-act=train-normal]").click()
        until_true(page, f"() => document.querySelector('.lab-header').dataset.run === '{run}'")


def test_the_area_under_the_roc_is_scikit_learns(page: Page, lab: Lab) -> None:
    X, y = digits()
    unseen = ~_seen(lab)
    errors = lab.model("r2").reconstruction_error(X[unseen])
    expected = roc_auc_score(y[unseen] == 9, errors)
    assert float(data(page, "anomaly", "auc")) == pytest.approx(expected, abs=1e-6)
    assert f"AUC {expected:.3f}" in page.locator(".roc-figure").inner_text()
    until(page, "anomaly", "d.detectorAuc")
    note = page.locator("[data-detector-note]")
    expect(note).to_contain_text(f"AUC of the plain error: {expected:.3f}. AUC of the default detector")
    expect(page.locator("[data-kind=second] [data-detector]")).to_contain_text("Default detector:")


def test_dragging_the_threshold_changes_the_counts(page: Page) -> None:
    before = counts(page)
    recoloured = page.locator(".bins .past").count()
    line = page.locator(".drag.threshold .drag-line").bounding_box()
    chart = page.locator(".histogram-figure svg").bounding_box()
    assert line is not None
    assert chart is not None
    page.mouse.move(line["x"], line["y"] + line["height"] / 2)
    page.mouse.down()
    page.mouse.move(chart["x"] + chart["width"] * 0.85, line["y"] + line["height"] / 2, steps=5)
    page.mouse.up()
    after = counts(page)
    assert after["missed"] > before["missed"]
    assert after["caught"] < before["caught"]
    assert page.locator(".bins .past").count() < recoloured
    assert _agree(page)


@pytest.mark.parametrize("key", ["Home", "End", None])
def test_caught_and_missed_are_all_anomalies_at_every_threshold(page: Page, key: str | None) -> None:
    slider = page.locator("[data-act=threshold]")
    if key is None:
        slider.fill("500")
    else:
        slider.focus()
        page.keyboard.press(key)
    found = counts(page)
    assert found["caught"] + found["missed"] == int(data(page, "anomaly", "anomalies")) > 0
    assert found["falseAlarms"] + found["cleared"] == int(data(page, "anomaly", "normals")) > 0
    if key == "End":
        assert found["caught"] == found["falseAlarms"] == 0
    if key == "Home":
        assert found["missed"] == found["cleared"] == 0


def test_slider_line_arrows_and_box_are_one_number(page: Page) -> None:
    page.locator("[data-act=threshold]").fill("300")
    assert _agree(page)
    page.locator(".drag.threshold").focus()
    at = float(data(page, "anomaly", "threshold"))
    page.keyboard.press("ArrowRight")
    assert float(data(page, "anomaly", "threshold")) > at
    assert _agree(page)
    page.locator(".anomaly h2").click()
    page.keyboard.press("ArrowLeft")
    assert float(data(page, "anomaly", "threshold")) == pytest.approx(at, rel=1e-3)
    page.locator("[data-act=threshold-box]").fill("1.25")
    page.keyboard.press("Enter")
    assert float(data(page, "anomaly", "threshold")) == 1.25
    assert _agree(page)


def test_suggestions_do_what_they_say(page: Page) -> None:
    page.locator("[data-suggest=p95]").click()
    found = counts(page)
    normals = int(data(page, "anomaly", "normals"))
    assert abs(found["falseAlarms"] / normals - 0.05) <= 1 / normals + 0.005
    page.locator("[data-suggest=best_f1]").click()
    best = _f1(counts(page))
    for position in range(0, 1001, 50):
        page.locator("[data-act=threshold]").fill(str(position))
        assert _f1(counts(page)) <= best + 1e-12


def test_both_error_maps_share_a_scale_and_hold_the_models_errors(page: Page, lab: Lab) -> None:
    model, (X, _) = lab.model("r2"), digits()
    for kind in KINDS:
        card = page.locator(f".sample-card[data-kind={kind}]")
        position = int(card.get_attribute("data-position") or -1)
        row = X[[position]]
        squares = (np.asarray(model.reconstruct(row)) - row) ** 2
        assert float(card.get_attribute("data-map-max") or 0) == pytest.approx(squares.max(), rel=1e-4)
        assert float(card.get_attribute("data-score") or 0) == pytest.approx(float(squares.sum()), rel=1e-4)
        assert (
            np.abs(pixels(page, f".sample-card[data-kind={kind}] [data-role=original]") - 255 * row.reshape(8, 8)).max()
            <= 1
        )
    assert float(data(page, "anomaly", "scale")) == max(
        float(card.get_attribute("data-map-max") or 0) for card in page.locator(".sample-card").all()
    )


def test_n_and_m_go_through_misses_and_false_alarms(page: Page) -> None:
    page.locator("[data-suggest=p95]").click()
    at = float(data(page, "anomaly", "threshold"))
    seen = set()
    for _ in range(2):
        page.locator(".anomaly h2").click()
        page.keyboard.press("n")
        card = page.locator(".sample-card[data-kind=second]")
        expect(card.locator(".verdict")).to_have_text("missed: it looks normal to the network")
        until_true(
            page, f"() => Number(document.querySelector('.sample-card[data-kind=second]').dataset.score) <= {at}"
        )
        seen.add(card.get_attribute("data-position"))
    page.keyboard.press("m")
    expect(page.locator(".sample-card[data-kind=first] .verdict")).to_have_text("⚑ false alarm")


def test_other_normal_classes_make_other_anomalies(page: Page) -> None:
    before = int(data(page, "anomaly", "anomalies"))
    page.locator("[data-class='8']").click()
    until(page, "anomaly", f"Number(d.anomalies) > {before}")
    expect(page.locator("[data-act=train-normal]")).to_be_visible()
    # All normal: nothing to compare with.
    page.locator("[data-class='8']").click()
    page.locator("[data-class='9']").click()
    until(page, "anomaly", "d.anomalies === '0'")
    expect(page.locator("[data-no-roc]")).to_contain_text("ROC curve needs anomalies")
    expect(page.locator(".roc-figure")).to_be_hidden()


def test_a_table_names_the_columns_that_are_anomalous(
    chromium: Chromium, tables: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = tables / "unlabelled.csv"
    copy_table_run(tmp_path_factory, tmp_path / "lab", table)
    with served(tmp_path, str(table)) as lab, lab_page(chromium, lab, "view=anomaly") as page:
        until(page, "anomaly", "d.ready === 'true'")
        expect(page.locator("[data-no-roc]")).to_contain_text("Without labels")
        names = page.locator(".columns-table tbody th").all_inner_texts()
        assert set(names) <= {"height", "weight", "shoe", "leg", "spare"}
        observed = page.locator(".columns-table tbody tr", has_text="height").locator("td").first.inner_text()
        assert 120 < float(observed) < 220  # in centimetres, as it was given
        page.locator("[data-suggest=p99]").click()
        assert int(data(page, "anomaly", "flagged")) <= 4
        # Without classes one says which rows are normal.
        page.locator("[data-act=normal-rows]").fill("1-100, 150")
        page.locator("[data-act=train-normal]").click()
        assert lab.wait("r2", "done")["settings"]["rows"] == [[0, 99], [149, 149]]
        until(page, "anomaly", "d.ready === 'true' && d.epoch !== '0'")
        model = lab.model("r2")
        rows = read(table)
        seen = np.flatnonzero(EvaluationSplit.seen(model, rows))
        assert len(seen) > 50
        assert set(seen) <= {*range(100), 149}


def _seen(lab: Lab, run: str = "r2") -> np.ndarray:
    """Which digits the run was trained on, as the saved model remembers."""
    return EvaluationSplit.seen(lab.model(run), as_rows(digits()[0]))


def _agree(page: Page) -> bool:
    """Whether the slider, the line, the box and the words say the same."""
    value = float(data(page, "anomaly", "threshold"))
    slider = page.locator("[data-act=threshold]").get_attribute("aria-valuetext") or ""
    line = float(page.locator(".drag.threshold").get_attribute("aria-valuenow") or "nan")
    box = float(page.locator("[data-act=threshold-box]").input_value())
    assert float(slider.replace("−", "-")) == pytest.approx(value, rel=1e-3)
    assert line == pytest.approx(value, rel=1e-6)
    assert box == pytest.approx(value, rel=1e-4)
    return True


def _f1(found: dict[str, int]) -> float:
    return 2 * found["caught"] / (2 * found["caught"] + found["falseAlarms"] + found["missed"])
