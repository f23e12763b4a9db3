"""Combinations of the parts of a scorer into one score per row.

The p-values of several parts, which may depend on each other in any way, are merged by their generalised mean (Vovk &
Wang 2020); with exponent 1 it is the harmonic mean p-value (Wilson 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Protocol

import numpy as np
from torch import Tensor

from narrows.estimators.anomaly.weights import median, quantile
from narrows.estimators.saving import saved_values

LINEAR = 5.0
"""Units up to which the score of `ScaledParts` grows linearly; beyond, it grows with their logarithm."""

_GRID = 512
_USUAL, _FAR = 0.95, 3.0  # far is this quantile and three times its distance from the median, or the largest value
_LEAST_UNIT = 1e-6  # of that unit, relative to the largest value
_INVALID_CELL = 1000.0  # larger than any score of a row without such a cell
_INVALID_CELL_LINEAR = 1e15  # the same for detectors saved before scores grew with the logarithm


class Combination(Protocol):
    """Maps the parts (n, p) of rows to their scores (n,)."""

    def combined(self, parts: np.ndarray) -> np.ndarray:
        """Return the score of each row (n,)."""
        ...

    @property
    def invalid_cell(self) -> float:
        """Score of a cell of another type than its column: above those of all rows without such a cell."""
        ...


@dataclass(frozen=True, eq=False)
class ScaledParts:
    """The largest of the parts, each centred and in its unit.

    Parameters
    ----------
    scale : ndarray of shape (2, p)
        Median and unit of each part.
    linear : float
        `LINEAR`; 0 for detectors saved before scores grew with the logarithm.
    """

    scale: np.ndarray
    linear: float = LINEAR

    def combined(self, parts: np.ndarray) -> np.ndarray:
        far = ((parts - self.scale[0]) / self.scale[1]).max(axis=1)
        return self.linear * np.arcsinh(far / self.linear) if self.linear else far

    @property
    def invalid_cell(self) -> float:
        return _INVALID_CELL if self.linear else _INVALID_CELL_LINEAR


def centre_and_spread(parts: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the median and the spread of each part (n, p): (p,) each.

    The spread is the distance from the median to the upper quartile, which may be 0 for repeated rows, and at least a
    hundredth of the median. weight : (n,), optional.
    """
    middle = median(parts, weight)
    distance = quantile(parts, 0.75, weight) - middle
    return middle, np.maximum(distance, 0.01 * np.abs(middle)) + 1e-9


@dataclass(frozen=True, eq=False)
class MergedTails:
    """Minus the logarithm of the merged p-value of the parts.

    With the tail probability p_i of part i among the rows of the fit, and weights w_i of sum 1, the score is
    ``log(sum(w_i * p_i ** -r)) / r``: large if one part is extreme, and the larger r, the less the others count.

    Parameters
    ----------
    values : ndarray of shape (p, g)
        Values of each part that shares of the rows exceed, not falling.
    heights : ndarray of shape (g,)
        -log of these shares.
    far : ndarray of shape (2, p)
        Beyond the first row a part also grows with the logarithm of its excess in the unit of the second, among the
        rows of the fit too: shares alone say nothing of how far the most abnormal rows are from the others.
    weights : ndarray of shape (p,)
    exponent : float
        r.
    """

    values: np.ndarray
    heights: np.ndarray
    far: np.ndarray
    weights: np.ndarray
    exponent: float

    @classmethod
    def of(
        cls, parts: np.ndarray, weights: np.ndarray, exponent: float, weight: np.ndarray | None = None
    ) -> MergedTails:
        """Learn the tails from the parts (n, p) of training rows, of the weights `weight` (n,)."""
        shares = np.geomspace(1, 1 / len(parts), min(_GRID, len(parts)))
        values = np.quantile(parts, 1 - shares, axis=0, method="inverted_cdf", weights=weight).T
        middle, usual = quantile(parts, [0.5, _USUAL], weight)
        spread = np.maximum(usual - middle, _LEAST_UNIT * np.abs(values[:, -1])) + 1e-12
        far = np.stack([np.minimum(usual + _FAR * spread, values[:, -1]), spread])
        return cls(values, -np.log(shares), far, weights / weights.sum(), exponent)

    def surprise(self, parts: np.ndarray) -> np.ndarray:
        """Return -log of the share of training rows with at least the value of each part, larger far out: (n, p)."""
        found = np.empty(parts.shape)
        for i, (steps, heights) in enumerate(self._steps):
            found[:, i] = np.interp(parts[:, i], steps, heights)
        return found + np.log1p(np.maximum(parts - self.far[0], 0) / self.far[1])

    @cached_property
    def _steps(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The different values of each part and their heights; of equal values the largest share."""
        each = [(values, *np.unique(values, return_index=True)) for values in self.values]
        return [(steps, self.heights[first]) for _, steps, first in each]

    def combined(self, parts: np.ndarray) -> np.ndarray:
        r = self.exponent
        return np.log((self.weights * np.exp(r * self.surprise(parts))).sum(axis=1)) / r

    def strongest(self, parts: np.ndarray) -> np.ndarray:
        """Return the part that contributes most to the score of each row (n,)."""
        return (self.exponent * self.surprise(parts) + np.log(self.weights)).argmax(axis=1)

    @property
    def invalid_cell(self) -> float:
        return _INVALID_CELL

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the learned numbers."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**named, "exponent": np.array([self.exponent])}

    @classmethod
    def restore(cls, tensors: dict[str, Tensor], n_parts: int) -> MergedTails:
        """Return the tails of saved `arrays`; KeyError or ValueError if they contradict themselves."""
        values = saved_values.array(tensors, "values", "float", (n_parts, None))
        heights = saved_values.array(tensors, "heights", "float", (values.shape[1],))
        weights = saved_values.array(tensors, "weights", "float", (n_parts,))
        far = saved_values.array(tensors, "far", "float", (2, n_parts))
        exponent = float(saved_values.array(tensors, "exponent", "float", (1,))[0])
        if not ((far[1] > 0).all() and (weights > 0).all() and exponent > 0 and (np.diff(values) >= 0).all()):
            raise ValueError("the tails have no unit, weight or order")
        return cls(values, heights, far, weights, exponent)
