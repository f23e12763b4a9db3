"""Rows over training, watched and driven as a person does."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from narrows.data import read
from narrows.insight.payloads import training_step
from tests.browser.axe import grave
from tests.browser.chromium import PATIENCE, Chromium
from tests.browser.lab.serving import Lab, data, lab_page, pixels, served, until, until_true

ROWS = (0, 7, 15)
REBUILT = ".gallery-cell:nth-child(3) [data-part=rebuilt]"


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=training&run=r1") as opened_page:
        until(opened_page, "training", f"d.ready === 'true' && d.records === '{lab.run('r1')['epoch']}'")
        yield opened_page


def start(page: Page, **settings: str) -> str:
    """A new run with other settings, by the form of the view; its id, once it is in view."""
    until_true(page, "() => Boolean(document.querySelector('.lab-header')?.dataset.run)")  # the run it opens on
    before = page.locator(".lab-header").get_attribute("data-run")
    fold = page.locator("details", has=page.locator("[data-action=restart]"))
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    for name, value in settings.items():
        page.locator(f"[data-restart={name}]").fill(value)
    page.get_by_role("button", name="Start again").click()
    until_true(page, "(before) => document.querySelector('.lab-header').dataset.run !== before", before)
    return page.locator(".lab-header").get_attribute("data-run") or ""


def in_state(page: Page, state: str) -> None:
    until_true(page, f"() => document.querySelector('.lab-header').dataset.runState === '{state}'")


def drawn(page: Page, row: int, part: str) -> np.ndarray:
    """The grey values of a row's picture, (64,)."""
    return pixels(page, f".gallery-cell:nth-child({row + 1}) [data-part={part}]").ravel()


def test_a_step_in_slow_motion_says_and_numbers_each_stage(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="One step in slow motion").click()
    step = page.get_by_role("region", name="One training step in slow motion")
    sentence, following = step.locator("[data-slow-sentence]"), step.get_by_role("button", name="Next stage")
    until_true(page, "() => document.querySelector('.slow-step').dataset.stage === 'forward'")
    shown = json.loads(step.get_attribute("data-gradients") or "")
    position = int(page.locator(".gallery-cell").first.get_attribute("data-position") or "")
    model, X = lab.model("r1"), read("digits").block().astype(np.float32)
    found = training_step(model, X.reshape(len(X), 8, 8, 1), position=position).about["step"]
    assert shown[1:] == pytest.approx(found["gradient"][1:], rel=1e-3)
    assert re.fullmatch(
        r"Forward: this \d passes through the layers\. 64 numbers become 2, and then 64 again\.", sentence.inner_text()
    )
    following.press("Enter")  # by the keyboard: the button keeps the focus
    expect(sentence).to_contain_text(f"The squared error is {found['before']:.4g}")
    for layer in range(6, 0, -1):
        following.press("Enter")
        until_true(page, "(n) => document.querySelector('.slow-table .is-chosen')?.dataset.row === String(n)", layer)
        assert f"length {found['gradient'][layer]:.3g}" in sentence.inner_text()
        hidden = step.locator("tr.is-to-come").count()
        assert hidden == layer  # those before it, and the error
    following.press("Enter")
    expect(sentence).to_contain_text(f"falls from {found['before']:.4g} to {found['after']:.4g}.")
    expect(following).to_be_disabled()
    assert not np.array_equal(pixels(page, "[data-slow=before]"), pixels(page, "[data-slow=after]"))
    assert grave(page) == []
    page.keyboard.press("Escape")
    expect(step).to_be_hidden()


def test_the_step_is_that_of_the_epoch_in_view(page: Page) -> None:
    page.keyboard.press("Home")
    until(page, "training", "d.epoch === '0'")
    page.keyboard.press("s")
    until_true(page, "() => document.querySelector('.slow-step').dataset.epoch === '0'")
    untrained = float(page.locator(".slow-step").get_attribute("data-before") or "")
    page.keyboard.press("End")
    page.keyboard.press("s")
    until_true(page, "() => Number(document.querySelector('.slow-step').dataset.epoch) > 0")
    assert float(page.locator(".slow-step").get_attribute("data-before") or "") < untrained


def test_with_motion_the_stages_follow_by_themselves(chromium: Chromium, lab: Lab) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="no-preference")
    try:
        page.goto(f"{lab.address}/#view=training&run=r1")
        until(page, "training", "d.ready === 'true'")
        page.keyboard.press("s")
        until_true(page, "() => document.querySelector('.slow-step').dataset.stage === 'back'")
        page.get_by_role("button", name="Pause", exact=True).click()
        assert page.locator(".slow-step").get_attribute("data-playing") == "false"
    finally:
        page.close()


