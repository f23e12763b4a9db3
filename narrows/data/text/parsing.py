"""A column of text as values, by a reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data.text.booleans import read_truths
from narrows.data.text.dates import read_moments, unit_of
from narrows.data.text.distinct_cells import arrow_mask, as_mask, compute, is_in, one_array, repeats, trim
from narrows.data.text.number_text import read_numbers, read_whole

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data.frames.columns import ColumnType
    from narrows.data.text.column_format import Parsed, Reading


def parse(reading: Reading, column: pa.Array | pa.ChunkedArray) -> Parsed:
    """What `Reading.parse` returns."""
    from narrows.data.text.column_format import Parsed

    whole = one_array(column)
    trimmed = trim(whole)
    gaps = gaps_in(reading, trimmed)
    if reading.read_as in ("category", "empty"):
        return Parsed(_texts(whole, gaps), _type(reading, "String"))
    values, ok = read(reading, trimmed)
    ok &= ~gaps
    places = np.flatnonzero(~ok & ~gaps)
    strange = dict(zip(places.tolist(), whole.take(places).to_pylist(), strict=True))
    values, kind = _finished(reading, values, ok, trimmed)
    return Parsed(values, kind, strange)


def count_gaps(reading: Reading, column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """What `Reading.count_gaps` returns."""
    trimmed = trim(one_array(column))
    found = trimmed.filter(arrow_mask(gaps_in(reading, trimmed))).fill_null("").value_counts()
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def gaps_in(reading: Reading, trimmed: pa.Array) -> np.ndarray:
    """Which trimmed texts (n,) are gaps."""
    words = tuple({"", *(text.strip() for text in reading.gaps)})
    return is_in(trimmed, words) | as_mask(compute("is_null", trimmed))


def read(reading: Reading, trimmed: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts (n,) as values (n,), and which of them are what the column is."""
    if repeats(trimmed):
        encoded = trimmed.fill_null("").dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        values, ok = read_all(reading, encoded.dictionary)
        return values[codes], ok[codes]
    return read_all(reading, trimmed)


def read_all(reading: Reading, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts (n,) as values (n,), and which of them are what the column is; each text is looked at."""
    if reading.read_as == "number":
        return read_numbers(reading, texts)
    if reading.read_as == "boolean":
        return read_truths(reading, texts)
    if reading.read_as in ("date", "time"):
        moments = read_moments(reading, texts)
        return moments.values, moments.ok
    return np.zeros(len(texts)), np.ones(len(texts), dtype=bool)


def _finished(reading: Reading, values: np.ndarray, ok: np.ndarray, trimmed: pa.Array) -> tuple[np.ndarray, ColumnType]:
    """Values of the dtype that the column has, and its type."""
    if reading.read_as == "date":
        values[~ok] = np.datetime64("NaT")
        unit = unit_of(reading)
        name = "Date" if unit == "D" else "Datetime"
        return values, _type(reading, name, unit="" if unit == "D" else unit, zone=reading.zone)
    values[~ok] = np.nan
    if reading.read_as == "time":
        return values, _type(reading, "Time", unit="s")
    if reading.read_as == "boolean":
        return values.astype(bool) if ok.all() else values, _type(reading, "Boolean")
    there = values[ok]
    is_whole = not (reading.places or reading.most_places) and bool((there == np.floor(there)).all())
    if not is_whole or not len(there) or np.isinf(there).any():
        return values, _type(reading, "Float64")
    if ok.all():
        values = read_whole(reading, trimmed)
        return values, _type(reading, "Int64" if values.dtype.kind == "i" else "Float64")
    return values, _type(reading, "Int64")


def _type(reading: Reading, name: str, *, unit: str = "", zone: str = "") -> ColumnType:
    from narrows.data.frames.columns import ColumnType

    return ColumnType(name, unit=unit, zone=zone, reading=reading)


def _texts(whole: pa.Array, gaps: np.ndarray) -> np.ndarray:
    """Objects (n,), one for each different text, None for gaps."""
    encoded = whole.dictionary_encode()
    known = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
    return known[np.where(gaps, len(known) - 1, codes)]
