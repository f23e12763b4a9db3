"""CSV and Parquet files as Rows."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from narrows.data.memory import is_number_text, numeric_column
from narrows.data.rows import Rows, row_name
from narrows.errors import DataError, DataFormatError, NotNumericError

if TYPE_CHECKING:
    import pyarrow as pa

_HEAD = 1 << 16
_NUMBER = r"(?i)^\s*[-+]?(\d+\.?\d*|\.\d+|inf|infinity)(e[-+]?\d+)?\s*$"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"


def read_csv(path: Path) -> tuple[pa.Table, tuple[str, ...]]:
    """A CSV file, also gzipped, as a table, with notes on how it was read.

    The column types are inferred over the whole file. The separator is the one of comma, semicolon and tab
    that stands in the first line most often. A first line of nothing but numbers is a row, not a header, unless
    they are 0, 1, 2, ..., which is what pandas writes where columns have no names.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    delimiter, cells = _first_cells(_head(path))
    counted = cells == [str(i) for i in range(len(cells))]
    headless = not counted and all(is_number_text(cell) and np.isfinite(float(cell)) for cell in cells)
    try:
        with _opened(path) as file:
            table = arrow_csv.read_csv(
                file,
                read_options=arrow_csv.ReadOptions(
                    column_names=[f"x{i}" for i in range(len(cells))] if headless else None
                ),
                parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True),
            )
        _ = table.column_names  # decodes the header
    except UnicodeDecodeError as error:
        raise DataFormatError(_not_utf8(path)) from error
    except pa.ArrowInvalid as error:
        raise DataFormatError(_why_not_csv(path, delimiter, error)) from error
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        if pa.types.is_binary(kind):
            raise DataFormatError(f"Column {name!r}: {_not_utf8(path)}")
    if headless:
        return table, (f"The first line of {path.name} holds only numbers, so it was read as a row.",)
    if counted:
        return table, (f"The first line of {path.name} counts the columns from 0, so it was read as a header.",)
    return table, ()


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
    notes: tuple[str, ...] = (),
) -> Rows:
    """The numeric columns of a table; text, dates and empty columns are set aside, each with its reason."""
    names = list(table.column_names)
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f"{source} has two columns named {twice!r}; rename one of them.")
    for name in (*(columns or ()), *(ignore or ()), *((label,) if label is not None else ())):
        _check_known(name, names, source)
    if not table.num_rows:
        raise DataFormatError(f"{source} has a header but no rows; give it at least one row.")
    chosen = [n for n in (columns or names) if n != label and n not in (ignore or ())]
    left_out: dict[str, str] = {}
    kept: dict[str, np.ndarray] = {}
    for name in dict.fromkeys(chosen):
        reason = _reason_to_leave_out(table[name], name, source, asked_for=columns is not None)
        if reason:
            left_out[name] = reason
        else:
            kept[name] = _numbers(table[name], name, source)
    if not kept:
        told = ", ".join(f"{name!r} ({reason})" for name, reason in list(left_out.items())[:5])
        raise NotNumericError(f"{source} has no numeric column to learn from; set aside: {told or 'all'}.")
    return Rows(
        tuple(kept.values()),
        names=tuple(kept),
        container="pyarrow",
        labels=None if label is None else _labels(table[label]),
        left_out=left_out,
        notes=notes,
        source=source,
        first_row=1,
    )


# -- what is in the file


