"""The columns that a detector gives each row, for the shell and the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from narrows.estimators.anomaly.detector import AnomalyDetector


def verdicts(detector: AnomalyDetector, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return "score", "p_value" and "anomaly" (1 for an alarm), each (n,), of the anomaly scores (n,) of all rows.

    Some thresholds need the scores of all rows together.
    """
    return {
        "score": scores,
        "p_value": detector.state_.calibration.p_values(scores),
        "anomaly": detector.alarms(scores).astype("int8"),
    }
