"""Verdicts on the rows of several calls that are scored together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest

from narrows import AnomalyDetector, Autoencoder
from narrows.data import Rows
from narrows.estimators.anomaly.verdicts import judges_alone, verdicts, verdicts_of_calls

RNG = np.random.default_rng(0)
NUMBERS = RNG.standard_normal((300, 3)) @ RNG.standard_normal((3, 6))
MIXED = pd.DataFrame(NUMBERS, columns=list("abcdef")).assign(
    kind=RNG.choice(["x", "y", "z"], 300), b=lambda table: table["b"].where(RNG.random(300) < 0.9)
)
NEW = MIXED[:60].assign(kind=["new", *MIXED["kind"][1:60]])
THRESHOLDS = {
    "contamination": {},
    "conformal": {"alpha": 0.1},
    "benjamini-hochberg": {"alpha": 0.2},
    "budget": {"budget": 2},
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("table", ["numbers", "mixed"])
@pytest.mark.slow
def test_calls_that_are_scored_together_are_judged_as_alone(threshold: Any, table: str) -> None:
    fit, new = (NUMBERS, NUMBERS[:60] * 1.5) if table == "numbers" else (MIXED, NEW)
    detector = AnomalyDetector(threshold=threshold, random_state=0, **THRESHOLDS[threshold]).fit(fit)
    rows = detector.rows_of(new)
    calls: list[Rows] = [rows.take(slice(start, end)) for start, end in ((0, 1), (1, 8), (8, 9), (9, 60))]
    floats = detector.encode_rows(rows, units=False)
    for call, found in zip(calls, verdicts_of_calls(detector, calls, floats), strict=True):
        wanted = verdicts(detector, -detector.score_samples(call))
        assert found.keys() == wanted.keys()
        for name, values in wanted.items():
            np.testing.assert_array_equal(found[name], values)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.slow
def test_only_the_default_score_of_tables_is_taken_to_judge_each_row_alone() -> None:
    assert judges_alone(AnomalyDetector(random_state=0).fit(NUMBERS))
    assert judges_alone(AnomalyDetector(random_state=0).fit(MIXED))
    assert judges_alone(AnomalyDetector(random_state=0, novelty=True).fit(NUMBERS))
    images = RNG.random((120, 6, 6))
    small = Autoencoder(n_components=2, hidden_layer_sizes=(8,), epochs=2, device="cpu")
    assert not judges_alone(AnomalyDetector(random_state=0).fit(images))
    assert not judges_alone(AnomalyDetector(small, random_state=0).fit(NUMBERS))
    assert not judges_alone(AnomalyDetector(IsolationForest(n_estimators=5), random_state=0).fit(NUMBERS))
