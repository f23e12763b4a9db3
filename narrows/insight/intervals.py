"""Intervals of 95 % for figures that are measured on a sample of rows, by the bootstrap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_DRAWS = 300
_MOST_ROWS = 2000  # of each draw; the interval of more rows is scaled down to their number
_LOW, _HIGH = 0.025, 0.975

Interval = tuple[float, float]
"""Lower and upper bound."""


def bootstrap(statistic: Callable[..., float], *samples: np.ndarray, seed: int = 0) -> Interval:
    """Return the 95 % percentile interval of a statistic (Efron & Tibshirani 1993, chapter 13).

    Parameters
    ----------
    statistic : callable
        A number from the samples.
    *samples : arrays whose first axis is that of the rows
        Each is drawn from with replacement, on its own: values that belong to the same row are columns of one array.
    seed : int, default=0
        The same seed gives the same interval.

    Returns
    -------
    (float, float)
        NaN for samples without rows. Where a sample has more than 2000 rows, draws have 2000, and the interval around
        the statistic of all rows is narrowed by the square root of the ratio.
    """
    if any(not len(sample) for sample in samples):
        return float("nan"), float("nan")
    rng = np.random.default_rng([seed, 95])
    sizes = [min(len(sample), _MOST_ROWS) for sample in samples]
    draws = [
        statistic(*(sample[rng.integers(len(sample), size=size)] for sample, size in zip(samples, sizes, strict=True)))
        for _ in range(_DRAWS)
    ]
    low, high = (float(bound) for bound in np.quantile(draws, (_LOW, _HIGH)))
    narrowing = min(size / len(sample) for sample, size in zip(samples, sizes, strict=True)) ** 0.5
    if narrowing == 1:
        return low, high
    middle = float(statistic(*samples))
    return middle + (low - middle) * narrowing, middle + (high - middle) * narrowing


def interval_text(interval: Interval, form: str = ".3g") -> str:
    """Return "0.31 to 0.42"."""
    low, high = interval
    return f"{low:{form}} to {high:{form}}"
