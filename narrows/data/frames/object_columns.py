"""Columns of Python objects, as pandas, lists and dicts hold them, as arrays."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from narrows.data.frames.column_type import Column, ColumnType, Opaque, is_missing_cell
from narrows.data.frames.levels import as_text, class_of

_CONTROLS = {chr(i) for i in range(32)} - set("\t\n\r")
_CONTAINERS = (list, tuple, set, frozenset, dict, np.ndarray)


def object_column(cells: list[Any], label: str, source: str, native: str = "", arrow: str = "") -> Column:
    """Return a column of objects (None, NaN, NaT for missing cells) as numbers, booleans, dates, times or texts.

    Other objects become their text, with a note. native, arrow : names of the type in the frame.
    """
    present = [cell for cell in cells if not is_missing_cell(cell)]
    kind = ColumnType("String", pandas=native, arrow=arrow)
    if not present:
        return Column(np.full(len(cells), None, dtype=object), kind)
    if all(isinstance(cell, Real | Decimal | np.bool_) and not isinstance(cell, np.timedelta64) for cell in present):
        return _numbers(cells, present, native, arrow)
    for find in (_dates, _moments, _times, _spans):
        found = find(cells, present, native)
        if found is not None:
            return found
    if any(isinstance(cell, _CONTAINERS) for cell in present):
        return opaque_column(cells, "lists or other cells of several values", native)
    if all(isinstance(cell, bytes) for cell in present) and not _are_texts(present):
        return opaque_column(cells, "binary", native)
    kinds = sorted({type(cell).__name__ for cell in present})
    word = class_of(present)
    note = None
    if not word and kinds != ["str"]:
        note = f"Column {label!r} of {source} holds {' and '.join(kinds)} cells, so it is read as text."
    return Column(objects(cells), ColumnType("String", level_type=word, pandas=native, arrow=arrow), note)


def opaque_column(cells: Sequence[Any], reason: str, native: str = "") -> Column:
    """Return a column that is only returned, with the reason why nothing is learned from it."""
    values = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        values[i] = None if is_missing_cell(cell) else Opaque(cell)
    return Column(values, ColumnType("Object", pandas=native, ignored=reason))


def objects(cells: Sequence[Any]) -> np.ndarray:
    """Return texts (n,), one object for each different text, None for missing cells."""
    known: dict[Any, str] = {}
    values = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        if not is_missing_cell(cell):
            text = cell if isinstance(cell, str) else as_text(cell)
            values[i] = known.setdefault(text, text)
    return values


def numbers(cells: Sequence[Any]) -> np.ndarray:
    """Return numbers as float64 (n,), NaN for missing cells."""
    return np.array([np.nan if is_missing_cell(cell) else float(cell) for cell in cells])


def _numbers(cells: list[Any], present: list[Any], native: str, arrow: str) -> Column:
    values = numbers(cells)
    if all(isinstance(cell, bool | np.bool_) for cell in present):
        if len(present) == len(cells):
            return Column(values.astype(bool))
        return Column(values, ColumnType("Boolean", level_type="bool", pandas=native))
    if all(isinstance(cell, Decimal) for cell in present):
        places = max((-e for cell in present if isinstance(e := cell.as_tuple().exponent, int)), default=0)
        arrow = arrow or f"decimal128(38, {min(38, max(0, places))})"
        return Column(values, ColumnType("Decimal", level_type="Decimal", pandas=native, arrow=arrow))
    return Column(values)


def _dates(cells: list[Any], present: list[Any], native: str) -> Column | None:
    if not all(type(cell) is datetime.date for cell in present):
        return None
    days = np.array([None if is_missing_cell(cell) else cell for cell in cells], dtype="datetime64[D]")
    return Column(days, ColumnType("Date", pandas=native))


def _moments(cells: list[Any], present: list[Any], native: str) -> Column | None:
    """Return dates with a time of day. Those of several time zones, or with and without a zone, are in UTC."""
    if all(isinstance(cell, np.datetime64) for cell in present):
        values = np.array([np.datetime64("NaT") if is_missing_cell(cell) else cell for cell in cells])
        unit = np.datetime_data(values.dtype)[0]
        unit = unit if unit in ("s", "ms", "us", "ns") else "s"
        kind = ColumnType("Datetime", level_type="Timestamp", unit=unit, pandas=native)
        return Column(values.astype(f"datetime64[{unit}]"), kind)
    if all(type(cell).__name__ == "Period" for cell in present):
        word = class_of(present)
        starts = [None if is_missing_cell(cell) else cell.to_timestamp().to_pydatetime() for cell in cells]
        kind = ColumnType("Datetime", level_type=word, unit="us", pandas=native)
        return Column(np.array(starts, dtype="datetime64[us]"), kind) if word else None
    if not all(isinstance(cell, datetime.date) for cell in present):
        return None
    is_nano = any(getattr(cell, "nanosecond", 0) for cell in present)
    unit = "ns" if is_nano else "us"
    values = np.array(
        [None if is_missing_cell(cell) else _in_utc(cell, is_nano) for cell in cells], f"datetime64[{unit}]"
    )
    names = {type(cell).__name__ for cell in present}
    kind = ColumnType(
        "Datetime",
        level_type="datetime" if names == {"datetime"} else "Timestamp",
        unit=unit,
        zone=_zone(present),
        pandas=native,
    )
    return Column(values, kind)


def _in_utc(cell: Any, is_nano: bool) -> Any:
    if not isinstance(cell, datetime.datetime):
        return np.datetime64(cell, "us")
    if cell.tzinfo is not None:
        cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
    to_nano = getattr(cell, "to_datetime64", None) if is_nano else None
    return np.datetime64(cell, "us") if to_nano is None else to_nano()


def _zone(present: list[Any]) -> str:
    """Return the one time zone of all dates, "UTC" for several, "" for none."""
    zones = {cell.tzinfo for cell in present if getattr(cell, "tzinfo", None) is not None}
    if not zones:
        return ""
    names = {zone_name(zone) for zone in zones}
    return names.pop() if len(names) == 1 else "UTC"


def zone_name(zone: datetime.tzinfo) -> str:
    """Return the name of a time zone for pandas, polars and Arrow; "UTC" for one without a name."""
    import zoneinfo

    name = str(zone)
    fixed = name[3:] if name.startswith("UTC") else name
    if len(fixed) == 6 and fixed[0] in "+-":
        return fixed
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return "UTC"
    return name


def _times(cells: list[Any], present: list[Any], native: str) -> Column | None:
    if not all(isinstance(cell, datetime.time) for cell in present):
        return None
    values = np.array([np.nan if is_missing_cell(cell) else _seconds(cell) for cell in cells])
    return Column(values, ColumnType("Time", level_type="time", unit="s", pandas=native))


def _seconds(time: datetime.time) -> float:
    return time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6


def _spans(cells: list[Any], present: list[Any], native: str) -> Column | None:
    if not all(isinstance(cell, datetime.timedelta | np.timedelta64) for cell in present):
        return None
    spans = np.array([np.timedelta64("NaT") if is_missing_cell(cell) else np.timedelta64(cell, "us") for cell in cells])
    values = np.where(np.isnat(spans), np.nan, spans.astype("timedelta64[us]").astype(np.int64))
    word = "timedelta" if all(type(cell) is datetime.timedelta for cell in present) else "Timedelta"
    return Column(values, ColumnType("Duration", level_type=word, unit="us", pandas=native))


def _are_texts(cells: list[bytes]) -> bool:
    try:
        texts = {cell.decode() for cell in set(cells)}
    except UnicodeDecodeError:
        return False
    return all(text.isprintable() or not set(text) & _CONTROLS for text in texts)
