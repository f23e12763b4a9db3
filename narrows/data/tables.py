"""Tables of CSV and Parquet files as Rows."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.columns import ColumnType, as_column
from narrows.data.memory import types_of
from narrows.data.options import ReadingOptions
from narrows.data.reading import Choice, Reading, infer_reading, looks_decimal
from narrows.data.rows import Rows, row_name
from narrows.data.table_file import delimiter_of
from narrows.errors import DataError, DataFormatError, NotNumericError

if TYPE_CHECKING:
    import pyarrow as pa

_LOOKED_AT = 1000  # cells of a column that its decimal mark is looked for in


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
    options: ReadingOptions | None = None,
    notes: tuple[str, ...] = (),
    start: int = 0,
) -> Rows:
    """Return the columns of a table that are chosen and not ignored.

    options : how columns of text are read. start : the place of the first row in its file, which messages count from.
    """
    options = ReadingOptions() if options is None else options
    names = list(table.column_names)
    _check_different(names, source)
    for name in (*(columns or ()), *(ignore or ()), *((label,) if label is not None else ()), *options.types):
        _check_known(name, names, source)
    if not table.num_rows:
        raise DataFormatError(f"{source} has a header but no rows; give it at least one row.")
    left_out = dict.fromkeys(ignore or (), "ignored") | ({} if label is None else {label: "the label"})
    chosen = [name for name in dict.fromkeys(columns or names) if name not in left_out]
    if not chosen:
        raise DataError(f"{source} has no column left to learn from; ignore fewer of them.")
    reader = _ColumnReader(source, options, start, _decimal_mark([table[name] for name in chosen], options))
    kept = [column for name in chosen for column in reader.read(table[name], name)]
    return Rows(
        tuple(column.values for column in kept),
        names=tuple(column.name for column in kept),
        types=types_of(kept),
        container="pyarrow",
        labels=None if label is None else _labels(table[label]),
        left_out=left_out,
        notes=(*notes, *(note for column in kept for note in column.notes)),
        source=source,
        first_row=1,
        strange={i: column.strange for i, column in enumerate(kept) if column.strange is not None},
        delimiter=delimiter_of(table) or ",",
    )


def _check_different(names: list[str], source: str) -> None:
    if len(set(names)) == len(names):
        return
    twice = next(name for name, n in Counter(names).items() if n > 1)
    raise DataError(f"{source} has two columns named {twice!r}; rename one of them.")


def _check_known(name: str, names: list[str], source: str) -> None:
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        raise DataError(f"{source} has no column {name!r}; did you mean {' or '.join(map(repr, near))}?")
    listed = ", ".join(repr(known) for known in names[:20]) + (", ..." if len(names) > 20 else "")
    raise DataError(f"{source} has no column {name!r}; its columns are {listed}.")


# -- what a column is


@dataclass(frozen=True, eq=False)
class _Read:
    """A column as an array, with what is to be said about it; `strange` as in `Rows`."""

    name: str
    values: np.ndarray
    type: ColumnType | None
    notes: tuple[str, ...] = ()
    strange: np.ndarray | None = None


@dataclass(frozen=True)
class _ColumnReader:
    source: str
    options: ReadingOptions
    start: int
    decimal: str | None

    def read(self, column: pa.ChunkedArray, name: str) -> list[_Read]:
        """Return the column of a table as an array."""
        import narwhals as nw
        import pyarrow as pa

        wanted = self.options.types.get(name)
        if wanted is not None and not _is_text(column.type) and not _is_already(column.type, wanted):
            column = column.cast(pa.string())
        if _is_text(column.type):
            return [self._text(column, name)]
        found = as_column(nw.from_native(column, series_only=True), name, self.source)
        return [_Read(name, found.values, found.type, () if found.note is None else (found.note,))]

    def _text(self, column: pa.ChunkedArray, name: str) -> _Read:
        options = self.options
        reading = infer_reading(
            column,
            name,
            na_values=options.na_values,
            keep_na=options.keep_na,
            decimal=self.decimal,
            read_as=options.types.get(name) or options.expected.get(name),
            like=None if name in options.types else options.known.get(name),
        )
        parsed = reading.parse(column)
        notes = () if name in options.known else self._notes(column, name, reading)
        if not parsed.strange:
            return _Read(name, parsed.values, parsed.type, notes)
        if options.errors == "stop":
            raise NotNumericError(
                self._sentence(name, reading, parsed.strange) + "; mend it, empty it, or let such "
                'cells count as missing with --errors flag (in Python: errors="flag").'
            )
        texts = np.full(len(column), None, dtype=object)
        texts[list(parsed.strange)] = list(parsed.strange.values())
        notes = (*notes, self._sentence(name, reading, parsed.strange) + "; it counts as missing.")
        return _Read(name, parsed.values, parsed.type, notes, texts)

    def _notes(self, column: pa.ChunkedArray, name: str, reading: Reading) -> tuple[str, ...]:
        import pyarrow.compute as pc

        row = pc.index(column, reading.stray).as_py() if reading.stray else -1
        where = row_name(self.start + row, 1) if row >= 0 else ""
        return tuple(reading.notes(name, source=self.source, row=where))

    def _sentence(self, name: str, reading: Reading, strange: dict[int, str]) -> str:
        first = min(strange)
        more = f" (and {len(strange) - 1:,} more such cells)" if len(strange) > 1 else ""
        return (
            f"Column {name!r} of {self.source} holds {strange[first]!r} in {row_name(self.start + first, 1)} where "
            f"{_NOUNS[reading.read_as]} is expected{more}"
        )


_NOUNS = {
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a time of day",
    "category": "a level",
    "empty": "an empty cell",
}


def _decimal_mark(columns: list[pa.ChunkedArray], options: ReadingOptions) -> str | None:
    """Return the decimal mark that a column of the table shows beyond doubt; None where none does."""
    for column in columns:
        if _is_text(column.type):
            cells = [cell for cell in column[:_LOOKED_AT].to_pylist() if cell]
            mark = looks_decimal(cells)
            if mark is not None:
                return mark
    return options.decimal


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return types.is_string(kind) or types.is_large_string(kind)


def _is_already(kind: pa.DataType, wanted: Choice) -> bool:
    from pyarrow import types

    is_kind = {
        "number": lambda: types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind),
        "boolean": lambda: types.is_boolean(kind),
        "date": lambda: types.is_date(kind) or types.is_timestamp(kind),
        "time": lambda: types.is_time(kind),
        "category": lambda: types.is_dictionary(kind),
    }
    return wanted in is_kind and is_kind[wanted]()


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column.type):
        column = _without_empty(column)
    if column.null_count and not types.is_floating(column.type):
        return np.array(column.to_pylist(), dtype=object)  # as floats, whole numbers would come out as 1.0
    if _is_text(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()


def _without_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the texts with nulls for the empty ones."""
    import pyarrow.compute as pc

    return pc.call_function("if_else", [pc.equal(column, ""), None, column])
