"""Columns of text as values of their format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.frames.column_type import ColumnType
from narrows.data.text.booleans import parse_booleans
from narrows.data.text.dates import parse_dates, unit_of
from narrows.data.text.distinct_cells import arrow_mask, as_mask, compute, is_in, one_array, repeats, trim
from narrows.data.text.number_text import parse_numbers, parse_whole_numbers

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Parsed:
    """The values of a column of text.

    Parameters
    ----------
    values : ndarray of shape (n,)
        float64 with NaN for missing cells, int64 or bool without missing cells, datetime64, or objects (texts, None).
    type : ColumnType or None
        The properties that the array lacks, the format of the text included.
    invalid : dict of int to str
        Position -> text of the cells that are neither missing nor of the format; they are missing in `values`.
    """

    values: np.ndarray
    type: ColumnType | None
    invalid: dict[int, str] = field(default_factory=dict)


def parse_column(column_format: ColumnFormat, column: pa.Array | pa.ChunkedArray) -> Parsed:
    """Return the values of a column of text; no cell raises.

    Parameters
    ----------
    column_format : ColumnFormat
    column : Arrow array of string or large_string (n,)

    Returns
    -------
    Parsed
        numbers : int64 where all are whole and none is missing, else float64. Times of day: seconds since midnight as
        float64. Booleans: bool, or float64 where some are missing. Dates: datetime64[D], or datetime64 in seconds or
        finer, in UTC where the cells have an offset. Categories: objects.
    """
    whole = one_array(column)
    trimmed = trim(whole)
    missing = missing_in(column_format, trimmed)
    if column_format.read_as in ("category", "empty"):
        return Parsed(_texts(whole, missing), _type(column_format, "String"))
    values, ok = parse_texts(column_format, trimmed)
    ok &= ~missing
    positions = np.flatnonzero(~ok & ~missing)
    invalid = dict(zip(positions.tolist(), whole.take(positions).to_pylist(), strict=True))
    values, column_type = _finished(column_format, values, ok, trimmed)
    return Parsed(values, column_type, invalid)


def count_missing(column_format: ColumnFormat, column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Return how often each text that means a missing cell is in a column; "" counts empty and blank cells."""
    trimmed = trim(one_array(column))
    found = trimmed.filter(arrow_mask(missing_in(column_format, trimmed))).fill_null("").value_counts()
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def missing_in(column_format: ColumnFormat, trimmed: pa.Array) -> np.ndarray:
    """Return which trimmed texts (n,) mean a missing cell, bool (n,)."""
    words = tuple({"", *(text.strip() for text in column_format.na_values)})
    found = is_in(trimmed, words)
    return found | as_mask(compute("is_null", trimmed)) if trimmed.null_count else found


def parse_texts(column_format: ColumnFormat, trimmed: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the values (n,) of trimmed texts (n,), and which of them are of the format, bool (n,)."""
    if repeats(trimmed):
        encoded = trimmed.fill_null("").dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        values, ok = parse_each(column_format, encoded.dictionary)
        return values[codes], ok[codes]
    return parse_each(column_format, trimmed)


def parse_each(column_format: ColumnFormat, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the same as `parse_texts` without looking for duplicates first."""
    if column_format.read_as == "number":
        return parse_numbers(column_format, texts)
    if column_format.read_as == "boolean":
        return parse_booleans(column_format, texts)
    if column_format.read_as in ("date", "time"):
        moments = parse_dates(column_format, texts)
        return moments.values, moments.ok
    return np.zeros(len(texts)), np.ones(len(texts), dtype=bool)


def _finished(
    column_format: ColumnFormat, values: np.ndarray, ok: np.ndarray, trimmed: pa.Array
) -> tuple[np.ndarray, ColumnType]:
    """Return the values in the dtype of the column, and its type."""
    if column_format.read_as == "date":
        values[~ok] = np.datetime64("NaT")
        unit = unit_of(column_format)
        name = "Date" if unit == "D" else "Datetime"
        return values, _type(column_format, name, unit="" if unit == "D" else unit, zone=column_format.zone)
    values[~ok] = np.nan
    if column_format.read_as == "time":
        return values, _type(column_format, "Time", unit="s")
    if column_format.read_as == "boolean":
        return values.astype(bool) if ok.all() else values, _type(column_format, "Boolean")
    present = values[ok]
    is_whole = not (column_format.decimals or column_format.max_decimals) and bool((present == np.floor(present)).all())
    if not is_whole or not len(present) or np.isinf(present).any():
        return values, _type(column_format, "Float64")
    if ok.all():
        values = parse_whole_numbers(column_format, trimmed)
        return values, _type(column_format, "Int64" if values.dtype.kind == "i" else "Float64")
    return values, _type(column_format, "Int64")


def _type(column_format: ColumnFormat, name: str, *, unit: str = "", zone: str = "") -> ColumnType:
    return ColumnType(name, unit=unit, zone=zone, text_format=column_format)


def _texts(whole: pa.Array, missing: np.ndarray) -> np.ndarray:
    """Return objects (n,), one for each distinct text, None for missing cells."""
    encoded = whole.dictionary_encode()
    known = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    return known[np.where(missing, len(known) - 1, codes)]
