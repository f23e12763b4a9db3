"""Arrays as columns of pandas, polars and pyarrow frames."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.column_type import WHOLE as _WHOLE
from narrows.data.frames.column_type import ColumnType, Level, Opaque, is_missing, is_missing_cell
from narrows.data.frames.levels import index_of, objects_of

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = 86_400.0


def as_native(values: np.ndarray, kind: ColumnType | None, container: str) -> Any:
    """Return an array as a column of a pandas, polars or pyarrow frame."""
    if container == "pandas":
        return values if kind is None else _as_pandas(values, kind)
    if container == "polars":
        return values if kind is None else _as_polars(values, kind)
    return _as_arrow(values, kind)


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
        whole = pd.array(_whole(values, kind), dtype=kind.name)  # pyright: ignore[reportArgumentType, reportCallIssue]
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
    """Return a pandas array of intervals."""
    import pandas as pd

    missing = is_missing(values)
    if missing.all():
        return pd.array([None] * len(values), dtype=kind.level_type)
    places = np.full(len(values), -1)
    places[~missing] = np.arange((~missing).sum())
    index = index_of(values[~missing].tolist(), kind.level_type)
    return index.take(places, allow_fill=True, fill_value=np.nan).array


def _cells(values: np.ndarray, kind: ColumnType) -> np.ndarray:
    """Return the objects that a column of objects held, (n,), None for missing cells."""
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
    """Return dates and spans as Timestamps, Timedeltas, Periods or datetime's own."""
    import pandas as pd

    column: Any = pd.Series(values)
    if kind.zone:
        column = column.dt.tz_localize("UTC").dt.tz_convert(kind.zone)
    if kind.level_type.startswith("period["):
        column = column.astype(kind.level_type)
    cells = [None if is_missing_cell(cell) else cell for cell in column.tolist()]
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
    cells = _whole(values, kind) if name in _WHOLE else _truths(values) if name == "Boolean" else values
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
    cells = _whole(values, kind) if name in _WHOLE else _truths(values) if name == "Boolean" else values
    make = pa.bool_ if name == "Boolean" else getattr(pa, name.lower())
    return pa.array(cells, make(), from_pandas=True)


def _objects_as_arrow(cells: list[Any], word: str) -> Any:
    """Return objects under Arrow's type of this name where it can hold them, else under one that can."""
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
    except pa.ArrowInvalid:  # more levels than during fit
        indices = pa.array(codes, "int32", mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, known, ordered=kind.ordered)


def arrow_type(word: str) -> pa.DataType | None:
    """Return Arrow's type of this name, as `str` writes it; None where the name does not say all of it."""
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


def is_text(kind: pa.DataType) -> bool:
    """Return whether an Arrow column holds text."""
    return kind.id in _type_ids()["text"]


def is_number(kind: pa.DataType) -> bool:
    """Return whether an Arrow column holds whole numbers or floats."""
    return kind.id in _type_ids()["number"]


@cache
def _type_ids() -> dict[str, frozenset[int]]:
    """Return the ids of Arrow's types of text and of numbers."""
    import pyarrow as pa

    numbers = [getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)]
    numbers += [pa.float16(), pa.float32(), pa.float64()]
    kinds = {"text": [pa.string(), pa.large_string()], "number": numbers}
    return {word: frozenset(kind.id for kind in of_word) for word, of_word in kinds.items()}


def _codes(values: np.ndarray, kind: ColumnType) -> tuple[list[Level], np.ndarray]:
    """Return the levels, new ones of the values last, and the index of each value's level, -1 for missing cells."""
    levels = list(kind.levels)
    places = {str(level): i for i, level in enumerate(levels)}
    for text in dict.fromkeys(values.tolist()):
        if text is not None and text not in places:
            places[text] = len(levels)
            levels.append(text)
    return levels, np.fromiter((places.get(text, -1) for text in values.tolist()), np.int64, len(values))


def _whole(values: np.ndarray, kind: ColumnType) -> list[int | None]:
    """Return whole numbers, held as floats or as texts, within the range of their type."""
    limits = np.iinfo(kind.name.lower())
    low, high = int(limits.min), int(limits.max)
    return [None if is_missing_cell(value) else min(max(int(value), low), high) for value in values.tolist()]


def _truths(values: np.ndarray) -> list[bool | None]:
    return [None if is_missing_cell(value) else value >= 0.5 for value in values.tolist()]


def _times(values: np.ndarray) -> list[Any]:
    """Return seconds since midnight as times of day."""
    import datetime

    ticks = np.rint(np.clip(values, 0, _DAY - 1e-6) * 1e6)
    start = datetime.datetime.min
    return [
        None if tick != tick else (start + datetime.timedelta(microseconds=int(tick))).time() for tick in ticks.tolist()
    ]


def _decimals(values: np.ndarray, kind: ColumnType) -> list[Any]:
    """Return numbers as Decimal, with the number of decimals of their type."""
    from decimal import Decimal, InvalidOperation

    found = re.search(r", (-?\d+)\)", kind.arrow)
    step = Decimal(1).scaleb(-int(found[1]) if found else 0)

    def of(value: float) -> Decimal:
        exact = Decimal(repr(value))
        try:
            return exact.quantize(step)
        except InvalidOperation:  # more digits than decimals have
            return exact

    return [None if is_missing_cell(value) else of(value) for value in values.tolist()]


def _spans(values: np.ndarray, kind: ColumnType) -> np.ndarray:
    missing = np.isnan(values)
    spans = np.where(missing, 0, values).astype(np.int64).astype(f"timedelta64[{kind.unit}]")
    spans[missing] = np.timedelta64("NaT")
    return spans


def unwrapped(values: np.ndarray) -> list[Any]:
    """Return the cells of an `Opaque` column as they came; texts, of other columns, as they are."""
    return [cell.cell if isinstance(cell, Opaque) else cell for cell in values.tolist()]
