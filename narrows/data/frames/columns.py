"""One column of a frame as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.column_type import NUMBERS as _NUMBERS
from narrows.data.frames.column_type import WHOLE as _WHOLE
from narrows.data.frames.column_type import Column, ColumnType, Level, Opaque, is_missing, is_missing_cell
from narrows.data.frames.levels import index_type, plain_level
from narrows.data.frames.native_columns import arrow_type, as_native
from narrows.data.frames.nested import Parts, is_nested, number_type, split_arrow, split_objects
from narrows.data.frames.object_columns import numbers, object_column, objects, opaque_column

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

__all__ = [
    "Column",
    "ColumnType",
    "Level",
    "Opaque",
    "arrow_type",
    "as_arrow_column",
    "as_column",
    "as_columns",
    "as_native",
    "is_missing",
    "is_missing_cell",
]

_EXACT = 2**53  # float64 does not distinguish larger whole numbers
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def as_columns(series: nw.Series[Any], label: str, source: str, *, whole: bool = False) -> Parts:
    """Return a column of a frame with its name; lists of numbers and structs as a column per element, "embedding[0]".

    whole : whether to keep lists and structs as one column.
    """
    native = _native(series)
    column = _arrow(series)
    if column is not None and is_nested(column.type):
        if whole:
            return [(label, opaque_column(column.to_pylist(), "lists or other cells of several values", native))]
        return split_arrow(column, label, source, as_column, native)
    if column is None and native == "object" and not whole:
        found = split_objects(series.to_list(), label, source, as_column, native)
        if found is not None:
            return found
    return [(label, as_column(series, label, source))]


def as_column(series: nw.Series[Any], label: str, source: str) -> Column:
    """Return one column of a frame; cells that are not numbers, booleans, texts or dates become texts, with a note."""
    import narwhals as nw

    dtype, native = series.dtype, _native(series)
    if dtype == nw.Boolean or (dtype.is_numeric() and dtype != nw.Decimal and "128" not in str(dtype)):
        values = series.to_numpy()
        return _number_column(values, str(dtype), native, cells=series.to_list, n_null=series.null_count)
    if dtype == nw.Categorical or dtype == nw.Enum:
        return _category_column(series, native)
    if dtype == nw.Date or dtype == nw.Datetime:
        return _date_column(series, native)
    if dtype == nw.Duration:
        return _duration_column(series, native)
    if dtype == nw.String:
        return _text_column(series, native)
    column = _arrow(series)
    if column is not None:
        return _arrow_column(column, label, source, native)
    if native.startswith("Sparse["):
        dense = nw.from_native(series.to_native().sparse.to_dense(), series_only=True)
        found = as_column(dense, label, source)
        return replace(found, type=replace(found.type or number_type(found.values.dtype), pandas=native))
    found = object_column(series.to_list(), label, source, native)
    if native.startswith("interval[") and found.type is not None:
        return replace(found, type=replace(found.type, level_type=native))
    return found


def as_arrow_column(column: pa.ChunkedArray, label: str, source: str) -> Column:
    """Return one column of an Arrow table, as `as_column`; numbers and booleans in a tenth of the time."""
    name = _arrow_numbers().get(column.type.id)
    if name is not None:
        return _number_column(column.to_numpy(), name, "", cells=column.to_pylist, n_null=lambda: column.null_count)
    import narwhals as nw

    return as_column(nw.from_native(column, series_only=True), label, source)


@cache
def _arrow_numbers() -> dict[int, str]:
    """Return the types of numbers and booleans of Arrow, by their ids -> their names in narwhals."""
    import pyarrow as pa

    names = {f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
    names |= {"float16": "Float16", "float32": "Float32", "float64": "Float64", "bool_": "Boolean"}
    return {getattr(pa, arrow)().id: name for arrow, name in names.items()}


def _native(series: nw.Series[Any]) -> str:
    return str(series.to_native().dtype) if series.implementation.is_pandas_like() else ""


def _arrow(series: nw.Series[Any]) -> pa.ChunkedArray | None:
    """Return the column as Arrow has it; None for those of pandas that Arrow does not hold, and for objects."""
    import pyarrow as pa

    held: Any = series.to_native()
    if series.implementation.is_pyarrow():
        return held
    if series.implementation.is_polars():
        is_foreign = str(held.dtype) in ("Object", "Int128", "UInt128")
        return None if is_foreign else pa.chunked_array([held.to_arrow()])
    if type(getattr(held, "dtype", None)).__name__ != "ArrowDtype":
        return None
    found = held.array.__arrow_array__()
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _number_column(
    values: np.ndarray, name: str, native: str, *, cells: Callable[[], list[Any]], n_null: Callable[[], int]
) -> Column:
    """Return a column of numbers or booleans.

    values : as narwhals and Arrow give them, with NaN for missing whole numbers, and objects for booleans with missing
    cells. name : that of its type in narwhals.
    """
    if values.dtype == object:
        values = numbers(cells())
        return Column(values, ColumnType(name, pandas=native) if name in _NUMBERS else None)
    if values.dtype.kind == "f" and name in _WHOLE:
        if np.nanmax(np.abs(values), initial=0) >= _EXACT:
            return Column(objects(cells()), ColumnType(name, pandas=native))
        return Column(values, ColumnType(name, pandas=native))
    # polars and Arrow tell null from NaN; NaN is returned as it was where there is no null.
    is_plain = (not native and (values.dtype.kind != "f" or not n_null())) or native == values.dtype.name
    return Column(values, None if is_plain or name not in _NUMBERS else ColumnType(name, pandas=native))


def _text_column(series: nw.Series[Any], native: str) -> Column:
    import pyarrow as pa

    column = _arrow(series)
    arrow = str(series.to_native().type) if series.implementation.is_pyarrow() else ""
    if column is None:
        column = pa.chunked_array([pa.array(series.to_native(), pa.large_string(), from_pandas=True)])
    return Column(_texts(column), ColumnType("String", pandas=native, arrow=arrow))


def _texts(column: pa.ChunkedArray) -> np.ndarray:
    """Return texts (n,), one object for each different text, None for missing cells."""
    import pyarrow as pa

    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    chunks = column.unify_dictionaries().chunks
    if not chunks:
        return np.empty(0, dtype=object)
    levels = [None if level is None else str(level) for level in chunks[0].dictionary.to_pylist()]
    known = np.array([*levels, None], dtype=object)
    return np.concatenate([known[chunk.indices.cast("int64").fill_null(-1).to_numpy()] for chunk in chunks])


def _category_column(series: nw.Series[Any], native: str) -> Column:
    column: Any = series.to_native()
    name = type(series.dtype).__name__
    if hasattr(column, "cat") and hasattr(column.dtype, "categories") and series.implementation.is_pandas_like():
        index = column.cat.categories
        kind = ColumnType(
            name,
            tuple(plain_level(level) for level in index.tolist()),
            index_type(index),
            bool(column.dtype.ordered),
            pandas=native,
        )
        known = np.array([*(str(level) for level in kind.levels), None], dtype=object)
        return Column(known[column.cat.codes.to_numpy()], kind)
    held = _arrow(series)
    if held is None:
        return object_column(series.to_list(), series.name, "", native)
    held = held.unify_dictionaries()
    levels = held.chunks[0].dictionary.to_pylist() if held.chunks else []
    if series.implementation.is_polars():  # of polars' Categorical the order is an accident
        kind = ColumnType(name, tuple(levels) if name == "Enum" else ())
        return Column(_texts(held), kind)
    kind = ColumnType(
        name,
        tuple(plain_level(level) for level in levels if level is not None),
        ordered=bool(held.type.ordered),
        pandas=native,
        arrow=f"{held.type.index_type} {held.type.value_type}",
    )
    return Column(_texts(held), kind)


def _date_column(series: nw.Series[Any], native: str) -> Column:
    dtype = series.dtype
    unit, zone = getattr(dtype, "time_unit", "D"), getattr(dtype, "time_zone", None)
    if zone:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    try:
        values = series.to_numpy().astype(f"datetime64[{unit}]")
    except (ValueError, TypeError):  # Arrow's dates under pandas come as objects, missing cells among them
        cells = [None if is_missing_cell(cell) else cell for cell in series.to_list()]
        values = np.array(cells, dtype=f"datetime64[{unit}]")
    if unit == "D":
        return Column(values, ColumnType("Date", pandas=native))
    return Column(values, ColumnType("Datetime", unit=unit, zone=zone or "", pandas=native))


def _duration_column(series: nw.Series[Any], native: str) -> Column:
    unit = series.dtype.time_unit  # pyright: ignore[reportAttributeAccessIssue]
    spans = series.to_numpy().astype(f"timedelta64[{unit}]")
    values = np.where(np.isnat(spans), np.nan, spans.astype(np.int64))
    return Column(values, ColumnType("Duration", unit=unit, pandas=native))


def _arrow_column(column: pa.ChunkedArray, label: str, source: str, native: str) -> Column:
    """Return a column of a type that only Arrow has, or that comes as objects."""
    import narwhals as nw
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_run_end_encoded(kind):
        chunks = [pc.call_function("run_end_decode", [chunk]) for chunk in column.chunks]
        decoded = pa.chunked_array(chunks, kind.value_type)
        found = as_column(nw.from_native(decoded, series_only=True), label, source)
        return replace(found, type=None if found.type is None else replace(found.type, pandas=native))
    if str(kind) == "extension<arrow.bool8>":
        return as_column(nw.from_native(column.cast(pa.int8()).cast(pa.bool_()), series_only=True), label, source)
    if types.is_time(kind):
        ticks = column.cast("int32" if types.is_time32(kind) else "int64").to_numpy()
        return Column(ticks / _PER_SECOND[kind.unit], ColumnType("Time", unit="s", pandas=native, arrow=str(kind)))
    if types.is_date64(kind):
        days = column.cast(pa.timestamp("ms")).to_numpy().astype("datetime64[D]")
        return Column(days, ColumnType("Date", pandas=native, arrow=str(kind)))
    if types.is_decimal(kind):
        return _decimal_column(column, native)
    if types.is_integer(kind):  # of 128 bits
        return Column(numbers(column.to_pylist()))
    return object_column(column.to_pylist(), label, source, native, str(kind))


def _decimal_column(column: pa.ChunkedArray, native: str) -> Column:
    kind = ColumnType("Decimal", pandas=native, arrow=str(column.type))
    values = numbers(column.to_pylist())
    is_whole = column.type.scale <= 0 and not column.null_count and bool((np.abs(values) < _EXACT).all())
    return Column(values.astype(np.int64) if is_whole else values, kind)
