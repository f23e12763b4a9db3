"""Tests of synthetic rows: distinguishability by trees, distance to real rows, use as training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_ROWS, _FOLDS, _TREES = 5_000, 3, 50
_FEWEST = 30  # rows of each side that trees are grown on
_MOST_LEVELS = 250  # of a category, for the trees; all rarer ones are one level


@dataclass(frozen=True)
class TrainedOnMade:
    """Scores of boosted trees that predict a column of held-out real rows.

    Parameters
    ----------
    target : str
        Name of the column.
    measure : {"accuracy", "R²"}
    on_made, on_real : float
        Score of trees trained on synthetic rows, and on as many real ones.
    """

    target: str
    measure: str
    on_made: float
    on_real: float


def distinguishability(real: list[np.ndarray], synthetic: list[np.ndarray], *, seed: int) -> float | None:
    """Return the area under the ROC curve of boosted trees that tell real rows from synthetic ones, cross-validated.

    0.5 means that they cannot, 1 that they always can; None for fewer than 30 rows on a side. Columns are those of
    `narrows.insight.fidelity`: float64 with NaN, or objects with None.
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    real, synthetic = _sampled(real, seed), _sampled(synthetic, seed)
    if min(len(real[0]), len(synthetic[0])) < _FEWEST:
        return None
    x, is_level = _floats([np.concatenate(pair) for pair in zip(real, synthetic, strict=True)])
    is_synthetic = np.arange(len(x)) >= len(real[0])
    folds = PredefinedSplit(_folds(x, is_synthetic, seed))
    trees = _trees("classifier", is_level, seed)
    chances = np.asarray(cross_val_predict(trees, x, is_synthetic, cv=folds, method="predict_proba"))[:, 1]
    return float(roc_auc_score(is_synthetic, chances))


def closest_rows(real: list[np.ndarray], synthetic: list[np.ndarray], *, seed: int) -> tuple[float, float]:
    """Return the median distance of a synthetic row to the closest real row, and of a real row to the next.

    Distances are those of Gower (1971), means over columns of 0 to 1: for numbers the difference of their ranks among
    the real values, for levels whether they differ. Where the first is much smaller, synthetic rows repeat real ones.
    """
    from sklearn.neighbors import NearestNeighbors

    real, synthetic = _sampled(real, seed), _sampled(synthetic, seed)
    parts = [_gower(then, now) for then, now in zip(real, synthetic, strict=True)]
    then, now = (np.concatenate([part[side] for part in parts], axis=1) for side in (0, 1))
    search = NearestNeighbors(metric="manhattan").fit(then)
    others = search.kneighbors(then, n_neighbors=2)[0][:, 1] if len(then) > 1 else np.array([np.nan])
    nearest = search.kneighbors(now, n_neighbors=1)[0][:, 0]
    return float(np.median(nearest)) / len(real), float(np.median(others)) / len(real)


