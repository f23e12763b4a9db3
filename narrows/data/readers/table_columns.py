"""Columns of Arrow tables as arrays; columns of text by their inferred format."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.containers import is_number_text
from narrows.data.frames.column_type import Column, ColumnType
from narrows.data.frames.columns import as_arrow_column, as_columns
from narrows.data.frames.native_columns import is_number, is_text
from narrows.data.frames.nested import is_nested, number_type
from narrows.data.readers.reading_options import ReadingOptions
from narrows.data.rows import row_name
from narrows.data.text import (
    Choice,
    ColumnFormat,
    ReadAs,
    format_notes,
    infer_format,
    looks_decimal,
    parse_column,
    suspected_sentinel,
)
from narrows.errors import NotNumericError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_LOOKED_AT = 1000  # cells of a column that its decimal mark is looked for in
_NOUNS = {
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a time of day",
    "category": "a level",
    "empty": "an empty cell",
}


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """A column as an array, with notes, and its invalid cells as in `Rows.invalid`."""

    name: str
    column: Column
    notes: tuple[str, ...] = ()
    invalid: np.ndarray | None = None


@dataclass(frozen=True)
class ColumnReader:
    """Reads the columns of one table.

    Parameters
    ----------
    source : str
        Name of the table in messages.
    options : ReadingOptions
    start : int
        Row number of the first row in its file.
    decimal : str or None
        Decimal mark of the file, where a column shows it.
    """

    source: str
    options: ReadingOptions
    start: int = 0
    decimal: str | None = None

    @classmethod
    def of(
        cls, columns: Iterable[pa.ChunkedArray], source: str, options: ReadingOptions, start: int = 0
    ) -> ColumnReader:
        """Return the reader of a table with these columns."""
        return cls(source, options, start, _decimal_mark(columns) or options.decimal)

    def read(self, column: pa.ChunkedArray, name: str) -> list[ReadColumn]:
        """Return a column as an array; lists and structs as one for each element.

        Raises
        ------
        NotNumericError
            A cell is of another type than its column, with ``errors="stop"``.
        DataError
            No cell is of the type that the user set.
        """
        wanted = self.options.types.get(name)
        of_booleans = wanted is None and self._expected(name) == "boolean"
        if wanted is None and is_number(column.type) and not of_booleans:
            return [self._typed(column, name)]
        if is_nested(column.type):
            import narwhals as nw

            series = nw.from_native(column, series_only=True)
            parts = as_columns(series, name, self.source, whole=wanted == "category")
            return [self._as_is(part, found) for part, found in parts]
        wanted = "boolean" if of_booleans else wanted
        if wanted is not None and not is_text(column.type) and not _is_already(column.type, wanted):
            import pyarrow as pa

            column = column.cast(pa.string())
        if is_text(column.type):
            return [self._text(column, name)]
        return [self._typed(column, name)]

    def _expected(self, name: str) -> ReadAs | None:
        """Return the type of a column of a fitted model, None for others."""
        known = self.options.known.get(name)
        return self.options.expected.get(name) if known is None else known.read_as

    def _as_is(self, name: str, found: Column) -> ReadColumn:
        return ReadColumn(name, found, () if found.note is None else (found.note,))

    def _typed(self, column: pa.ChunkedArray, name: str) -> ReadColumn:
        """Return a column that is not text; numbers that mean a missing cell become missing."""
        of_numbers = is_number(column.type)
        sentinels = self._sentinels(name) if of_numbers else {}
        if sentinels:
            import pyarrow as pa
            import pyarrow.compute as pc

            marks = pa.array(list(sentinels.values()), pa.float64())
            is_missing = pc.call_function("is_in", [column.cast(pa.float64(), safe=False)], pc.SetLookupOptions(marks))
            column = pc.call_function("if_else", [is_missing, pa.scalar(None, column.type), column])
        found = as_arrow_column(column, name, self.source)
        if sentinels or self.options.types.get(name) == "number":
            column_format = ColumnFormat("number", na_values=tuple(sentinels))
            return self._as_is(name, replace(found, type=replace(_type_of(found), column_format=column_format)))
        read = self._as_is(name, found)
        if not of_numbers or name in self.options.known:
            return read
        # Large whole numbers with missing cells are held as texts, which are exact.
        numbers = found.values.astype(np.float64) if found.values.dtype == object else found.values
        if (mark := suspected_sentinel(numbers)) is None:
            return read
        note = (
            f"Column {name!r} of {self.source} holds {mark:g} in {int((numbers == mark).sum()):,} cells, far from "
            f"its other numbers; if it means a missing value, set --na-values={mark:g} (in Python: "
            f"na_values=['{mark:g}'])."
        )
        return replace(read, notes=(*read.notes, note))

    def _sentinels(self, name: str) -> dict[str, float]:
        """Return the numbers that mean a missing cell, set by the user or known from the fit."""
        known = self.options.known.get(name)
        texts = (*self.options.na_values, *(known.na_values if known else ()))
        return {text: float(text) for text in texts if is_number_text(text)}

    def _text(self, column: pa.ChunkedArray, name: str) -> ReadColumn:
        import pyarrow as pa

        options = self.options
        column_format = infer_format(
            column,
            name,
            na_values=options.na_values,
            keep_na=options.keep_na,
            decimal=self.decimal,
            read_as=options.types.get(name),
            expected=options.expected.get(name),
            like=None if name in options.types else options.known.get(name),
        )
        parsed = parse_column(column_format, column)
        kind = parsed.type
        if kind is not None and kind.name == "String" and not pa.types.is_string(column.type):
            kind = replace(kind, arrow=str(column.type))
        found = Column(parsed.values, kind)
        notes = () if name in options.known else self._notes(column, name, column_format)
        if not parsed.invalid:
            return ReadColumn(name, found, notes)
        sentence = self._invalid_sentence(name, column_format, parsed.invalid)
        if options.errors == "stop":
            raise NotNumericError(
                f"{sentence}; correct it, empty it, or let such cells count as missing with --errors flag "
                '(in Python: errors="flag").',
                column=name,
                problem=sentence,
            )
        texts = np.full(len(column), None, dtype=object)
        texts[list(parsed.invalid)] = list(parsed.invalid.values())
        return ReadColumn(name, found, (*notes, f"{sentence}; it counts as missing."), texts)

    def _notes(self, column: pa.ChunkedArray, name: str, column_format: ColumnFormat) -> tuple[str, ...]:
        import pyarrow.compute as pc

        row = pc.index(column, column_format.stray).as_py() if column_format.stray else -1
        where = row_name(self.start + row, 1) if row >= 0 else ""
        return tuple(format_notes(column_format, name, source=self.source, row=where))

    def _invalid_sentence(self, name: str, column_format: ColumnFormat, invalid: dict[int, str]) -> str:
        first = min(invalid)
        more = f" (and {len(invalid) - 1:,} more such cells)" if len(invalid) > 1 else ""
        return (
            f"Column {name!r} of {self.source} holds {invalid[first]!r} in {row_name(self.start + first, 1)} where "
            f"{_NOUNS[column_format.read_as]} is expected{more}"
        )


def _decimal_mark(columns: Iterable[pa.ChunkedArray]) -> str | None:
    """Return the decimal mark that most columns show of those that show one beyond doubt; None where none does."""
    texts = (column[:_LOOKED_AT].to_pylist() for column in columns if is_text(column.type))
    marks = Counter(mark for cells in texts if (mark := looks_decimal([cell for cell in cells if cell])))
    return marks.most_common(1)[0][0] if marks else None


def _type_of(found: Column) -> ColumnType:
    if found.type is not None:
        return found.type
    return number_type(found.values.dtype)


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
