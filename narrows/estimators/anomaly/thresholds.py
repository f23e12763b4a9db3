"""Thresholds of anomaly scores, from the scores of calibration rows that no network was trained on."""

from __future__ import annotations

import math

import numpy as np

from narrows.estimators.anomaly.weights import quantile

_ROUNDING = 1e-6  # relative; scores differ by rounding between machines, and closer ones count as equal


def p_values(scores: np.ndarray, calibration: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return conformal p-values (n,): the share of calibration rows, and the row itself, with at least its score.

    For a new row from the distribution of the calibration rows, P(p ≤ α) ≤ α for any score function (Vovk et al. 2005;
    Bates et al. 2023, equation 2). With weights (m,) of mean 1 the rows count by their weights and the row itself as 1,
    the mean (Tibshirani et al. 2019, equation 6).
    """
    order = np.argsort(calibration, kind="stable")
    below = np.searchsorted(calibration[order], scores - _rounding(scores), side="left")
    if weight is None:
        return (1 + len(order) - below) / (1 + len(order))
    from_here = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])  # weight of the scores from i on
    return (1 + from_here[below]) / (1 + weight.sum())


def conformal_threshold(calibration: np.ndarray, alpha: float, weight: np.ndarray | None = None) -> float:
    """Return the score above which p-values are at most `alpha`; infinite with too few calibration rows.

    weight : ndarray of shape (m,), of mean 1.
    """
    n = len(calibration)
    if weight is not None:
        order = np.argsort(-calibration, kind="stable")
        allowed = alpha * (1 + weight.sum()) - 1 + 1e-9  # weight that an alarm may leave at or above it
        n_above = -1 if allowed < 0 else int((np.cumsum(weight[order]) <= allowed).sum())
        return math.inf if n_above < 0 else _just_above(float(calibration[order[min(n_above, n - 1)]]))
    n_above = math.floor(alpha * (n + 1) + 1e-9) - 1  # calibration rows that an alarm may leave at or above it
    return math.inf if n_above < 0 else _just_above(float(np.sort(calibration)[n - 1 - n_above]))


def contamination_threshold(calibration: np.ndarray, contamination: float, weight: np.ndarray | None = None) -> float:
    """Return the score that a share `contamination` of the calibration rows exceeds, or fewer with ties."""
    return _just_above(float(quantile(calibration, 1 - contamination, weight)))


def _rounding(scores: np.ndarray) -> np.ndarray:
    """Return the tolerance within which scores count as equal, of the shape of `scores`."""
    return _ROUNDING * np.maximum(np.abs(scores), 1.0)


def _just_above(score: float) -> float:
    return score + float(_rounding(np.array(score)))


def benjamini_hochberg(p: np.ndarray, alpha: float) -> np.ndarray:
    """Return which of the p-values (n,) are discoveries at a false discovery rate of `alpha`.

    The procedure of Benjamini & Hochberg (1995).
    """
    values, counts = np.unique(p, return_counts=True)
    return p <= benjamini_hochberg_limit(values, counts, alpha)


def benjamini_hochberg_limit(values: np.ndarray, counts: np.ndarray, alpha: float) -> float:
    """Return the largest p-value that is a discovery, -inf if none is, from different p-values, ascending, and counts.

    p(k) ≤ α k / n holds for the last k of equal p-values if it holds for any of them.
    """
    n_up_to = np.cumsum(counts)
    below = np.flatnonzero(values <= alpha * n_up_to / n_up_to[-1])
    return float(values[below[-1]]) if len(below) else -math.inf


def most_abnormal(scores: np.ndarray, n: int) -> np.ndarray:
    """Return which rows have the n largest scores (n,); of equal scores the first rows."""
    found = np.zeros(len(scores), bool)
    found[np.argsort(-scores, kind="stable")[: max(0, n)]] = True
    return found
