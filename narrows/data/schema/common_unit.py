"""The common unit of the columns of a table, such as that of pixels."""

from __future__ import annotations

import re

import numpy as np

from narrows.data.rows import Rows
from narrows.data.schema.column_statistics import Statistics

_WIDE = 0.1  # a standard deviation, as a share of the unit, from which on a column uses it
_FEWEST_PIXELS = 64  # 8 x 8: in a smaller table every column has to be wide
_BACKGROUND = 0.5  # share of cells of one value in a pixel near the border
_BYTE = 255.0


def common_unit(rows: Rows, found: Statistics, sample_weight: np.ndarray | None = None) -> float | None:
    """Return the common unit of all columns: 1.0, or 255.0 for flattened images of 8 bits; None where there is none.

    A table in [0, 1] has one unit where it holds nothing but zeros and ones, where every column is wide (a standard
    deviation of at least 0.1), or where it looks like flattened pictures: 64 columns or more without names or with
    numbered ones, at least half of them wide, and the others one and the same value in most rows, as pixels near a
    border are. Pictures alone may also hold whole numbers from 0 to 255.
    """
    low, high = float(found.low.min()), float(found.high.max())
    varies = ~found.constant
    if low < 0 or not varies.any():
        return 1.0 if low >= 0 and high <= 1 else None
    if high <= 1:
        every_one_wide = bool((found.spread[varies] >= _WIDE).all())
        fits = every_one_wide or _is_binary(rows, found) or _are_pictures(rows, found, 1.0, sample_weight)
        return 1.0 if fits else None
    if low == 0 and high == _BYTE and _are_pictures(rows, found, _BYTE, sample_weight) and _is_whole(rows):
        return _BYTE
    return None


def _are_pictures(rows: Rows, found: Statistics, unit: float, sample_weight: np.ndarray | None) -> bool:
    varies = ~found.constant
    wide = found.spread >= _WIDE * unit
    if rows.n_columns < _FEWEST_PIXELS or wide.sum() < varies.sum() / 2 or not _are_numbered(rows.names):
        return False
    narrow = np.flatnonzero(varies & ~wide)
    weight = np.ones(len(rows)) if sample_weight is None else sample_weight
    at_low, at_high = np.zeros(len(narrow)), np.zeros(len(narrow))
    for chunk in rows.chunks():
        block = rows.block(narrow, chunk)
        at_low += weight[chunk] @ (block == found.low[narrow])
        at_high += weight[chunk] @ (block == found.high[narrow])
    return bool((np.maximum(at_low, at_high) >= _BACKGROUND * weight.sum()).all())


def _are_numbered(names: tuple[str, ...] | None) -> bool:
    """Return whether names differ in their numbers alone, as "pixel0" and "pixel1" do."""
    return names is None or len({re.sub(r"\d+", "0", name) for name in names}) == 1


def _is_binary(rows: Rows, found: Statistics) -> bool:
    at_ends = np.isin(found.low, (0, 1)).all() and np.isin(found.high, (0, 1)).all()
    return bool(at_ends) and _is_whole(rows)


def _is_whole(rows: Rows) -> bool:
    """Return whether every cell that is there is a whole number."""
    for chunk in rows.chunks():
        block = rows.block(rows=chunk)
        if block.dtype.kind == "f" and not ((block == np.rint(block)) | np.isnan(block)).all():
            return False
    return True
