"""Weights of rows: a row of weight 2 counts as two rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture

import narrows
from narrows import AnomalyDetector, Autoencoder
from narrows.errors import DataError, SettingError
from narrows.estimators.anomaly import thresholds, weights
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.estimator_scorer import tails_of
from narrows.estimators.anomaly.tails import MergedTails, centre_and_spread
from narrows.training.trimmed import drawn_rows

RNG = np.random.default_rng(0)
VALUES = RNG.gamma(2, size=(40, 3))
COUNTS = RNG.integers(1, 6, 40)
WEIGHT = COUNTS / COUNTS.mean()
REPEATED = np.repeat(VALUES, COUNTS, axis=0)
ROWS = RNG.standard_normal((300, 2)) @ RNG.standard_normal((2, 4))
APART = np.vstack([ROWS, ROWS[:60] + 9])  # sixty rows far from the others
SMALL = Autoencoder(n_components=2, hidden_layer_sizes=(8,), epochs=3, device="cpu")


def test_quantiles_are_those_of_repeated_rows() -> None:
    expected = np.quantile(REPEATED, [0.1, 0.5, 0.9], axis=0, method="inverted_cdf")
    assert np.array_equal(weights.quantile(VALUES, [0.1, 0.5, 0.9], WEIGHT), expected)


def test_without_weights_the_median_is_that_of_numpy() -> None:
    assert np.array_equal(weights.median(VALUES, None), np.median(VALUES, axis=0))


def test_tails_and_units_are_those_of_repeated_rows() -> None:
    tails = MergedTails.of(VALUES, np.ones(3), 1.0, WEIGHT)
    shares = np.geomspace(1, 1 / len(VALUES), len(VALUES))
    assert np.array_equal(tails.values, np.quantile(REPEATED, 1 - shares, axis=0, method="inverted_cdf").T)
    middle, _ = centre_and_spread(VALUES, WEIGHT)
    assert np.array_equal(middle, np.quantile(REPEATED, 0.5, axis=0, method="inverted_cdf"))
    shares = np.exp(-tails_of(VALUES)[0])
    expected = np.quantile(REPEATED, 1 - shares, axis=0, method="inverted_cdf").T
    assert np.array_equal(tails_of(VALUES, WEIGHT)[1:], expected)


def test_equal_weights_are_none_for_p_values_and_thresholds() -> None:
    scores, same = RNG.gamma(2, size=30), np.ones(40)
    calibration = Calibration.of(VALUES[:, 0], None)
    assert np.allclose(Calibration.of(VALUES[:, 0], same).p_values(scores), calibration.p_values(scores))
    for alpha in (0.01, 0.05, 0.3):
        expected = thresholds.conformal_threshold(VALUES[:, 0], alpha)
        assert thresholds.conformal_threshold(VALUES[:, 0], alpha, same) == expected


def test_a_weighted_threshold_labels_the_rows_whose_weighted_p_value_is_at_most_alpha() -> None:
    scores = np.concatenate([RNG.gamma(2, size=200), VALUES[:, 0]])
    weight = WEIGHT * len(WEIGHT) / WEIGHT.sum()
    p = (1 + (weight * (VALUES[:, 0] >= scores[:, None])).sum(axis=1)) / (1 + weight.sum())
    assert np.allclose(thresholds.p_values(scores, VALUES[:, 0], weight), p)
    for alpha in (0.03, 0.1, 0.4):
        threshold = thresholds.conformal_threshold(VALUES[:, 0], alpha, weight)
        assert np.array_equal(scores > threshold, p <= alpha)
    assert thresholds.conformal_threshold(VALUES[:, 0], 0.01, weight) == np.inf


def test_rows_are_drawn_by_their_weights() -> None:
    weight = np.array([0.5, 3.0, 1.0, 1.5])
    chosen = drawn_rows(4, 6000, torch.from_numpy(weight).cumsum(0), torch.Generator().manual_seed(0))
    assert stats.chisquare(np.bincount(chosen, minlength=4), 6000 * weight / weight.sum()).pvalue > 1e-3
    first = [weights.drawn(4, 1, weight, np.random.default_rng(seed))[0] for seed in range(3000)]
    assert stats.chisquare(np.bincount(first, minlength=4), 3000 * weight / weight.sum()).pvalue > 1e-3
    assert weights.drawn(4, 9, weight, np.random.default_rng(0)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("estimator", [None, SMALL, IsolationForest()])
@pytest.mark.slow
def test_rows_of_weight_zero_have_no_influence(estimator) -> None:
    weight = np.repeat([1.0, 0.0], [300, 60])
    detector = AnomalyDetector(estimator, random_state=0).fit(APART, sample_weight=weight)
    changed = np.vstack([ROWS, np.full((60, 4), 77.0)])
    again = AnomalyDetector(estimator, random_state=0).fit(changed, sample_weight=weight)
    assert np.array_equal(detector.decision_scores_[:300], again.decision_scores_[:300])
    assert detector.threshold_ == again.threshold_
    assert len(detector.decision_scores_) == 360
    assert (detector.predict(APART)[300:] == -1).all()


@pytest.mark.parametrize("mixed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_rows_of_small_weight_stay_anomalous_and_of_large_weight_do_not(mixed: bool) -> None:
    frame = pd.DataFrame(APART, columns=list("abcd"))
    if mixed:
        frame["kind"] = np.where(np.arange(360) % 3, "u", "v")
    share = {}
    for name, of_apart in (("small", 0.01), ("large", 3.0)):
        detector = AnomalyDetector(random_state=0)
        detector.fit(frame, sample_weight=np.repeat([1.0, of_apart], [300, 60]))
        score = -detector.score_samples(frame)
        share[name] = stats.rankdata(score)[300:].mean() / 360
    assert share["small"] > share["large"] + 0.05


def test_the_threshold_of_a_share_is_that_of_repeated_rows() -> None:
    weight = np.repeat([1.0, 4.0], [300, 60])
    detector = AnomalyDetector(IsolationForest(), calibration_fraction=0.4, random_state=0)
    detector.fit(APART, sample_weight=weight)
    calibration = detector.state_.calibration
    assert calibration.weight is not None
    found = calibration.weight[calibration.scores > detector.threshold_].sum() / calibration.weight.sum()
    assert found == pytest.approx(0.1, abs=0.03)


def test_a_detector_with_weights_comes_back_from_disk(tmp_path) -> None:
    detector = AnomalyDetector(threshold="conformal", alpha=0.05, random_state=0)
    detector.fit(ROWS, sample_weight=RNG.uniform(0.5, 2, 300))
    detector.save(tmp_path / "d")
    again = narrows.load(tmp_path / "d")
    assert np.array_equal(again.p_values(APART), detector.p_values(APART))
    assert np.array_equal(again.predict(APART), detector.predict(APART))


def test_impossible_weights_are_refused() -> None:
    with pytest.raises(DataError, match="sample_weight"):
        AnomalyDetector().fit(ROWS, sample_weight=np.ones(7))
    with pytest.raises(DataError, match="Only one row"):
        AnomalyDetector().fit(ROWS, sample_weight=np.arange(300) == 3)
    with pytest.raises(SettingError, match=r"GaussianMixture\.fit takes no sample_weight"):
        AnomalyDetector(GaussianMixture()).fit(ROWS, sample_weight=np.ones(300))
