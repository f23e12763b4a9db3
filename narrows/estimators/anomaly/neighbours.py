"""The squared distance to the nearest row of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.estimators.anomaly.default_scorer import MOST_REFERENCES as MOST_REFERENCES_OF_REASONS
from narrows.estimators.anomaly.default_scorer import expected_by_neighbours, seen
from narrows.estimators.saving import saved_values

MOST_REFERENCES = 20_000
_FEW_COLUMNS = 8  # up to which a tree is faster than products
_FEW_ROWS = 32  # up to which one product is faster than the calls of scikit-learn's search
CELLS = 8_000_000
"""Most numbers of a matrix of distances at once."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Rows of the fit, as they are encoded, in place of a `DefaultScorer` where all rows are normal.

    Parameters
    ----------
    references : float32 ndarray of shape (m, d)
        At most `MOST_REFERENCES`.
    """

    references: np.ndarray

    names = ("distance",)

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the only part of encoded rows (n, d), their `distances`: (n, 1)."""
        return self.distances(floats)[:, None]

    def distances(self, floats: np.ndarray) -> np.ndarray:
        """Return the squared distance of encoded rows (n, d) to the nearest one (n,); no row is its own neighbour."""
        x = floats.astype(np.float64)
        other = np.zeros(len(x), np.intp)
        if len(self.references) > 1:
            near = self.nearest(x, 2)
            other = np.where(near[:, 0] == self.own(floats), near[:, 1], near[:, 0])
        # Rounding decides between neighbours that are equally near, so it must not show in the distance.
        return np.square(x - self.references[other]).sum(axis=1).astype(np.float32).astype(np.float64)

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the same as `DefaultScorer.expected`, from at most 4,000 of the rows."""
        some = self.references[:: -(-len(self.references) // MOST_REFERENCES_OF_REASONS)]
        expected, far = expected_by_neighbours(seen(floats), torch.from_numpy(seen(some)), columns, n_columns)
        return np.sinh(expected), far

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        return {"rows": torch.from_numpy(self.references)}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], n_floats: int) -> Neighbours:
        """Return the neighbours of saved rows; KeyError or ValueError if they do not fit the schema."""
        rows = saved_values.array(tensors, "rows", "float", (None, n_floats))
        if not len(rows):
            raise ValueError("there are no reference rows")
        return cls(rows)

    def nearest(self, x: np.ndarray, n: int) -> np.ndarray:
        """Return the positions of the n nearest references of float64 rows (rows, d), up to rounding: (rows, n)."""
        if x.shape[1] <= _FEW_COLUMNS:
            return self._tree.query(x, k=n)[1]
        if len(x) <= _FEW_ROWS:
            return torch.topk(self._apart(x), n, dim=1, largest=False).indices.numpy()
        return self._search.kneighbors(x, n, return_distance=False)

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Return the squared distances of float64 rows (n, d) to all references, up to rounding: (n, m)."""
        return self._apart(x).numpy() + np.square(x).sum(axis=1, keepdims=True)

    def _apart(self, x: np.ndarray) -> Tensor:
        """Return the squared distances (n, m) without the squares of the rows, which are the same for all."""
        rows, squares = self._rows
        return torch.addmm(squares, torch.from_numpy(x), rows.T, alpha=-2)

    @cached_property
    def _rows(self) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(self.references).double()
        return rows, rows.square().sum(dim=1)

    def own(self, floats: np.ndarray) -> np.ndarray:
        """Return the position of each row (n, d) among the rows (n,): the last of equal ones, -1 for none."""
        rows = np.ascontiguousarray(floats, dtype=self.references.dtype)
        return np.fromiter((self._place_of.get(row.tobytes(), -1) for row in rows), np.intp, len(rows))

    @cached_property
    def _place_of(self) -> dict[bytes, int]:
        return {row.tobytes(): place for place, row in enumerate(self.references)}

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import KDTree

        return KDTree(self.references.astype(np.float64))

    @cached_property
    def _search(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(algorithm="brute").fit(self._rows[0].numpy())
