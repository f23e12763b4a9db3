"""Reconstruction errors: histogram, scores, errors by column, and detection curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import DataError, SettingError
from narrows.estimators.anomaly.explanations import plain_value
from narrows.insight import measure
from narrows.insight.payloads.payload import Payload, sample_encoded, sample_rows
from narrows.insight.splits import EvaluationSplit, row_noun

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MEASURED = 50_000
_LONGEST_CURVE = 500


def error_histogram(
    model: Autoencoder, X: Any, y: Any = None, *, quantile: float = 0.95, bins: int = 40, seed: int = 0
) -> Payload:
    """Return a histogram of the reconstruction error, and its `quantile`.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        Of more than 50,000 rows, a sample is measured.
    y : array of shape (n,) or None
        1 (or True) for anomalies. They are counted separately, and the threshold is that of the other rows.
    quantile : float, default=0.95
        Share of (normal) rows below the threshold.
    bins : int, default=40
        The last bin also counts every larger error.
    seed : int, default=0

    Returns
    -------
    Payload
        "edges" (bins + 1,), "counts" (bins,), "anomalous" (bins,), all 0 without y. `about`: "threshold", "quantile",
        "above" (the number of rows above the threshold), "unit", and "cut", whether the last bin counts errors above
        its edge.
    """
    if not 0 < quantile < 1:
        raise SettingError(f"quantile={quantile!r} must be between 0 and 1, the share of rows below the threshold.")
    some = sample_encoded(model, X, most=_MEASURED, seed=seed)
    errors = model.reconstruction_error(some.rows).astype(np.float64)
    is_anomaly = np.zeros(len(errors), bool) if y is None else _anomalies(y)[some.positions]
    normal = errors[~is_anomaly] if (~is_anomaly).any() else errors
    threshold = float(np.quantile(normal, quantile))
    low, high = float(errors.min()), float(errors.max())
    # Otherwise a single outlier squeezes all other rows into one bin.
    last = min(high, max(3 * threshold - 2 * float(np.median(normal)), float(np.quantile(errors, 0.99))))
    if not last > low:
        last = low + max(abs(low), 1.0) * 1e-3
    edges = np.linspace(low, last, bins + 1)
    clipped = np.clip(errors, low, last)
    return Payload(
        "error_histogram",
        {
            "threshold": threshold,
            "quantile": quantile,
            "above": int((errors > threshold).sum()),
            "unit": model.loss_unit_,
            "cut": bool(high > last),
            "has_anomalies": bool(is_anomaly.any()),
        },
        {
            "edges": edges,
            "counts": np.histogram(clipped[~is_anomaly], edges)[0],
            "anomalous": np.histogram(clipped[is_anomaly], edges)[0],
        },
    )


def scores(model: Autoencoder, X: Any, y: Any = None, *, seen: np.ndarray | None = None, most: int = 70_000) -> Payload:
    """Return the reconstruction error of every row that training did not see, to choose a threshold.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        Of more rows than `most`, a sample is measured.
    y : array of shape (n,) or None
        1 (or True) for anomalies.
    seen : array of bool (n,) or None
        The rows of X that the model was trained on, if already computed with `EvaluationSplit.seen`.
    most : int, default=70,000

    Returns
    -------
    Payload
        "score" (m,), ascending, "anomalous" (m,) of bool, "position" (m,). `about`: "source", a sentence on these rows;
        "unseen", whether training saw none of them; "unit"; "n_normal" and "n_anomalous"; "thresholds": "p95" and
        "p99", quantiles of the normal rows, and "best_f1", the threshold with the highest F1 (None without
        anomalies); "auroc" and "average_precision" (None unless there are both normal rows and anomalies);
        "anomalies_in_training", the number of anomalies among the training rows.
    """
    rows, positions = sample_rows(model, X, most=most)
    is_anomaly = np.zeros(len(rows), bool) if y is None else _anomalies(y)[positions]
    seen = EvaluationSplit.seen(model, rows) if seen is None else seen[positions]
    n_learned_anomalies = int((is_anomaly & seen).sum())
    unseen = bool((~seen).sum() >= 2)
    if unseen:
        rows, positions, is_anomaly = rows.take(~seen), positions[~seen], is_anomaly[~seen]
    source = f"{row_noun(model)}s that " + (
        "training did not see"
        if unseen
        else "the model was trained on, because fit held none out: these figures are optimistic"
    )
    errors = model.reconstruction_error(rows).astype(np.float64)
    order = np.argsort(errors, kind="stable")
    errors, positions, is_anomaly = errors[order], positions[order], is_anomaly[order]
    return Payload(
        "scores",
        {
            "source": f"Measured on {len(errors):,} {source}.",
            "unseen": unseen,
            "unit": model.loss_unit_,
            "n_normal": int((~is_anomaly).sum()),
            "n_anomalous": int(is_anomaly.sum()),
            **_detection(errors, is_anomaly),
            "anomalies_in_training": n_learned_anomalies,
        },
        {"score": errors, "anomalous": is_anomaly, "position": positions},
    )


def _detection(errors: np.ndarray, is_anomaly: np.ndarray) -> dict[str, Any]:
    """Return thresholds on ascending errors, and the quality of the errors as anomaly scores."""
    normal = errors[~is_anomaly] if not is_anomaly.all() else errors
    thresholds = {"p95": float(np.quantile(normal, 0.95)), "p99": float(np.quantile(normal, 0.99)), "best_f1": None}
    if not 0 < is_anomaly.sum() < len(is_anomaly):
        return {"thresholds": thresholds, "auroc": None, "average_precision": None}
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "thresholds": thresholds | {"best_f1": _best_f1(errors, is_anomaly)},
        "auroc": float(roc_auc_score(is_anomaly, errors)),
        "average_precision": float(average_precision_score(is_anomaly, errors)),
    }


def error_by_column(model: Autoencoder, X: Any, *, seed: int = 0) -> Payload:
    """Return the squared error of each column, and that of predicting the mean of the column.

    Returns
    -------
    Payload
        For a table, "error" and "spread" (n_columns,), means over rows in encoded floats, the largest error first,
        and "column", their positions. For images, both as (height, width), summed over channels. `about`: "names".
    """
    some = sample_encoded(model, X, most=_MEASURED, seed=seed)
    squares = measure.squared_errors(model, some.floats).mean(axis=0)
    spread = np.square(some.floats - some.floats.mean(axis=0), dtype=np.float64).mean(axis=0)
    schema = model.schema_
    about: dict[str, Any] = {"image_shape": schema.image_shape, "unit": schema.unit, "names": None}
    if schema.image_shape is not None:
        arrays = {"error": squares, "spread": spread}
        arrays = {name: a.reshape(schema.image_shape).sum(axis=2) for name, a in arrays.items()}
        return Payload("error_by_column", about, arrays)
    error, whole = schema.sum_by_column(squares), schema.sum_by_column(spread)
    order = np.argsort(-error, kind="stable")
    about["names"] = [schema.feature_names[i] for i in order]
    return Payload("error_by_column", about, {"error": error[order], "spread": whole[order], "column": order})


def worst_columns(model: Autoencoder, X: Any, *, n: int = 5) -> list[dict[str, Any]]:
    """Return the columns of the first row of X with the largest errors, the largest first.

    Returns
    -------
    list of dict
        "name"; "observed" and "expected" in the user's units, None for a missing value; "error", the part of the
        row's `reconstruction_error` in this column.
    """
    row = model.rows_of(X).take(slice(0, 1))
    errors = model.reconstruction_error(row, per_feature=True)[0]
    floats = model.schema_.encode(row, who=type(model).__name__)
    expected = model.schema_.decode_rows(measure.reconstruct_floats(model, floats))
    names = model.schema_.feature_names
    return [
        {
            "name": names[j],
            "observed": plain_value(row, 0, j),
            "expected": plain_value(expected, 0, j),
            "error": float(errors[j]),
        }
        for j in map(int, np.argsort(-errors, kind="stable")[:n])
        if j in model.schema_.learned_columns
    ]


def detection_curves(model: Autoencoder, X: Any, y: Any, *, seed: int = 0) -> Payload:
    """Return the ROC curve and the precision-recall curve of the reconstruction error as an anomaly score.

    Parameters
    ----------
    y : array of shape (n,)
        1 (or True) for anomalies, 0 for the rest.

    Returns
    -------
    Payload
        "fpr" and "tpr", "recall" and "precision", at most 500 points each. `about`: "auroc" and "average_precision" of
        the full curves, and "prevalence", the share of anomalies.

    Raises
    ------
    DataError
        y does not hold both 0 and 1.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

    some = sample_encoded(model, X, most=_MEASURED, seed=seed)
    is_anomaly = _anomalies(y)[some.positions]
    if not 0 < is_anomaly.sum() < len(is_anomaly):
        raise DataError("y must hold both 0 for normal rows and 1 for anomalies; without both there is no curve.")
    errors = model.reconstruction_error(some.rows)
    fpr, tpr, _ = roc_curve(is_anomaly, errors)
    precision, recall, _ = precision_recall_curve(is_anomaly, errors)
    return Payload(
        "detection_curves",
        {
            "auroc": float(roc_auc_score(is_anomaly, errors)),
            "average_precision": float(average_precision_score(is_anomaly, errors)),
            "prevalence": float(is_anomaly.mean()),
        },
        {
            "fpr": _thinned(fpr),
            "tpr": _thinned(tpr),
            "recall": _thinned(recall),
            "precision": _thinned(precision),
        },
    )


def _best_f1(errors: np.ndarray, is_anomaly: np.ndarray) -> float:
    """Return the threshold with the best F1, between two of the ascending scores; of equal F1 the highest."""
    found = np.cumsum(is_anomaly[::-1])[::-1]
    alarms = np.arange(len(errors), 0, -1)
    f1 = 2 * found / (alarms + is_anomaly.sum())
    f1[1:][errors[1:] == errors[:-1]] = -1  # no threshold lies between equal scores
    first = len(f1) - 1 - int(np.argmax(f1[::-1]))
    return float((errors[first - 1] + errors[first]) / 2 if first else np.nextafter(errors[0], -np.inf))


def _anomalies(y: Any) -> np.ndarray:
    y = np.asarray(y)
    if not np.isin(y, [0, 1]).all():
        raise DataError("y must hold 1 (or True) for anomalies and 0 (or False) for the rest.")
    return y.astype(bool)


def _thinned(curve: np.ndarray) -> np.ndarray:
    if len(curve) <= _LONGEST_CURVE:
        return curve
    return curve[np.linspace(0, len(curve) - 1, _LONGEST_CURVE).round().astype(int)]
