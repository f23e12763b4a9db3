"""One column of a frame as arrays, and an array as a column of a frame again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.column_type import NUMBERS as _NUMBERS
from narrows.data.column_type import WHOLE as _WHOLE
from narrows.data.column_type import Column, ColumnType, Level, Opaque, is_gap, is_missing
from narrows.data.levels import index_of, index_type, objects_of, plain_level
from narrows.data.nested import Parts, is_nested, number_type, split_arrow, split_objects, unwrapped
from narrows.data.objects import numbers, object_column, objects, opaque_column

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

__all__ = [
    "Column",
    "ColumnType",
    "Level",
    "Opaque",
    "arrow_type",
    "as_column",
    "as_columns",
    "as_native",
    "is_gap",
    "is_missing",
]

_EXACT = 2**53  # larger whole numbers are not told apart by float64
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400.0


def as_columns(series: nw.Series[Any], label: str, source: str, *, whole: bool = False) -> Parts:
    """One column of a frame with its name; of lists of numbers and of structs one for each element, "embedding[0]".

    whole : never take it apart.
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
    """One column of a frame; what is neither number, truth value, text nor date is taken for text, with a note."""
    import narwhals as nw

    dtype, native = series.dtype, _native(series)
    if dtype == nw.Boolean or (dtype.is_numeric() and dtype != nw.Decimal and "128" not in str(dtype)):
        return _number_column(series, native)
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


def as_native(values: np.ndarray, kind: ColumnType | None, container: str) -> Any:
    """An array as a column of a pandas, polars or pyarrow frame."""
    if container == "pandas":
        return values if kind is None else _as_pandas(values, kind)
    if container == "polars":
        return values if kind is None else _as_polars(values, kind)
    return _as_arrow(values, kind)


# -- from frames


def _native(series: nw.Series[Any]) -> str:
    return str(series.to_native().dtype) if series.implementation.is_pandas_like() else ""


def _arrow(series: nw.Series[Any]) -> pa.ChunkedArray | None:
    """The column as Arrow has it; None for those of pandas that Arrow does not hold, and for objects."""
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


def _number_column(series: nw.Series[Any], native: str) -> Column:
    values = series.to_numpy()  # gaps in whole numbers become NaN; gaps in truth values stay objects
    name = str(series.dtype)
    if values.dtype == object:
        values = numbers(series.to_list())
        return Column(values, ColumnType(name, pandas=native) if name in _NUMBERS else None)
    if values.dtype.kind == "f" and name in _WHOLE:
        if np.nanmax(np.abs(values), initial=0) >= _EXACT:
            return Column(objects(series.to_list()), ColumnType(name, pandas=native))
        return Column(values, ColumnType(name, pandas=native))
    # polars and Arrow tell a gap from NaN, which comes back as it was where there is no gap.
    is_plain = native == values.dtype.name or (not native and (values.dtype.kind != "f" or not series.null_count()))
    return Column(values, None if is_plain or name not in _NUMBERS else ColumnType(name, pandas=native))


def _text_column(series: nw.Series[Any], native: str) -> Column:
    import pyarrow as pa

    column = _arrow(series)
    arrow = str(series.to_native().type) if series.implementation.is_pyarrow() else ""
    if column is None:
        column = pa.chunked_array([pa.array(series.to_native(), pa.large_string(), from_pandas=True)])
    return Column(_texts(column), ColumnType("String", pandas=native, arrow=arrow))


def _texts(column: pa.ChunkedArray) -> np.ndarray:
    """Texts (n,), one object for each different text, None for gaps."""
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
    except (ValueError, TypeError):  # Arrow's dates under pandas come as objects, gaps among them
        cells = [None if is_missing(cell) else cell for cell in series.to_list()]
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
    """Of Arrow's types those that other libraries do not have, and those that come as objects."""
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


# -- to frames