def _opened(path: Path) -> IO[bytes]:
    """The file for Arrow, which itself opens only names that are UTF-8, and unpacks only those that end in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if _is_gzip(path) else path.open("rb")


def _is_gzip(path: Path) -> bool:
    return path.name.casefold().endswith(".gz")


def _head(path: Path) -> str:
    """The beginning of a CSV file, without empty lines before the first."""
    try:
        with _opened(path) as file:
            head = file.read(_HEAD)
            if _is_gzip(path):
                while file.read(1 << 20):  # to the end, where the checksum is
                    pass
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataFormatError(f"{path.name} is not a gzip file, or is cut short; fetch it again.") from error
    if not head.strip():
        raise DataFormatError(f"{path.name} is empty; give a file with a header and rows.")
    if b"\0" in head:
        raise DataFormatError(f"{path.name} is named as a CSV file but holds binary data; save it as CSV in UTF-8.")
    return head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace").lstrip("\r\n")


def _first_cells(head: str) -> tuple[str, list[str]]:
    """The separator that stands most often in the first line, not counting those within quotes; and its cells."""
    bare = re.sub(r'"[^"]*"', "", head).splitlines() or [""]
    delimiter = max(",;\t", key=bare[0].count)
    cells = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter))
    return delimiter, [cell.strip() for cell in cells]


def _not_utf8(path: Path) -> str:
    return f"{path.name} is not UTF-8 text; save it with that encoding."


def _why_not_csv(path: Path, delimiter: str, error: pa.ArrowInvalid) -> str:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    found: list[Any] = []

    def note(row: Any) -> str:
        found.append(row)
        return "error"

    with suppress(pa.ArrowInvalid), _opened(path) as file:  # the line number is known only to a single thread
        arrow_csv.read_csv(
            file,
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
        )
    if not found:
        return f"{path.name} cannot be read as CSV: {str(error).splitlines()[0]}."
    return (
        f"Line {found[0].number} of {path.name} has {found[0].actual_columns} cells, but the first line has "
        f"{found[0].expected_columns}; mend that line."
    )


def _check_known(name: str, names: list[str], source: str) -> None:
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        raise DataError(f"{source} has no column {name!r}; did you mean {' or '.join(map(repr, near))}?")
    listed = ", ".join(repr(known) for known in names[:20]) + (", ..." if len(names) > 20 else "")
    raise DataError(f"{source} has no column {name!r}; its columns are {listed}.")


# -- what a column is


def _reason_to_leave_out(column: pa.ChunkedArray, name: str, source: str, *, asked_for: bool) -> str | None:
    """Why a column is not numeric, in a word or two; None where it is, or should have been."""
    if column.null_count == len(column):
        reason = "empty"
    elif _is_numeric(column.type) or (_is_text(column.type) and _is_mostly(column, _NUMBER)):
        return None
    else:
        reason = _what_it_holds(column)
    if asked_for:
        first = next((i for i, cell in enumerate(column) if cell.is_valid), None)
        cell = "" if first is None else f" ({str(column[first])!r} in {row_name(first, 1)})"
        raise NotNumericError(
            f"Column {name!r} of {source} holds {'nothing' if reason == 'empty' else reason}{cell}, "
            "where numbers are needed; leave it out."
        )
    return reason


def _numbers(column: pa.ChunkedArray, name: str, source: str) -> np.ndarray:
    if _is_text(column.type):
        import pyarrow.compute as pc

        row = pc.index(_matches(column, _NUMBER), value=False).as_py()
        if row >= 0:
            raise NotNumericError(
                f"Column {name!r} of {source} holds {str(column[row])!r} in {row_name(row, 1)}, "
                "where a number is needed; mend the cell, empty it if it is missing, or ignore the column."
            )
        cells = (None if cell is None else cell.strip() for cell in column.to_pylist())
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    import narwhals as nw

    return numeric_column(nw.from_native(column, series_only=True), name, source, first_row=1)


def _is_numeric(kind: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind)


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


def _what_it_holds(column: pa.ChunkedArray) -> str:
    from pyarrow import types

    kind = column.type
    if _is_text(kind) and _is_mostly(column, _DECIMAL_COMMA):
        return "numbers with a decimal comma"
    if _is_text(kind) or types.is_string_view(kind):
        return "text"
    if types.is_dictionary(kind):
        return "categories"
    if types.is_temporal(kind):
        return "dates or times"
    return f"{kind} values"


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count and not types.is_floating(column.type):
        return np.array(column.to_pylist(), dtype=object)  # as floats, whole numbers would come out as 1.0
    if _is_text(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()
