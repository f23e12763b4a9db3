"""One column of a frame as an array, and the array as a column of a frame again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.reading import Reading

if TYPE_CHECKING:
    import narwhals as nw

_EXACT = 2**53  # larger whole numbers are not told apart by float64
_WHOLE = tuple(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
_NUMBERS = (*_WHOLE, "Float32", "Float64", "Boolean")
_NAMES = (*_NUMBERS, "String", "Categorical", "Enum", "Date", "Datetime", "Duration", "Time")

Level = str | int | float | bool


@dataclass(frozen=True)
class ColumnType:
    """What a column was in its frame, where the array that holds it does not say so."""

    name: str
    """narwhals' word: "Int64" (with gaps, the array holds floats), "String", "Categorical", "Datetime", ..."""
    levels: tuple[Level, ...] = ()
    """Of a Categorical or an Enum, in their order; the array holds texts."""
    ordered: bool = False
    unit: str = ""
    """Of a Datetime or a Duration: "s", "ms", "us", "ns"."""
    zone: str = ""
    """The time zone of a Datetime, whose array is in UTC."""
    pandas: str = ""
    """pandas' own name of the dtype."""
    arrow: str = ""
    """Arrow's own name of a text's type, and before it, of a dictionary's, that of its indices: "int8 string"."""
    part_of: str = ""
    """The name of the list column whose cells this column holds one element of; its neighbours hold the others."""
    reading: Reading | None = None
    """How its text is read and written, where it comes from a text file."""

    def describe(self) -> dict:
        """What differs from the defaults, for JSON."""
        told = {key: value for key, value in asdict(self).items() if value} | {"name": self.name}
        return told if self.reading is None else told | {"reading": self.reading.describe()}

    @classmethod
    def restore(cls, told: dict) -> ColumnType:
        """The inverse of `describe`; ValueError or TypeError on nonsense."""
        reading = told.get("reading")
        reading = None if reading is None else Reading.restore(reading)
        found = cls(**{**told, "levels": tuple(told.get("levels", ())), "reading": reading})
        words = (found.unit, found.zone, found.pandas, found.arrow, found.part_of)
        if found.name not in _NAMES or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{found.name!r} is no type of a column")
        if not all(isinstance(level, Level) for level in found.levels):
            raise ValueError("a level is neither a text nor a number")
        return found


@dataclass(frozen=True, eq=False)
class Column:
    """values : numbers, texts (objects, None for gaps) or datetime64 (n,). note : a sentence, where one is due."""

    values: np.ndarray
    type: ColumnType | None = None
    note: str | None = None


def as_column(series: nw.Series[Any], label: str, source: str) -> Column:
    """One column of a frame; what is neither number, truth value, text nor date is taken for text, with a note."""
    import narwhals as nw

    dtype, native = series.dtype, _native(series)
    if dtype == nw.Boolean or dtype.is_numeric():
        return _number_column(series, native)
    if dtype == nw.Categorical or dtype == nw.Enum:
        return _category_column(series, native)
    if dtype == nw.Date or dtype == nw.Datetime:
        return _date_column(series, native)
    if dtype == nw.Duration:
        return _duration_column(series, native)
    cells = series.to_list()
    if dtype == nw.String:
        arrow = str(series.to_native().type) if series.implementation.is_pyarrow() else ""
        return Column(_objects(cells), ColumnType("String", pandas=native, arrow=arrow))
    return _object_column(cells, label, source, native)


def as_native(values: np.ndarray, kind: ColumnType | None, container: str) -> Any:
    """An array as a column of a pandas, polars or pyarrow frame."""
    if container == "pandas":
        return values if kind is None else _as_pandas(values, kind)
    if container == "polars":
        return values if kind is None else _as_polars(values, kind)
    return _as_arrow(values, kind)


def is_gap(block: np.ndarray) -> np.ndarray:
    """Where a cell is missing: NaN, NaT or None; bool of the same shape."""
    if block.dtype.kind == "f":
        return np.isnan(block)
    if block.dtype.kind == "M":
        return np.isnat(block)
    if block.dtype == object:
        return np.equal(block, np.array(None, dtype=object)).astype(bool)
    return np.zeros(block.shape, dtype=bool)


# -- from frames


def _native(series: nw.Series[Any]) -> str:
    return str(series.to_native().dtype) if series.implementation.is_pandas_like() else ""


def _number_column(series: nw.Series[Any], native: str) -> Column:
    values = series.to_numpy()  # gaps in whole numbers become NaN; decimals and gaps in truth values stay objects
    name = str(series.dtype)
    if values.dtype == object:
        cells = series.to_list()
        values = _numbers(cells)
        return Column(values, ColumnType(name, pandas=native) if name in _NUMBERS else None)
    if values.dtype.kind == "f" and name in _WHOLE:
        if np.nanmax(np.abs(values), initial=0) >= _EXACT:
            return Column(_objects(series.to_list()), ColumnType(name, pandas=native))
        return Column(values, ColumnType(name, pandas=native))
    # polars and Arrow tell a gap from NaN, which comes back as it was where there is no gap.
    is_plain = native == values.dtype.name or (not native and (values.dtype.kind != "f" or not series.null_count()))
    return Column(values, None if is_plain or name not in _NUMBERS else ColumnType(name, pandas=native))


