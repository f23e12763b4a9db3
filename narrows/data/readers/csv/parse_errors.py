"""Errors in text files that Arrow cannot read, or misreads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.location import Location
from narrows.data.readers.csv.dialect import CsvFormat
from narrows.data.readers.csv.line_cells import SPACES, WIDE_SPACES, Record
from narrows.data.readers.csv.utf8_stream import TableText, all_records
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

COMMENT_SIGNS = ("#", "//")
"""Signs of comments below the beginning of a file, on lines with other numbers of cells than the rows."""


class QuoteWatch:
    """Detects quotes that are never closed: their cells include the lines below."""

    def __init__(self, path: Location, form: CsvFormat) -> None:
        self._path, self._form = path, form
        self._is_checked = not form.dialect.quote

    def look(self, table: pa.Table) -> None:
        """Look at cells that hold both a line end and a separator; DataFormatError if their quote is not closed."""
        if not self._is_checked and any(_has_lines(column, self._form) for column in table.columns):
            self._check()

    def end(self, source: TableText) -> None:
        """Look at the number of quotes, which is even where all are closed."""
        if not self._is_checked and source.n_quotes % 2:
            self._check()

    def _check(self) -> None:
        self._is_checked = True
        for record in all_records(self._path, self._form):
            if record.open_line is not None:
                raise DataFormatError(_open_quote(self._path, record))


def _has_lines(column: pa.ChunkedArray, form: CsvFormat) -> bool:
    import pyarrow.compute as pc
    from pyarrow import types

    if not types.is_string(column.type) or not any(map(_holds_line_end, column.chunks)):
        return False
    separator = form.dialect.separator
    if not form.dialect.is_simple or not separator:
        return True
    several, within = (
        pc.call_function("match_substring_regex", [column], pc.MatchSubstringOptions(pattern))
        for pattern in (r"[\r\n]", re.escape(separator))
    )
    return bool(pc.call_function("any", [pc.call_function("and", [several, within])]).as_py())


def _holds_line_end(chunk: pa.Array) -> bool:
    """Return whether the text of a chunk has a line end anywhere; faster than a look at each cell."""
    text = chunk.buffers()[2]
    if text is None:
        return False
    characters = np.frombuffer(text, np.uint8)
    return bool((characters == ord("\n")).any() or (characters == ord("\r")).any())


def why_not_csv(path: Location, form: CsvFormat, error: Exception) -> str:
    """Return the sentence for a file that Arrow refuses: its first line with other cells than the header."""
    n = form.header.n_cells
    for record in all_records(path, form):
        if record.cells[0].startswith(COMMENT_SIGNS) and len(record.cells) != n:
            continue
        if len(record.cells) != n or (len(form.names) < n and record.cells[-1].strip()):
            return _open_quote(path, record) if record.open_line is not None else _ragged(path, form, record)
    return f"{path.name} cannot be read as CSV: {str(error).splitlines()[0].rstrip('.')}."


def _ragged(path: Location, form: CsvFormat, record: Record) -> str:
    n = len(record.cells)
    line = form.header.line
    usual = (
        "the first line has"
        if line == 1
        else "the lines above have"
        if line is None
        else f"the header in line {line} has"
    )
    blanks = {SPACES: " of blanks", WIDE_SPACES: " of two or more blanks"}.get(form.dialect.separator)
    runs = f"; cells are separated by runs{blanks}" if blanks else ""
    return f"Line {record.line} of {path.name} has {n} cells, but {usual} {len(form.names)}{runs}; correct that line."


def _open_quote(path: Location, record: Record) -> str:
    return (
        f"The quote that opens in line {record.open_line} of {path.name} is not closed at the end of its cell; "
        "close it, or write it twice if it is part of the text."
    )
