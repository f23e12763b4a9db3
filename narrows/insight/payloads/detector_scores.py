"""The default detector next to the plain reconstruction error, on the same training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import DataError
from narrows.insight.payloads.payload import Payload, sample_rows
from narrows.insight.splits import EvaluationSplit, at_most

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MOST_FITTED, _MOST_SCORED = 5000, 5000
_FEWEST_FITTED = 20


def detector_scores(model: Autoencoder, X: Any, y: Any = None, *, seen: np.ndarray | None = None) -> Payload:
    """Return the scores of an `AnomalyDetector` with its defaults, fitted on the training rows of a model.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    y : array of shape (n,) or None
        1 (or True) for anomalies.
    seen : array of bool (n,) or None
        The rows of X that the model was trained on, if already computed with `EvaluationSplit.seen`. A sample of 5000
        of them is fitted, and a sample of 5000 of the others is scored; all rows if none was seen or none is left.

    Returns
    -------
    Payload
        "position" (m,) and "score" (m,), larger for stranger rows. `about`: "threshold", above which the detector
        raises an alarm; "auroc" of its score and "error_auroc" of the reconstruction error on the same rows, None
        without both normal rows and anomalies; "n_fitted".

    Raises
    ------
    DataError
        Fewer than 20 rows to fit.
    """
    from narrows.estimators import AnomalyDetector

    rows, positions = sample_rows(model, X, most=len(X))
    seen = EvaluationSplit.seen(model, rows) if seen is None else seen[positions]
    rng = np.random.default_rng(0)
    fitted = at_most(np.flatnonzero(seen) if seen.any() else np.arange(len(rows)), _MOST_FITTED, rng)
    scored = at_most(np.flatnonzero(~seen) if not seen.all() else np.arange(len(rows)), _MOST_SCORED, rng)
    if len(fitted) < _FEWEST_FITTED:
        raise DataError(f"A detector needs at least {_FEWEST_FITTED} training rows, got {len(fitted)}.")
    detector = AnomalyDetector(random_state=0).fit(rows.take(fitted))
    shown = rows.take(scored)
    score = -detector.score_samples(shown)
    about = {
        "threshold": float(detector.threshold_),
        "n_fitted": len(fitted),
        "auroc": None,
        "error_auroc": None,
    }
    is_anomaly = None if y is None else np.asarray(y, bool)[positions][scored]
    if is_anomaly is not None and 0 < is_anomaly.sum() < len(is_anomaly):
        from sklearn.metrics import roc_auc_score

        about["auroc"] = float(roc_auc_score(is_anomaly, score))
        about["error_auroc"] = float(roc_auc_score(is_anomaly, model.reconstruction_error(shown)))
    return Payload("detector_scores", about, {"position": positions[scored], "score": score.astype(np.float64)})
