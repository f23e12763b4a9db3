"""Sizes of the numbers of each column during fit, to recognise other units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data.rows import Rows

_QUANTILES = (0.0, 0.01, 0.5, 0.99, 1.0)
_FEWEST_AT_FIT = 30  # cells of a column that say how large it is
_FEW = 20  # cells, below which they must lie twice as far from the median of the fit as its extremes, in factors
_SINGLE = 3  # cells, below which a column with a wide range is not judged
_SHOWS_TAILS = 100  # cells of the fit, from which on a single one is judged
_COMPACT = 10.0  # from the median to an extreme, as a factor: no wide range
_LEAST = 30.0  # the smallest factor that is reported: not drift, and below 60, 100 and 1000
_OUTSIDE = 0.9
_ALIKE, _ALIKE_OF_FEW = 3.0, 30.0  # how much the factors of columns may differ that are reported as one
_CELLS, _MOST_ROWS = 1_000_000, 2000
_USUAL = (60.0, 3600.0, *(10.0**power for power in range(2, 16)))
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """Absolute values of the cells of number columns that are neither zero nor missing.

    columns : (c,), indices in the table; columns with too few such cells are not among them.
    quantiles : (c, 5), in the user's units: smallest, 1 %, median, 99 %, largest.
    signed : (c,) bool, whether cells lay on both sides of zero, so that smaller sizes are to be expected.
    counts : (c,), number of those cells, or their weight.
    """

    columns: np.ndarray
    quantiles: np.ndarray
    signed: np.ndarray
    counts: np.ndarray

    @classmethod
    def learn(cls, rows: Rows, columns: np.ndarray, sample_weight: np.ndarray | None = None) -> Magnitudes:
        """Learn from these columns; from evenly spaced rows of large tables."""
        weight = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        counted = np.flatnonzero(weight > 0)
        places = counted[_places(len(counted), len(columns), most=10 * _MOST_ROWS)]
        cells = _cells(rows, columns, places)
        signed = np.asarray((cells > 0).any(axis=0) & (cells < 0).any(axis=0))
        sizes = np.abs(cells)
        order = np.argsort(sizes, axis=0)
        sizes, each = np.take_along_axis(sizes, order, axis=0), weight[places][order]
        mass = np.cumsum(np.where(np.isnan(sizes), 0.0, each), axis=0)
        counts = np.asarray(mass[-1])
        known = np.flatnonzero(counts >= _FEWEST_AT_FIT)
        at = [np.argmax(mass >= np.maximum(q * mass[-1], np.finfo(float).tiny), axis=0) for q in _QUANTILES]
        found = np.take_along_axis(sizes, np.array(at), axis=0).T
        return cls(np.asarray(columns)[known], found[known], signed[known], counts[known])

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray], n_columns: int) -> Magnitudes:
        """Restore from a saved schema's arrays; raise ValueError on nonsense."""
        columns, quantiles, signed, counts = (
            arrays[f"magnitudes.{key}"] for key in ("columns", "quantiles", "signed", "counts")
        )
        if columns.dtype.kind != "i" or not ((columns >= 0) & (columns < n_columns)).all():
            raise ValueError("the magnitudes are of columns that are not there")
        if quantiles.shape != (len(columns), len(_QUANTILES)) or not (quantiles > 0).all():
            raise ValueError("the magnitudes are not five positive numbers for each column")
        if signed.shape != columns.shape or signed.dtype != bool or counts.shape != columns.shape:
            raise ValueError("the magnitudes do not say of each column whether it has a sign, and its cells")
        return cls(columns, quantiles, signed, counts)

    def complaint(self, rows: Rows) -> str | None:
        """Return a sentence that names the columns in other units, with the factors; None where there are none."""
        kinds = rows.dtype_kinds
        kept = np.array([kinds[i] in "iuf" for i in self.columns.tolist()], dtype=bool)
        if not kept.any() or not len(rows):
            return None
        columns, fit = self.columns[kept], self.quantiles[kept]
        sizes = np.abs(_cells(rows, columns, _places(len(rows), len(columns), most=_MOST_ROWS)))
        if len(sizes) < _FEW and not ((sizes < fit[:, 0]) | (sizes > fit[:, 4])).any():
            return None  # of few rows only cells beyond the extremes of the fit are in other units
        n_cells = (~np.isnan(sizes)).sum(axis=0)
        together = _together(rows, sizes, n_cells, fit)
        if together is not None:
            return together
        suspects = np.flatnonzero(_is_outside(sizes, n_cells, fit, self.signed[kept], self.counts[kept]))
        changes = [
            (int(columns[i]), float(np.nanmedian(sizes[:, i])), float(fit[i, 2]))
            for i in suspects
            if _is_far(np.nanmedian(sizes[:, i]) / fit[i, 2])
        ]
        if not changes:
            return None
        parts = [
            f"column {rows.feature_names[i]!r} of {rows.source} is {_factor(now / then)} than at the fit "
            f"(median {_number(now)}, at the fit {_number(then)})"
            for i, now, then in changes[:_SHOWN]
        ]
        more = len(changes) - _SHOWN
        listed = "; ".join(parts) + (f"; and so are {more} more columns" if more > 0 else "")
        return f"{listed[0].upper()}{listed[1:]}; convert {'it' if len(changes) == 1 else 'them'} to the same units."


