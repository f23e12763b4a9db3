from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from narrows.estimators.anomaly.thresholds import benjamini_hochberg, conformal_threshold, most_abnormal, p_values

SCORES = st.lists(st.integers(-5, 5), min_size=1, max_size=40).map(lambda x: np.array(x, float))


@given(SCORES, SCORES)
def test_a_p_value_counts_calibration_rows_that_are_as_anomalous(scores: np.ndarray, calibration: np.ndarray) -> None:
    by_hand = [(1 + sum(c >= s for c in calibration)) / (1 + len(calibration)) for s in scores]
    assert p_values(scores, calibration).tolist() == by_hand


@given(SCORES, SCORES, st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5, 0.9]))
def test_passing_the_threshold_is_having_a_small_p_value(
    scores: np.ndarray, calibration: np.ndarray, alpha: float
) -> None:
    by_threshold = scores > conformal_threshold(calibration, alpha)
    assert by_threshold.tolist() == (p_values(scores, calibration) <= alpha + 1e-12).tolist()


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=50), st.sampled_from([0.01, 0.1, 0.3]))
def test_discoveries_are_those_of_scipy(p: list[float], alpha: float) -> None:
    adjusted = false_discovery_control(p, method="bh")
    if np.abs(adjusted - alpha).min() > 1e-9:
        assert benjamini_hochberg(np.array(p), alpha).tolist() == (adjusted <= alpha).tolist()


def test_false_discoveries_stay_below_the_promise() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        calibration = rng.standard_normal(1000)
        scores = np.concatenate([rng.standard_normal(180), rng.standard_normal(20) + 5])
        found = benjamini_hochberg(p_values(scores, calibration), 0.1)
        shares.append(found[:180].sum() / max(1, found.sum()))
    assert np.mean(shares) < 0.12


def test_a_budget_takes_the_most_anomalous_and_of_equals_the_first() -> None:
    assert most_abnormal(np.array([1.0, 3.0, 3.0, 2.0]), 2).tolist() == [False, True, True, False]
    assert most_abnormal(np.array([1.0, 1.0, 1.0]), 2).tolist() == [True, True, False]
    assert most_abnormal(np.array([1.0]), 5).tolist() == [True]


@pytest.mark.parametrize(("n", "alpha"), [(98, 0.01), (3, 0.1)])
def test_too_few_calibration_rows_allow_no_alarm(n: int, alpha: float) -> None:
    assert conformal_threshold(np.arange(float(n)), alpha) == np.inf
    assert conformal_threshold(np.arange(float(round(1 / alpha) - 1)), alpha) < np.inf
