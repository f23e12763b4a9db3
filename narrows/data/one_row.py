"""One row given as a pandas Series, a list or a tuple, as a frame of one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from narrows.data.frames.as_frame import arrow_cells, table_of
from narrows.data.frames.column_type import ColumnType
from narrows.data.schema.layout import SchemaLayout


def as_one_row(X: Any, schema: SchemaLayout) -> Any:
    """Return a frame of one row if X is a pandas Series, a list or a tuple with a cell for each column of the schema.

    Anything else is returned unchanged, arrays included: scikit-learn requires them to be two-dimensional.
    """
    if isinstance(X, np.ndarray):
        return X
    import narwhals as nw

    if nw.dependencies.is_pandas_series(X):
        return _row_of_series(X, schema)
    if not isinstance(X, list | tuple) or not X or not all(_is_one_cell(cell) for cell in X):
        return X
    names = getattr(X, "_fields", None) or _frame_names(schema)
    if len(names) != len(X):
        return X
    if schema.names is None and schema.labels is None:  # an array's
        return [list(X)]
    return _row_frame(list(X), list(names), schema)


def _row_of_series(X: Any, schema: SchemaLayout) -> Any:
    labels = _frame_names(schema)
    if len(X) != len(labels) and not set(map(str, X.index)) & set(labels):
        return X
    frame = X.to_frame().T
    if len(X) == len(labels) and list(X.index) == list(range(len(X))) and schema.names is not None:
        frame.columns = list(labels) if schema.labels is None else schema.labels.to_pandas()
    return frame


def _row_frame(cells: list[Any], names: list[str], schema: SchemaLayout) -> Any:
    if schema.container == "pandas" and schema.labels is not None:
        import pandas as pd

        return pd.DataFrame([cells], columns=schema.labels.to_pandas()).astype(object)
    return table_of({name: arrow_cells([cell]) for name, cell in zip(names, cells, strict=True)})


def _frame_names(schema: SchemaLayout) -> list[str]:
    """Return the names of the columns that the frame of the fit had, lists and structs as one."""
    types: Sequence[ColumnType | None] = schema.types or (None,) * schema.n_columns
    named = [
        kind.part_of if kind is not None and kind.part_of else name
        for name, kind in zip(schema.feature_names, types, strict=True)
    ]
    return list(dict.fromkeys(named))


def _is_one_cell(cell: object) -> bool:
    return not isinstance(cell, Mapping | list | tuple | np.ndarray) or isinstance(cell, str)