def _together(rows: Rows, sizes: np.ndarray, n_cells: np.ndarray, fit: np.ndarray) -> str | None:
    """Return the sentence for columns that all differ by about the same factor; None for others."""
    some = n_cells > 0
    if some.sum() < 2 or n_cells.sum() < 5:
        return None
    few = len(sizes) < _FEW
    low, high = (fit[:, 0], fit[:, 4]) if few else (fit[:, 1], fit[:, 3])
    for is_off in (sizes < low, sizes > high):
        off = is_off.sum(axis=0)
        agree = np.mean(off[some] >= n_cells[some] / 2)
        if off.sum() < _OUTSIDE * n_cells.sum() or agree < _OUTSIDE:
            continue
        ratios = np.nanmedian(sizes[:, some], axis=0) / fit[some, 2]
        spread = np.quantile(ratios, 0.9) / np.quantile(ratios, 0.1)
        alike = _ALIKE_OF_FEW if np.median(n_cells[some]) < _FEW else _ALIKE
        if spread <= alike and _is_far(np.median(ratios)):
            number = "All" if agree > 0.95 else "Nearly all"
            times = _factor(float(np.median(ratios)), (*_USUAL, 255.0))
            return f"{number} columns of {rows.source} are {times} than at the fit; convert them to the same units."
    return None


def _is_outside(
    sizes: np.ndarray, n_cells: np.ndarray, fit: np.ndarray, signed: np.ndarray, counts: np.ndarray
) -> np.ndarray:
    """Return which columns (c,) lie almost entirely on one side of the range of the fit."""
    smallest, low, middle, high, largest = fit.T
    few, single = n_cells < _FEW, n_cells < _SINGLE
    down, up = middle / smallest, largest / middle
    below = (sizes < np.where(few, smallest / down, low)).sum(axis=0) >= _OUTSIDE * n_cells
    above = (sizes > np.where(few, largest * up, high)).sum(axis=0) >= _OUTSIDE * n_cells
    # A single cell near zero, or far out on a long tail, is not unusual; few rows do not show how long it is.
    judged = ~single | (counts >= _SHOWS_TAILS)
    below &= judged & ~(single & (signed | (down > _COMPACT)))
    above &= judged & ~(single & (up > _COMPACT))
    return (n_cells > 0) & (below | above)


def _is_far(ratio: float) -> bool:
    return max(ratio, 1 / ratio) >= _LEAST


def _places(n: int, n_columns: int, *, most: int) -> np.ndarray:
    n_kept = min(n, most, max(_FEW, _CELLS // max(1, n_columns)))
    if n_kept == n:
        return np.arange(n)
    return np.linspace(0, n - 1, n_kept).astype(np.intp)


def _cells(rows: Rows, columns: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the cells (n, c) of the rows at these indices, float64, NaN for zeros and missing cells."""
    some = rows if len(places) == len(rows) else rows.take(places)
    cells = some.block(columns).astype(np.float64)
    cells[cells == 0] = np.nan
    return cells


def _factor(ratio: float, usual: tuple[float, ...] = _USUAL) -> str:
    times = max(ratio, 1 / ratio)
    nearest = min(usual, key=lambda one: abs(np.log(times / one)))
    is_usual = abs(np.log(times / nearest)) < np.log(1.25)
    factor = _number(nearest, 4) if is_usual else _number(times)
    return f"about {factor} times {'larger' if ratio > 1 else 'smaller'}"


def _number(value: float, digits: int = 2) -> str:
    """Return a number with so many significant digits: 4.2, 4,200, 1e+12."""
    rounded = float(f"{value:.{digits}g}")
    whole = 1e3 <= rounded < 1e9
    return f"{rounded:,.0f}" if whole else f"{rounded:.6g}"
