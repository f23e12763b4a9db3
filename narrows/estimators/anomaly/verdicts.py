"""The columns that scoring gives each row, for the shell, the service and Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.estimators.anomaly.score_file import ScoreFile

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators.anomaly.detector import AnomalyDetector
    from narrows.estimators.autoencoder import Autoencoder


def scores_of(model: Autoencoder | AnomalyDetector, rows: Rows) -> dict[str, np.ndarray]:
    """Return the scores (n,) of some rows by name, without what depends on other rows; the first ranks them."""
    from narrows.estimators.anomaly.detector import AnomalyDetector
    from narrows.estimators.encoded_rows import has_elbo
    from narrows.estimators.variational import VariationalAutoencoder

    if isinstance(model, AnomalyDetector):
        return {"score": -model.score_samples(rows)}
    scores = {"reconstruction_error": model.reconstruction_error(rows)}
    if isinstance(model, VariationalAutoencoder) and has_elbo(model):
        scores["elbo"] = model.elbo(rows)
    return scores


def verdicts(detector: AnomalyDetector, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Return "score", "p_value" and "anomaly" (1 for an alarm), each (n,), of the anomaly scores (n,) of all rows.

    Some thresholds need the scores of all rows together.
    """
    return {
        "score": scores,
        "p_value": detector.state_.calibration.p_values(scores),
        "anomaly": detector.alarms(scores).astype("int8"),
    }


def verdicts_in_files(detector: AnomalyDetector, scores: ScoreFile) -> dict[str, ScoreFile]:
    """Return the same as `verdicts` of scores that are not in memory."""
    p_values, anomalies = ScoreFile(), ScoreFile()
    alarms = detector.alarms_in_parts(scores)
    for part in scores.parts():
        p_values.add(detector.state_.calibration.p_values(part))
        anomalies.add(alarms(part).astype("int8"))
    return {"score": scores, "p_value": p_values, "anomaly": anomalies}
