"""Equal rows become one row with a weight, in an order that depends on their values alone.

So a row of weight 2 trains exactly as the same row given twice, a row of weight 0 as no row, the order
of the rows in a file does not change the model, and no copy of a training row can be held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_CHUNK = 16384


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """Which rows of a set are distinct, and how often each occurs.

    Parameters
    ----------
    first : ndarray of shape (m,)
        Positions of one occurrence of each distinct row, ordered by a hash of the row's values.
    weight : ndarray of shape (m,) or None
        Summed weights with mean 1; None where all are equal.
    group : ndarray of shape (n,)
        For every given row the place of its distinct row in `first`; -1 for a row of weight 0.
    """

    first: np.ndarray
    weight: np.ndarray | None
    group: np.ndarray


def distinct_rows(x: np.ndarray, sample_weight: np.ndarray | None = None) -> DistinctRows:
    """Group equal rows of `x`, float32 of shape (n, d); rows of weight 0 are left out."""
    kept = np.arange(len(x)) if sample_weight is None else np.flatnonzero(sample_weight)
    keys = _hash(x)[kept]
    order = kept[np.argsort(keys, kind="stable")]
    keys = np.sort(keys)
    starts = np.ones(len(order), dtype=bool)
    # Only neighbours with equal hashes need their values compared.
    suspects = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    for part in np.array_split(suspects, len(suspects) // _CHUNK + 1):
        starts[part] = np.any(x[order[part]] != x[order[part - 1]], axis=1)
    place = np.cumsum(starts) - 1
    group = np.full(len(x), -1)
    group[order] = place
    counts = np.ones(len(order)) if sample_weight is None else sample_weight[order].astype(np.float64)
    weight = np.bincount(place, weights=counts)
    equal = bool(np.all(weight == weight[0]))
    return DistinctRows(order[starts], None if equal else weight / weight.mean(), group)


def _hash(x: np.ndarray) -> np.ndarray:
    """64-bit multilinear hash of every row's bits."""
    factors = np.random.default_rng(0).integers(2**63, size=x.shape[1], dtype=np.uint64) * 2 + 1
    keys = np.empty(len(x), dtype=np.uint64)
    for start in range(0, len(x), _CHUNK):
        # Adding 0 makes a negative zero the zero that it equals.
        bits = np.ascontiguousarray(x[start : start + _CHUNK] + np.float32(0)).view(np.uint32)
        keys[start : start + _CHUNK] = bits.astype(np.uint64) @ factors
    return keys ^ (keys >> np.uint64(29))
