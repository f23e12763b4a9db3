"""Isolation forest (Liu, Ting & Zhou 2008) as plain arrays.

All trees grow together, level by level; a tree is stored as a complete binary tree, so that every row takes the same
number of steps through it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from narrows.estimators.saving import saved_values

_N_TREES, _MOST_ROWS = 100, 256
_CHUNK = 4096
_NO_BOUND = np.finfo(np.float32).max


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of equal depth k: the children of node i are 2i + 1 and 2i + 2.

    Parameters
    ----------
    columns : int64 ndarray of shape (t, 2**k - 1)
        Float that a node compares.
    bounds : float32 ndarray of shape (t, 2**k - 1)
        A row goes right if its float is larger; the largest float32 below a leaf, whose rows all go left.
    lengths : float64 ndarray of shape (t, 2**k)
        For each node of the last level the depth of its leaf, plus the expected length of a path in a tree of the
        rows of the leaf (Liu et al., equation 1).
    unit : float
        Expected length of a path in a tree of the rows that each tree has grown on.
    """

    columns: np.ndarray
    bounds: np.ndarray
    lengths: np.ndarray
    unit: float

    @classmethod
    def fit(cls, floats: np.ndarray, seed: int, weight: np.ndarray | None = None) -> Forest:
        """Grow the trees on encoded rows (n, d), each on at most 256 of them.

        weight : (n,), by which the rows of a tree are drawn, with replacement; None draws without.
        """
        rng = np.random.default_rng([seed, 3])
        m = min(_MOST_ROWS, len(floats))
        depth = max(1, math.ceil(math.log2(m)))
        p = None if weight is None else weight / weight.sum()
        chosen = np.concatenate([rng.choice(len(floats), m, replace=p is not None, p=p) for _ in range(_N_TREES)])
        x, tree = floats[chosen].astype(np.float32), np.repeat(np.arange(_N_TREES), m)
        columns = np.zeros((_N_TREES, 2**depth - 1), np.int64)
        bounds = np.full(columns.shape, _NO_BOUND, np.float32)
        node, leaf_depth = np.zeros(len(x), np.intp), np.full(len(x), depth)
        for level in range(depth):
            groups, of_row = np.unique(tree * 2**level + node, return_inverse=True)
            column, bound = _splits(x, of_row, len(groups), rng)
            at = groups // 2**level, groups % 2**level + 2**level - 1
            columns[at], bounds[at] = column, bound
            is_leaf = (bound == _NO_BOUND)[of_row]
            leaf_depth[is_leaf] = np.minimum(leaf_depth[is_leaf], level)
            node = 2 * node + (x[np.arange(len(x)), column[of_row]] > bound[of_row])
        lengths = np.zeros((_N_TREES, 2**depth))
        counts = np.bincount(tree * 2**depth + node, minlength=lengths.size).reshape(lengths.shape)
        lengths[tree, node] = leaf_depth
        return cls(columns, bounds, lengths + _path_length(counts), float(_path_length(np.array(m))))

    def scores(self, floats: np.ndarray) -> np.ndarray:
        """Return the anomaly scores (n,) of encoded rows (n, d), from 0 to 1 (Liu et al., equation 2)."""
        found = np.empty(len(floats))
        trees = np.arange(len(self.columns))
        n_inner = self.columns.shape[1]
        for start in range(0, len(floats), _CHUNK):
            x = np.ascontiguousarray(floats[start : start + _CHUNK], np.float32)
            rows = np.arange(len(x))[:, None]
            node = np.zeros((len(x), len(trees)), np.intp)
            for _ in range((n_inner + 1).bit_length() - 1):
                node = 2 * node + 1 + (x[rows, self.columns[trees, node]] > self.bounds[trees, node])
            found[start : start + _CHUNK] = self.lengths[trees, node - n_inner].mean(axis=1)
        return 2.0 ** -(found / max(self.unit, 1e-9))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the learned numbers."""
        return {**vars(self), "unit": np.array([self.unit])}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], n_floats: int) -> Forest:
        """Return the forest of saved `arrays`; KeyError or ValueError if they contradict themselves."""
        columns = saved_values.array(tensors, "columns", "int", (None, None))
        bounds = saved_values.array(tensors, "bounds", "float", columns.shape)
        n_inner = columns.shape[1]
        lengths = saved_values.array(tensors, "lengths", "float", (len(columns), n_inner + 1))
        if not len(columns) or n_inner & (n_inner + 1):
            raise ValueError("the trees are not complete")
        if not ((columns >= 0) & (columns < n_floats)).all():
            raise ValueError("a tree compares a float that is not there")
        return cls(columns, bounds, lengths, float(saved_values.array(tensors, "unit", "float", (1,))[0]))


def _splits(
    x: np.ndarray, of_row: np.ndarray, n_groups: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a random column and bound for each group of rows (n, d): (n_groups,) each.

    The column is drawn from those that are not constant in the group, the bound uniformly between its extremes;
    where all rows are equal it is the largest float32.
    """
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(n_groups))
    low, high = np.minimum.reduceat(x[order], starts), np.maximum.reduceat(x[order], starts)
    varies = high > low
    column = np.where(varies, rng.random(varies.shape), -1.0).argmax(axis=1)
    every = np.arange(n_groups)
    low, high = low[every, column], high[every, column]
    bound = low + rng.random(n_groups).astype(np.float32) * (high - low)
    bound = np.clip(bound, low, np.nextafter(high, np.float32(-np.inf)))
    return column, np.where(varies.any(axis=1), bound, _NO_BOUND)


def _path_length(n: np.ndarray) -> np.ndarray:
    """Return the expected length of a path in a tree of n rows."""
    n = n.astype(np.float64)
    harmonic = np.log(np.maximum(n - 1, 1)) + np.euler_gamma
    return np.where(n > 2, 2 * harmonic - 2 * (n - 1) / np.maximum(n, 1), np.where(n == 2, 1.0, 0.0))
