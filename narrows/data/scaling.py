"""How number columns are shifted and scaled."""

from __future__ import annotations

from typing import Literal

import numpy as np

from narrows.data.common_unit import common_unit
from narrows.data.kinds import Numeric
from narrows.data.rows import Rows
from narrows.data.statistics import Statistics
from narrows.errors import DataRangeError

Scale = Literal["auto", "standard", "minmax", "quantile", "none"]

PIXELS = "pixels in [0, 1]"
OWN = "the data's own units"


def learn_numeric(
    rows: Rows, found: Statistics, scale: Scale, *, columns: np.ndarray, sample_weight: np.ndarray | None = None
) -> tuple[Numeric, str]:
    """Numbers as one kind, and what one unit of a float is; `columns` are their places in the whole table.

    "auto" keeps one unit for all columns of a table where they share one (see `common_unit`), else standardises each.
    """
    low, high, mean = found.low, found.high, found.mean
    ones, zeros = np.ones(rows.n_columns), np.zeros(rows.n_columns)
    inside = bool((low >= 0).all() and (high <= 1).all())
    constant = found.constant
    is_table = rows.image_shape is None
    shared = common_unit(rows, found, sample_weight) if scale == "auto" and is_table else None
    if shared not in (None, 1.0):
        offset, width, bounded, unit = zeros, shared * ones, True, f"parts of {shared:.0f}"
    elif scale == "none" or shared or (scale == "auto" and inside and not is_table):
        offset, width, bounded = zeros, ones, inside
        unit = PIXELS if inside and rows.image_shape else OWN
    elif scale == "auto" and rows.image_shape is not None:
        dark, bright = _pixel_range(rows, float(low.min()), float(high.max()))
        offset, width, bounded, unit = dark * ones, (bright - dark) * ones, True, PIXELS
    elif scale == "minmax":
        with np.errstate(over="ignore"):
            offset, width, bounded, unit = low, high - low, True, "parts of the column's range"
    else:
        offset, width, bounded, unit = mean, found.spread, False, "standard deviations"
    if not np.isfinite(width).all():
        column = rows.feature_names[int(np.flatnonzero(~np.isfinite(width))[0])]
        raise DataRangeError(f"Column {column!r} of {rows.source} spans more than 64-bit floats can express.")
    if rows.image_shape is not None and scale in ("auto", "none"):
        constant = np.zeros_like(constant)  # a border pixel that was black in training may be lit later
    width = np.where(constant & (width == 0), 1.0, np.maximum(width, np.finfo(np.float64).tiny))
    kind = Numeric(
        columns=columns,
        offset=offset,
        scale=width,
        fill=mean,
        constant=constant,
        bounded=bounded,
    )
    return kind, unit


def _pixel_range(rows: Rows, low: float, high: float) -> tuple[float, float]:
    """The values that black and white stand for."""
    of_dtype = {"uint8": (0.0, 255.0), "uint16": (0.0, 65535.0)}
    dtype = rows.dtypes[0]
    if dtype in of_dtype:
        return of_dtype[dtype]
    return (low, high) if high > low else (low, low + 1.0)
