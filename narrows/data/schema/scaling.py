"""Shift and scale of number columns."""

from __future__ import annotations

from typing import Literal

import numpy as np

from narrows.data.kinds import Numeric
from narrows.data.rows import Rows
from narrows.data.schema.column_statistics import Statistics
from narrows.data.schema.common_unit import common_unit
from narrows.data.schema.pixel_range import OWN, learn_pixels
from narrows.errors import DataRangeError

Scale = Literal["auto", "standard", "minmax", "quantile", "none"]


def learn_numeric(
    rows: Rows, found: Statistics, scale: Scale, *, columns: np.ndarray, sample_weight: np.ndarray | None = None
) -> tuple[Numeric, str]:
    """Return numbers as one kind, and the unit of a float in words; `columns` are their indices in the whole table.

    "auto" keeps one unit for all columns of a table where they share one (see `common_unit`), else standardises each.
    """
    if rows.image_shape is not None and scale in ("auto", "none"):
        return learn_pixels(rows, found, as_is=scale == "none", columns=columns)
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
        unit = OWN
    elif scale == "minmax":
        with np.errstate(over="ignore"):
            offset, width, bounded, unit = low, high - low, True, "parts of the column's range"
    else:
        offset, width, bounded, unit = mean, found.spread, False, "standard deviations"
    if not np.isfinite(width).all():
        column = rows.feature_names[int(np.flatnonzero(~np.isfinite(width))[0])]
        raise DataRangeError(
            f"Column {column!r} of {rows.source} spans more than 64-bit floats can express.", column=column
        )
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
