"""The classes that the view of anomalies calls normal at first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows

_SAMPLE = 2000
_N_COMPONENTS = 8
_GOOD_AUROC = 0.95
_FEWEST = 5
"""Rows of a class that may be the only normal one."""


def normal_classes(
    rows: Rows, *, encode: Callable[[Rows], np.ndarray] | None = None, fewest: int = 1, seed: int = 0
) -> list[str] | None:
    """Return the classes to call normal: of two the more frequent one, of more those that differ most from the others.

    A PCA of the normal rows should separate the other rows by its error: all classes but one are normal if the area
    under the ROC curve of one choice is at least 0.95, else a single class. Equally frequent classes are compared so
    too if there are two.

    Parameters
    ----------
    rows : Rows
    encode : callable or None, default=None
        Encodes rows (n, d); by default with a schema learned from a sample of them.
    fewest : int, default=1
        Two classes must have as many rows; else, and without two classes, the result is None.
    seed : int, default=0
        Of the sample.
    """
    import numpy as np

    from narrows.insight.labels import known

    if rows.labels is None:
        return None
    labelled = np.flatnonzero(known(rows.labels))
    names, counts = np.unique(rows.labels[labelled].astype(str), return_counts=True)
    if (counts >= fewest).sum() < 2:
        return None
    if len(names) == 2 and counts[0] != counts[1]:
        return [str(names[counts.argmax()])]
    part = rows.take(np.sort(np.random.default_rng(seed).permutation(labelled)[:_SAMPLE]))
    floats = _with_new_schema(part) if encode is None else encode(part)
    single, left_out = _most_different(floats, np.asarray(part.labels).astype(str), fewest)
    return [single] if single else [str(name) for name in names if name != left_out]


def _with_new_schema(rows: Rows) -> np.ndarray:
    from narrows.data import Schema

    return Schema.learn(rows).encode(rows)


def _most_different(floats: np.ndarray, labels: np.ndarray, fewest: int) -> tuple[str | None, str | None]:
    """Return the single class to call normal, or None and the only class that is not."""
    import numpy as np

    names, counts = np.unique(labels, return_counts=True)
    without = {str(name): _auroc(floats, labels != name) for name in names[counts >= fewest]}
    if not without:
        return None, str(names[-1])
    best = max(without, key=lambda name: without[name])
    if without[best] >= _GOOD_AUROC or len(names) == 2:
        return None, best
    alone = {str(name): _auroc(floats, labels == name) for name in names[counts >= max(fewest, _FEWEST)]}
    single = max(alone, key=lambda name: alone[name], default=None)
    return (single, None) if single and alone[single] > without[best] else (None, best)


def _auroc(floats: np.ndarray, normal: np.ndarray) -> float:
    """Return the area under the ROC curve of the error of a PCA of every second normal row; 0 without enough rows."""
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.metrics import roc_auc_score

    train, test = floats[normal][::2], floats[normal][1::2]
    if not len(test) or normal.all():
        return 0.0
    n_components = min(_N_COMPONENTS, *train.shape)
    pca = PCA(n_components, svd_solver="randomized", random_state=0).fit(train)
    others = np.concatenate([test, floats[~normal]])
    errors = ((others - pca.inverse_transform(pca.transform(others))) ** 2).sum(axis=1)
    return float(roc_auc_score(np.arange(len(others)) >= len(test), errors))
