from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from narrows.errors import DataError
from narrows.insight import detection_quality, quality_by_labels

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=30).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows)
)


@given(CASES, st.sampled_from([0.5, 1.0, 3.0]))
def test_no_threshold_is_cheaper_than_the_best(rows: list[tuple[bool, int]], miss: float) -> None:
    y, scores = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], float)
    found = detection_quality(y, scores, cost_of_miss=miss)
    costs = [miss * (y & ~(scores > t)).sum() + (~y & (scores > t)).sum() for t in [-1.0, *scores]]
    assert found.cost * len(y) == pytest.approx(min(costs))
    alarms = scores > found.best_threshold
    assert (found.misses, found.false_alarms) == ((y & ~alarms).sum(), (~y & alarms).sum())
    assert found.auroc == pytest.approx(roc_auc_score(y, scores))
    assert found.average_precision == pytest.approx(average_precision_score(y, scores))


def test_precision_at_k_looks_at_as_many_rows_as_there_are_anomalies() -> None:
    assert detection_quality([1, 1, 0, 0], [4, 1, 3, 2]).precision_at_k == 0.5


def test_the_rarer_of_two_classes_is_the_anomalous_one() -> None:
    labels = np.array(["ok", "ok", "ok", "broken"])
    found = quality_by_labels(labels, np.array([1.0, 2.0, 0.0, 9.0]))
    assert found is not None
    assert (found.n_anomalies, found.auroc) == (1, 1.0)
    assert quality_by_labels(np.array(["a", "b", "c"]), np.arange(3.0)) is None
    assert quality_by_labels(None, np.arange(3.0)) is None


@pytest.mark.parametrize(("y", "scores"), [([0, 0], [1, 2]), ([0, 2], [1, 2]), ([0, 1], [1, 2, 3])])
def test_what_is_no_truth_is_refused(y: list, scores: list) -> None:
    with pytest.raises(DataError):
        detection_quality(y, scores)
