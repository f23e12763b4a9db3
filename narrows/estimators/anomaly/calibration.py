"""The calibration rows of a detector, which no network is trained on, and their scores and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from narrows.errors import DataError, warn
from narrows.estimators.anomaly import thresholds, weights

_MOST_ROWS, _ENOUGH, _FEWEST_ROWS = 5000, 100, 20
_ALIKE, _SIGNIFICANT = 0.2, 5.0  # rank correlation of the scores of successive rows, and in standard errors
_ROWS_FOR_ORDER = 100


@dataclass(frozen=True, eq=False)
class Calibration:
    """Scores that set the threshold.

    Parameters
    ----------
    scores : ndarray of shape (m,)
        Ascending.
    weight : ndarray of shape (m,) or None
        Of mean 1, or of sum 1 within each group.
    """

    scores: np.ndarray
    weight: np.ndarray | None = None

    @classmethod
    def of(cls, scores: np.ndarray, weight: np.ndarray | None) -> Calibration:
        """Return the calibration rows with these scores (m,), in any order, and weights."""
        if weight is None:
            return cls(np.sort(scores))
        order = np.argsort(scores, kind="stable")
        return cls(scores[order], weight[order])

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """Return the conformal p-values (n,) of scores."""
        return thresholds.p_values(scores, self.scores, self.weight)


@dataclass(frozen=True, eq=False)
class CalibrationSplit:
    """Which rows of the fit networks are trained on, and which set the threshold.

    Parameters
    ----------
    train, held : ndarray
        Positions of the training rows and of the calibration rows, ascending.
    weight : ndarray of shape (n,) or None
        Of all rows; above 0 at `train` and `held`.
    groups : int ndarray of shape (n,) or None
        Number of the group of each row; the calibration rows are whole groups.
    """

    train: np.ndarray
    held: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    @classmethod
    def of(
        cls, n_rows: int, seed: int, *, share: float, weight: np.ndarray | None, groups: np.ndarray | None
    ) -> CalibrationSplit:
        """Return a split at random that holds out a share of the rows, at most 5,000, and none of fewer than 20.

        Raises
        ------
        DataError
            Fewer than two rows have a weight.
        """
        usable = np.arange(n_rows) if weight is None else np.flatnonzero(weight)
        n = len(usable)
        if n < 2:
            raise DataError("Only one row has a sample_weight above zero; a detector needs two.")
        n_held = min(_MOST_ROWS, max(1, round(n * share)), n - 2) if n >= _FEWEST_ROWS else 0
        rng = np.random.default_rng([seed, 0])
        if groups is None:
            held = usable[rng.permutation(n)[:n_held]]
        else:
            held = usable[_in_whole_groups(groups[usable], n_held, rng)]
        held = np.sort(held)
        return cls(np.setdiff1d(usable, held), held, weight, groups)

    @property
    def usable(self) -> np.ndarray:
        """Positions of the rows with a weight."""
        return np.sort(np.concatenate([self.train, self.held]))

    def check_enough(self, alpha: float) -> None:
        """Raise `DataError` if the calibration rows, or groups, are too few for a guarantee at `alpha`."""
        of = "rows" if self.groups is None else "groups"
        n = len(self.held) if self.groups is None else len(np.unique(self.groups[self.held]))
        if alpha * (n + 1) < 1 - 1e-9:
            raise DataError(
                f"alpha={alpha} needs at least {math.ceil(1 / alpha) - 1} calibration {of}, and there are {n}; give "
                f"more {of}, a larger alpha, or threshold='contamination'."
            )

    def calibration(self, scores: np.ndarray, as_new: np.ndarray, *, is_strict: bool) -> Calibration:
        """Return the calibration from the scores (n,) of all rows, and those that new rows like them would have.

        All rows calibrate if there are fewer than 100 calibration rows, unless a guarantee forbids it. Under a
        guarantee each calibration group counts as one (hierarchical conformal prediction, Lee, Barber & Willett 2023).
        """
        enough = is_strict or len(self.held) >= _ENOUGH
        places, judged = (self.held, scores) if enough else (self.usable, as_new)
        weight = weights.of(self.weight, places)
        if is_strict and self.groups is not None:
            weight = _by_group(self.groups[places], weight)
        return Calibration.of(judged[places], weight)

    def warn_of_order(self, scores: np.ndarray) -> None:
        """Warn if rows next to each other have similar scores (n,), so that a guarantee does not hold for new objects.

        Bartels' (1982) rank version of von Neumann's ratio is about ``2 * (1 - correlation)``, with the variance
        4 / n for independent rows.
        """
        ranks = np.argsort(np.argsort(scores[self.usable], kind="stable"), kind="stable").astype(np.float64)
        if self.groups is not None or len(ranks) < _ROWS_FOR_ORDER or np.ptp(scores[self.usable]) == 0:
            return
        alike = 1 - np.square(np.diff(ranks)).sum() / np.square(ranks - ranks.mean()).sum() / 2
        if alike > _ALIKE and alike * math.sqrt(len(ranks)) > _SIGNIFICANT:
            warn(
                f"Rows next to each other have similar anomaly scores (rank correlation {alike:.2f}), as in a time "
                "series or with several rows per object. The false-alarm rate holds for more rows of the same periods "
                "or objects, not for later rows or new objects; pass the period or object of each row: fit(X, "
                "calibration_groups=...)."
            )


def _in_whole_groups(groups: np.ndarray, n_held: int, rng: np.random.Generator) -> np.ndarray:
    """Return positions of the rows of random groups with at most `n_held` rows together, or of the smallest group."""
    _, numbers, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    chosen, room = [], n_held
    for group in rng.permutation(len(sizes)).tolist():
        if sizes[group] <= room and len(chosen) < len(sizes) - 1:
            chosen.append(group)
            room -= sizes[group]
    if n_held and len(sizes) > 1 and not chosen:
        chosen = [int(sizes.argmin())]
    return np.flatnonzero(np.isin(numbers, chosen))


def _by_group(groups: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return weights (m,) whose sum is 1 within each group."""
    _, numbers = np.unique(groups, return_inverse=True)
    weight = np.ones(len(groups)) if weight is None else weight
    return weight / np.bincount(numbers, weight)[numbers]