def trained_on_synthetic(
    real: list[np.ndarray], synthetic: list[np.ndarray], names: list[str], target: str, *, seed: int
) -> TrainedOnMade:
    """Return how well trees that learned from synthetic rows predict a column of real ones; see `TrainedOnMade`."""
    from sklearn.model_selection import train_test_split

    from narrows.errors import DataError

    if target not in names:
        raise DataError(f"There is no column {target!r} to predict; the columns are {', '.join(names[:10])}.")
    at = names.index(target)
    real, synthetic = _known(_sampled(real, seed), at), _known(_sampled(synthetic, seed), at)
    n_real, n_synthetic = len(real[0]), len(synthetic[0])
    if min(n_real // 2, n_synthetic) < _FEWEST:
        needed = f"{2 * _FEWEST} real and {_FEWEST} synthetic ones"
        raise DataError(f"{target} has too few values for a test; it needs {needed}.")
    both = [np.concatenate(pair) for pair in zip(real, synthetic, strict=True)]
    x, is_level = _floats(both[:at] + both[at + 1 :])
    y = both[at]
    is_number = y.dtype.kind == "f"
    y = y if is_number else y.astype(str)
    train, test = train_test_split(np.arange(n_real), test_size=0.5, random_state=seed)
    size = min(len(train), n_synthetic)
    rng = np.random.default_rng(seed)
    sides = (n_real + rng.permutation(n_synthetic)[:size], train[:size])
    scores = []
    for rows in sides:
        if not is_number and len(np.unique(y[rows])) < 2:  # a constant is all that they teach
            scores.append(float((y[test] == y[rows][0]).mean()))
            continue
        trees = _trees("regressor" if is_number else "classifier", is_level, seed).fit(x[rows], y[rows])
        scores.append(float(trees.score(x[test], y[test])))
    return TrainedOnMade(target, "R²" if is_number else "accuracy", *scores)


def _folds(x: np.ndarray, is_synthetic: np.ndarray, seed: int) -> np.ndarray:
    """Return the fold of each row (n,), with an equal share of both sides.

    A copy is in the fold of its real row: else trees would know it by that row, which has the other label. The second
    copy goes with the second real row of these values, so that one row that is repeated many times is in every fold.
    """
    equal = np.unique(np.nan_to_num(x, nan=np.inf), axis=0, return_inverse=True)[1].ravel()
    side = 2 * equal + is_synthetic
    order = np.argsort(side, kind="stable")
    repeat = np.empty(len(x), np.intp)
    repeat[order] = np.arange(len(x)) - np.searchsorted(side[order], side[order])
    _, first, twins, size = np.unique(
        equal * len(x) + repeat, return_index=True, return_inverse=True, return_counts=True
    )
    kind = np.where(size == 2, 2, is_synthetic[first])
    rng = np.random.default_rng(seed)
    fold = np.empty(len(first), np.intp)
    for each in range(3):
        members = rng.permutation(np.flatnonzero(kind == each))
        fold[members] = np.arange(len(members)) % _FOLDS
    return fold[twins]


def _trees(task: str, is_level: np.ndarray, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingRegressor if task == "regressor" else HistGradientBoostingClassifier
    return kind(
        max_iter=_TREES, learning_rate=0.2, categorical_features=is_level, early_stopping=False, random_state=seed
    )


def _floats(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return columns as float64 (n, c), levels as whole numbers, missing values as NaN; and a mask of levels (c,)."""
    is_level = np.array([column.dtype.kind != "f" for column in columns])
    return np.column_stack([_level_numbers(c) if c.dtype.kind != "f" else c for c in columns]), is_level


def _level_numbers(column: np.ndarray) -> np.ndarray:
    known = np.array([value is not None and value == value for value in column], dtype=bool)
    levels, place, counts = np.unique(column[known].astype(str), return_inverse=True, return_counts=True)
    rank = np.empty(len(levels))
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(levels))
    numbers = np.full(len(column), np.nan)
    numbers[known] = np.minimum(rank[place], _MOST_LEVELS)
    return numbers


def _gower(then: np.ndarray, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return floats (n, w) of a column for both sides, whose Manhattan distance is 0 to 1."""
    if then.dtype.kind != "f" or now.dtype.kind != "f":
        number = _level_numbers(np.concatenate([then.astype(object), now.astype(object)]))
        number[np.isnan(number)] = -1
        levels = np.unique(number)
        floats = (number[:, None] == levels) / 2.0
        return floats[: len(then)], floats[len(then) :]
    known = np.sort(then[~np.isnan(then)])
    sides = []
    for values in (then, now):
        rank = (np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")) / 2
        share = rank / max(len(known), 1)
        sides.append(np.where(np.isnan(values), 0.5, share)[:, None])
    return sides[0], sides[1]


def _sampled(columns: list[np.ndarray], seed: int) -> list[np.ndarray]:
    if len(columns[0]) <= _MOST_ROWS:
        return columns
    chosen = np.random.default_rng(seed).choice(len(columns[0]), _MOST_ROWS, replace=False)
    return [column[chosen] for column in columns]


def _known(columns: list[np.ndarray], at: int) -> list[np.ndarray]:
    known = np.array([value is not None and value == value for value in columns[at]], dtype=bool)
    return [column[known] for column in columns]
