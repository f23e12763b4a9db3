"""CSV and Parquet files as Rows."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from narrows.data.columns import Column, as_column
from narrows.data.memory import is_number_text, types_of
from narrows.data.rows import Rows, row_name
from narrows.errors import DataError, DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

_CSV = re.compile(r"\.csv(\.gz)?$", re.IGNORECASE)
_HEAD = 1 << 16
_NUMBER = r"(?i)^\s*[-+]?(\d+\.?\d*|\.\d+|inf|infinity)(e[-+]?\d+)?\s*$"
_DECIMAL_COMMA = r"^\s*[-+]?\d+,\d+\s*$"


def is_csv(path: Path) -> bool:
    """Whether a file is named as a CSV file."""
    return bool(_CSV.search(path.name))


def is_parquet(path: Path) -> bool:
    """Whether a file is named as a Parquet file."""
    return path.suffix.casefold() in (".parquet", ".pq")


def read_csv(path: Path, text: Sequence[str] = ()) -> tuple[pa.Table, tuple[str, ...]]:
    """A CSV file, also gzipped, as a table, with notes on how it was read.

    The column types are inferred over the whole file, but for the columns `text`, which are text whatever they hold.
    The separator is the one of comma, semicolon and tab that stands in the first line most often. A first line of
    nothing but numbers is a row, not a header, unless they are 0, 1, 2, ..., which is what pandas writes where columns
    have no names.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    form = _CsvForm.of(path)
    with _told_plainly(path, form), _opened(path) as file:
        table = arrow_csv.read_csv(file, **form.options(dict.fromkeys(text, pa.string())))
        _check_decoded(path, table.schema)
    return table, form.notes(path)


def csv_chunks(path: Path, types: Mapping[str, pa.DataType], *, block: int) -> Iterator[pa.Table]:
    """A CSV file, also gzipped, in tables of about `block` bytes of text.

    types : of columns by name; the others' are inferred from the first chunk, and `WiderTypeError` says where that does
    not hold further down.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    form, names = _CsvForm.of(path), []
    with _told_plainly(path, form), _opened(path) as file:
        try:
            with arrow_csv.open_csv(file, **form.options(dict(types), block=block)) as reader:
                _check_decoded(path, reader.schema)
                names = reader.schema.names
                for batch in reader:
                    if batch.num_rows:
                        yield pa.Table.from_batches([batch])
        except pa.ArrowInvalid as error:
            stray = re.search(r"column #(\d+): .*conversion error to (\w+)", str(error), re.DOTALL)
            names = names or list(form.cells)
            if stray is None or int(stray[1]) >= len(names):
                raise
            raise WiderTypeError(names[int(stray[1])], _wider(stray[2])) from error


class WiderTypeError(Exception):
    """A column of a CSV file holds more than its first rows showed; never seen by users."""

    def __init__(self, name: str, dtype: pa.DataType) -> None:
        super().__init__(name)
        self.name, self.dtype = name, dtype


def _wider(word: str) -> pa.DataType:
    """The next type that holds what the one of this name does not."""
    import pyarrow as pa

    return pa.float64() if word in ("int64", "null") else pa.string()


@dataclass(frozen=True)
class _CsvForm:
    """How a CSV file is written: its separator, the cells of its first line, and what that line is."""

    delimiter: str
    cells: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> _CsvForm:
        delimiter, cells = _first_cells(_head(path))
        return cls(delimiter, tuple(cells))

    @property
    def is_counted(self) -> bool:
        return list(self.cells) == [str(i) for i in range(len(self.cells))]

    @property
    def is_headless(self) -> bool:
        return not self.is_counted and all(is_number_text(cell) and np.isfinite(float(cell)) for cell in self.cells)

    def notes(self, path: Path) -> tuple[str, ...]:
        if self.is_headless:
            return (f"The first line of {path.name} holds only numbers, so it was read as a row.",)
        if self.is_counted:
            return (f"The first line of {path.name} counts the columns from 0, so it was read as a header.",)
        return ()

    def options(self, types: dict[str, pa.DataType], *, block: int | None = None) -> dict[str, Any]:
        from pyarrow import csv as arrow_csv

        names = [f"x{i}" for i in range(len(self.cells))] if self.is_headless else None
        return {
            "read_options": arrow_csv.ReadOptions(
                column_names=names, **({} if block is None else {"block_size": block})
            ),
            "parse_options": arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            "convert_options": arrow_csv.ConvertOptions(strings_can_be_null=True, column_types=types),
        }


@contextmanager
def _told_plainly(path: Path, form: _CsvForm) -> Iterator[None]:
    """Arrow's errors as sentences."""
    import pyarrow as pa

    try:
        yield
    except UnicodeDecodeError as error:
        raise DataFormatError(_not_utf8(path)) from error
    except pa.ArrowInvalid as error:
        raise DataFormatError(_why_not_csv(path, form.delimiter, error)) from error


def _check_decoded(path: Path, schema: pa.Schema) -> None:
    import pyarrow as pa

    for name, kind in zip(schema.names, schema.types, strict=True):  # `names` decodes the header
        if pa.types.is_binary(kind):
            raise DataFormatError(f"Column {name!r}: {_not_utf8(path)}")


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
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise DataError(f"{source} has two columns named {twice!r}; rename one of them.")
    for name in (*(columns or ()), *(ignore or ()), *((label,) if label is not None else ())):
        _check_known(name, names, source)
    if not table.num_rows:
        raise DataFormatError(f"{source} has a header but no rows; give it at least one row.")
    left_out = dict.fromkeys(ignore or (), "ignored") | ({} if label is None else {label: "the label"})
    chosen = [name for name in dict.fromkeys(columns or names) if name not in left_out]
    if not chosen:
        raise DataError(f"{source} has no column left to learn from; ignore fewer of them.")
    kept = [_column(table[name], name, source, is_text=name in text) for name in chosen]
    return Rows(
        tuple(column.values for column in kept),
        names=tuple(chosen),
        types=types_of(kept),
        container="pyarrow",
        labels=None if label is None else _labels(table[label]),
        left_out=left_out,
        notes=(*notes, *(column.note for column in kept if column.note)),
        source=source,
        first_row=1,
    )


# -- what is in the file


def _opened(path: Path) -> IO[bytes]:
    """The file for Arrow, which itself opens only names that are UTF-8, and unpacks only those that end in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def is_gzip(path: Path) -> bool:
    """Whether a file is named as a gzip file."""
    return path.name.casefold().endswith(".gz")


def _head(path: Path) -> str:
    """The beginning of a CSV file, without empty lines before the first."""
    try:
        with _opened(path) as file:
            head = file.read(_HEAD)
            if is_gzip(path):
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
