"""Every view of the digits, against what the model itself answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import narrows
from narrows import Autoencoder
from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.runs import Run
from narrows.estimators.weight_vector import with_weights
from narrows.insight import diagnose
from tests.apps.lab.client import SMALL, Page, Said, Served

DIGITS = narrows.read("digits")
IMAGES = DIGITS.block().reshape(-1, 8, 8)


@pytest.fixture(scope="module")
def page(lab: Served) -> Iterator[Page]:
    with lab.ready() as page:
        yield page


@pytest.fixture(scope="module")
def model(lab: Served) -> Autoencoder:
    return lab.session.runs["r1"].weights.get()[0]


def pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def test_the_map_has_every_row_at_its_code_and_lifts_back_to_it(page: Page, model: Autoencoder) -> None:
    shown = page.ask("codes", "r1")
    z = model.transform(DIGITS)
    assert shown.arrays["position"].tolist() == list(range(1797))
    assert np.allclose(shown.arrays["origin"] + shown.arrays["xy"] @ shown.arrays["axes"], z, atol=1e-5)
    classes = np.array(shown.about["classes"])
    assert classes[shown.arrays["label"]].tolist() == [str(label) for label in DIGITS.labels]
    assert np.allclose(shown.arrays["low"], np.percentile(z, 1, axis=0), atol=1e-5)
    assert shown.arrays["pca"].shape == (1797, 2)


def test_a_decoded_code_is_the_models_own_decode(page: Page, model: Autoencoder) -> None:
    z = model.transform(DIGITS)[7]
    epoch, values = page.decode(1, z)
    assert np.array_equal(values.reshape(8, 8), pixels(model.inverse_transform(z[None])[0]))
    assert epoch == page.run("r1")["epoch"]


def test_given_rows_come_back_in_their_order_with_what_the_model_makes_of_them(page: Page, model: Autoencoder) -> None:
    shown = page.ask("rows", "r1", positions=[5, 3, 900])
    assert shown.arrays["position"].tolist() == [5, 3, 900]
    assert np.array_equal(shown.arrays["original"][..., 0], pixels(IMAGES[[5, 3, 900]]))
    assert np.array_equal(shown.arrays["rebuilt"][..., 0], pixels(model.reconstruct(IMAGES[[5, 3, 900]])))
    assert shown.about["labels"] == [str(DIGITS.labels[i]) for i in (5, 3, 900)]


def test_rows_nobody_named_are_of_all_classes_and_unknown_to_training(page: Page, model: Autoencoder) -> None:
    shown = page.ask("rows", "r1", n=20)
    assert sorted(shown.about["labels"]) == sorted(2 * [str(i) for i in range(10)])
    assert set(shown.arrays["position"].tolist()) <= set(model.validation_rows_.tolist())


def test_rows_can_be_asked_for_by_class(page: Page) -> None:
    assert page.ask("rows", "r1", n=5, label="4").about["labels"] == ["4"] * 5
    anomalous = page.ask("rows", "r1", n=9, subset="anomalous", normal=["4"])
    assert "4" not in anomalous.about["labels"]


def test_the_error_of_a_row_is_compared_with_that_of_the_average_image(page: Page, model: Autoencoder) -> None:
    shown = page.ask("activations", "r1", position=11)
    seen = np.delete(np.arange(1797), model.validation_rows_)
    average = ((IMAGES[11] - IMAGES[seen].mean(axis=0)) ** 2).sum()
    assert shown.about["average_error"] == pytest.approx(average, rel=0.05)  # of a sample of the training rows
    assert shown.about["error"] < shown.about["average_error"]


def test_the_diagnosis_is_that_of_the_rows_of_the_fit(page: Page, model: Autoencoder) -> None:
    shown = page.ask("diagnosis", "r1").about
    assert shown["headline"] == diagnose(model, DIGITS).headline
    run = page.train("digits", normal=["0", "1"], **SMALL)
    page.until_state(run, "done")
    part = DIGITS.take(np.flatnonzero(np.isin(DIGITS.labels.astype(str), ["0", "1"])))
    n_held_out = round(len(part) / 10)
    said = page.ask("diagnosis", run).about["sample"]
    assert said.startswith(f"Measured on {n_held_out} images that fit had held out")


def test_what_was_measured_is_called_images(page: Page, model: Autoencoder) -> None:
    source = page.ask("scores", "r1", normal=["0"]).about["source"]
    assert source == f"Measured on {len(model.validation_rows_)} images that training did not see."


def test_a_slow_diagnosis_keeps_no_other_query_waiting(
    page: Page, lab: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    answer = lab.session.queries.answer

    def slow(run: Run, view: str, given: dict[str, Any]) -> Answer:
        if view == "diagnosis":
            may_end.wait(60)
        return answer(run, view, given)

    monkeypatch.setattr(lab.session.queries, "answer", slow)
    waiting = [page.say("ask", view="diagnosis", run=run, params={}) for run in list(lab.session.runs)]
    for _ in range(3):
        assert page.ask("rows", "r1", n=5).arrays["position"].size == 5
    assert len(waiting) > 1  # as many as there are threads for other queries
    assert not set(waiting) & set(page.answers)
    may_end.set()
    page.until(lambda: set(waiting) <= set(page.answers))


def test_a_training_step_starts_from_the_weights_of_its_epoch(page: Page, lab: Served, model: Autoencoder) -> None:
    past = dict(lab.session.runs["r1"].past_weights.kept)
    first = with_weights(model, past[0])
    shown = page.ask("training_step", "r1", position=11, epoch=0)
    assert shown.about["epoch"] == 0
    assert shown.about["step"]["before"] == pytest.approx(first.reconstruction_error(DIGITS.take([11]))[0], rel=1e-4)
    assert np.array_equal(shown.arrays["output"][..., 0], pixels(first.reconstruct(IMAGES[[11]])[0]))
    newest = page.ask("training_step", "r1", position=11)
    assert newest.about["epoch"] == page.run("r1")["epoch"]
    assert newest.about["step"]["before"] == pytest.approx(model.reconstruction_error(DIGITS.take([11]))[0], rel=1e-4)


def test_activations_start_with_the_row_and_end_with_its_reconstruction(page: Page, model: Autoencoder) -> None:
    shown = page.ask("activations", "r1", position=11)
    last = len(shown.about["layers"]) - 1
    assert [layer["units"] for layer in shown.about["layers"]] == [64, 64, 32, 2, 32, 64, 64]
    assert np.allclose(shown.arrays["layer0"], IMAGES[11].ravel())
    assert np.allclose(shown.arrays[f"layer{last}"], model.reconstruct(IMAGES[11:12]).ravel(), atol=1e-6)
    assert np.allclose(shown.arrays["code"], model.transform(IMAGES[11:12])[0], atol=1e-6)
    assert shown.about["error"] == pytest.approx(model.reconstruction_error(IMAGES[11:12])[0], rel=1e-5)
    assert shown.about["label"] == str(DIGITS.labels[11])


def test_a_drawn_image_goes_through_the_network_as_it_is(page: Page, model: Autoencoder) -> None:
    drawn = np.zeros(64)
    drawn[20:40] = 1
    shown = page.ask("activations", "r1", values=drawn.tolist())
    assert np.allclose(shown.arrays["code"], model.transform(drawn.reshape(1, 8, 8))[0], atol=1e-6)


def test_noise_of_level_0_changes_nothing_and_the_same_seed_gives_the_same_noise(page: Page) -> None:
    still = page.ask("denoise", "r1", level=0, kind="gaussian", positions=[1, 2])
    assert np.array_equal(still.arrays["noisy"], still.arrays["clean"])
    assert still.about["psnr_noisy"] is None  # infinite
    one, same, other = (page.ask("denoise", "r1", seed=seed, positions=[1, 2]).arrays["noisy"] for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_denoising_has_a_curve_and_layers_on_demand(page: Page) -> None:
    shown = page.ask("denoise", "r1", positions=[4], kind="masking", level=0.2, curve=True, layers=True)
    levels, before, after = zip(*shown.about["curve"], strict=True)
    assert levels[0] == 0
    assert before[0] is None
    assert list(before[1:]) == sorted(before[1:], reverse=True)
    assert len(after) == 9
    assert len(shown.about["layers"]) == sum(name.startswith("layer") for name in shown.arrays)


def test_a_scribbled_image_is_taken_as_noisy_as_it_is(page: Page, model: Autoencoder) -> None:
    scribbled = IMAGES[8].copy()
    scribbled[3] = 1
    shown = page.ask("denoise", "r1", positions=[8], values=scribbled.ravel().tolist())
    assert np.array_equal(shown.arrays["noisy"][0, ..., 0], pixels(scribbled))
    assert np.array_equal(shown.arrays["denoised"][0, ..., 0], pixels(model.reconstruct(scribbled[None])[0]))
    error = np.square(scribbled - IMAGES[8]).mean()
    assert shown.about["psnr_noisy"] == pytest.approx(-10 * np.log10(error), abs=1e-3)


def test_scores_are_those_of_rows_that_training_did_not_see(page: Page, model: Autoencoder) -> None:
    shown = page.ask("scores", "r1", normal=["0", "1"])
    position, score = shown.arrays["position"], shown.arrays["score"]
    assert sorted(position.tolist()) == model.validation_rows_.tolist()
    assert np.allclose(score, model.reconstruction_error(IMAGES[position]), rtol=1e-4)
    anomalous = ~np.isin(DIGITS.labels[position], [0, 1])
    assert np.array_equal(shown.arrays["anomalous"], anomalous)
    assert shown.about["auroc"] == pytest.approx(roc_auc_score(anomalous, score), abs=1e-6)
    assert shown.about["average_precision"] == pytest.approx(average_precision_score(anomalous, score), abs=1e-6)
    assert (
        "anomalies among them, so it can rebuild anomalies too. Train it on normal images only."
        in shown.about["trained_on"]
    )
    assert page.ask("scores", "r1").about["auroc"] is None


def test_a_run_of_normal_classes_learns_from_no_other(lab: Served, page: Page) -> None:
    run = page.train("digits", normal=["3"], **SMALL)
    page.until_state(run, "done")
    shown = page.ask("scores", run)
    assert shown.about["normal"] == ["3"]
    assert shown.about["n_anomalous"] == int((DIGITS.labels != 3).sum())
    assert shown.about["trained_on"].endswith("images of class 3, no anomaly among them.")
    learned = lab.session.runs[run].weights.get()[0]
    assert len(learned.training_hashes_) + len(learned.validation_hashes_) <= (DIGITS.labels == 3).sum()
    assert len(shown.arrays["position"]) == 1797 - len(learned.training_hashes_)


def test_the_error_map_adds_up_to_the_score_of_its_row(page: Page, model: Autoencoder) -> None:
    shown = page.ask("error_map", "r1", position=17)
    assert shown.arrays["map"].sum() == pytest.approx(shown.about["score"], rel=1e-4)
    assert shown.about["score"] == pytest.approx(model.reconstruction_error(IMAGES[17:18])[0], rel=1e-5)


def test_the_row_most_like_a_rows_own_code_is_that_row(page: Page, model: Autoencoder) -> None:
    shown = page.ask("similar", "r1", code=model.transform(IMAGES[21:22])[0].tolist(), n=3)
    assert shown.arrays["position"][0] == 21
    assert shown.arrays["distance"][0] == pytest.approx(0, abs=1e-5)
    assert (np.diff(shown.arrays["distance"]) >= 0).all()


def test_a_path_ends_where_it_should(page: Page, model: Autoencoder) -> None:
    a, b = model.transform(IMAGES[:2])
    shown = page.ask("path", "r1", a=a.tolist(), b=b.tolist(), steps=5)
    ends = model.inverse_transform(np.stack([a, (a + b) / 2, b]))
    assert np.abs(shown.arrays["way"][[0, 2, 4], ..., 0].astype(int) - pixels(ends)).max() <= 1


def test_the_grid_and_the_sheet_are_pictures(page: Page) -> None:
    assert page.ask("decoded_grid", "r1", side=9).arrays["decoded"].shape == (9, 9, 8, 8, 1)
    sheet = page.ask("sheet", "r1", positions=[3, 1]).arrays["original"]
    assert np.array_equal(sheet[..., 0], pixels(IMAGES[[3, 1]]))


def test_the_frames_end_with_what_the_run_answers_now(page: Page, model: Autoencoder) -> None:
    shown = page.ask("frames", "r1")
    assert shown.arrays["epoch"].tolist() == list(range(len(model.history_) + 1))
    now = pixels(model.reconstruct(IMAGES[shown.arrays["positions"]]))
    assert np.array_equal(shown.arrays["rebuilt"][-1][..., 0], now)
    assert np.allclose(shown.arrays["loss"][1:], [epoch.loss for epoch in model.history_], rtol=1e-6)


def test_the_frames_begin_with_the_untrained_network(page: Page, model: Autoencoder) -> None:
    from sklearn.base import clone

    # Steps this short move no weight: after its epoch such a fit is what it began as.
    untrained = clone(model).set_params(learning_rate=1e-30, epochs=1, linear_path="off").fit(DIGITS)
    shown = page.ask("frames", "r1").arrays
    first = pixels(untrained.reconstruct(IMAGES[shown["positions"]]))
    assert np.array_equal(shown["rebuilt"][0][..., 0], first)
    assert np.isnan(shown["loss"][0])


@pytest.mark.parametrize(
    ("view", "params", "words"),
    [
        ("nothing", {}, "There is no query 'nothing'"),
        ("rows", {"positions": [1797]}, "'positions' of rows must be a list of 1 to 2,000 row numbers"),
        ("rows", {"positions": ["1"]}, "'positions' of rows must be"),
        ("codes", {"most": 0}, "'most' of codes must be a whole number from 1 to 70000"),
        ("denoise", {"kind": "rain"}, "'kind' of denoise must be one of gaussian, masking, salt-and-pepper"),
        ("denoise", {"level": True}, "'level' of denoise must be a number"),
        ("path", {"a": [0, 0]}, "'b' of path must be a list of 2 numbers"),
        ("similar", {"code": [1, 2, 3]}, "'code' of similar must be a list of 2 numbers"),
        ("activations", {"values": [0.5]}, "'values' of activations must be a list of 64 numbers"),
        ("activations", {"unit": [1, 900]}, "There is no unit 900 in layer 1"),
        ("sample", {}, "has no prior to draw samples from"),
        ("rows", {"label": "eleven"}, "No row fits"),
    ],
)
def test_a_question_that_has_no_answer_gets_a_sentence(page: Page, view: str, params: dict, words: str) -> None:
    with pytest.raises(Said, match=words):
        page.ask(view, "r1", **params)


def test_a_code_of_another_width_or_of_no_number_is_refused(page: Page) -> None:
    with pytest.raises(Said, match="A code of this run is 2 numbers, got 3"):
        page.decode(1, [0, 0, 0])
    page.send_code(1, [np.nan, 0])
    page.until(lambda: page.errors and "must be finite" in page.errors[-1]["msg"])