def test_error_and_penalty_of_a_loss_are_named_apart(page: Page, lab: Lab) -> None:
    page.get_by_role("button", name="Contractive").click()
    until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
    until(page, "training", "Number(d.epoch) >= 2")
    page.get_by_role("button", name="Stop training").click()
    in_state(page, "stopped")
    run = page.locator(".lab-header").get_attribute("data-run") or ""
    until(page, "training", f"d.epoch === '{lab.run(run)['epoch']}'")
    with urllib.request.urlopen(f"{lab.address}/api/runs/{run}/history", timeout=30) as answer:
        last = json.load(answer)["records"][-1]
    assert last["validation_parts"]["contractive"] > 0
    numbers = [f"{value:.4g}" for value in (last["validation_parts"]["reconstruction"], last["validation"])]
    sentence = page.locator("[data-view=training] [data-sentence]")
    expect(sentence).to_contain_text(f"not trained on: {numbers[0]} (validation loss, with the penalty: {numbers[1]}).")
    expect(page.locator("[data-view=training]")).to_contain_text("+ penalty")


def test_the_rows_sharpen_while_the_loss_falls_and_none_is_lost(page: Page, lab: Lab) -> None:
    run = start(page, epochs="40")
    until(page, "training", "d.ready === 'true' && Number(d.epoch) >= 2")
    early = pixels(page, REBUILT)
    in_state(page, "done")
    until(page, "training", "d.epoch === '40' && d.records === '40'")
    assert (pixels(page, REBUILT) != early).any()
    for name in ("training", "validation"):
        expect(page.locator(f"path.series[data-name='{name}']")).to_have_attribute("data-points", "40")
    model = lab.model(run)
    history = [epoch.validation for epoch in model.history_]
    assert history[-1] < history[0]
    positions = [int(cell.get_attribute("data-position") or -1) for cell in page.locator(".gallery-cell").all()]
    from sklearn.datasets import load_digits

    rows = load_digits().data[positions] / 16
    rebuilt = np.round(255 * np.clip(np.asarray(model.reconstruct(rows)), 0, 1))
    originals = np.round(255 * rows)
    assert max(np.abs(drawn(page, i, "original") - originals[i]).max() for i in ROWS) <= 1
    # The best epoch's pictures come a moment after the last one's.
    end = time.monotonic() + PATIENCE / 1000
    while (apart := {i: np.abs(drawn(page, i, "rebuilt") - rebuilt[i]).max() for i in ROWS}) and max(
        apart.values()
    ) > 1:
        seen = page.locator("[data-view=training]").evaluate("(element) => ({...element.dataset})")
        assert time.monotonic() < end, f"drawn apart from the model's by {apart} grey levels; {seen}, losses {history}"
        page.wait_for_timeout(20)


def test_a_pause_holds_a_step_adds_one_epoch_and_what_was_seen_comes_back(page: Page, lab: Lab) -> None:
    run = start(page, epochs="3000")
    until(page, "training", "d.ready === 'true' && Number(d.epoch) >= 3")
    page.keyboard.press(" ")
    in_state(page, "paused")
    held = lab.run(run)["epoch"]
    until(page, "training", f"d.epoch === '{held}'")
    seen = {held: pixels(page, REBUILT)}
    for more in (1, 2):
        page.get_by_role("button", name="Train one epoch").click()
        until(page, "training", f"d.epoch === '{held + more}'")
        in_state(page, "paused")
        assert lab.run(run)["epoch"] == held + more
        seen[held + more] = pixels(page, REBUILT)
    page.get_by_role("button", name="Resume").click()
    in_state(page, "running")
    until(page, "training", f"Number(d.epoch) > {held + 4}")
    scrub = page.locator("[data-control=scrub]")
    for epoch, picture in seen.items():
        scrub.evaluate(
            "(input, i) => { input.value = i; input.dispatchEvent(new Event('input', {bubbles: true})); }", epoch
        )
        until(page, "training", f"d.epoch === '{epoch}' && d.live === 'false'")
        assert (pixels(page, REBUILT) == picture).all()
    page.get_by_role("button", name="Live").click()
    until(page, "training", f"d.live === 'true' && Number(d.epoch) > {held + 4}")
    page.get_by_role("button", name="Stop training").click()
    assert lab.wait(run, "stopped", seconds=5)["epoch"] < 3000
    expect(page.get_by_role("button", name="Resume")).to_be_enabled()


def test_a_reload_in_the_middle_finds_the_training_and_all_that_was(page: Page, lab: Lab) -> None:
    run = start(page, epochs="3000")
    until(page, "training", "Number(d.records) >= 5")
    before = int(data(page, "training", "records"))
    page.reload()
    until(page, "training", f"d.ready === 'true' && Number(d.records) >= {before}")
    seen = int(data(page, "training", "records"))
    until(page, "training", f"Number(d.records) > {seen} && d.live === 'true'")
    assert page.locator(".lab-header").get_attribute("data-run") == run
    page.get_by_role("button", name="Stop training").click()
    done = lab.wait(run, "stopped")
    until(page, "training", f"d.records === '{done['epoch']}'")


