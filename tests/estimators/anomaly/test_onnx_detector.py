from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from narrows import AnomalyDetector, Autoencoder, VariationalAutoencoder
from narrows.errors import SettingError
from narrows.estimators.anomaly import default_scorer, onnx_detector
from tests.estimators.anomaly.earlier import earlier_detector
from tests.export.running import OF_ESTIMATOR, RELATIVE, answers, assert_equal, feeds_of, metadata, session
from tests.mixed_table import FRAME

pytestmark = pytest.mark.filterwarnings("ignore:.*does not learn from:UserWarning", "ignore:.*constant.*:UserWarning")

WITH_CONSTANTS = FRAME.assign(place="here", unit=np.float32(0.1), number=3, since=pd.Timestamp("2020-01-01"))


def small(variant: type[Autoencoder] = Autoencoder, **settings: Any) -> Autoencoder:
    # The linear path reproduces some columns exactly, and the ranks of losses that are rounding are rounding.
    few: dict[str, Any] = {"epochs": 1, "hidden_layer_sizes": (8,), "n_components": 2, "device": "cpu"}
    return variant(**few, linear_path="off", **settings)


def fitted(X: Any, estimator: Autoencoder | None = None, **settings: Any) -> AnomalyDetector:
    return AnomalyDetector(estimator or small(), random_state=0, **settings).fit(X)


@pytest.mark.parametrize("score", ["reconstruction", "latent", "combined"])
@pytest.mark.parametrize("variant", [Autoencoder, VariationalAutoencoder])
def test_every_score_of_an_estimator_is_exported(score, variant):
    assert_equal(fitted(FRAME, small(variant), method=score), FRAME)


@pytest.mark.parametrize("score", ["reconstruction", "latent", "combined"])
def test_the_scores_of_several_members_are_averaged(score):
    detector = fitted(FRAME, n_members=3, method=score)
    assert_equal(detector, FRAME)


def test_the_outputs_of_the_estimator_are_those_of_its_first_copy():
    detector = fitted(FRAME, n_members=2)
    found = answers(detector.to_onnx(), FRAME)
    first = detector.estimator_
    np.testing.assert_allclose(found["code"], first.transform(FRAME), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found["error"], first.reconstruction_error(FRAME), rtol=1e-5, atol=1e-5)
    assert metadata(detector.to_onnx())["member_loss_unit"] == first.loss_unit_


def test_an_earlier_detector_of_a_table_is_exported_with_rows_that_are_references_themselves(monkeypatch):
    monkeypatch.setattr(default_scorer, "STEPS", 20)
    detector = earlier_detector(FRAME)
    found = assert_equal(detector, FRAME)
    np.testing.assert_allclose(found["score"], detector.decision_scores_, rtol=1e-5, atol=1e-5)
    assert list(found) == ["score", "threshold", "anomaly"]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(150, 5))
    twice = np.vstack([X, X[:20]])  # equal rows are each other's neighbours
    assert_equal(earlier_detector(twice), np.vstack([twice, 2 * X]))


@pytest.mark.filterwarnings("ignore:.*had none during fit:UserWarning", "ignore:.*level:UserWarning")
@pytest.mark.parametrize("novelty", [False, True])
@pytest.mark.slow
def test_unknown_levels_and_gaps_raise_the_default_score_as_ours(novelty, monkeypatch):
    monkeypatch.setattr(default_scorer, "STEPS", 20)
    detector = AnomalyDetector(novelty=novelty, random_state=0).fit(WITH_CONSTANTS)
    harmed = WITH_CONSTANTS.assign(kind=FRAME["kind"].astype(object), count=FRAME["count"].astype(float))
    harmed.loc[:20, "kind"] = "never seen"
    harmed.loc[10:40, ["width", "kind", "count"]] = None
    harmed.loc[30:50, "place"] = "there"
    assert detector.state_.scoring.unknown.any()
    assert_equal(detector, harmed)


@pytest.mark.filterwarnings("ignore:.*level of 'kind':UserWarning")
def test_an_unknown_level_is_a_rare_one_to_the_default_detector_where_levels_come_once(monkeypatch):
    monkeypatch.setattr(default_scorer, "STEPS", 20)
    often = FRAME["kind"].astype(object).fillna("none").to_numpy()
    names = np.where(np.arange(len(FRAME)) % 6 == 0, [f"only {i}" for i in range(len(FRAME))], often)
    detector = AnomalyDetector(random_state=0).fit(FRAME.assign(kind=names))
    new = FRAME[:60].assign(kind=np.where(np.arange(60) < 30, "never seen", names[:60]))
    assert_equal(detector, new)


