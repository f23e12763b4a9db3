from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import narrows
from narrows import AnomalyDetector
from narrows.data import scan
from narrows.data.readers import row_stream
from narrows.estimators.anomaly import rows_of_stream, score_file
from narrows.estimators.anomaly.alarm_rules import AlarmRule
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.score_file import ScoreFile


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_file, "_AT_ONCE", 7)
    monkeypatch.setattr(score_file, "_IN_MEMORY", 100)


def _in_file(values: np.ndarray) -> ScoreFile:
    return ScoreFile(np.array_split(values, 4))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8"])
@pytest.mark.parametrize("n", [1, 2, 49, 50])
def test_median_mean_and_largest_are_those_of_numpy(n: int, dtype: str) -> None:
    rng = np.random.default_rng(n)
    values = np.concatenate([rng.normal(scale=30, size=n // 2), rng.integers(-2, 3, n - n // 2)]).astype(dtype)
    if dtype != "int8":
        values[0] = -0.0
    found = _in_file(values)
    assert np.array_equal(found.all(), values)
    assert found.median == np.median(values.astype(np.float64))
    assert found.mean == pytest.approx(values.mean(dtype=np.float64))
    assert (found.min, found.max) == (values.min(), values.max())
    for k in (0, 1, 5, n - 1, n, n + 3):
        order = np.argsort(-values.astype(np.float64), kind="stable")[:k]
        assert found.places_of_largest(k) == order.tolist()


def test_the_mean_does_not_depend_on_the_parts_in_which_numbers_come() -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(size=500)
        assert {ScoreFile(np.array_split(values, k)).mean for k in (1, 2, 3, 11, 100)} == {ScoreFile([values]).mean}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("threshold", ["contamination", "conformal", "benjamini-hochberg", "budget"])
def test_alarms_in_parts_are_those_of_all_scores_together(threshold: str, weighted: bool) -> None:
    rng = np.random.default_rng(0)
    scores = np.round(np.concatenate([rng.normal(size=90), rng.normal(3, 1, 30)]), 1)
    weight = rng.random(200) + 0.5 if weighted else None
    calibration = Calibration.of(rng.normal(size=200), weight)
    for alpha in (1e-4, 0.05, 0.3):
        rule = AlarmRule(threshold, 0.1, alpha, 17)
        whole = rule.alarms(scores, calibration, 1.5)
        alarms = rule.alarms_in_parts(_in_file(scores), calibration, 1.5)
        assert np.array_equal(np.concatenate([alarms(part) for part in np.array_split(scores, 11)]), whole)


@pytest.mark.filterwarnings("ignore:The detector is fitted")
def test_a_detector_takes_all_rows_of_a_stream_where_they_are_affordable(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(row_stream, "_CELLS_OF_SAMPLE", 300)
    monkeypatch.setattr(row_stream, "_FEWEST_SAMPLED", 100)
    parquet.write_table(pa.table({n: np.random.default_rng(0).normal(size=400) for n in "ab"}), tmp_path / "t.parquet")
    stream = scan(tmp_path / "t.parquet")
    detector = AnomalyDetector(random_state=0, n_members=1)
    with pytest.warns(UserWarning, match=r"fitted to all 400 rows of t\.parquet"):
        detector.fit(stream)
    of_rows = AnomalyDetector(random_state=0, n_members=1).fit(narrows.read(tmp_path / "t.parquet"))
    assert np.array_equal(detector.decision_scores_, of_rows.decision_scores_)
    monkeypatch.setattr(rows_of_stream, "memory", lambda: 1000)
    with pytest.warns(UserWarning, match=r"a random sample of 150 of 400 rows"):
        detector.fit(stream)
    assert len(detector.labels_) == 150
