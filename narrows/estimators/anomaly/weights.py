"""Weights of rows: a row of weight 2 counts as two rows."""

from __future__ import annotations

import numpy as np


def of(weight: np.ndarray | None, places: np.ndarray) -> np.ndarray | None:
    """Return the weights of the rows at `places`, with mean 1; None without weights."""
    if weight is None:
        return None
    chosen = weight[places]
    return chosen / chosen.mean()


def quantile(values: np.ndarray, shares: float | list[float] | np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return quantiles of values (n,) or (n, p) along the rows.

    With weights it is the inverse of the distribution function, as of repeated rows; else it is interpolated.
    """
    if weight is None:
        return np.quantile(values, shares, axis=0)
    return np.quantile(values, shares, axis=0, method="inverted_cdf", weights=weight)


def median(values: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return the median of values (n,) or (n, p) along the rows; with weights the smaller of two in the middle."""
    return np.median(values, axis=0) if weight is None else quantile(values, 0.5, weight)


def drawn(n_rows: int, n: int, weight: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    """Return positions of at most n of `n_rows` rows, drawn without replacement by their weights, ascending.

    Efraimidis & Spirakis (2006).
    """
    if weight is None:
        return np.sort(rng.permutation(n_rows)[:n])
    keys = rng.exponential(size=n_rows) / weight
    return np.sort(np.argsort(keys, kind="stable")[:n])
