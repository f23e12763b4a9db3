"""Reports on files: how each column is read and how a fit would use it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.location import Location, location
from narrows.data.read import read
from narrows.data.readers.csv.csv_file import ARROW_NA_VALUES, CsvFormat
from narrows.data.readers.row_stream import RowStream, table_files
from narrows.data.rows import Rows, size_text
from narrows.data.schema.schema import Schema
from narrows.data.text import format_sentence
from narrows.errors import DataError
from narrows.formatting import counted

_LEVELS_SHOWN = 4


@dataclass(frozen=True)
class ColumnReport:
    """One column of a table.

    Parameters
    ----------
    name : str
    type : str
        "number", "whole number", "true or false", "date", "time of day", "category" or "empty".
    sentence : str
        Format of its cells, in a line.
    learned_as : str or None
        Kind of the column in a fit ("numeric", "category", ...); None where it is ignored.
    ignored : str or None
        Reason why a fit ignores it; None where it does not.
    n_missing, n_different : int
        Missing cells, and different values among the others.
    low, high : number, text or None
        The extremes of numbers and dates.
    levels : tuple of str
        The most common levels of a category, at most four.
    """

    name: str
    type: str
    sentence: str
    learned_as: str | None
    ignored: str | None
    n_missing: int
    n_different: int
    low: Any
    high: Any
    levels: tuple[str, ...]

    def __str__(self) -> str:
        return self.sentence + (f" — ignored: {self.ignored}" if self.ignored else "")


@dataclass(frozen=True)
class Inspection:
    """Result of `inspect`; `str` returns it as lines of text.

    Parameters
    ----------
    source : str
    n_rows : int
    n_judged : int
        Rows that the types are inferred from; fewer than `n_rows` where a table does not fit into memory.
    file : dict or None
        Format of a CSV file: encoding, separator, header, lines skipped.
    form : str or None
        The same, or the size and number type of images, in a line.
    image_shape : tuple of int or None
        (height, width, channels) of images, which have no columns here.
    columns : tuple of ColumnReport
    notes : tuple of str
        Notes on how the file was read, a sentence each.
    problem : str or None
        Reason why a fit would refuse these rows.
    """

    source: str
    n_rows: int
    n_judged: int
    file: dict[str, Any] | None
    form: str | None
    image_shape: tuple[int, int, int] | None
    columns: tuple[ColumnReport, ...]
    notes: tuple[str, ...]
    problem: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        size = "" if self.image_shape else f"{counted(self.n_rows, 'row')}, {counted(len(self.columns), 'column')}"
        lines = [f"{self.source}: {'; '.join(part for part in (self.form, size) if part)}."]
        if self.n_judged < self.n_rows:
            lines.append(f"The columns are judged by {counted(self.n_judged, 'row')}, drawn at random.")
        lines += [f"  {column}" for column in self.columns]
        lines += self.notes
        return "\n".join(lines if self.problem is None else [*lines, self.problem])


def inspect(source: str | PathLike[str] | RowStream, **settings: Any) -> Inspection:
    """Return how a file is read, and the kind of each column in a fit with default settings; nothing is fitted.

    Parameters
    ----------
    source : str, path or RowStream
        As for `narrows.read`; a stream of `narrows.scan` for what does not fit into memory.
    **settings
        Those of `narrows.read`: `types`, `na_values`, `keep_na`, `columns`, ...

    Raises
    ------
    DataNotFoundError, DataFormatError, DataError
        As for `narrows.read`.
    """
    rows = source.sample if isinstance(source, RowStream) else read(source, **settings)
    n_rows = len(source) if isinstance(source, RowStream) else len(rows)
    path = source.path if isinstance(source, RowStream) else location(source)
    form = None if rows.image_shape else _csv_form(path)
    schema, problem = None, None
    try:
        schema = Schema.learn(rows)
    except DataError as error:
        problem = str(error)
    columns: tuple[ColumnReport, ...] = ()
    if rows.image_shape is None:
        words, aside = ({}, {}) if schema is None else (schema.column_types, schema.ignored_columns)
        columns = tuple(
            _report(rows, i, words.get(name), aside.get(name), _markers(form, rows, i))
            for i, name in enumerate(rows.feature_names)
        )
    sentence = _images_sentence(rows) if rows.image_shape else None if form is None else _words_of(form)
    file = None if form is None else form.describe()
    return Inspection(rows.source, n_rows, len(rows), file, sentence, rows.image_shape, columns, rows.notes, problem)


def _csv_form(path: Location) -> CsvFormat | None:
    if not path.exists() or table_files(path, parquet=True):
        return None
    files = table_files(path, parquet=False)
    return CsvFormat.of(files[0]) if files else None


def _words_of(form: CsvFormat) -> str:
    """Return the format of a CSV file in a line, without its name."""
    return form.sentence().removeprefix(f"{form.file_name}: ").rstrip(".")


def _images_sentence(rows: Rows) -> str:
    """Return number, size, number type and extent of images in a line."""
    assert rows.image_shape is not None
    low = min(rows.block(rows=chunk).min() for chunk in rows.chunks())
    high = max(rows.block(rows=chunk).max() for chunk in rows.chunks())
    return (
        f"{len(rows):,} images of {size_text(rows.image_shape)}, {rows.dtypes[0]}, values from {low:.6g} to {high:.6g}"
    )


def _markers(form: CsvFormat | None, rows: Rows, i: int) -> list[str]:
    """Return the texts that mean a missing cell in a column, as far as they are known."""
    kind, name = rows.column_type(i), rows.feature_names[i]
    if kind is not None and kind.text_format is not None:
        return [text for text in kind.text_format.na_values if text.strip()]
    if form is None or name not in form.names or rows.column(i).dtype == object:
        return []
    return sorted(set(form.sample[form.names.index(name)]) & set(ARROW_NA_VALUES) - {""})


def _report(rows: Rows, i: int, word: str | None, reason: str | None, markers: list[str]) -> ColumnReport:
    name, values, kind = rows.feature_names[i], rows.column(i), rows.column_type(i)
    missing = is_missing(values)
    present = values[~missing]
    if present.dtype == object and rows.is_whole(i):
        numbers = np.array([int(text) for text in present.tolist()])
        present = numbers if numbers.dtype.kind in "iu" else present
    type_name = _type_name(present, "" if kind is None else kind.name)
    counts = Counter(present.tolist()) if present.dtype == object else None
    n_different = len(np.unique(present)) if counts is None else len(counts)
    is_range = counts is None and len(present) > 0 and present.dtype.kind != "b"
    low, high = (_plain(present.min()), _plain(present.max())) if is_range else (None, None)
    levels = () if counts is None else tuple(str(level) for level, _ in counts.most_common(_LEVELS_SHOWN))
    column_format = None if kind is None else kind.text_format
    n_missing, invalid = int(missing.sum()), rows.invalid.get(i)
    n_invalid = 0 if invalid is None else sum(text is not None for text in invalid)
    sentence = f"{name}: {type_name}" if column_format is None else format_sentence(column_format, name)
    if n_missing > n_invalid:
        written = f" written {' or '.join(map(repr, markers))}" if markers else ""
        sentence += f"; {counted(n_missing - n_invalid, 'missing value')}{written}"
    if is_range:
        sentence += f"; {low} to {high}"
    elif levels:
        listed = ", ".join(levels) + (", ..." if n_different > len(levels) else "")
        sentence += f"; {counted(n_different, 'level')}: {listed}"
    if n_invalid:
        sentence += f"; {counted(n_invalid, 'cell')} of another type"
    return ColumnReport(name, type_name, sentence, word, reason, n_missing, n_different, low, high, levels)


def _type_name(present: np.ndarray, name: str) -> str:
    if not len(present):
        return "empty"
    if present.dtype.kind == "M":
        return "date" if name == "Date" else "date and time"
    if name == "Time":
        return "time of day"
    if present.dtype.kind == "b" or name == "Boolean":
        return "true or false"
    if present.dtype.kind == "O":
        return "category"
    is_whole = present.dtype.kind in "iu" or bool(np.isfinite(present).all() and (present == np.rint(present)).all())
    return "whole number" if is_whole else "number"


def _plain(value: Any) -> Any:
    if isinstance(value, np.datetime64):
        return str(value)
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.6g}")
