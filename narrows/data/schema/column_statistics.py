"""Statistics of the training rows: range, mean and standard deviation of each column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data.rows import Rows
from narrows.errors import DataError, MissingValuesError


@dataclass(frozen=True, eq=False)
class Statistics:
    """Per column (d,), float64, in the user's units, over the cells of rows that have a positive weight."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    """Standard deviation, denominator n."""
    constant: np.ndarray
    """True where all values agree within the rounding of the column's dtype."""


def measure(rows: Rows, sample_weight: np.ndarray | None = None) -> Statistics:
    """Return weighted statistics, computed in two passes of float64 over chunks of rows to avoid large copies.

    Cells are divided by the column's largest absolute value before they are squared: 1e200 does not overflow.
    """
    weight = np.ones(len(rows)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if not (weight > 0).any():
        raise DataError("sample_weight has no positive weight; at least one row must count.")
    low, high = _extent(rows, weight)
    if np.isinf(low).any():
        column = rows.feature_names[int(np.flatnonzero(np.isinf(low))[0])]
        raise MissingValuesError(
            f"Column {column!r} of {rows.source} contains only NaN, so it has no mean; leave it out.",
            column=column,
        )
    largest = np.maximum(np.abs(low), np.abs(high))
    unit = np.where(largest > 0, largest, 1.0)
    constant = _is_constant(rows, low, high, largest)
    mean, spread = _moments(rows, weight, unit)
    return Statistics(
        low=low,
        high=high,
        mean=np.where(constant, low, np.clip(mean * unit, low, high)),
        spread=np.where(constant, 0.0, spread * unit),
        constant=constant,
    )


def _extent(rows: Rows, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.full(rows.n_columns, np.inf), np.full(rows.n_columns, -np.inf)
    for chunk in rows.chunks():
        block = rows.block(rows=chunk)
        counted = weight[chunk] > 0
        if not counted.any():
            continue
        block = block if counted.all() else block[counted]
        low = np.fmin(low, np.fmin.reduce(block, axis=0).astype(np.float64))
        high = np.fmax(high, np.fmax.reduce(block, axis=0).astype(np.float64))
    return low, high


def _is_constant(rows: Rows, low: np.ndarray, high: np.ndarray, largest: np.ndarray) -> np.ndarray:
    # Computed columns carry noise in the last bits of float64; the few steps of a shorter float may be its values.
    is_noisy = [dtype == "float64" and not rows.is_whole(i) for i, dtype in enumerate(rows.dtypes)]
    rounding = np.where(is_noisy, np.finfo(np.float64).eps, 0.0)
    with np.errstate(over="ignore"):
        return high - low <= 8 * rounding * largest


def _moments(rows: Rows, weight: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns divided by `unit`."""
    total, sums = np.zeros(rows.n_columns), np.zeros(rows.n_columns)
    for chunk in rows.chunks():
        block, present = _scaled(rows, chunk, unit)
        total += weight[chunk].sum() if present is None else weight[chunk] @ present
        sums += weight[chunk] @ block
    mean = sums / total
    squares = np.zeros(rows.n_columns)
    for chunk in rows.chunks():
        block, present = _scaled(rows, chunk, unit)
        block -= mean
        if present is not None:
            block *= present
        squares += weight[chunk] @ np.square(block, out=block)
    return _rounded(mean, np.sqrt(squares / total))


def _rounded(mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Round to 24 bits relative to the spread: finer than float32, and independent of the order of the rows."""
    mantissa, exponent = np.frexp(spread)
    spread = np.ldexp(np.rint(np.ldexp(mantissa, 24)), exponent - 24)
    step = np.where(spread > 0, spread * 2.0**-24, 1.0)
    return np.where(spread > 0, np.rint(mean / step) * step, mean), spread


def _scaled(rows: Rows, chunk: slice, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the chunk divided by `unit`, 0 in missing cells, and 1.0 for present cells; None where none is missing."""
    block = rows.block(rows=chunk)
    missing = np.isnan(block) if block.dtype.kind == "f" else None
    block = block / unit
    if missing is None or not missing.any():
        return block, None
    block[missing] = 0.0
    return block, (~missing).astype(np.float64)
