"""Cells of CSV files with their original text, read in step with their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.columns import ColumnType, as_native, is_missing
from narrows.data.imputation import fill_arrow, filled_mask, with_column
from narrows.data.location import Location
from narrows.data.readers.csv.csv_file import csv_texts
from narrows.data.readers.row_stream import CSV_BLOCK, table_files
from narrows.data.rows import Rows
from narrows.data.text import format_values

if TYPE_CHECKING:
    import pyarrow as pa


_MOMENT = re.compile(r"\d+-\d+-\d+T")


class VerbatimCells:
    """Cells of a CSV file, or of a folder of them, with their original text.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Location) -> None:
        self._waiting: list[pa.Table] = []
        self._tables = _texts(path)
        self._style: dict[str, str] = {}

    def filled(self, rows: Rows, filled: Rows, places: list[int | None]) -> pa.Table:
        """Return the next rows as texts; cells that only `filled` has are written in the format of their columns.

        places : index of each column in the file; None for columns that are not in it.
        """
        table = self._take(len(rows))
        for i, place in enumerate(places):
            if place is None:
                continue
            missing, at = is_missing(rows.column(i)), filled_mask(rows, filled, i)
            name = table.column_names[place]
            if name not in self._style and not missing.all():
                self._style[name] = table.column(place)[int(np.argmin(missing))].as_py()
            if at.any():
                texts = _texts_of(filled.column(i)[at], filled.column_type(i), self._style.get(name, ""))
                column = fill_arrow(table.column(place), at, texts, None)
                table = with_column(table, place, column)
        return table

    def _take(self, n: int) -> pa.Table:
        import pyarrow as pa

        while sum(len(table) for table in self._waiting) < n:
            self._waiting.append(next(self._tables))
        joined = pa.concat_tables(self._waiting)
        self._waiting = [joined[n:]]
        return joined[:n]


def _texts(path: Location) -> Iterator[pa.Table]:
    for file in table_files(path, parquet=False):
        yield from csv_texts(file, block=CSV_BLOCK)


def _texts_of(cells: np.ndarray, kind: ColumnType | None, like: str) -> np.ndarray:
    """Return filled values (m,) as texts (m,); booleans and dates in the style of `like`."""
    import pyarrow as pa

    if kind is not None and kind.text_format is not None:
        return np.array(format_values(kind.text_format, cells), dtype=object)
    native = as_native(cells, kind, "pyarrow")
    texts = np.array(native.cast(pa.string()).to_pylist(), dtype=object)
    if pa.types.is_boolean(native.type):
        change = str.title if like.istitle() else str.upper if like.isupper() else str.lower
        return np.array([change(text) for text in texts], dtype=object)
    if pa.types.is_timestamp(native.type) and _MOMENT.match(like):
        return np.array([text.replace(" ", "T", 1) for text in texts], dtype=object)
    return texts
