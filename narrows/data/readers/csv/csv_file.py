"""CSV files of any separator, encoding and compression, as Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from narrows.data.frames.arrow_metadata import with_delimiter
from narrows.data.location import Location
from narrows.data.readers.csv.compression import content_size
from narrows.data.readers.csv.dialect import CsvFormat, encoding_words, sample_cells
from narrows.data.readers.csv.parse_errors import COMMENT_SIGNS, QuoteWatch, why_not_csv
from narrows.data.readers.csv.utf8_stream import UNIT, TableText, table_text
from narrows.data.text import must_be_text
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "ARROW_NA_VALUES",
    "CsvFormat",
    "WiderTypeError",
    "content_size",
    "csv_chunks",
    "csv_fields",
    "csv_texts",
    "is_csv",
    "read_csv",
    "sample_cells",
]

_PACKED = r"(\.(gz|bz2|zst|xz|zip))?$"
_ALONE = re.compile(r"\.(csv|tsv|tab|psv|txt|dat|data)" + _PACKED + r"|\.zip$", re.IGNORECASE)
_IN_FOLDER = re.compile(r"\.(csv|tsv)" + _PACKED, re.IGNORECASE)
ARROW_NA_VALUES = ["", "NA", "N/A", "NULL", "NaN", "nan", "null", "n/a", "#N/A"]
_BLOCK, _TRAILING = 1 << 20, "\x1f empty"


def is_csv(path: Location, *, in_folder: bool = False) -> bool:
    """Return whether a file is named as a text file with a table.

    in_folder : whether it was found in a folder, where .txt and .dat may be anything.
    """
    return bool((_IN_FOLDER if in_folder else _ALONE).search(path.name))


def csv_fields(path: Location) -> int:
    """Return how many columns a text file has; 0 where it is not named as one. Raises DataFormatError."""
    return len(CsvFormat.of(path).names) if is_csv(path) else 0


def read_csv(
    path: Location, text: Sequence[str] = (), *, plan: CsvFormat | None = None
) -> tuple[pa.Table, tuple[str, ...]]:
    """Read a CSV file as a table, with notes on how it was read.

    Parameters
    ----------
    path : Path
    text : names
        Columns to read as text. Types of the others are inferred from the whole file, but ambiguous ones, of
        `must_be_text`, are text as well.
    plan : CsvForm, optional
        Format of the file. Default: that of `CsvFormat.of`.

    Raises
    ------
    DataFormatError
        The file is damaged, binary or empty; a row has other cells than the header; a quote is never closed.
    """
    import pyarrow as pa

    form = plan or CsvFormat.of(path)
    types = {**_texts_of(form), **dict.fromkeys(text, pa.string())}
    block = _block(form, _BLOCK)
    while True:
        n_comments: list[int] = []
        try:
            with _with_format_errors(path, form), table_text(path, form) as source:
                table = _whole(source, form, _options(form, types, block, n_comments))
                watch = QuoteWatch(path, form)
                watch.look(table)
                watch.end(source)
                table = _noted(_checked(path, form, table), form)
        except _BlockTooSmall:
            block *= 4
        else:
            return table, (*form.notes(), *_notes(path, form, source, len(n_comments)))


def csv_chunks(path: Location, types: Mapping[str, pa.DataType], *, block: int) -> Iterator[pa.Table]:
    """Yield a CSV file in tables of about `block` bytes of text.

    Parameters
    ----------
    path : Path
    types : mapping of str to DataType
        Types of columns by name; others are inferred from the first chunk, and `WiderTypeError` is raised where a
        later chunk does not fit.
    block : int
    """
    import pyarrow as pa

    form = CsvFormat.of(path)
    texts = _texts_of(form)
    for name in texts:
        if types.get(name, pa.string()) != pa.string():
            raise WiderTypeError(name, pa.string())
    yield from _chunks(path, form, {**texts, **types}, block)


def csv_texts(path: Location, *, block: int) -> Iterator[pa.Table]:
    """Yield a CSV file in tables of about `block` bytes with the text of every cell; empty cells are empty texts."""
    import pyarrow as pa

    form = CsvFormat.of(path)
    yield from _chunks(path, form, dict.fromkeys(form.names, pa.string()), block)


class WiderTypeError(Exception):
    """A column of a CSV file does not fit the type of its first rows; never seen by users."""

    def __init__(self, name: str, dtype: pa.DataType) -> None:
        super().__init__(name)
        self.name, self.dtype = name, dtype


class _BlockTooSmall(Exception):
    """A row is longer than Arrow's block."""


# -- Arrow's reading


def _whole(source: TableText, form: CsvFormat, options: dict[str, Any]) -> pa.Table:
    from pyarrow import csv as arrow_csv

    start = source.peek()
    return arrow_csv.read_csv(_as_file(source), **options) if start else _empty(form)


def _chunks(path: Location, form: CsvFormat, types: dict[str, pa.DataType], block: int) -> Iterator[pa.Table]:
    """Yield the tables of a file; where a row is longer than a block, the rest follows with larger blocks."""
    block, n_given, watch = _block(form, block), 0, QuoteWatch(path, form)
    while True:
        n_seen = 0
        try:
            with _with_format_errors(path, form, types), table_text(path, form) as source:
                for table in _batches(source, form, _options(form, types, block, [])):
                    watch.look(table)
                    n_seen += table.num_rows
                    if n_seen > n_given:
                        fresh = table[max(0, table.num_rows - (n_seen - n_given)) :]
                        n_given = n_seen
                        types = types | dict(zip(table.column_names, table.schema.types, strict=True))
                        yield _noted(_checked(path, form, fresh), form)
                watch.end(source)
                return
        except _BlockTooSmall:
            block *= 4


