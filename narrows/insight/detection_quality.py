"""Quality of anomaly scores on labelled rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narrows.errors import DataError


@dataclass(frozen=True)
class DetectionQuality:
    """Quality of anomaly scores.

    Parameters
    ----------
    n_rows, n_anomalies : int
    auroc : float
        Probability that an anomaly scores higher than a normal row.
    average_precision : float
    precision_at_k : float
        Share of anomalies among the `n_anomalies` highest scores.
    best_threshold : float
        The threshold on the scores with the lowest cost.
    cost : float
        Cost per row of false alarms and misses at that threshold.
    false_alarms, misses : int
        Numbers at that threshold.
    """

    n_rows: int
    n_anomalies: int
    auroc: float
    average_precision: float
    precision_at_k: float
    best_threshold: float
    cost: float
    false_alarms: int
    misses: int

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)


def detection_quality(
    y: Any, scores: Any, *, cost_of_miss: float = 1.0, cost_of_false_alarm: float = 1.0
) -> DetectionQuality:
    """Measure anomaly scores against labels.

    Parameters
    ----------
    y : array of shape (n,)
        1 (or True) for anomalies, 0 for the rest.
    scores : array of shape (n,)
        Larger for more anomalous rows.
    cost_of_miss, cost_of_false_alarm : float, default=1
        Cost of an anomaly without an alarm, and of an alarm without an anomaly.

    Raises
    ------
    DataError
        y does not hold both 0 and 1, a score is not finite, or the lengths differ.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    y, scores = np.asarray(y), np.asarray(scores, dtype=float)
    if y.shape != scores.shape or y.ndim != 1:
        raise DataError(f"y and scores must be two lists of one length, got shapes {y.shape} and {scores.shape}.")
    if not np.isfinite(scores).all():
        raise DataError("scores must be finite numbers; leave rows without a score out.")
    if not np.isin(y, [0, 1]).all() or not 0 < y.sum() < len(y):
        raise DataError("y must hold both 1 for anomalies and 0 for the rest.")
    is_anomaly = y.astype(bool)
    k = int(is_anomaly.sum())
    top = np.argsort(-scores, kind="stable")[:k]
    threshold, false_alarms, misses = _cheapest(is_anomaly, scores, cost_of_miss, cost_of_false_alarm)
    return DetectionQuality(
        n_rows=len(y),
        n_anomalies=k,
        auroc=float(roc_auc_score(is_anomaly, scores)),
        average_precision=float(average_precision_score(is_anomaly, scores)),
        precision_at_k=float(is_anomaly[top].mean()),
        best_threshold=threshold,
        cost=(cost_of_miss * misses + cost_of_false_alarm * false_alarms) / len(y),
        false_alarms=false_alarms,
        misses=misses,
    )


def quality_by_labels(labels: np.ndarray | None, scores: np.ndarray) -> DetectionQuality | None:
    """Return the quality with the rarer of two classes as the anomalies; None if there are not two classes."""
    if labels is None:
        return None
    classes, counts = np.unique(np.asarray(labels).astype(str), return_counts=True)
    if len(classes) != 2:
        return None
    return detection_quality(np.asarray(labels).astype(str) == classes[counts.argmin()], scores)


def _cheapest(is_anomaly: np.ndarray, scores: np.ndarray, miss: float, false_alarm: float) -> tuple[float, int, int]:
    """Return the cheapest threshold, its false alarms and its misses; of equal costs the one with fewer alarms."""
    order = np.argsort(-scores, kind="stable")
    descending = scores[order]
    # Entry i: alarms for the i highest scores; a threshold lies only between different scores.
    found = np.concatenate([[0], np.cumsum(is_anomaly[order])])
    alarms = np.arange(len(scores) + 1)
    possible = np.concatenate([[True], descending[1:] < descending[:-1], [True]])
    costs = miss * (found[-1] - found) + false_alarm * (alarms - found)
    i = int(np.argmin(np.where(possible, costs, np.inf)))
    threshold = float(descending[i]) if i < len(scores) else float(np.nextafter(descending[-1], -np.inf))
    return threshold, int(alarms[i] - found[i]), int(found[-1] - found[i])
