"""CSV files, also gzipped: how they are written, and their cells as Arrow's tables."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from narrows.data.memory import is_number_text
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

_CSV = re.compile(r"\.csv(\.gz)?$", re.IGNORECASE)
_HEAD = 1 << 16


def is_csv(path: Path) -> bool:
    """Whether a file is named as a CSV file."""
    return bool(_CSV.search(path.name))


def is_gzip(path: Path) -> bool:
    """Whether a file is named as a gzip file."""
    return path.name.casefold().endswith(".gz")


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


def csv_texts(path: Path, *, block: int) -> Iterator[pa.Table]:
    """A CSV file, also gzipped, in tables of about `block` bytes, with every cell as it is written; gaps too."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    form = _CsvForm.of(path)
    with _told_plainly(path, form):
        with _opened(path) as file, arrow_csv.open_csv(file, **form.options({}, block=block)) as reader:
            names = reader.schema.names
        options = form.options(dict.fromkeys(names, pa.string()), block=block)
        options["convert_options"].strings_can_be_null = False
        with _opened(path) as file, arrow_csv.open_csv(file, **options) as reader:
            for batch in reader:
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])


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


# -- what is in the file


def _opened(path: Path) -> IO[bytes]:
    """The file for Arrow, which itself opens only names that are UTF-8, and unpacks only those that end in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


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
