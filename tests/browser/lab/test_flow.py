"""One row's way through the network, followed as a person follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from narrows.data import read
from tests.apps.lab.prepared import copy_table_run
from tests.browser.axe import grave
from tests.browser.chromium import Chromium
from tests.browser.lab.serving import (
    Lab,
    data,
    lab_page,
    pixels,
    served,
    until,
    until_alike,
    until_redrawn,
    until_true,
)
from tests.browser.lab.tables import coloured_squares, digits

REBUILT = "[data-role=reconstruction]"


@pytest.fixture
def page(chromium: Chromium, lab: Lab) -> Iterator[Page]:
    with lab_page(chromium, lab, "view=flow&run=r1") as opened_page:
        until(opened_page, "flow", "d.ready === 'true'")
        yield opened_page


def test_the_reconstruction_is_the_models_own(page: Page, lab: Lab) -> None:
    X, _ = digits()
    model = lab.model("r1")
    before = data(page, "flow", "sample")
    for _ in range(3):
        position = int(data(page, "flow", "sample"))
        assert np.abs(pixels(page, "[data-role=input]") - np.round(255 * X[position]).reshape(8, 8)).max() <= 1
        expected = np.asarray(model.reconstruct(X[[position]])).reshape(8, 8)
        assert np.abs(pixels(page, REBUILT) - np.round(255 * expected)).max() <= 1
        page.get_by_role("button", name="Next sample").click()
        until(page, "flow", f"d.sample !== '{position}'")
    assert data(page, "flow", "sample") != before


def test_units_fall_to_the_code_and_rise_again_as_in_the_model(page: Page, lab: Lab) -> None:
    units = [int(b.get_attribute("data-units") or 0) for b in page.locator("button[data-layer]").all()]
    assert units == [layer["units"] for layer in lab.run("r1")["layers"]]
    code = units.index(min(units))
    assert units[: code + 1] == sorted(units[: code + 1], reverse=True)
    assert units[code:] == sorted(units[code:])
    model = lab.model("r1")
    assert units[code] == model.n_components
    row = digits()[0][[int(data(page, "flow", "sample"))]]
    shown = [float(n.replace("−", "-")) for n in page.locator(".flow-number b").all_inner_texts()]
    assert shown == pytest.approx(np.asarray(model.transform(row))[0], abs=0.006)


def test_below_the_network_stands_only_what_it_does_not_show(page: Page) -> None:
    assert page.locator(".result-row canvas:visible").count() == 1  # the difference
    assert page.locator(".flow-stage .flow-picture").count() == 2


def test_stepping_visits_each_layer_once(page: Page) -> None:
    last = int(data(page, "flow", "layers"))
    assert data(page, "flow", "layer") == str(last)  # without motion the pulse has arrived
    visited = []
    for _ in range(last + 1):
        page.keyboard.press(".")
        visited.append(int(data(page, "flow", "layer")))
    assert visited == list(range(last + 1))


def test_space_plays_and_pauses(page: Page) -> None:
    assert data(page, "flow", "playing") == "false"
    page.keyboard.press("Space")
    assert data(page, "flow", "playing") == "true"
    expect(page.locator("[data-act=play]")).to_have_text("Pause")
    page.keyboard.press("Space")
    assert data(page, "flow", "playing") == "false"


def test_with_motion_the_pulse_runs_from_left_to_right(chromium: Chromium, lab: Lab) -> None:
    page = chromium.new_page()
    try:
        page.goto(f"{lab.address}/#view=flow&run=r1")
        until(page, "flow", "d.ready === 'true' && d.playing === 'false' && d.layer === d.layers")
        page.evaluate(
            "() => { const el = document.querySelector('[data-view=flow]'); window.seen = [];"
            "const note = () => { if (window.seen.at(-1) !== el.dataset.layer) window.seen.push(el.dataset.layer); };"
            "new MutationObserver(note)"
            ".observe(el, {attributeFilter: ['data-layer']}); }"
        )
        page.get_by_role("button", name="Next sample").click()
        until(page, "flow", "window.seen.length > 0 && d.playing === 'false' && d.layer === d.layers")
        assert page.evaluate("window.seen.map(Number)") == list(range(int(data(page, "flow", "layers")) + 1))
    finally:
        page.close()


def test_what_is_drawn_with_a_pointer_passes_the_network(page: Page, lab: Lab) -> None:
    page.locator("[data-act=draw]").click()
    until(page, "flow", "d.sample === 'drawn'")
    blank = pixels(page, REBUILT)
    box = page.locator(".pad-canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.15)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.85, steps=8)
    page.mouse.up()
    until_alike(page, "[data-role=input]", ".pad-canvas")  # what is shown answers the last stroke
    drawn = pixels(page, "[data-role=input]")
    assert drawn[:, 3:5].mean() > 150 > 40 > drawn[:, [0, 7]].mean()
    assert np.abs(pixels(page, REBUILT) - blank).max() >= 20
    expected = np.asarray(lab.model("r1").reconstruct(drawn.reshape(1, -1) / 255)).reshape(8, 8)
    assert np.abs(pixels(page, REBUILT) - 255 * expected).max() <= 2  # the drawn floats were rounded to pixels


def test_one_draws_with_the_keyboard(page: Page) -> None:
    page.locator("[data-act=draw]").click()
    until(page, "flow", "d.sample === 'drawn'")
    page.locator(".pad-canvas").focus()
    assert pixels(page, ".pad-canvas").max() == 0
    for _ in range(3):
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    assert (pixels(page, ".pad-canvas") > 200).sum() == 3
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Backspace")
    assert (pixels(page, ".pad-canvas") > 200).sum() == 2
    page.locator("[data-act=clear]").click()
    assert pixels(page, ".pad-canvas").max() == 0


def test_a_layer_opens_and_tells_its_parameters(page: Page, lab: Lab) -> None:
    run = lab.run("r1")
    page.locator("button[data-layer='1']").click()
    drawer = page.locator(".flow-drawer")
    assert f"{run['layers'][1]['parameters']:,}" in drawer.inner_text()
    assert data(page, "flow", "layer") == "1"
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_unit_tells_its_value_and_largest_inputs_by_keyboard(page: Page) -> None:
    page.locator("button[data-layer='1']").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".flow-tip b")).to_contain_text("unit 1:")
    expect(page.locator(".flow-tip")).to_contain_text("largest inputs")
    assert page.locator(".flow-tip span").count() == 6  # a heading and five inputs, each value × weight
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.layer") == "2"


def test_a_class_can_be_chosen(page: Page) -> None:
    page.get_by_label("Class of the samples").select_option("3")
    until_true(
        page,
        "() => [...document.querySelectorAll('.sample')].every(b => /class 3(,|$)/.test(b.getAttribute('aria-label')))",
    )
    positions = [int(b.get_attribute("data-position") or -1) for b in page.locator(".sample").all()]
    assert len(positions) > 5
    assert set(digits()[1][positions]) == {3}


def test_the_picture_follows_a_training(chromium: Chromium, lab: Lab) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        until(page, "flow", "d.ready === 'true'")
        page.locator("[data-action=train]").click()
        until(page, "flow", f"d.ready === 'true' && Number(d.epoch) < {lab.run('r1')['epoch'] - 5}")
        run = page.locator(".lab-header").get_attribute("data-run") or ""
        early, at = pixels(page, REBUILT), int(data(page, "flow", "epoch"))
        until(page, "flow", f"Number(d.epoch) > {at}")
        until_redrawn(page, REBUILT, early)
        until(page, "flow", f"d.epoch === '{lab.wait(run, 'done')['epoch']}'")


def test_the_buttons_at_the_waist_show_a_network_with_another_code_while_it_trains(
    chromium: Chromium, lab: Lab
) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1") as page:
        until(page, "flow", "d.ready === 'true'")
        assert not grave(page, ".flow-panel")
        more, size = page.locator("[data-handle=plus]"), page.locator(".code-handles output")
        more.focus()
        page.keyboard.press("Enter")
        expect(size).to_have_text("3")
        until_true(page, "() => document.querySelector('.lab-header').dataset.run !== 'r1'")
        run = page.locator(".lab-header").get_attribute("data-run") or ""
        until(page, "flow", f"d.ready === 'true' && Number(d.epoch) < {lab.wait(run, 'running', 'done')['epochs']}")
        assert page.locator(".flow-number").count() == 3
        expect(page.locator("[data-view=flow] [data-sentence]")).to_contain_text("64 pixel values into 3;")
        expect(more).to_be_focused()
        page.locator("[data-handle=minus]").click()
        until_true(page, "(run) => document.querySelector('.lab-header').dataset.run !== run", run)
        until(page, "flow", "d.ready === 'true'")
        expect(size).to_have_text("2")
        found = lab.run(page.locator(".lab-header").get_attribute("data-run") or "")
        assert (found["state"], found["settings"]) == ("done", lab.run("r1")["settings"])
        assert lab.wait(run, "done")["n_components"] == 3


def test_a_stage_is_explained_at_rest_and_under_the_pointer_or_the_keys(page: Page) -> None:
    words = page.locator("[data-stage-words]")
    expect(words).to_have_text(re.compile(r"^The code \(bottleneck\): all that the decoder receives of the image\."))
    page.locator("button[data-layer='1']").hover()
    expect(words).to_have_text(re.compile(r"^Encoder layer 1 of 2\. The encoder combines all values .* 64 activations"))
    page.locator("button[data-layer='6']").focus()
    expect(words).to_have_text(re.compile(r"^The reconstruction: "))
    expect(page.locator("button[data-layer='1']")).to_have_attribute("aria-label", re.compile("SiLU"))


def test_convolutions_are_shown_as_feature_maps_with_a_sentence(chromium: Chromium, lab: Lab) -> None:
    run = lab.train("digits", architecture="conv", epochs=2)
    layers = lab.run(run)["layers"]
    stage = next(i for i, layer in enumerate(layers) if len(layer["shape"]) == 3 and layer["part"] == "encoder")
    with lab_page(chromium, lab, f"view=flow&run={run}") as page:
        until(page, "flow", "d.ready === 'true'")
        button = page.locator(f"button[data-layer='{stage}']")
        expect(button).to_have_class(re.compile("is-maps"))
        expect(page.locator(".flow-label").nth(stage)).to_contain_text(f"{layers[stage]['shape'][-1]} maps")
        button.focus()
        expect(page.locator("[data-stage-words]")).to_contain_text("Feature maps: each filter slides over the picture")


SCALE = " (0 is perfect; always answering the average image would give 4.7)"
SENTENCES = [
    ("squared error", 3, True, 4.7, f"this 3: Squared error 8.23{SCALE}."),
    ("squared error", None, False, None, "this row: Squared error 8.23."),
    ("nats", "red", True, None, "this image of class red: Loss in nats 8.23."),
    ("nats", 0, False, None, "this row of class 0: Loss in nats 8.23."),
    ("absolute error", None, True, None, "this image: Absolute error 8.23."),
    ("Huber loss", "usual", False, None, "this row of class usual: Huber loss 8.23."),
    (
        "balanced error",
        None,
        False,
        5,
        "this row: Balanced error 8.23 (0 is perfect; 5 is no better than guessing each column's average).",
    ),
    (None, None, False, None, "this row: Error 8.23."),
]


def test_every_kind_of_error_makes_a_sentence(page: Page) -> None:
    said = page.evaluate(
        """async (given) => { const { rowNoun, errorSentence } = await import('/static/views/shared/text.js');
        const run = (name, isImage) => ({ error: name && { name }, shape: isImage ? [8, 8, 1] : null });
        return given.map(([name, label, isImage, average]) =>
            `${rowNoun(label, run(name, isImage))}: ${errorSentence(run(name, isImage), 8.23, average)}`); }""",
        SENTENCES,
    )
    assert said == [words for *_, words in SENTENCES]


def test_the_sentence_tells_what_was_lost(page: Page) -> None:
    row = int(data(page, "flow", "sample"))
    expect(page.locator("[data-view=flow] [data-sentence]")).to_have_text(
        re.compile(
            rf"^The encoder squeezes 64 pixel values into 2; the decoder rebuilds this {digits()[1][row]} from those "
            r"alone. Squared error [\d.]+ \(0 is perfect; always answering the average image would give [\d.]+\)\.$"
        )
    )


@pytest.mark.parametrize("width", [360, 860, 1920])
def test_every_layer_is_on_a_page_of_any_width(chromium: Chromium, lab: Lab, width: int) -> None:
    with lab_page(chromium, lab, "view=flow&run=r1", width=width) as narrow:
        until(narrow, "flow", "d.ready === 'true'")
        boxes = [box for b in narrow.locator("button[data-layer]").all() if (box := b.bounding_box())]
        assert len(boxes) == 7
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


def test_a_row_of_a_table_passes_too(chromium: Chromium, kinds: Lab) -> None:
    with lab_page(chromium, kinds, "view=flow") as page:
        until(page, "flow", "d.ready === 'true'")
        page.locator("[data-act=draw]").click()
        until(page, "flow", "d.sample === 'drawn'")
        before = data(page, "flow", "error")
        slider = page.locator("input[data-column='0']")
        slider.focus()
        page.keyboard.press("End")
        until(page, "flow", f"d.error !== '{before}'")
        assert float(data(page, "flow", "error")) > float(before)


def test_coloured_images_of_a_folder_pass_and_are_drawn_in_colour(
    chromium: Chromium, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = coloured_squares(tmp_path / "squares")
    copy_table_run(tmp_path_factory, tmp_path / "lab", folder)
    with served(tmp_path, str(folder)) as lab, lab_page(chromium, lab, "view=flow") as page:
        until(page, "flow", "d.ready === 'true' && d.epoch === String(Math.max(1, Number(d.epoch)))")
        position = int(data(page, "flow", "sample"))
        rows = read(folder)
        until_true(
            page, "n => document.querySelector('[data-view=flow]').dataset.epoch === String(n)", lab.run("r1")["epoch"]
        )
        expected = np.asarray(lab.model("r1").reconstruct(rows.take(np.array([position])))).reshape(12, 10, 3)
        scale = 255 if expected.max() <= 1 else 1
        assert np.abs(pixels(page, REBUILT) - np.round(scale * expected[:, :, 0])).max() <= 1
        page.locator("[data-act=draw]").click()
        until(page, "flow", "d.sample === 'drawn'")
        assert (pixels(page, ".pad-canvas") == 128).all()  # the border of these images, not black
        page.get_by_label("Ink").fill("#ff0000")
        page.locator(".pad-canvas").focus()
        page.keyboard.press("Space")
        assert pixels(page, ".pad-canvas").max() == 255
