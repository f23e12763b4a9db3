"""Settings for reading the cells of a table: from the user, and from a fitted model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from narrows.data.rows import Rows
from narrows.data.schema.layout import SchemaLayout
from narrows.data.text import CHOICES, Choice, ColumnFormat, ReadAs
from narrows.errors import SettingError

Errors = Literal["stop", "flag"]

_ALIASES = {"text": "category", "numeric": "number", "datetime": "date", "bool": "boolean"}


@dataclass(frozen=True)
class ReadingOptions:
    """Settings of reading the columns of a table.

    Parameters
    ----------
    types : mapping of column name to one of `narrows.data.text.CHOICES`
        Types set by the user, whatever the cells look like.
    na_values : tuple of str
        More texts that mean a missing cell, in every column.
    keep_na : bool
        Whether only empty cells (and `na_values`) are missing.
    errors : {"stop", "flag"}
        Whether a cell of another type than its column is an error, or is read as missing and kept in ``Rows.invalid``.
    known : mapping of column name to ColumnFormat
        Formats of a fitted model.
    expected : mapping of column name to ReadAs
        Types of the other columns of a fitted model.
    """

    types: Mapping[str, Choice] = field(default_factory=dict)
    na_values: tuple[str, ...] = ()
    keep_na: bool = False
    errors: Errors = "flag"
    known: Mapping[str, ColumnFormat] = field(default_factory=dict)
    expected: Mapping[str, ReadAs] = field(default_factory=dict)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns to read as text, although their cells may look like numbers."""
        categories = (name for name, read_as in self.expected.items() if read_as == "category")
        return tuple(dict.fromkeys((*self.types, *self.known, *categories)))

    @property
    def decimal(self) -> str | None:
        """The decimal mark of the known columns; None where none of them shows one."""
        marks = {column_format.decimal for column_format in self.known.values() if column_format.read_as == "number"}
        return "," if "," in marks else None

    def as_fitted(self, fitted: SchemaLayout | Rows) -> ReadingOptions:
        """Return these options for files with the columns of a fitted model, or of rows that are read already."""
        known: dict[str, ColumnFormat] = {}
        expected: dict[str, ReadAs] = {}
        every = range(fitted.n_columns)
        learned = set(getattr(fitted, "learned_columns", every))
        dtypes = fitted.dtypes
        for i, name in enumerate(fitted.names or ()):
            kind = fitted.types[i] if fitted.types else None
            if kind is not None and kind.part_of:
                continue
            if kind is not None and kind.text_format is not None and kind.text_format.read_as != "empty":
                known[name] = kind.text_format
            elif i in learned:
                expected[name] = _read_as(np.dtype(dtypes[i]), "" if kind is None else kind.name)
        return replace(self, known=known, expected=expected)


def reading_options(
    *,
    types: Mapping[str, str] | None = None,
    na_values: tuple[str, ...] | list[str] = (),
    keep_na: bool = False,
    errors: str = "flag",
    schema: SchemaLayout | None = None,
) -> ReadingOptions:
    """Return the checked options; with a `schema`, its columns are read as during fit. Raises SettingError."""
    if isinstance(na_values, str):
        raise SettingError("na_values must be a list of texts, not one text.")
    if errors not in get_args(Errors):
        raise SettingError(f"errors={errors!r} is not known; choose 'stop' or 'flag'.")
    checked: dict[str, Choice] = {}
    for name, word in (types or {}).items():
        read_as = _ALIASES.get(word, word)
        if read_as not in CHOICES:
            raise SettingError(f"types gives column {name!r} the type {word!r}; choose one of {', '.join(CHOICES)}.")
        checked[name] = read_as  # pyright: ignore[reportArgumentType]
    options = ReadingOptions(checked, tuple(na_values), keep_na, errors)  # pyright: ignore[reportArgumentType]
    return options if schema is None else options.as_fitted(schema)


def _read_as(dtype: np.dtype, name: str) -> ReadAs:
    if name in ("Boolean", "Time", "Date", "Datetime"):
        return {"Boolean": "boolean", "Time": "time"}.get(name, "date")  # pyright: ignore[reportReturnType]
    words = {"b": "boolean", "M": "date", "O": "category"}
    return words.get(dtype.kind, "number")  # pyright: ignore[reportReturnType]
