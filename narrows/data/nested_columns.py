"""Columns of rows that are elements of one list or struct column, and that column again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.column_type import ColumnType, is_missing
from narrows.data.frames.native_columns import arrow_type, as_native
from narrows.data.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa


def joined(rows: Rows) -> Iterator[tuple[str, list[int]]]:
    """Yield the columns that rows had in their frame: name, and indices of its elements."""
    names, i = rows.feature_names, 0
    while i < rows.n_columns:
        kind, end = rows.column_type(i), i + 1
        whole = kind.part_of if kind is not None else ""
        while whole and end < rows.n_columns and getattr(rows.column_type(end), "part_of", "") == whole:
            end += 1
        places = list(range(i, end))
        if whole and _are_all_parts([names[j] for j in places], whole):
            yield whole, places
        else:
            yield from ((names[j], [j]) for j in places)
        i = end


def as_whole(rows: Rows, places: list[int], container: str) -> Any:
    """Return elements as the one column of a pandas, polars or pyarrow frame that they came from."""
    kind = rows.column_type(places[0])
    assert kind is not None
    word, _, item = kind.whole.partition(" ")
    array = _as_struct(rows, places) if word in ("struct", "dict") else _as_list(rows, places, word, item)
    if container == "pyarrow":
        return array
    if container == "polars":
        import polars as pl

        return pl.from_arrow(array)
    import pandas as pd

    if kind.pandas.endswith("[pyarrow]"):
        return pd.array(array, dtype=pd.ArrowDtype(array.type))
    return pd.array(_objects(rows, places, array, word), dtype=object)


def with_missing(rows: Rows, names: tuple[str, ...], types: Sequence[ColumnType | None]) -> Rows:
    """Return rows whose empty list and struct columns have the elements of the fit, all of them missing.

    names, types : columns of the fit.
    """
    wholes = {kind.part_of for kind in types if kind is not None and kind.part_of}
    empty = {name for i, name in enumerate(rows.feature_names) if name in wholes and is_missing(rows.column(i)).all()}
    if not empty:
        return rows
    values, found, kinds = [], [], []
    for i, name in enumerate(rows.feature_names):
        parts = [(part, kind) for part, kind in zip(names, types, strict=True) if kind and kind.part_of == name]
        for part, kind in parts if name in empty else [(name, rows.column_type(i))]:
            found.append(part)
            kinds.append(kind)
            values.append(np.full(len(rows), np.nan) if name in empty else rows.column(i))
    return replace(rows, values=tuple(values), names=tuple(found), types=tuple(kinds))


def _are_all_parts(names: list[str], whole: str) -> bool:
    indexed = [f"{whole}[{i}]" for i in range(len(names))]
    return names == indexed or all(name.startswith(f"{whole}.") for name in names)


def _missing_cells(rows: Rows, places: list[int]) -> np.ndarray:
    """Return which cells of the whole are missing: those without any part, (n,)."""
    return np.logical_and.reduce([is_missing(rows.column(i)) for i in places])


def _as_list(rows: Rows, places: list[int], word: str, item: str) -> pa.Array:
    import pyarrow as pa

    kind = rows.column_type(places[0])
    assert kind is not None
    n, width = len(rows), len(places)
    columns = [as_native(rows.column(i), rows.column_type(i), "pyarrow") for i in places]
    # One column below the other, taken row by row.
    flat = pa.concat_arrays(columns).take(np.arange(n * width).reshape(width, n).T.ravel())
    missing = pa.array(_missing_cells(rows, places))
    wanted = arrow_type(kind.arrow)
    if wanted is not None and not pa.types.is_null(wanted):
        flat = flat.cast(wanted, safe=False)
    field = pa.field(item or "item", flat.type)
    if word == "fixed_size_list":
        return pa.FixedSizeListArray.from_arrays(flat, type=pa.list_(field, width), mask=missing)
    large = word == "large_list"
    offsets = pa.array(np.arange(n + 1) * width, "int64" if large else "int32")
    if large:
        return pa.LargeListArray.from_arrays(offsets, flat, type=pa.large_list(field), mask=missing)
    return pa.ListArray.from_arrays(offsets, flat, type=pa.list_(field), mask=missing)


def _as_struct(rows: Rows, places: list[int]) -> pa.Array:
    import pyarrow as pa

    names = rows.feature_names
    fields, whole = [], ""
    for i in places:
        kind = rows.column_type(i)
        assert kind is not None
        whole = kind.part_of
        fields.append(as_native(rows.column(i), replace(kind, pandas=""), "pyarrow"))
    words = [names[i][len(whole) + 1 :] for i in places]
    return pa.StructArray.from_arrays(fields, names=words, mask=pa.array(_missing_cells(rows, places)))


def _objects(rows: Rows, places: list[int], array: pa.Array, word: str) -> np.ndarray:
    """Return cells such as pandas held them."""
    found = np.empty(len(rows), dtype=object)
    if word == "ndarray":
        block = np.column_stack([rows.column(i) for i in places])
        missing = _missing_cells(rows, places)
        for i, cell in enumerate(block):
            found[i] = None if missing[i] else cell
        return found
    for i, cell in enumerate(array.to_pylist()):
        found[i] = tuple(cell) if word == "tuple" and cell is not None else cell
    return found