def test_the_default_detector_of_a_table_is_exported_with_rows_that_are_references_themselves(monkeypatch):
    monkeypatch.setattr(default_scorer, "STEPS", 20)
    detector = AnomalyDetector(random_state=0).fit(FRAME)
    found = assert_equal(detector, FRAME)
    np.testing.assert_allclose(found["score"], detector.decision_scores_, rtol=RELATIVE, atol=RELATIVE)
    assert list(found) == ["score", "threshold", "anomaly"]
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(150, 5))
    twice = np.vstack([X, X[:20]])  # equal rows are each other's neighbours
    assert_equal(AnomalyDetector(random_state=0).fit(twice), np.vstack([twice, 2 * X]))


@pytest.mark.parametrize("n_rows", [2, 3, 7, 170])
@pytest.mark.parametrize("d", [5, 14])
def test_the_detector_of_normal_numbers_is_exported(n_rows, d):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2)) @ rng.normal(size=(2, d)) + 0.1 * rng.normal(size=(150, d))
    X[:, 0] = np.round(X[:, 0])  # neighbours that are equally near, and equal ranks
    X[:, 1] = np.exp(3 * X[:, 1])
    twice = np.vstack([X, X[:20]])[:n_rows]
    detector = AnomalyDetector(novelty=True, random_state=0).fit(twice)
    assert_equal(detector, np.vstack([twice, 2 * X]))


def test_the_default_detector_of_images_is_exported(monkeypatch):
    monkeypatch.setattr(default_scorer, "STEPS", 20)
    X = load_digits().images[:300]
    detector = AnomalyDetector(random_state=0).fit(X)
    assert detector.scorer_.exponents.any()
    assert_equal(detector, X)
    assert_equal(detector, X[::-1][:1])


def test_a_scorer_without_an_emitter_is_refused(monkeypatch):
    detector = fitted(FRAME)
    monkeypatch.setattr(onnx_detector, "SCORERS", {})
    with pytest.raises(SettingError, match=r"^EstimatorScorer has no emitter, so this detector cannot be exported"):
        detector.to_onnx()


def test_a_detector_of_images_and_one_of_an_array_are_exported():
    rng = np.random.default_rng(0)
    assert_equal(fitted(rng.random((150, 8, 8))), rng.random((50, 8, 8)))
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.1 * rng.normal(size=(200, 5))
    assert_equal(fitted(X, threshold="conformal", alpha=0.05), 3 * X)


def test_changed_constants_and_dates_that_are_none_raise_the_score_as_ours():
    detector = fitted(WITH_CONSTANTS)
    changed = WITH_CONSTANTS[:6].copy()
    changed["number"] = changed["number"].astype(float)
    changed.loc[1, "place"] = "there"
    changed.loc[2, ["unit", "number"]] = [0.2, 4.0]
    changed.loc[3, "since"] = pd.Timestamp("2021-01-01")
    changed.loc[4, ["place", "number", "since"]] = None
    assert_equal(detector, changed)
    run = session(detector.to_onnx())
    feeds = feeds_of(run, WITH_CONSTANTS[:2])
    feeds["when"] = np.array([feeds["when"][0], "soon"], dtype=object)
    score = dict(zip([out.name for out in run.get_outputs()], run.run(None, feeds), strict=True))["score"]
    invalid = detector.state_.scoring.of_invalid_cell
    assert invalid > 1000
    assert score[0] == pytest.approx(-detector.score_samples(WITH_CONSTANTS[:1])[0], abs=OF_ESTIMATOR)
    emptied = WITH_CONSTANTS[1:2].assign(when=pd.NaT)
    with pytest.warns(UserWarning, match="had none during fit"):
        assert score[1] == pytest.approx(invalid - detector.score_samples(emptied)[0], rel=1e-6)


@pytest.mark.parametrize(("threshold", "alone"), [("benjamini-hochberg", "conformal"), ("budget", "contamination")])
def test_thresholds_that_judge_rows_together_are_refused(threshold, alone):
    detector = fitted(FRAME, threshold=threshold, **({"budget": 3} if threshold == "budget" else {"alpha": 0.1}))
    with pytest.raises(SettingError, match=rf"^threshold='{threshold}' judges .*set_params\(threshold='{alone}'\)"):
        detector.to_onnx()
    assert_equal(detector.set_params(threshold=alone), FRAME)


def test_a_score_of_random_draws_is_refused():
    detector = fitted(FRAME, small(VariationalAutoencoder), method="likelihood")
    with pytest.raises(SettingError, match=r"^method='likelihood' draws codes at random"):
        detector.to_onnx()
