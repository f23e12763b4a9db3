"""Equal rows become one row with a weight, in an order that depends on their values alone.

So a row of weight 2 trains exactly as the same row given twice, a row of weight 0 as no row, the order
of the rows in a file does not change the model, and no copy of a training row can be held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

_CHUNK = 16384
_CELLS_IN_CACHE = 1 << 17


@dataclass(frozen=True, eq=False)
class DistinctRows:
    """The distinct rows of a set, and how often each occurs.

    Parameters
    ----------
    first : ndarray of shape (m,)
        Positions of one occurrence of each distinct row, ordered by a hash of the row's values.
    weight : ndarray of shape (m,) or None
        Summed weights with mean 1; None where all are equal.
    group : ndarray of shape (n,)
        For every given row the place of its distinct row in `first`; -1 for a row of weight 0.
    hashes : ndarray of shape (m,)
        Hash of each distinct row, ascending.
    fingerprint : str
        See `fingerprint`.
    """

    first: np.ndarray
    weight: np.ndarray | None
    group: np.ndarray
    hashes: np.ndarray
    fingerprint: str


def distinct_rows(x: np.ndarray, sample_weight: np.ndarray | None = None) -> DistinctRows:
    """Group equal rows of `x`, float32 of shape (n, d); rows of weight 0 are left out."""
    kept = np.arange(len(x)) if sample_weight is None else np.flatnonzero(sample_weight)
    all_keys = row_hashes(x)
    keys = all_keys[kept]
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
    scaled = None if equal else weight / weight.mean()
    return DistinctRows(order[starts], scaled, group, keys[starts], fingerprint_of(all_keys))


def fingerprint(x: np.ndarray) -> str:
    """Return a fingerprint of the rows of `x`, float32 of shape (n, d), as 16 hex digits; their order is ignored."""
    return fingerprint_of(row_hashes(x))


def fingerprint_of(keys: np.ndarray) -> str:
    """Return the same fingerprint from the hashes of the rows."""
    return f"{int(keys.sum(dtype=np.uint64)):016x}"


def row_hashes(x: np.ndarray) -> np.ndarray:
    """Return the 64-bit multilinear hash of every row's bits: (n,), uint64, of `x`, float32 of shape (n, d)."""
    factors = torch.from_numpy(
        np.random.default_rng(0).integers(2**63, size=x.shape[1], dtype=np.uint64).view(np.int64)
    )
    factors = factors * 2 + 1
    step = max(1, _CELLS_IN_CACHE // max(1, x.shape[1]))
    keys = np.empty(len(x), dtype=np.uint64)
    for start in range(0, len(x), step):
        # Adding 0 makes a negative zero the zero that it equals.
        bits = np.ascontiguousarray(x[start : start + step] + np.float32(0)).view(np.int32)
        words = torch.from_numpy(bits).to(torch.int64).bitwise_and_(0xFFFFFFFF)
        keys[start : start + step] = words.mul_(factors).sum(dim=1).numpy().view(np.uint64)
    return keys ^ (keys >> np.uint64(29))