def _batches(source: TableText, form: CsvFormat, options: dict[str, Any]) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if not source.peek():
        return
    with arrow_csv.open_csv(_as_file(source), **options) as reader:
        for batch in reader:
            if batch.num_rows:
                yield pa.Table.from_batches([batch])


def _as_file(source: TableText) -> Any:
    import pyarrow as pa

    return pa.PythonFile(cast("Any", source), mode="r")


def _empty(form: CsvFormat) -> pa.Table:
    import pyarrow as pa

    return pa.table([pa.array([], pa.null())] * len(form.names), names=list(form.names))


def _texts_of(form: CsvFormat) -> dict[str, pa.DataType]:
    """Return the columns that Arrow could misread, as text."""
    import pyarrow as pa

    columns = zip(form.names, form.sample, strict=True)
    return {name: pa.string() for name, cells in columns if must_be_text(cells, name)}


def _block(form: CsvFormat, block: int) -> int:
    """Return the size of Arrow's blocks in bytes: enough for several rows."""
    return min(max(block, 4 * form.longest_line), 1 << 30)


def _options(form: CsvFormat, types: dict[str, pa.DataType], block: int, n_comments: list[int]) -> dict[str, Any]:
    from pyarrow import csv as arrow_csv

    dialect, names = form.dialect, list(form.names)
    if form.header.n_cells > len(names):
        names.append(_TRAILING)

    def judge(row: Any) -> str:
        if not row.text.lstrip().startswith(COMMENT_SIGNS):
            return "error"
        n_comments.append(row.actual_columns)
        return "skip"

    is_rewritten = not dialect.is_simple
    return {
        "read_options": arrow_csv.ReadOptions(column_names=names, block_size=block),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=UNIT if is_rewritten else dialect.separator or UNIT,
            quote_char='"' if is_rewritten else dialect.quote or False,
            double_quote=is_rewritten or not dialect.is_escaped,
            escape_char="\\" if dialect.is_escaped and not is_rewritten else False,
            newlines_in_values=True,
            invalid_row_handler=judge,
        ),
        "convert_options": arrow_csv.ConvertOptions(
            strings_can_be_null=False, null_values=ARROW_NA_VALUES, column_types={**types, _TRAILING: _text()}
        ),
    }


def _text() -> pa.DataType:
    import pyarrow as pa

    return pa.string()


def _checked(path: Location, form: CsvFormat, table: pa.Table) -> pa.Table:
    """Return a table without the empty column that separators at the ends of lines make."""
    import pyarrow.compute as pc

    if len(form.names) == table.num_columns:
        return table
    last = table.column(table.num_columns - 1)
    lengths = pc.call_function("utf8_length", [pc.call_function("utf8_trim_whitespace", [last])])
    if pc.call_function("max", [lengths]).as_py():
        raise DataFormatError(why_not_csv(path, form, ValueError("a cell lies beyond the header")))
    return table.remove_column(table.num_columns - 1)


def _noted(table: pa.Table, form: CsvFormat) -> pa.Table:
    """Return a table with the delimiter of its file in its metadata."""
    separator = form.dialect.separator
    return with_delimiter(table, separator) if separator and len(separator) == 1 and separator != " " else table


@contextmanager
def _with_format_errors(
    path: Location, form: CsvFormat, types: Mapping[str, pa.DataType] | None = None
) -> Iterator[None]:
    """Raise Arrow's errors as DataFormatError; with `types`, a cell that does not fit its column: `WiderTypeError`."""
    import pyarrow as pa

    try:
        yield
    except pa.ArrowInvalid as error:
        if "straddl" in str(error):
            raise _BlockTooSmall from error
        stray = re.search(r"column #(\d+): .*conversion error to (\w+)", str(error), re.DOTALL)
        if types is not None and stray is not None and int(stray[1]) < len(form.names):
            raise WiderTypeError(form.names[int(stray[1])], _wider(stray[2])) from error
        raise DataFormatError(why_not_csv(path, form, error)) from error


def _wider(word: str) -> pa.DataType:
    """Return the next wider type than the one of this name."""
    import pyarrow as pa

    return pa.float64() if word in ("int64", "null") else pa.string()


def _notes(path: Location, form: CsvFormat, source: TableText, n_comments: int) -> Iterator[str]:
    """Yield the notes from the reading of the rows."""
    if not source.encoding.startswith("utf-8"):
        yield f"{path.name} was read as {encoding_words(source.encoding)}."
    if n_comments:
        many = "1 comment line" if n_comments == 1 else f"{n_comments} comment lines"
        yield f"{many} between the rows of {path.name} {'was' if n_comments == 1 else 'were'} skipped."
    if (footer := source.footer) is not None:
        many = "1 line" if footer.n_lines == 1 else f"{footer.n_lines} lines"
        was = "was" if footer.n_lines == 1 else "were"
        words = footer.text if len(footer.text) <= 40 else footer.text[:37] + "..."
        yield (
            f"{many} below the rows of {path.name}, from line {footer.line} on ({words!r}), {was} not read as "
            f"{'a row' if footer.n_lines == 1 else 'rows'}."
        )
