"""The columns that scoring gives each row, for the shell, the service and Ray."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from narrows.estimators.anomaly.alarm_rules import JUDGE_TOGETHER
from narrows.estimators.anomaly.default_scorer import DefaultScorer
from narrows.estimators.anomaly.score_file import ScoreFile
from narrows.estimators.anomaly.table_scorer import TableScorer
from narrows.estimators.encoded_rows import MOST_TOGETHER, SIZES

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators.anomaly.detector import AnomalyDetector
    from narrows.estimators.autoencoder import Autoencoder


def scores_of(model: Autoencoder | AnomalyDetector, rows: Rows) -> dict[str, np.ndarray]:
    """Return the scores (n,) of some rows by name, without those that depend on other rows; the first ranks them."""
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


def verdicts_of_calls(
    detector: AnomalyDetector, calls: Sequence[Rows], floats: np.ndarray
) -> list[dict[str, np.ndarray]]:
    """Return the verdicts of the rows of each call, which are scored together and judged as those of a call alone.

    floats : the encoded rows (n, n_floats) of all calls, one call after another.
    """
    scoring = detector.state_.scoring
    scores = scoring.of_floats(floats) + np.concatenate([scoring.of_cells(rows) for rows in calls])
    ends = np.cumsum([len(rows) for rows in calls]).tolist()
    places = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    if detector.threshold in JUDGE_TOGETHER:
        return [verdicts(detector, scores[place]) for place in places]
    found = verdicts(detector, scores)
    return [{name: values[place] for name, values in found.items()} for place in places]


def judges_alone(detector: AnomalyDetector) -> bool:
    """Return whether rows have the same scores to the bit alone and among up to `MOST_TOGETHER` others.

    The default score of tables is made so, and this measures it on the processor at hand. The contrast of an image
    depends on the other images of a call, and of other estimators nothing is known.
    """
    scorer = detector.scorer_
    if not isinstance(scorer, DefaultScorer | TableScorer) or detector.schema_.image_shape is not None:
        return False
    floats = np.random.default_rng(0).standard_normal((MOST_TOGETHER, detector.schema_.n_floats)).astype(np.float32)
    alone = scorer.parts(floats[-1:])
    return all(np.array_equal(scorer.parts(floats[-size:])[-1:], alone) for size in (2, 16, *SIZES))


def verdicts_in_files(detector: AnomalyDetector, scores: ScoreFile) -> dict[str, ScoreFile]:
    """Return the same as `verdicts` of scores that are not in memory."""
    p_values, anomalies = ScoreFile(), ScoreFile()
    alarms = detector.alarms_in_parts(scores)
    for part in scores.parts():
        p_values.add(detector.state_.calibration.p_values(part))
        anomalies.add(alarms(part).astype("int8"))
    return {"score": scores, "p_value": p_values, "anomaly": anomalies}
