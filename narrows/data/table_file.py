"""Rows as CSV and Parquet files, also chunk by chunk."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from narrows.data.columns import as_native, is_missing
from narrows.data.nested import as_whole, joined
from narrows.data.rows import Rows
from narrows.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_OF_TEXT = 1 << 14


def write_tables(file: IO[bytes], tables: Iterable[pa.Table], ending: str, *, as_text: bool = False) -> None:
    """Write tables of the same columns one below the other, of which one at a time is held in memory.

    as_text : all cells are texts of a CSV file, which are quoted only where they must be.
    """
    rest = iter(tables)
    first = next(rest)
    start = 0
    with _fitting(ending), _opened(file, first.schema, ending, as_text) as writer:
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


def _opened(file: IO[bytes], schema: pa.Schema, ending: str, as_text: bool) -> Any:
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    if as_text:
        return _TextWriter(file, schema.names)
    return arrow_csv.CSVWriter(file, schema) if ending == ".csv" else parquet.ParquetWriter(file, schema)


class _TextWriter:
    """Texts as CSV; Arrow's writer quotes every text, needed or not."""

    def __init__(self, file: IO[bytes], names: list[str]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(names)

    def write_table(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=_ROWS_OF_TEXT):
            self._writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def __enter__(self) -> _TextWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._text.detach()  # the file is its owner's to close


def as_table(rows: Rows, ending: str) -> pa.Table:
    """Rows as Arrow's table, with their labels in a column "label"; OutputError where Arrow has no such cells."""
    import pyarrow as pa

    named = {}
    with _fitting(ending):
        names = rows.feature_names
        apart = ((name, [i]) for i, name in enumerate(names))  # text files hold neither lists nor structs
        for name, places in apart if ending == ".csv" else joined(rows):
            column, kind = rows.column(places[0]), rows.column_type(places[0])
            if kind is None:
                named[name] = pa.array(_native(np.ascontiguousarray(column)), from_pandas=True)
            elif name != names[places[0]]:
                named[name] = as_whole(rows, places, "pyarrow")
            elif ending == ".csv" and (kind.name == "Object" or (kind.name == "String" and kind.reading is None)):
                named[name] = pa.array([None if cell is None else str(cell) for cell in column.tolist()], pa.string())
            else:
                named[name] = as_native(column, kind, "pyarrow")
        if rows.labels is not None:
            name = "label"
            while name in named:
                name += "_"
            named[name] = label_column(rows.labels)
        return pa.table(named)


def label_column(labels: np.ndarray) -> pa.Array:
    """Gaps stay empty; objects become numbers or dates where all are, else text."""
    import pyarrow as pa

    if labels.dtype != object:
        return pa.array(_native(labels), from_pandas=True)
    cells = [None if is_missing(cell) else cell for cell in labels]
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
