"""Logs whose rows repeat: states that are seen again and again, and states that never were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from narrows import AnomalyDetector, Autoencoder

POINTS = np.array([[1200, 60.0, 4.5], [1500, 65.0, 5.0], [0, 25.0, 0.0], [800, 50.0, 3.0], [1000, 55.5, 3.7]])
MODES = np.array(["run", "peak", "off", "idle", "mid"])
UNEVEN = (0.4, 0.3, 0.1, 0.1, 0.1)


def log(points: np.ndarray, n: int, rng: np.random.Generator, *, noise: float = 0.0, shares=None) -> np.ndarray:
    rows = points[rng.choice(len(points), n, p=shares)].astype(float)
    rows[:, 1] += noise * rng.normal(size=n)
    return rows


def faults(points: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    scaled = points[rng.choice(len(points), n)] * (1 + rng.uniform(-0.3, 0.3, (n, 3)))
    return scaled + rng.normal(size=(n, 3)) * [100, 3, 0.5]


def check(fitted: AnomalyDetector, usual, anomalous) -> None:
    of_usual, of_anomalous = -fitted.score_samples(usual), -fitted.score_samples(anomalous)
    truth = np.repeat([0, 1], [len(of_usual), len(of_anomalous)])
    assert roc_auc_score(truth, np.concatenate([of_usual, of_anomalous])) > 0.99
    assert (fitted.predict(anomalous) == -1).mean() > 0.85
    assert (fitted.predict(usual) == -1).mean() < 0.2
    assert np.abs([*of_usual, *of_anomalous]).max() < 200


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
@pytest.mark.parametrize(("n_points", "shares"), [(1, None), (2, None), (3, None), (5, None), (5, UNEVEN), (20, None)])
def test_states_that_never_occurred_rank_above_states_of_a_log(n_points: int, shares, noise: float) -> None:
    rng = np.random.default_rng(n_points)
    many = np.column_stack([rng.uniform(0, 2000, 20), rng.uniform(20, 80, 20), rng.uniform(0, 6, 20)]).round(1)
    points = POINTS[:n_points] if n_points <= 5 else many
    fitted = AnomalyDetector(random_state=0).fit(log(points, 1000, rng, noise=noise, shares=shares))
    check(fitted, log(points, 1000, rng, noise=noise, shares=shares), faults(points, 40, rng))


def test_so_they_do_where_some_are_among_the_rows_of_the_fit() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([log(POINTS, 1000, rng, shares=UNEVEN), faults(POINTS, 20, rng)])
    fitted = AnomalyDetector(random_state=0).fit(rows)
    assert roc_auc_score(np.repeat([0, 1], [1000, 20]), fitted.decision_scores_) > 0.99
    check(fitted, rows[:1000], faults(POINTS, 40, rng))


def test_combinations_of_flags_that_never_occurred_rank_above_those_that_did() -> None:
    rng = np.random.default_rng(1)
    valid = np.unique(rng.integers(0, 2, (30, 12)), axis=0)[:10]
    others = np.abs(valid[rng.choice(10, 100)] - np.eye(12, dtype=int)[rng.choice(12, 100)])
    others = others[~(others[:, None] == valid).all(axis=2).any(axis=1)]
    rows = valid[rng.choice(10, 1500)].astype(float)
    check(AnomalyDetector(random_state=0).fit(rows), rows, others.astype(float))


def test_counts_that_are_mostly_zero_have_readable_scores_and_large_ones_stand_out() -> None:
    rng = np.random.default_rng(2)
    rows = ((rng.random((2000, 10)) < 0.05) * (1 + rng.poisson(1.0, (2000, 10)))).astype(float)
    anomalous = rows[:40].copy()
    for row in anomalous:
        row[rng.choice(10, 3, replace=False)] += rng.integers(6, 20, 3)
    check(AnomalyDetector(random_state=0).fit(rows), rows, anomalous)


@pytest.mark.slow
def test_a_state_under_another_category_is_anomalous() -> None:
    rng = np.random.default_rng(3)
    state = rng.choice(5, 1000, p=UNEVEN)
    frame = pd.DataFrame(POINTS[state], columns=["speed", "warmth", "current"]).assign(mode=MODES[state])
    anomalous = frame[:40].assign(mode=MODES[(state[:40] + 1) % 5])
    check(AnomalyDetector(random_state=0).fit(frame), frame, anomalous)


@pytest.mark.parametrize("threshold", [{}, {"threshold": "conformal", "alpha": 0.05}])
@pytest.mark.slow
def test_no_state_is_an_alarm_by_rounding(threshold: dict) -> None:
    rng = np.random.default_rng(4)
    rows = log(POINTS, 1000, rng, shares=UNEVEN)
    for estimator in (None, Autoencoder(n_components=1, epochs=2, random_state=0, device="cpu")):
        fitted = AnomalyDetector(estimator, **threshold, random_state=0).fit(rows)
        alarms = fitted.predict(rows) == -1
        by_state = [alarms[(rows == point).all(axis=1)] for point in POINTS]
        assert all(of.all() or not of.any() for of in by_state)
        assert np.array_equal(fitted.labels_ == 1, alarms)


def test_a_single_row_of_a_kind_in_the_fit_stays_anomalous_when_it_comes_again() -> None:
    rng = np.random.default_rng(5)
    odd = np.array([[400, 64.0, 1.0]])
    rows = np.vstack([log(POINTS, 1000, rng), odd])
    fitted = AnomalyDetector(random_state=0).fit(rows)
    assert fitted.labels_[-1] == 1
    assert fitted.predict(odd)[0] == -1