def _as_pandas(values: np.ndarray, kind: ColumnType) -> Any:
    import pandas as pd

    native = kind.pandas
    if native.endswith("[pyarrow]") and native != "string[pyarrow]":
        array = _as_arrow(values, kind)
        if "_view" in str(array.type):  # which pandas cannot handle
            array = array.cast(str(array.type).replace("_view", ""))
        return pd.array(array, dtype=pd.ArrowDtype(array.type))
    if kind.name in ("Categorical", "Enum"):
        levels, codes = _codes(values, kind)
        index = index_of(levels, kind.level_type)
        return pd.Categorical.from_codes(codes, categories=index, ordered=kind.ordered)  # pyright: ignore[reportArgumentType]
    if kind.name == "Object" or (kind.level_type and native in ("", "object")):
        return pd.Series(_cells(values, kind), dtype=object)
    if kind.name == "String" and kind.level_type:
        return _intervals(values, kind)
    if kind.name in _WHOLE:
        whole = pd.array(_whole(values), dtype=kind.name)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return whole.astype(native) if native else whole
    if kind.name == "Boolean":
        return pd.array(_truths(values), dtype=native or "boolean")  # pyright: ignore[reportArgumentType, reportCallIssue]
    if kind.name == "Date" and native in ("", "object"):
        return pd.array(values.astype(object), dtype=object)
    if kind.name == "Datetime":
        moments = pd.Series(values)
        moments = moments.dt.tz_localize("UTC").dt.tz_convert(kind.zone) if kind.zone else moments
        return moments.astype(native).array if native else moments.array
    if kind.name == "Duration":
        return pd.Series(_spans(values, kind)).astype(native or f"timedelta64[{kind.unit}]").array  # pyright: ignore[reportArgumentType]
    if kind.name in ("Time", "Decimal"):
        return pd.Series(_cells(values, kind), dtype=object)
    return pd.Series(values, dtype=native or ("str" if values.dtype == object else None))  # pyright: ignore[reportArgumentType, reportCallIssue]


def _intervals(values: np.ndarray, kind: ColumnType) -> Any:
    """Of a column of intervals that is no category."""
    import pandas as pd

    gaps = is_gap(values)
    if gaps.all():
        return pd.array([None] * len(values), dtype=kind.level_type)
    places = np.full(len(values), -1)
    places[~gaps] = np.arange((~gaps).sum())
    index = index_of(values[~gaps].tolist(), kind.level_type)
    return index.take(places, allow_fill=True, fill_value=np.nan).array


def _cells(values: np.ndarray, kind: ColumnType) -> np.ndarray:
    """The objects that a column of objects held, (n,), None for gaps."""
    found = np.empty(len(values), dtype=object)
    found[:] = _listed(values, kind)
    return found


def _listed(values: np.ndarray, kind: ColumnType) -> list[Any]:
    if kind.name == "Object":
        return unwrapped(values)
    if kind.name == "Boolean":
        return _truths(values)
    if kind.name == "Time":
        return _times(values)
    if kind.name == "Decimal":
        return _decimals(values, kind)
    if kind.name == "Duration":
        spans = _spans(values, kind)
        return _of_pandas(spans, kind) if kind.level_type == "Timedelta" else spans.astype("m8[us]").tolist()
    if kind.name == "Datetime":
        return _of_pandas(values, kind)
    return objects_of(values.tolist(), kind.level_type)


def _of_pandas(values: np.ndarray, kind: ColumnType) -> list[Any]:
    """Moments and spans as Timestamps, Timedeltas, Periods or datetime's own."""
    import pandas as pd

    column: Any = pd.Series(values)
    if kind.zone:
        column = column.dt.tz_localize("UTC").dt.tz_convert(kind.zone)
    if kind.level_type.startswith("period["):
        column = column.astype(kind.level_type)
    cells = [None if is_missing(cell) else cell for cell in column.tolist()]
    if kind.level_type == "datetime":
        return [None if cell is None else cell.to_pydatetime(warn=False) for cell in cells]
    return cells


def _as_polars(values: np.ndarray, kind: ColumnType) -> Any:
    import polars as pl

    name = kind.name
    if name in ("Categorical", "Enum"):
        levels, codes = _codes(values, kind)
        texts = [None if code < 0 else str(levels[code]) for code in codes]
        return pl.Series(texts, dtype=pl.Enum([str(level) for level in levels]) if name == "Enum" else pl.Categorical)
    if name == "Datetime":
        moments = pl.Series(values).cast(pl.Datetime(kind.unit))  # pyright: ignore[reportArgumentType]
        return moments.dt.replace_time_zone("UTC").dt.convert_time_zone(kind.zone) if kind.zone else moments
    if name == "Duration":
        return pl.Series(_spans(values, kind)).cast(pl.Duration(kind.unit))  # pyright: ignore[reportArgumentType]
    if name == "Date":
        return pl.Series(values).cast(pl.Date)
    if name == "String" and not kind.level_type:
        return pl.Series(values.tolist(), dtype=pl.String)
    if name in ("Time", "Decimal", "String"):
        return pl.from_arrow(_as_arrow(values, kind))
    if name == "Object":
        return pl.Series(unwrapped(values), strict=False)
    cells = _whole(values) if name in _WHOLE else _truths(values) if name == "Boolean" else values
    return pl.Series(cells, dtype=getattr(pl, name), nan_to_null=True)


