"""Tables of CSV and Parquet files as Rows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.columns import Column, as_column, as_columns
from narrows.data.labels import first_repeated
from narrows.data.memory import types_of
from narrows.data.nested import Parts, column_of, is_nested
from narrows.data.rows import Rows, row_name
from narrows.errors import DataError, DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = r"(?i)^\s*[-+]?(\d+\.?\d*|\.\d+|inf|infinity)(e[-+]?\d+)?\s*$"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"


def is_parquet(path: Path) -> bool:
    """Whether a file is named as a Parquet file."""
    return path.suffix.casefold() in (".parquet", ".pq")


def read_parquet(path: Path) -> pa.Table:
    """A Parquet file as a table."""
    import pyarrow as pa
    from pyarrow import parquet

    with path.open("rb") as file:  # Arrow opens only names that are UTF-8
        try:
            table = parquet.ParquetFile(file).read()
            _ = table.column_names  # decodes them
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise DataFormatError(
                f"{path.name} is not a readable Parquet file; it may be damaged or cut short: write it anew."
            ) from error
    return table


def table_rows(
    table: pa.Table,
    source: str,
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label: str | None = None,
    text: Sequence[str] = (),
    notes: tuple[str, ...] = (),
) -> Rows:
    """The columns of a table that are chosen and not ignored; `text` names those that are text whatever they hold."""
    names = list(table.column_names)
    twice = first_repeated(names)
    if twice is not None:
        raise DataError(f"{source} has two columns named {twice!r}; rename one of them.")
    known, known_text = set(names), set(text)
    for name in (*(columns or ()), *(ignore or ()), *((label,) if label is not None else ())):
        if column_of(name, known) not in known:
            _refuse_unknown(name, names, source)
    if not table.num_rows:
        raise DataFormatError(f"{source} has a header but no rows; give it at least one row.")
    left_out = dict.fromkeys(ignore or (), "ignored") | ({} if label is None else {label: "the label"})
    chosen = dict.fromkeys(name for name in columns or names if name not in left_out)
    if not chosen:
        raise DataError(f"{source} has no column left to learn from; ignore fewer of them.")
    parts = [
        part
        for base in dict.fromkeys(column_of(name, known) for name in chosen)
        for part in _columns(table[base], base, source, is_text=base in known_text)
        if part[0] not in left_out and (part[0] in chosen or base in chosen)
    ]
    kept = [column for _, column in parts]
    return Rows(
        tuple(column.values for column in kept),
        names=tuple(name for name, _ in parts),
        types=types_of(kept),
        container="pyarrow",
        labels=None if label is None else _labels(table[label]),
        left_out=left_out,
        notes=(*notes, *(column.note for column in kept if column.note)),
        source=source,
        first_row=1,
    )


def _refuse_unknown(name: str, names: list[str], source: str) -> None:
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        raise DataError(f"{source} has no column {name!r}; did you mean {' or '.join(map(repr, near))}?")
    listed = ", ".join(repr(known) for known in names[:20]) + (", ..." if len(names) > 20 else "")
    raise DataError(f"{source} has no column {name!r}; its columns are {listed}.")


# -- what a column is


def _columns(column: pa.ChunkedArray, name: str, source: str, *, is_text: bool) -> Parts:
    """A column, or of lists and structs one for each element, with their names."""
    import narwhals as nw

    if is_nested(column.type):
        return as_columns(nw.from_native(column, series_only=True), name, source, whole=is_text)
    return [(name, _column(column, name, source, is_text=is_text))]


def _column(column: pa.ChunkedArray, name: str, source: str, *, is_text: bool) -> Column:
    """A column as an array; texts that are numbers in every cell become numbers, and a mixture is told.

    is_text : whether it is known to be text.
    """
    import narwhals as nw

    note = None
    if not is_text and _is_text(column.type) and column.null_count < len(column):
        if _is_mostly(column, _NUMBER):
            stray = _stray_cell(column)
            if stray is None:
                cells = (None if cell is None else cell.strip() for cell in column.to_pylist())
                return Column(np.array([np.nan if cell is None else float(cell) for cell in cells]))
            note = (
                f"Column {name!r} of {source} holds {str(column[stray])!r} in {row_name(stray, 1)} among numbers, "
                "so it is taken for text; mend the cell, or empty it if it is missing."
            )
        elif _is_mostly(column, _DECIMAL_COMMA):
            note = (
                f"Column {name!r} of {source} holds numbers with a decimal comma, so it is taken for text; "
                "write them with a point."
            )
    found = as_column(nw.from_native(column, series_only=True), name, source)
    return found if note is None else replace(found, note=note)


def _stray_cell(column: pa.ChunkedArray) -> int | None:
    """The first row whose text is no number."""
    import pyarrow.compute as pc

    row = pc.index(_matches(column, _NUMBER), value=False).as_py()
    return None if row < 0 else row


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _is_mostly(column: pa.ChunkedArray, pattern: str) -> bool:
    counted = _matches(column, pattern).value_counts().to_pylist()
    n_true = sum(found["counts"] for found in counted if found["values"])
    return 2 * n_true >= len(column) - column.null_count


def _matches(column: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.call_function("match_substring_regex", [column], pc.MatchSubstringOptions(pattern))


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count and not types.is_floating(column.type):
        return np.array(column.to_pylist(), dtype=object)  # as floats, whole numbers would come out as 1.0
    if _is_text(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()
