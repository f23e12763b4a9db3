"""Three distances of rows of numbers to rows of the fit, where all of these are normal.

Besides the distance to the nearest row: the same among ranks, which a heavy tail or a skewed column does not stretch,
and how much farther a row is from its neighbours than these are from theirs. The last is the local outlier factor
(Breunig et al. 2000) without reachability, as Schubert et al. (2014) simplify it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from narrows.estimators.anomaly.neighbours import CELLS, Neighbours
from narrows.estimators.anomaly.weights import quantile
from narrows.estimators.saving import saved_values

N_NEAR = 5
"""The neighbour by whose distance rows are compared with their neighbours."""
SAME = 1e-6
"""Relative difference of squared distances up to which neighbours are equally near: then all of them count."""
LEAST_REACH = 1e-3
"""In standard deviations; rows that repeat have neighbours at no distance."""
_N_STEPS = 100
_N_FOUND = 16


@dataclass(frozen=True, eq=False)
class NumberNeighbours:
    """Rows of the fit, and how they lie among each other.

    Parameters
    ----------
    near : Neighbours
    reach : ndarray of shape (m,)
        Distance of each reference to the fifth-nearest other one.
    quantiles : ndarray of shape (101, d)
        Of each float among the rows of the fit.
    """

    near: Neighbours
    reach: np.ndarray
    quantiles: np.ndarray

    names = ("distance", "density", "ranks")

    @classmethod
    def fit(cls, references: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> NumberNeighbours:
        """Return the neighbours `references` (m, d), with the quantiles of rows (n, d) of these weights (n,)."""
        near = Neighbours(np.ascontiguousarray(references, np.float32))
        quantiles = quantile(floats.astype(np.float64), np.linspace(0, 1, _N_STEPS + 1), weight)
        unknown = np.zeros(len(references))
        kth = cls(near, unknown, quantiles)._near(near.references)[1]
        return cls(near, np.sqrt(kth), quantiles)

    @property
    def references(self) -> np.ndarray:
        """Encoded rows of the fit (m, d)."""
        return self.near.references

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the parts of encoded rows (n, d): (n, 3).

        The squared distance to the nearest reference, the distance to the fifth one relative to the mean of that of the
        five, and the squared distance to the nearest among ranks. No row is its own neighbour.
        """
        nearest, kth, reach = self._near(floats)
        density = np.sqrt(kth) / np.maximum(reach, LEAST_REACH)
        found = np.column_stack([nearest, density, self._ranked.distances(self.ranks(floats))])
        # The last bits depend on the order of equally near neighbours.
        return found.astype(np.float32).astype(np.float64)

    def ranks(self, floats: np.ndarray) -> np.ndarray:
        """Return the share of the rows of the fit below each float (n, d), half of the equal ones included: (n, d)."""
        columns = zip(floats.astype(np.float64).T, *self.steps, strict=True)
        return np.column_stack([np.interp(x, values, shares) for x, values, shares in columns]).astype(np.float32)

    @cached_property
    def steps(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The different quantiles of each float, rising, and the shares of the rows below them."""
        found = [np.unique(values, return_index=True, return_counts=True) for values in self.quantiles.T]
        shares = [(first + (count - 1) / 2) / _N_STEPS for _, first, count in found]
        return [values for values, _, _ in found], shares

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the same as `Neighbours.expected`."""
        return self.near.expected(floats, columns, n_columns)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        learned = {"reach": torch.from_numpy(self.reach), "quantiles": torch.from_numpy(self.quantiles)}
        return {**self.near.tensors(), **learned}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], n_floats: int) -> NumberNeighbours:
        """Return the neighbours of saved rows; KeyError or ValueError if they do not fit the schema."""
        near = Neighbours.restore(tensors, n_floats)
        reach = saved_values.array(tensors, "reach", "float", (len(near.references),))
        quantiles = saved_values.array(tensors, "quantiles", "float", (_N_STEPS + 1, n_floats))
        if not ((reach >= 0).all() and (np.diff(quantiles, axis=0) >= 0).all()):
            raise ValueError("a distance is negative, or quantiles fall")
        return cls(near, reach, quantiles)

    @cached_property
    def _ranked(self) -> Neighbours:
        return Neighbours(self.ranks(self.references))

    @property
    def n_near(self) -> int:
        """`N_NEAR`, or fewer where there are not so many."""
        return max(1, min(N_NEAR, len(self.references) - 1))

    def _near(self, floats: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the squared distances to the nearest and the k-th reference, and the mean reach up to there: (n,)."""
        x, own, m = floats.astype(np.float64), self.near.own(floats), len(self.references)
        if m == 1:
            distance = np.square(x - self.references).sum(axis=1)
            return distance, distance, np.repeat(self.reach, len(x))
        places = self.near.nearest(x, min(_N_FOUND, m))
        squares = np.empty(places.shape)
        step = max(1, CELLS // (places.shape[1] * x.shape[1]))
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            apart = np.square(x[rows, None] - self.references[places[rows]]).sum(axis=2)
            squares[rows] = np.where(places[rows] == own[rows, None], np.inf, apart)
        ordered = np.sort(squares, axis=1)
        kth = ordered[:, self.n_near - 1]
        most = kth * (1 + SAME)
        counts = squares <= most[:, None]
        reach = (counts * self.reach[places]).sum(axis=1) / counts.sum(axis=1)
        farthest = np.where(np.isfinite(ordered[:, -1]), ordered[:, -1], ordered[:, -2])
        crowded = np.flatnonzero((farthest <= most) & (kth > 0)) if places.shape[1] < m else np.empty(0, np.intp)
        for start in range(0, len(crowded), max(1, CELLS // m)):
            rows = crowded[start : start + max(1, CELLS // m)]
            counts = self.near.squares(x[rows]) <= most[rows, None]
            known = np.flatnonzero(own[rows] >= 0)
            counts[known, own[rows][known]] = False
            reach[rows] = counts @ self.reach / counts.sum(axis=1)
        return ordered[:, 0], kth, reach
