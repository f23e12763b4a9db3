"""The form in which rows go into a saved model outside Python: one array, or one input for each column."""

from __future__ import annotations

from typing import Literal

import numpy as np

from narrows.data.kinds import Category, ColumnKind, CommonValue, DateTime, Ignored, MissingMask
from narrows.data.schema.layout import SchemaLayout


def is_block(schema: SchemaLayout) -> bool:
    """Return whether the columns come in as one array: those of images, and of arrays of numbers without names."""
    if schema.image_shape is not None:
        return True
    same = len(set(schema.dtypes)) == 1 and np.dtype(schema.dtypes[0]).kind in "biuf"
    return schema.names is None and schema.labels is None and schema.container in ("numpy", "torch") and same


def input_columns(schema: SchemaLayout, *, with_constants: bool) -> list[int]:
    """Return the columns that a model needs: those it learned from, and the constant ones if they are judged."""
    return sorted({*schema.learned_columns, *(schema.constant_columns if with_constants else ())})


def value_kind(schema: SchemaLayout, i: int) -> ColumnKind:
    """Return the kind that encodes the values of a column; its masks are kinds of their own."""
    return next(k for k in schema.kinds if i in k.columns and not isinstance(k, MissingMask | CommonValue))


def holds(schema: SchemaLayout, i: int) -> Literal["number", "text", "date"]:
    """Return the kind of the cells of a column."""
    kind = value_kind(schema, i)
    if isinstance(kind, DateTime):
        return "date"
    if isinstance(kind, Category | Ignored):
        kinds: dict[str, Literal["text", "date"]] = {"O": "text", "M": "date"}
        return kinds.get(np.dtype(kind.dtype).kind, "number")
    return "number"