def test_keys_and_the_line_move_through_the_epochs(page: Page, lab: Lab) -> None:
    last = lab.run("r1")["epoch"]
    page.keyboard.press("Home")
    until(page, "training", "d.epoch === '0' && d.live === 'false'")
    expect(page.locator("[data-view=training] [data-sentence]")).to_contain_text("has learned nothing yet")
    first = pixels(page, REBUILT)
    for epoch in ("1", "2"):
        page.keyboard.press("ArrowRight")
        until(page, "training", f"d.epoch === '{epoch}'")
    page.keyboard.press("Shift+ArrowRight")
    until(page, "training", "d.epoch === '12'")
    line = page.get_by_role("slider", name="position on epoch")
    line.focus()
    page.keyboard.press("ArrowRight")
    until(page, "training", "d.epoch === '13'")
    expect(line).to_be_focused()
    expect(line).to_have_attribute("aria-valuenow", "13")
    box = page.locator(".chart-box svg").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    until(page, "training", f"Number(d.epoch) > {last / 3} && Number(d.epoch) < {2 * last / 3}")
    page.keyboard.press("End")
    until(page, "training", f"d.epoch === '{last}' && d.live === 'true'")
    assert (pixels(page, REBUILT) != first).any()


def test_the_replay_runs_to_the_end(page: Page, lab: Lab) -> None:
    last = lab.run("r1")["epoch"]
    page.get_by_role("button", name="16×").click()
    page.get_by_role("button", name="Replay").click()
    until(page, "training", f"d.replaying === 'true' && Number(d.epoch) < {last}")
    until(page, "training", f"d.replaying === 'false' && d.epoch === '{last}'")


def test_a_late_visitor_sees_the_training_from_the_beginning(page: Page, lab: Lab) -> None:
    last = lab.run("r1")["epoch"]
    page.get_by_role("button", name="16×").click()
    page.get_by_role("button", name="From the beginning").click()
    until(page, "training", f"d.replaying === 'true' && Number(d.epoch) < {last}")
    until(page, "training", f"d.replaying === 'false' && d.epoch === '{last}'")


def test_two_runs_stand_side_by_side(page: Page, lab: Lab) -> None:
    run = start(page, n_components="8", epochs="20")
    lab.wait(run, "done")
    until(page, "training", "d.compare === 'r1' && d.epoch === '20' && d.comparedEpoch === '20'")
    expect(page.locator("[data-part=compared]")).to_have_count(16)
    expect(page.locator("path.series[data-name='run 1']")).to_have_attribute("stroke-dasharray", "5 4")
    compared = ".gallery-cell:nth-child(3) [data-part=compared]"
    assert (pixels(page, compared) != pixels(page, REBUILT)).any()
    original = pixels(page, ".gallery-cell:nth-child(3) [data-part=original]")
    assert np.abs(pixels(page, REBUILT) - original).mean() < np.abs(pixels(page, compared) - original).mean()
    page.locator("[data-control=compare]").select_option("")
    until(page, "training", "d.compare === ''")
    expect(page.locator("[data-part=compared]")).to_have_count(0)


def test_the_axis_may_be_logarithmic(page: Page) -> None:
    path = page.locator("path.series[data-name='validation']")
    before = path.get_attribute("d")
    page.get_by_label("Logarithmic").check()
    until_true(
        page, "(d) => document.querySelector(\"path.series[data-name='validation']\").getAttribute('d') !== d", before
    )


def test_a_loss_that_explodes_is_said_and_can_be_tried_again(page: Page, lab: Lab) -> None:
    run = start(page, learning_rate="1000000", epochs="30")
    lab.wait(run, "diverged", "failed")
    notice = page.locator(".lab-notice")
    expect(notice).to_have_attribute("data-notice", "diverged")
    expect(notice).to_contain_text("learning rate")
    page.get_by_role("button", name="Retry with learning rate").click()
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", run)
    in_state(page, "done")
    expect(notice).to_have_attribute("data-notice", "")


def test_a_training_whose_process_is_killed_is_said_and_can_be_tried_again(page: Page, lab: Lab) -> None:
    run = start(page, epochs="3000", learning_rate="0.02")
    until(page, "training", "d.ready === 'true' && Number(d.epoch) >= 3")
    lab.kill_trainings()
    in_state(page, "failed")
    notice = page.locator(".lab-notice")
    expect(notice).to_contain_text("The training process ended unexpectedly (signal 9); the weights of epoch")
    assert int(data(page, "training", "epoch")) >= 3
    page.get_by_role("button", name="Retry", exact=True).click()
    until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", run)
    until(page, "training", "d.ready === 'true' && Number(d.epoch) >= 2")
    page.get_by_role("button", name="Stop training").click()
    in_state(page, "stopped")
    assert lab.complaints() == ""


def test_a_wrong_setting_is_refused_where_it_was_typed(page: Page) -> None:
    page.locator("summary", has_text="Change settings").click()
    page.locator("[data-restart=epochs]").fill("many")
    page.get_by_role("button", name="Start again").click()
    expect(page.locator(".restart [role=alert]")).to_contain_text("whole number")
    assert page.locator(".lab-header").get_attribute("data-run") == "r1"


def test_a_table_that_the_command_names_is_learned_at_once(chromium: Chromium, tables: Path, tmp_path: Path) -> None:
    with (
        served(tmp_path, str(tables / "people.csv"), "--label", "kind") as lab,
        lab_page(chromium, lab, "view=latent") as page,
    ):
        until(page, "latent", "d.ready === 'true' && d.points === '300'")
        assert lab.wait("r1", "done")["kind"] == "table"
