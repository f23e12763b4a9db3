"""From floats back to rows, in the dtypes of the fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from narrows.data.frames.columns import ColumnType, is_missing
from narrows.data.kinds import CommonValue, Ignored, MissingMask
from narrows.data.rows import Rows
from narrows.data.schema.layout import SchemaLayout


def decoded(schema: SchemaLayout, floats: np.ndarray, *, like: Rows | None = None, with_missing: bool = False) -> Rows:
    """Return floats (n, n_floats) as Rows; whole numbers are rounded and clipped, bool is true from 0.5 on.

    like : rows that the result takes container, layout, index and ignored columns from.
    with_missing : whether cells are missing where their masks say so.
    """
    rows = (
        _columns(schema, floats, with_missing) if len(schema.kinds) > 1 or schema.is_mixed else _block(schema, floats)
    )
    rows = replace(rows, delimiter=schema.delimiter)
    return rows if like is None else _in_the_form_of(like, rows, schema)


def filled(schema: SchemaLayout, rows: Rows, floats: np.ndarray) -> Rows:
    """The rows with their gaps filled from floats (n, n_floats); what is there stays as it is."""
    answers = decoded(schema, floats, like=rows)
    values = []
    for i in range(schema.n_columns):
        given = rows.column(i)
        missing_cells, answer = is_missing(given), answers.column(i)
        if given.dtype.kind == "f" and answer.dtype.kind in "biuf":
            answer = _cast(answer, given.dtype)
        # A column of nothing but gaps comes as no type that an answer could be put into.
        given = (
            answer if missing_cells.all() else np.where(missing_cells, answer, given) if missing_cells.any() else given
        )
        values.append(given)
    return replace(answers, values=tuple(values) if isinstance(rows.values, tuple) else np.column_stack(values))


def _block(schema: SchemaLayout, floats: np.ndarray) -> Rows:
    """Of a table of numbers, or of images."""
    (kind,) = schema.kinds
    dtypes = [np.dtype(name) for name in schema.dtypes]
    n = len(floats)
    if len(set(dtypes)) > 1:
        values = tuple(np.empty(n, dtype) for dtype in dtypes)
    else:
        values = np.empty((n, len(dtypes)), dtypes[0])
    rows = Rows(
        values,
        schema.names,
        schema.types,
        schema.image_shape,
        schema.layout,
        schema.container,
        column_labels=schema.labels,
    )
    for chunk in rows.chunks():
        block = kind.decode(floats[chunk])
        if isinstance(values, tuple):
            for column, answer, dtype in zip(values, block.T, dtypes, strict=True):
                column[chunk] = _cast(answer, dtype)
        else:
            values[chunk] = _cast(block, dtypes[0])
    return rows


def _columns(schema: SchemaLayout, floats: np.ndarray, with_missing: bool) -> Rows:
    """Of a table whose columns are of several kinds."""
    columns: dict[int, np.ndarray] = {}
    types = list(schema.types or [None] * schema.n_columns)
    for kind, place in schema.float_slices():
        if isinstance(kind, MissingMask | CommonValue):
            continue
        block = kind.decode(floats[:, place])
        for i, column in zip(kind.columns.tolist(), block.T, strict=True):
            dtype = np.dtype(schema.dtypes[i])
            if isinstance(kind, Ignored) and kind.value is None and dtype.kind in "iu":
                types[i] = types[i] or ColumnType(_whole_type(dtype))  # NaN stands for its gaps
                columns[i] = column
            else:
                columns[i] = _cast(column, dtype) if dtype.kind in "biuf" else column
    for kind, place in schema.float_slices():
        if isinstance(kind, CommonValue):
            for i, value, is_it in zip(kind.columns.tolist(), kind.value, kind.decode(floats[:, place]).T, strict=True):
                columns[i] = np.where(is_it, value.astype(columns[i].dtype), columns[i])
    if with_missing:
        for kind, place in schema.float_slices():
            if isinstance(kind, MissingMask):
                for i, missing in zip(kind.columns.tolist(), kind.decode(floats[:, place]).T, strict=True):
                    columns[i] = _with_missing(columns[i], missing)
    return Rows(
        tuple(columns[i] for i in range(schema.n_columns)),
        schema.names,
        tuple(types) if any(types) else None,
        container=schema.container,
        column_labels=schema.labels,
    )


def _whole_type(dtype: np.dtype) -> str:
    return dtype.name.replace("int", "Int").replace("uI", "UI")


def _with_missing(column: np.ndarray, missing: np.ndarray) -> np.ndarray:
    column = column.copy()
    column[missing] = np.datetime64("NaT") if column.dtype.kind == "M" else None if column.dtype.kind == "O" else np.nan
    return column


def _in_the_form_of(like: Rows, rows: Rows, schema: SchemaLayout) -> Rows:
    same = len(like) == len(rows)
    values = rows.values
    types = tuple(like.column_type(i) or rows.column_type(i) for i in range(rows.n_columns))
    if same and isinstance(values, tuple):
        aside = {int(k.columns[0]) for k in schema.kinds if isinstance(k, Ignored) and k.value is None}
        values = tuple(like.column(i) if i in aside else column for i, column in enumerate(values))
        types = tuple(like.column_type(i) if i in aside else kind for i, kind in enumerate(types))
    return replace(
        rows,
        values=values,
        container=like.container,
        delimiter=like.delimiter,
        layout=like.layout if schema.image_shape else rows.layout,
        names=like.names or (rows.names if like.container != "pandas" else None),
        index=like.index if same else None,
        column_labels=like.column_labels,
        types=types if any(types) else None,
    )


def _cast(block: np.ndarray, dtype: np.dtype) -> np.ndarray:
    if block.dtype == dtype:
        return block
    if dtype.kind == "b":
        return block >= 0.5
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        return block.astype(dtype) if limits.bits >= 64 else block.clip(limits.min, limits.max).astype(dtype)
    limits = np.iinfo(dtype)
    top = float(limits.max)
    if int(top) > limits.max:  # 2**63 - 1 is not a float64
        top = float(np.nextafter(top, 0))
    return np.rint(block).clip(limits.min, top).astype(dtype)