def _as_arrow(values: np.ndarray, kind: ColumnType | None) -> Any:
    import pyarrow as pa

    if kind is None:
        return pa.array(values)
    name = kind.name
    if name in ("Categorical", "Enum"):
        return _as_dictionary(values, kind)
    if name == "Datetime":
        moments = pa.array(values.astype(f"datetime64[{kind.unit}]"))
        return moments.cast(pa.timestamp(kind.unit, kind.zone)) if kind.zone else moments
    if name == "Duration":
        return pa.array(_spans(values, kind))
    if name == "Date":
        return pa.array(values, pa.date32()).cast(arrow_type(kind.arrow) or pa.date32())
    if name in ("String", "Time", "Decimal", "Object"):
        return _objects_as_arrow(
            _listed(values, kind), kind.arrow or {"String": "string", "Time": "time64[us]"}.get(name, "")
        )
    cells = _whole(values) if name in _WHOLE else _truths(values) if name == "Boolean" else values
    make = pa.bool_ if name == "Boolean" else getattr(pa, name.lower())
    return pa.array(cells, make(), from_pandas=True)


def _objects_as_arrow(cells: list[Any], word: str) -> Any:
    """Objects under Arrow's type of this name where it can hold them, else under one that can."""
    import pyarrow as pa

    for wanted in dict.fromkeys((arrow_type(word), None)):
        try:
            return pa.array(cells, wanted)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _as_dictionary(values: np.ndarray, kind: ColumnType) -> Any:
    import pyarrow as pa

    levels, codes = _codes(values, kind)
    index, _, value = kind.arrow.partition(" ")
    wanted = arrow_type(value) or (pa.string() if kind.level_type else None)
    try:
        known = pa.array(levels, wanted)
    except (pa.ArrowException, TypeError, ValueError):
        texts = pa.array([str(level) for level in levels], pa.string())
        try:
            known = texts.cast(wanted)
        except (pa.ArrowException, TypeError):
            known = texts
    try:
        indices = pa.array(codes, index or "int32", mask=codes < 0)
    except pa.ArrowInvalid:  # more levels than at the fit
        indices = pa.array(codes, "int32", mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, known, ordered=kind.ordered)


def arrow_type(word: str) -> pa.DataType | None:
    """Arrow's type of a name that `str` gave it; None where no name says all of it."""
    import pyarrow as pa

    decimal = re.fullmatch(r"decimal(\d+)\((\d+), (-?\d+)\)", word)
    moment = re.fullmatch(r"timestamp\[(\w+), tz=(.+)\]", word)
    binary = re.fullmatch(r"fixed_size_binary\[(\d+)\]", word)
    if decimal:
        return getattr(pa, f"decimal{decimal[1]}")(int(decimal[2]), int(decimal[3]))
    if moment:
        return pa.timestamp(moment[1], moment[2])
    if binary:
        return pa.binary(int(binary[1]))
    if word in ("string_view", "binary_view", "uuid"):
        return getattr(pa, word)()
    try:
        return pa.type_for_alias(word)
    except ValueError:
        return None


def _codes(values: np.ndarray, kind: ColumnType) -> tuple[list[Level], np.ndarray]:
    """The levels, with those behind them that only the values know, and the place of each value, -1 for gaps."""
    levels = list(kind.levels)
    places = {str(level): i for i, level in enumerate(levels)}
    for text in dict.fromkeys(values.tolist()):
        if text is not None and text not in places:
            places[text] = len(levels)
            levels.append(text)
    return levels, np.fromiter((places.get(text, -1) for text in values.tolist()), np.int64, len(values))


def _whole(values: np.ndarray) -> list[int | None]:
    """Whole numbers, held as floats or as texts."""
    return [None if is_missing(value) else int(value) for value in values.tolist()]


def _truths(values: np.ndarray) -> list[bool | None]:
    return [None if is_missing(value) else value >= 0.5 for value in values.tolist()]


def _times(values: np.ndarray) -> list[Any]:
    """Seconds since midnight as times of day."""
    import datetime

    ticks = np.rint(np.clip(values, 0, _DAY - 1e-6) * 1e6)
    start = datetime.datetime.min
    return [
        None if tick != tick else (start + datetime.timedelta(microseconds=int(tick))).time() for tick in ticks.tolist()
    ]


def _decimals(values: np.ndarray, kind: ColumnType) -> list[Any]:
    """Numbers as decimals with the places that their type names."""
    from decimal import Decimal, InvalidOperation

    found = re.search(r", (-?\d+)\)", kind.arrow)
    step = Decimal(1).scaleb(-int(found[1]) if found else 0)

    def of(value: float) -> Decimal:
        exact = Decimal(repr(value))
        try:
            return exact.quantize(step)
        except InvalidOperation:  # more digits than decimals have
            return exact

    return [None if is_missing(value) else of(value) for value in values.tolist()]


def _spans(values: np.ndarray, kind: ColumnType) -> np.ndarray:
    gaps = np.isnan(values)
    spans = np.where(gaps, 0, values).astype(np.int64).astype(f"timedelta64[{kind.unit}]")
    spans[gaps] = np.timedelta64("NaT")
    return spans
