"""Isolation forest (Liu, Ting & Zhou 2008) as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_N_TREES = 100
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees of one array each, padded to the size of the largest; a leaf is its own child.

    Parameters
    ----------
    columns, left, right : int32 ndarray of shape (t, m)
        Float that a node compares, and its children.
    bounds : float32 ndarray of shape (t, m)
        A row goes left if its float is at most this.
    lengths : float32 ndarray of shape (t, m)
        Of a leaf: depth, plus the expected length of a path in a tree of its rows (Liu et al., equation 1).
    unit : float
        Expected length of a path in a tree of the rows that each tree was grown on.
    """

    columns: np.ndarray
    left: np.ndarray
    right: np.ndarray
    bounds: np.ndarray
    lengths: np.ndarray
    unit: float

    @classmethod
    def fit(cls, floats: np.ndarray, seed: int) -> Forest:
        """Grow the trees on encoded rows (n, d)."""
        from sklearn.ensemble import IsolationForest

        model = IsolationForest(n_estimators=_N_TREES, random_state=seed).fit(floats)
        size = max(tree.tree_.node_count for tree in model.estimators_)
        shape = (len(model.estimators_), size)
        columns = np.zeros(shape, np.int32)
        left, right = (np.tile(np.arange(size, dtype=np.int32), (shape[0], 1)) for _ in range(2))
        bounds, lengths = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        for i, (one, own) in enumerate(zip(model.estimators_, model.estimators_features_, strict=True)):
            tree, nodes = one.tree_, slice(one.tree_.node_count)
            is_leaf, here = tree.children_left < 0, np.arange(tree.node_count)
            columns[i, nodes] = np.where(is_leaf, 0, own[tree.feature])
            left[i, nodes] = np.where(is_leaf, here, tree.children_left)
            right[i, nodes] = np.where(is_leaf, here, tree.children_right)
            bounds[i, nodes] = _rounded_down(tree.threshold)
            lengths[i, nodes] = _depths(tree.children_left, tree.children_right) + _path_length(tree.n_node_samples)
        return cls(columns, left, right, bounds, lengths, float(_path_length(np.array([model.max_samples_]))[0]))

    def scores(self, floats: np.ndarray) -> np.ndarray:
        """Return the anomaly scores (n,) of encoded rows (n, d), from 0 to 1 (Liu et al., equation 2)."""
        return 2.0 ** -(self._mean_lengths(floats) / self.unit)

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray], n_floats: int) -> Forest:
        """Return the forest of saved arrays; KeyError or ValueError if they contradict themselves."""
        columns, left, right, bounds, lengths = (arrays[n] for n in ("columns", "left", "right", "bounds", "lengths"))
        shape = columns.shape
        if len(shape) != 2 or any(a.shape != shape for a in (left, right, bounds, lengths)):
            raise ValueError("the arrays of a forest differ in shape")
        here = np.arange(shape[1])
        for children in (left, right):
            if not ((children >= here) & (children < shape[1])).all():  # a leaf is its own child
                raise ValueError("a tree has a child that is not there")
        if not ((columns >= 0) & (columns < n_floats)).all():
            raise ValueError("a tree compares a float that is not there")
        return cls(columns, left, right, bounds, lengths, float(arrays["unit"].item()))

    def _mean_lengths(self, floats: np.ndarray) -> np.ndarray:
        trees = np.arange(len(self.columns))
        found = np.empty(len(floats))
        for start in range(0, len(floats), _CHUNK):
            x = floats[start : start + _CHUNK]
            rows, node = np.arange(len(x))[:, None], np.zeros((len(x), len(trees)), np.int32)
            while True:
                goes_left = x[rows, self.columns[trees, node]] <= self.bounds[trees, node]
                following = np.where(goes_left, self.left[trees, node], self.right[trees, node])
                if np.array_equal(following, node):
                    break
                node = following
            found[start : start + _CHUNK] = self.lengths[trees, node].mean(axis=1, dtype=np.float64)
        return found


def _rounded_down(bounds: np.ndarray) -> np.ndarray:
    """Return float64 bounds as the largest float32 that are not above them: float32 rows fall on the same sides."""
    found = bounds.astype(np.float32)
    return np.where(found > bounds, np.nextafter(found, np.float32(-np.inf)), found)


def _depths(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the depth of each node; children follow their parents."""
    depths = np.zeros(len(left))
    for node in np.flatnonzero(left >= 0):
        depths[left[node]] = depths[right[node]] = depths[node] + 1
    return depths


def _path_length(n: np.ndarray) -> np.ndarray:
    """Return the expected length of a path in a tree of n rows."""
    n = n.astype(np.float64)
    harmonic = np.log(np.maximum(n - 1, 1)) + np.euler_gamma
    return np.where(n > 2, 2 * harmonic - 2 * (n - 1) / np.maximum(n, 1), np.where(n == 2, 1.0, 0.0))
