"""Separation of the classes by the code: the share of rows whose nearest codes have their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.estimators.inference import map_rows
from narrows.insight.labels import known
from narrows.insight.payloads.payload import Payload, sample_rows
from narrows.insight.splits import EvaluationSplit, at_most

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_NEIGHBOURS = 10
_MOST_KNOWN, _MOST_MEASURED = 10_000, 2000
_FEWEST_MEASURED = 10


def code_neighbours(model: Autoencoder, X: Any, *, seen: np.ndarray | None = None, seed: int = 0) -> Payload:
    """Return the accuracy of 10 nearest neighbours in the code, on rows that training did not see.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : Rows
        With labels.
    seen : array of bool (n,) or None
        The rows of X that the model was trained on, if already computed with `EvaluationSplit.seen`.
    seed : int, default=0
        Of the samples: at most 2000 rows are classified, by at most 10,000 others.

    Returns
    -------
    Payload
        Without arrays. `about`: "accuracy", the share of measured rows whose class is the most frequent one among the
        10 nearest codes of the other rows; "chance", the share of the most frequent class; "n", the number of measured
        rows; "held_out", whether training saw none of them. The first two are None without two classes, or with fewer
        than 10 rows to measure.
    """
    rows, positions = sample_rows(model, X, most=len(X))
    seen = EvaluationSplit.seen(model, rows) if seen is None else seen[positions]
    nothing = {"accuracy": None, "chance": None, "n": 0, "held_out": False}
    if rows.labels is None:
        return Payload("code_neighbours", nothing, {})
    labelled = known(rows.labels)
    measured, others, held_out = _split(labelled, seen, seed)
    names = rows.labels[measured].astype(str)
    if len(measured) < _FEWEST_MEASURED or len(others) < _NEIGHBOURS or len(set(names)) < 2:
        return Payload("code_neighbours", nothing, {})
    accuracy = float((_classified(model, rows, measured, others) == names).mean())
    chance = float(np.unique(names, return_counts=True)[1].max() / len(names))
    about = {"accuracy": accuracy, "chance": chance, "n": len(measured), "held_out": held_out}
    return Payload("code_neighbours", about, {})


def _split(labelled: np.ndarray, seen: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return the rows to classify and the others, and whether training saw none of the first."""
    rng = np.random.default_rng(seed)
    unseen = np.flatnonzero(labelled & ~seen)
    known_rows = np.flatnonzero(labelled & seen)
    held_out = len(unseen) >= _FEWEST_MEASURED and len(known_rows) >= _NEIGHBOURS
    if not held_out:
        order = rng.permutation(np.flatnonzero(labelled))
        unseen, known_rows = order[: len(order) // 5], order[len(order) // 5 :]
    return at_most(unseen, _MOST_MEASURED, rng), at_most(known_rows, _MOST_KNOWN, rng), held_out


def _classified(model: Autoencoder, rows: Rows, measured: np.ndarray, others: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import KNeighborsClassifier

    assert rows.labels is not None
    codes = [map_rows(model.state_, rows.take(part), model.network_.codes) for part in (others, measured)]
    classifier = KNeighborsClassifier(_NEIGHBOURS, algorithm="kd_tree" if codes[0].shape[1] < 16 else "brute")
    return classifier.fit(codes[0], rows.labels[others].astype(str)).predict(codes[1])
