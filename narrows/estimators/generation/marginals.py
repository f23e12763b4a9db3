"""The distributions of single number columns, which synthetic rows are brought to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from narrows.data import Rows, Schema
from narrows.data.kinds.number_summary import FREE, decimals_of, rounded

_KNOTS = 2_001
_FEWEST = 20  # values that a distribution is learned from


@dataclass(frozen=True, eq=False)
class Marginals:
    """For c number columns a rising map from the values a model generates to those of the training rows.

    A generated value becomes the training value of the same quantile. Such a map leaves the order of the values, and
    so the dependence between columns (their copula), as the model has it; the values of each column, their grid,
    their range and their spread become those of the training rows (quantile matching; Nelsen 2006, section 2.3).

    Parameters
    ----------
    columns : ndarray of int of shape (c,)
    made : ndarray of shape (c, q)
        Quantiles of generated values, rising, in the user's units.
    real : ndarray of shape (c, q)
        Quantiles of the training values at (i + 1/2) / q, rising; each is a training value.
    on_grid : ndarray of bool of shape (c,)
        Whether the values of the column occur again and again; results then are training values. Others are
        interpolated.
    decimals : ndarray of int of shape (c,)
        Number of decimals that interpolated values are rounded to; -1 for no rounding.
    """

    columns: np.ndarray
    made: np.ndarray
    real: np.ndarray
    on_grid: np.ndarray
    decimals: np.ndarray

    @classmethod
    def learn(cls, schema: Schema, training: Rows, made: Rows) -> Marginals:
        """Learn from training rows and rows that the model generated, both without order."""
        found: list[tuple[int, np.ndarray, np.ndarray, bool, int]] = []
        for i in number_columns(schema):
            ours, theirs = _present(training.column(i)), _present(made.column(i))
            if min(len(ours), len(theirs)) < _FEWEST or ours[0] == ours[-1]:
                continue
            raw = training.column(i)
            decimals = 0 if raw.dtype.kind in "iu" else decimals_of(ours)
            found.append((i, _quantiles(theirs), _quantiles(ours), _is_on_grid(ours), decimals))
        columns, theirs, ours, on_grid, decimals = zip(*found, strict=True) if found else ((), (), (), (), ())
        shape = (len(found), _KNOTS)
        return cls(
            np.array(columns, dtype=np.int64),
            np.reshape(theirs, shape),
            np.reshape(ours, shape),
            np.array(on_grid, dtype=bool),
            np.array(decimals, dtype=np.int64),
        )

    def apply(self, rows: Rows, rng: np.random.Generator) -> Rows:
        """Return synthetic rows with the values of the training rows; missing cells stay missing."""
        columns = [rows.column(i) for i in range(rows.n_columns)]
        for place, i in enumerate(self.columns.tolist()):
            column = columns[i].astype(np.float64)
            known = ~np.isnan(column)
            column[known] = self._mapped(place, column[known], rng)
            columns[i] = column.astype(columns[i].dtype)
        return replace(rows, values=tuple(columns) if isinstance(rows.values, tuple) else np.column_stack(columns))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the maps by name."""
        return dict(vars(self))

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray], n_columns: int) -> Marginals:
        """Return the inverse of `arrays`; ValueError or KeyError on nonsense."""
        names = ("columns", "made", "real", "on_grid", "decimals")
        columns, made, real, on_grid, decimals = (np.asarray(arrays[name]) for name in names)
        c = len(columns)
        if made.shape != real.shape or made.ndim != 2 or len(made) != c or on_grid.shape != (c,) != decimals.shape:
            raise ValueError("the distributions of generated columns have arrays of different shapes")
        if not np.isin(columns, np.arange(n_columns)).all() or on_grid.dtype != bool:
            raise ValueError("the distributions of generated columns name columns that are not there")
        if not all(np.isfinite(a).all() and (np.diff(a) >= 0).all() for a in (made, real)):
            raise ValueError("the distributions of generated columns do not rise")
        return cls(columns, made, real, on_grid, decimals)

    def _mapped(self, place: int, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        made, real = self.made[place], self.real[place]
        share = _shares(made, values, rng)
        if self.on_grid[place]:
            return real[np.minimum((share * len(real)).astype(np.intp), len(real) - 1)]
        position = np.clip(share * len(real) - 0.5, 0, len(real) - 1)
        low = np.floor(position).astype(np.intp)
        high = np.minimum(low + 1, len(real) - 1)
        way = position - low
        # Between a value that occurs again and again and its neighbour there is nothing to interpolate.
        repeated = np.append(np.diff(real) == 0, False) | np.append(False, np.diff(real) == 0)
        way = np.where(repeated[low] | repeated[high], np.rint(way), way)
        found = real[low] + way * (real[high] - real[low])
        return found if self.decimals[place] == FREE else rounded(found, int(self.decimals[place]))


def number_columns(schema: Schema) -> list[int]:
    """Return the learned columns that hold numbers."""
    dtypes = schema.dtypes
    return [
        int(i)
        for kind in schema.kinds
        if kind.name in ("numeric", "quantile")
        for i in kind.columns.tolist()
        if np.dtype(dtypes[i]).kind in "iuf"
    ]


def _present(column: np.ndarray) -> np.ndarray:
    values = column.astype(np.float64)
    return np.sort(values[~np.isnan(values)])


def _is_on_grid(values: np.ndarray) -> bool:
    """Return whether values occur twice on average or more often, apart from the most common one."""
    counts = np.sort(np.unique(values, return_counts=True)[1])[:-1]
    return bool(2 * len(counts) <= counts.sum())


def _quantiles(rising: np.ndarray) -> np.ndarray:
    """Return so many of the values (n,), at evenly spaced ranks."""
    return rising[((np.arange(_KNOTS) + 0.5) / _KNOTS * len(rising)).astype(np.intp)]


def _shares(knots: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the share of the distribution below each value; of a tie, a random one of its shares."""
    low, high = (np.searchsorted(knots, values, side=side) for side in ("left", "right"))
    tied = high > low
    below, above = knots[np.maximum(low - 1, 0)], knots[np.minimum(low, len(knots) - 1)]
    way = np.divide(values - below, above - below, out=np.full(len(values), 0.5), where=above > below)
    between = (low - 0.5 + np.clip(way, 0.0, 1.0)) / len(knots)
    share = np.where(tied, (low + rng.random(len(values)) * (high - low)) / len(knots), between)
    return np.clip(share, 0.0, 1.0)
