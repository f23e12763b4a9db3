"""Whole numbers held as texts: of a column with missing cells, if some are too large to be exact in float64."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.rows import Rows
from narrows.data.schema.identifier_columns import IDENTIFIER


def as_numbers(rows: Rows, i: int) -> np.ndarray:
    """Return a column (n,): large whole numbers as float64, NaN for missing cells, any other column as it is."""
    values = rows.column(i)
    return values.astype(np.float64) if values.dtype == object and rows.is_whole(i) else values


def with_numbers(rows: Rows, categorical: Container[str] = ()) -> Rows:
    """Return rows with large whole numbers as float64, from which a fit learns as from any number.

    Columns that name the row (by their name, and another number in each) and columns of one number stay exact texts.

    categorical : names of columns to encode as categories, which stay exact too.
    """
    if not isinstance(rows.values, tuple) or rows.types is None:
        return rows
    values = list(rows.values)
    for i, name in enumerate(rows.feature_names):
        if values[i].dtype != object or not rows.is_whole(i) or name in categorical:
            continue
        floats = as_numbers(rows, i)
        present = values[i][~is_missing(values[i])].tolist()
        is_key = rows.names is not None and IDENTIFIER.search(name) is not None and len(set(present)) == len(present)
        if not is_key and len(np.unique(floats[~np.isnan(floats)])) > 1:
            values[i] = floats
    return replace(rows, values=tuple(values))
