"""Arrow tables as Rows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.containers import types_of
from narrows.data.frames.arrow_metadata import delimiter_of
from narrows.data.frames.column_labels import first_repeated
from narrows.data.frames.column_type import is_missing
from narrows.data.frames.native_columns import is_text
from narrows.data.frames.nested import column_of
from narrows.data.readers.reading_options import ReadingOptions
from narrows.data.readers.table_columns import ColumnReader
from narrows.data.rows import Rows
from narrows.errors import DataError, DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa


def table_rows(
    table: pa.Table,
    source: str,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label: str | None = None,
    group: str | None = None,
    time: str | None = None,
    options: ReadingOptions | None = None,
    notes: tuple[str, ...] = (),
    start: int = 0,
) -> Rows:
    """Return the columns of a table that are chosen and not ignored, as Rows.

    label, group, time : columns that become `labels`, `groups` and `times`. The last two are data too if `columns`
    names them.
    options : settings for columns of text. start : row number of the first row in its file, for messages.
    """
    options = ReadingOptions() if options is None else options
    names = list(table.column_names)
    twice = first_repeated(names)
    if twice is not None:
        raise DataError(f"{source} has two columns named {twice!r}; rename one of them.")
    known = set(names)
    special = [name for name in (label, group, time) if name is not None]
    for name in (*(columns or ()), *(ignore or ()), *special, *options.types):
        if column_of(name, known) not in known:
            _refuse_unknown(name, names, source)
    if not table.num_rows:
        raise DataFormatError(f"{source} has a header but no rows; give it at least one row.")
    reasons = {group: "the groups", time: "the time"}
    ignored_columns = dict.fromkeys(ignore or (), "ignored") | ({} if label is None else {label: "the label"})
    ignored_columns |= {name: why for name, why in reasons.items() if name is not None and name not in (columns or ())}
    chosen = dict.fromkeys(name for name in columns or names if name not in ignored_columns)
    if not chosen:
        raise DataError(f"{source} has no column left to learn from; ignore fewer of them.")
    bases = list(dict.fromkeys(column_of(name, known) for name in chosen))
    reader = ColumnReader.of((table[base] for base in bases), source, options, start)
    kept = [
        part
        for base in bases
        for part in reader.read(table[base], base)
        if part.name not in ignored_columns and (part.name in chosen or base in chosen)
    ]
    return Rows(
        tuple(part.column.values for part in kept),
        names=tuple(part.name for part in kept),
        types=types_of([part.column for part in kept]),
        container="pyarrow",
        labels=None if label is None else _labels(table[label]),
        label_column=label,
        groups=None if group is None else _labels(table[group]),
        times=None if time is None else _times(table[time], time, source, options, start),
        ignored_columns=ignored_columns,
        notes=(*notes, *(note for part in kept for note in part.notes)),
        source=source,
        first_row=1,
        invalid={i: part.invalid for i, part in enumerate(kept) if part.invalid is not None},
        delimiter=delimiter_of(table) or ",",
    )


def _refuse_unknown(name: str, names: list[str], source: str) -> None:
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        raise DataError(f"{source} has no column {name!r}; did you mean {' or '.join(map(repr, near))}?")
    listed = ", ".join(repr(known) for known in names[:20]) + (", ..." if len(names) > 20 else "")
    raise DataError(f"{source} has no column {name!r}; its columns are {listed}.")


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        column = _without_empty(column)
    if column.null_count and not types.is_floating(column.type):
        return np.array(column.to_pylist(), dtype=object)  # as floats, whole numbers would come out as 1.0
    if is_text(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()


def _times(column: pa.ChunkedArray, name: str, source: str, options: ReadingOptions, start: int) -> np.ndarray:
    """Return a column of numbers, dates or times; DataError where it has a missing cell or is of another type."""
    values = ColumnReader.of([column], source, options, start).read(column, name)[0].column.values
    if values.dtype.kind not in "iufM":
        raise DataError(f"Column {name!r} of {source} should give the time, but it holds neither numbers nor dates.")
    n_missing = int(is_missing(values).sum())
    if n_missing:
        raise DataError(f"Column {name!r} of {source} should give the time, but has {n_missing:,} missing values.")
    return values


def _without_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the texts with nulls for the empty ones."""
    import pyarrow.compute as pc

    return pc.call_function("if_else", [pc.call_function("equal", [column, ""]), None, column])
