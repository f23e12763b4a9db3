"""Rows as CSV and Parquet files, also chunk by chunk."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.arrow_metadata import delimiter_of, with_delimiter
from narrows.data.frames.columns import as_native, is_missing_cell
from narrows.data.nested_columns import as_whole, joined
from narrows.data.rows import Rows
from narrows.data.text import format_values
from narrows.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_OF_TEXT = 1 << 14


def write_tables(file: IO[bytes], tables: Iterable[pa.Table], ending: str, *, as_text: bool = False) -> None:
    """Write tables of the same columns one below the other, of which one at a time is held in memory.

    as_text : all cells are texts of a CSV file, which are quoted only where they must be. Tables that know the
    delimiter of their file (`delimiter_of`) are written so, and with it, in any case.
    """
    rest = iter(tables)
    first = next(rest)
    start = 0
    delimiter = delimiter_of(first)
    as_text = as_text or (ending == ".csv" and delimiter is not None)
    with _fitting(ending), _opened(file, first.schema, ending, as_text, delimiter or ",") as writer:
        for table in chain([first], rest):
            with _fitting(ending, start):
                writer.write_table(table.cast(first.schema))
            start += table.num_rows


@contextmanager
def _fitting(ending: str, start: int = 0) -> Iterator[None]:
    """Arrow's errors as a sentence."""
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        why = str(error).split("\n")[0].rstrip(".")
        where = f" from row {start + 1:,} on" if start else ""
        raise OutputError(f"The rows or labels do not fit into a {ending} file{where}: {why}; use .npz.") from error


def _opened(file: IO[bytes], schema: pa.Schema, ending: str, as_text: bool, delimiter: str) -> Any:
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    if as_text:
        return _TextWriter(file, schema.names, delimiter)
    return arrow_csv.CSVWriter(file, schema) if ending == ".csv" else parquet.ParquetWriter(file, schema)


class _TextWriter:
    """Texts as CSV; Arrow's writer quotes every text, needed or not."""

    def __init__(self, file: IO[bytes], names: list[str], delimiter: str) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\n", delimiter=delimiter)
        self._writer.writerow(names)

    def write_table(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=_ROWS_OF_TEXT):
            self._writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def __enter__(self) -> _TextWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.detach()  # the file is its owner's to close


def as_table(rows: Rows, ending: str) -> pa.Table:
    """Rows as Arrow's table, with their labels in a column "label"; OutputError where Arrow has no such cells.

    For a CSV file, rows that came from one as text are that text again: decimal marks, dates, the delimiter.
    """
    import pyarrow as pa

    named = {}
    kinds = [rows.column_type(i) for i in range(rows.n_columns)]
    as_text = ending == ".csv" and (rows.delimiter != "," or any(kind and kind.text_format for kind in kinds))
    with _fitting(ending):
        names = rows.feature_names
        apart = ((name, [i]) for i, name in enumerate(names))  # text files hold neither lists nor structs
        for name, places in apart if ending == ".csv" else joined(rows):
            column, kind = rows.column(places[0]), kinds[places[0]]
            if as_text and kind is not None and kind.text_format is not None:
                named[name] = pa.array(format_values(kind.text_format, column), pa.string())
                continue
            if kind is None:
                native = pa.array(_native(np.ascontiguousarray(column)), from_pandas=True)
            elif name != names[places[0]]:
                native = as_whole(rows, places, "pyarrow")
            elif ending == ".csv" and kind.name in ("Object", "String"):
                native = pa.array([None if cell is None else str(cell) for cell in column.tolist()], pa.string())
            else:
                native = as_native(column, kind, "pyarrow")
            named[name] = native.cast(pa.string()) if as_text else native
        if rows.labels is not None:
            name = "label"
            while name in named:
                name += "_"
            labels = label_column(rows.labels)
            named[name] = labels.cast(pa.string()) if as_text else labels
        table = pa.table(named)
        return with_delimiter(table, rows.delimiter) if as_text else table


def label_column(labels: np.ndarray) -> pa.Array:
    """Gaps stay empty; objects become numbers or dates where all are, else text."""
    import pyarrow as pa

    if labels.dtype != object:
        return pa.array(_native(labels), from_pandas=True)
    cells = [None if is_missing_cell(cell) else cell for cell in labels]
    try:
        column = pa.array(cells)
    except (pa.ArrowException, OverflowError):
        column = None
    if column is not None and pa.types.is_primitive(column.type):
        return column
    return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _native(column: np.ndarray) -> np.ndarray:
    """Arrow knows neither the other byte order nor long doubles."""
    if column.dtype.type is np.longdouble:
        return column.astype(np.float64)
    return column.astype(column.dtype.newbyteorder("="), copy=False)
