"""Facts of a column of numbers: its decimals, whether it has few values, its most common value."""

from __future__ import annotations

import numpy as np

FREE = -1
"""Decimals of numbers that have more than `MOST_DECIMALS`: they are not rounded."""
MOST_DECIMALS = 6

_MOST_LEVELS, _FEWEST_OF_LEVEL = 20, 5  # different values of a rating, and rows that each must have
_HEAP = 0.3  # smallest share of a common value
_FEWEST_OTHERS, _FEWEST_DIFFERENT = 20, 6  # the other rows, and their different values
_FEW_OTHERS = 0.3  # the same of a rating
_SAMPLE, _GLANCE = 10_000, 100
_CHUNK = 1 << 20
_NOISE = 8  # steps of the dtype that computed numbers, such as 3 * 12.3, may be off

SPLIT = 2.0**27 + 1  # Veltkamp's constant for float64


def rounded(values: np.ndarray, decimals: int) -> np.ndarray:
    """Return values rounded to so many decimals, float64 of the same shape; numbers above 2**52 units stay.

    >>> rounded(np.array([12.299999999, 0.1 + 0.2, -0.001]), 2).tolist()
    [12.3, 0.3, 0.0]
    """
    unit = 10.0**decimals
    exact = values.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # of numbers that stay
        # Two halves of 26 bits, whose products with the unit are exact: one product may round up to a tie.
        high = exact * SPLIT - (exact * SPLIT - exact)
        whole = np.rint(exact * unit)
        rest = (high * unit - whole) + (exact - high) * unit
        whole += (rest > 0.5).astype(np.float64) - (rest < -0.5)
        # A quotient of whole numbers is the nearest float, written without further digits; + 0.0 drops "-0".
        return np.where(np.abs(exact * unit) < 2.0**52, whole / unit + 0.0, values)


def decimals_of(values: np.ndarray) -> int:
    """Return the smallest number of decimals, 0 to 6, that all values (n,) have; else `FREE`. No value may be missing.

    A number counts as rounded where it is so within the precision of its dtype.
    """
    if values.dtype.kind != "f":
        return FREE
    if _decimals(values[:_GLANCE], MOST_DECIMALS) == FREE:
        return FREE
    found = _decimals(_sample(values), 0)
    for start in range(0, len(values), _CHUNK):
        if found == FREE:
            break
        found = _decimals(values[start : start + _CHUNK], found)
    return found


def levels_of(values: np.ndarray) -> np.ndarray | None:
    """Return the distinct values (m,), rising, if they are at most 20 and each occurs at least 5 times; else None."""
    if len(np.unique(_sample(values))) > _MOST_LEVELS:
        return None
    levels = np.unique(values)
    if not 2 <= len(levels) <= _MOST_LEVELS:
        return None
    counts = np.bincount(np.searchsorted(levels, values), minlength=len(levels))
    return levels.astype(np.float64) if counts.min() >= _FEWEST_OF_LEVEL else None


def heap(values: np.ndarray, weight: np.ndarray) -> float | None:
    """Return the value of at least 30 % of the values (n,), by weight; None for none, or below 3 distinct values."""
    distinct, counts = np.unique(_sample(values), return_counts=True)
    place = counts.argmax()
    if len(distinct) < 3 or counts[place] < 0.9 * _HEAP * counts.sum():
        return None
    return float(distinct[place]) if weight[values == distinct[place]].sum() >= _HEAP * weight.sum() else None


def is_apart(values: np.ndarray, heap: float) -> bool:
    """Return whether the common value of values (n,) gets a mask of its own.

    It does where the other values are many and different, or, in a rating, so few that their ranks hardly differ.
    """
    others = values[values != heap]
    if levels_of(values) is not None:
        return len(others) < _FEW_OTHERS * len(values)
    return len(others) >= _FEWEST_OTHERS and len(np.unique(others)) >= _FEWEST_DIFFERENT


def _decimals(values: np.ndarray, least: int) -> int:
    finest = _NOISE * np.finfo(values.dtype).eps
    exact = values.astype(np.float64)
    for decimals in range(least, MOST_DECIMALS + 1):
        if (np.abs(rounded(exact, decimals) - exact) <= finest * np.abs(exact)).all():
            return decimals
    return FREE


def _sample(values: np.ndarray) -> np.ndarray:
    """Return the values, or 10,000 of them drawn at random."""
    if len(values) <= _SAMPLE:
        return values
    return values[np.random.default_rng(0).integers(0, len(values), _SAMPLE)]