def _category_column(series: nw.Series[Any], native: str) -> Column:
    levels, ordered = _levels(series)
    name = type(series.dtype).__name__
    arrow = ""
    if series.implementation.is_pyarrow():
        held = series.to_native().type
        arrow = f"{held.index_type} {held.value_type}"
    kind = ColumnType(name, tuple(_plain(level) for level in levels), ordered, pandas=native, arrow=arrow)
    return Column(_objects(series.to_list()), kind)


def _levels(series: nw.Series[Any]) -> tuple[list[Any], bool]:
    """All levels of a categorical column in their order, and whether that order means something."""
    column: Any = series.to_native()
    if series.implementation.is_pandas_like():
        if not hasattr(column.dtype, "categories"):  # Arrow's dictionaries under pandas have no list of levels
            return sorted({cell for cell in column.tolist() if not is_missing(cell)}), False
        return column.cat.categories.tolist(), bool(column.dtype.ordered)
    if series.implementation.is_pyarrow():
        chunks = column.unify_dictionaries().chunks
        return chunks[0].dictionary.to_pylist() if chunks else [], bool(column.type.ordered)
    return list(getattr(series.dtype, "categories", ())), False  # of polars' Categorical the order is an accident


def _plain(level: Any) -> Level:
    level = level.item() if isinstance(level, np.generic) else level
    return level if isinstance(level, str | int | float | bool) else str(level)


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


def _object_column(cells: list[Any], label: str, source: str, native: str) -> Column:
    there = [cell for cell in cells if not is_missing(cell)]
    if there and all(isinstance(cell, Real | Decimal | np.bool_) for cell in there):
        values = _numbers(cells)
        is_truth = len(there) == len(cells) and all(isinstance(cell, bool | np.bool_) for cell in there)
        return Column(values.astype(bool) if is_truth else values)
    if there and all(type(cell) is date for cell in there):
        days = np.array([None if is_missing(cell) else cell for cell in cells], dtype="datetime64[D]")
        return Column(days, ColumnType("Date", pandas=native))
    kinds = sorted({type(cell).__name__ for cell in there})
    note = None
    if kinds not in ([], ["str"]):
        note = f"Column {label!r} of {source} holds {' and '.join(kinds)} cells, so it is taken for text."
    return Column(_objects(cells), ColumnType("String", pandas=native), note)


def _numbers(cells: list[Any]) -> np.ndarray:
    return np.array([np.nan if is_missing(cell) else float(cell) for cell in cells])


def _objects(cells: list[Any]) -> np.ndarray:
    """Texts (n,), one object for each different text, None for gaps."""
    known: dict[Any, str] = {}
    values = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        if not is_missing(cell):
            text = cell if isinstance(cell, str) else str(cell)
            values[i] = known.setdefault(text, text)
    return values


def is_missing(cell: object) -> bool:
    """None, NaN, NaT and pandas.NA, without importing pandas."""
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)


# -- to frames


def _as_pandas(values: np.ndarray, kind: ColumnType) -> Any:
    import pandas as pd

    native = kind.pandas
    if kind.name in _WHOLE:
        whole = pd.array(_whole(values), dtype=kind.name)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return whole.astype(native) if native else whole
    if kind.name in ("Categorical", "Enum"):
        levels, codes = _codes(values, kind)
        return pd.Categorical.from_codes(codes, categories=levels, ordered=kind.ordered)  # pyright: ignore[reportArgumentType]
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
    return pd.Series(values, dtype=native or "str")  # pyright: ignore[reportArgumentType, reportCallIssue]


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
    if name == "String":
        return pl.Series(values.tolist(), dtype=pl.String)
    cells = _whole(values) if name in _WHOLE else _truths(values) if name == "Boolean" else values
    return pl.Series(cells, dtype=getattr(pl, name), nan_to_null=True)


def _as_arrow(values: np.ndarray, kind: ColumnType | None) -> Any:
    import pyarrow as pa

    if kind is None:
        return pa.array(values)
    name = kind.name
    if name in ("Categorical", "Enum"):
        levels, codes = _codes(values, kind)
        index, _, value = kind.arrow.partition(" ")
        indices = pa.array(codes, index or "int32", mask=codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(levels, value or None), ordered=kind.ordered)
    if name == "Datetime":
        moments = pa.array(values.astype(f"datetime64[{kind.unit}]"))
        return moments.cast(pa.timestamp(kind.unit, kind.zone)) if kind.zone else moments
    if name == "Duration":
        return pa.array(_spans(values, kind))
    if name == "Date":
        return pa.array(values, pa.date32())
    if name == "String":
        return pa.array(values.tolist(), kind.arrow or "string")
    types: dict[str, Callable[[], Any]] = {"Boolean": pa.bool_}
    cells = _whole(values) if name in _WHOLE else _truths(values) if name == "Boolean" else values
    return pa.array(cells, types.get(name, getattr(pa, name.lower(), None))(), from_pandas=True)  # pyright: ignore[reportOptionalCall]


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


def _spans(values: np.ndarray, kind: ColumnType) -> np.ndarray:
    gaps = np.isnan(values)
    spans = np.where(gaps, 0, values).astype(np.int64).astype(f"timedelta64[{kind.unit}]")
    spans[gaps] = np.timedelta64("NaT")
    return spans
