"""Calibration rows: whole groups, weights, and rows whose order says something."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.covariance import EllipticEnvelope

import narrows
from narrows import AnomalyDetector
from narrows.errors import DataError
from narrows.estimators.anomaly.calibration import Calibration, CalibrationSplit

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((400, 3))
GROUPS = np.repeat(np.arange(80), 5)


def split_of(groups: np.ndarray | None, n: int = 400) -> CalibrationSplit:
    return CalibrationSplit.of(n, 0, share=0.5, weight=None, groups=groups)


def test_calibration_rows_are_whole_groups() -> None:
    split = split_of(GROUPS)
    assert not set(GROUPS[split.held]) & set(GROUPS[split.train])
    assert len(split.held) == 200
    assert np.array_equal(split.usable, np.arange(400))


def test_if_no_group_fits_the_smallest_calibrates() -> None:
    groups = np.repeat([0, 1], [260, 140])
    assert set(groups[CalibrationSplit.of(400, 0, share=0.1, weight=None, groups=groups).held]) == {1}


def test_under_a_guarantee_each_group_counts_as_one() -> None:
    groups = np.repeat([0, 1, 2, 3], [190, 10, 100, 100])
    scores = RNG.gamma(2, size=400)
    split = split_of(groups)
    calibration = split.calibration(scores, scores, is_strict=True)
    held = np.unique(groups[split.held])
    new = np.array([0.5, 2.0, 6.0])
    # Lee, Barber & Willett 2023: the share of rows above within each group, averaged over groups and the new one.
    shares = [(scores[groups == group] >= new[:, None]).mean(axis=1) for group in held]
    assert np.allclose(calibration.p_values(new), (1 + np.sum(shares, axis=0)) / (1 + len(held)))


def test_p_values_of_rows_of_new_groups_keep_their_promise_and_without_groups_they_do_not() -> None:
    rng = np.random.default_rng(1)
    alarms = {"groups": [], "rows": []}
    for _ in range(400):
        sizes = rng.choice([1, 60], 21, p=[0.8, 0.2])  # large groups are more abnormal
        groups = np.repeat(np.arange(21), sizes)
        scores = rng.standard_normal(21)[groups] + 0.2 * rng.standard_normal(len(groups)) - (sizes[groups] > 1)
        of_new, known = groups == 20, groups < 20
        every = CalibrationSplit(np.zeros(0, int), np.flatnonzero(known), None, groups)
        by_group = every.calibration(scores, scores, is_strict=True)
        by_row = Calibration.of(scores[known], None)
        alarms["groups"].append((by_group.p_values(scores[of_new]) <= 0.1).mean())
        alarms["rows"].append((by_row.p_values(scores[of_new]) <= 0.1).mean())
    error = np.std(alarms["groups"]) / 20
    assert np.mean(alarms["groups"]) <= 0.1 + 3 * error
    assert np.mean(alarms["rows"]) > 0.15


def test_too_few_groups_for_a_promise_are_refused() -> None:
    with pytest.raises(DataError, match="needs at least 99 calibration groups, and there are 40"):
        AnomalyDetector(EllipticEnvelope(), threshold="conformal", alpha=0.01).fit(ROWS, calibration_groups=GROUPS)
    with pytest.raises(DataError, match="calibration_groups has the shape"):
        AnomalyDetector(EllipticEnvelope()).fit(ROWS, calibration_groups=GROUPS[:3])


def test_groups_of_rows_that_were_read_with_them_are_used(tmp_path) -> None:
    path = tmp_path / "table.csv"
    lines = [f"{a},{b},person{group}" for (a, b, _), group in zip(ROWS, GROUPS, strict=True)]
    path.write_text("\n".join(["a,b,who", *lines]))
    rows = narrows.read(path, group="who")
    detector = AnomalyDetector(EllipticEnvelope(), threshold="conformal", alpha=0.05, random_state=0).fit(rows)
    assert detector.state_.calibration.weight == pytest.approx(np.full(200, 0.2))


def test_rows_in_the_order_of_time_are_warned_of_and_shuffled_ones_are_not() -> None:
    level = np.cumsum(RNG.standard_normal((400, 3)), axis=0)
    detector = AnomalyDetector(EllipticEnvelope(), threshold="conformal", alpha=0.05, random_state=0)
    with pytest.warns(UserWarning, match="similar anomaly scores"):
        detector.fit(level)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.fit(RNG.permutation(level))
        detector.fit(level, calibration_groups=np.arange(400) // 10)


def test_anomalies_among_calibration_rows_make_p_values_larger_never_smaller() -> None:
    clean, new = RNG.gamma(2, size=500), RNG.gamma(2, size=2000)
    mixed = np.concatenate([clean[:475], np.full(25, 50.0)])
    p, p_mixed = (Calibration.of(scores, None).p_values(new) for scores in (clean[:475], mixed))
    assert (p_mixed >= p - 1e-12).mean() > 0.99
    assert (p_mixed <= 0.05).sum() == 0  # five in a hundred calibration rows are larger than every normal row
    assert Calibration.of(mixed, None).p_values(np.array([60.0]))[0] == pytest.approx(1 / 501)
