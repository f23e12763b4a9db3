"""Rows in memory, in the user's own units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from narrows.data.frames.column_labels import Labels
from narrows.data.frames.column_type import WHOLE, ColumnType, is_missing
from narrows.errors import warn

Columns = np.ndarray | tuple[np.ndarray, ...]
Container = Literal["numpy", "pandas", "polars", "pyarrow", "torch"]
Layout = Literal["flat", "hw", "hwc", "chw"]
Part = Literal["train", "test", "all"]

_CELLS_PER_CHUNK = 1 << 20
_OLD_NAMES = {
    "places": "row_numbers",
    "place": "row_number",
    "strange": "invalid",
    "strange_cells": "invalid_cells",
    "n_strange": "n_invalid",
}


@dataclass(frozen=True, eq=False)
class Rows:
    """Raw rows in memory, in the user's own units, before any scaling.

    ``values`` is one block (n, d), or one array (n,) per column where the columns have their own dtypes: numbers,
    texts (objects, None for a missing cell) or datetime64.
    Images are flattened row-major as (height, width, channels): feature i * W * C + j * C + c.
    """

    values: Columns
    names: tuple[str, ...] | None = None
    """Column names; None for plain arrays."""
    types: tuple[ColumnType | None, ...] | None = None
    """Types of the columns in their frame, None where the array says it all; None for plain arrays."""
    image_shape: tuple[int, int, int] | None = None
    """(height, width, channels), None for tables."""
    layout: Layout = "flat"
    """Layout of the images in their container: (n, d), (n, h, w), (n, h, w, c) or (n, c, h, w)."""
    container: Container = "numpy"
    """Container of the results."""
    labels: np.ndarray | None = None
    """The class of each row, where the source has one (sub-folders, label files)."""
    label_column: str | None = None
    """Name of the column of the table that became `labels`."""
    groups: np.ndarray | None = None
    """The group of each row (a person, a machine), which a fit holds out as a whole."""
    times: np.ndarray | None = None
    """Numbers or datetime64, the time of each row: a fit holds out the latest rows."""
    index: object | None = None
    """The pandas index."""
    column_labels: Labels | None = None
    """The pandas column labels."""
    ignored_columns: dict[str, str] = field(default_factory=dict)
    """Columns that were not read -> the reason in a few words."""
    notes: tuple[str, ...] = ()
    """Notes for the user on how the rows were read, one sentence each."""
    source: str = "X"
    """Name of these rows in messages: "X", "flights.csv.gz"."""
    part: Part | None = None
    """Part of a data set that has its own test part; None for other rows."""
    n_dropped: int = 0
    """Number of rows with missing values that were dropped when these were read."""
    first_row: Literal[0, 1] = 0
    """Messages count rows from 0 for arrays and from 1 for files."""
    invalid: dict[int, np.ndarray] = field(default_factory=dict)
    """Column -> objects (n,): the text of each cell that is not of the column's type, None elsewhere. Such cells are
    missing in `values`; columns without them are not in the mapping."""
    delimiter: str = ","
    """Delimiter of the CSV file that the rows come from; results are written with it."""
    row_numbers: np.ndarray | None = None
    """Row number of each row in the source, from 0; None if it is the position here."""

    def __len__(self) -> int:
        return len(self.values[0]) if isinstance(self.values, tuple) else len(self.values)

    @property
    def n_columns(self) -> int:
        return len(self.values) if isinstance(self.values, tuple) else self.values.shape[1]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The column names, or "x0", "x1", ... where there are none; labels such as years as texts."""
        return feature_names(self.names, self.column_labels, self.n_columns)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """One NumPy dtype name per column."""
        if isinstance(self.values, tuple):
            return tuple(_name_of(column.dtype) for column in self.values)
        return (_name_of(self.values.dtype),) * self.n_columns

    @property
    def dtype_kinds(self) -> tuple[str, ...]:
        """The kind of each column's NumPy dtype, such as "f" of float64."""
        if isinstance(self.values, tuple):
            return tuple(column.dtype.kind for column in self.values)
        return (self.values.dtype.kind,) * self.n_columns

    def column(self, i: int, rows: slice = slice(None)) -> np.ndarray:
        """Return one column (n,) of the chosen rows."""
        return self.values[i][rows] if isinstance(self.values, tuple) else self.values[rows, i]

    def column_type(self, i: int) -> ColumnType | None:
        """Return the type of a column in its frame; None where its array says it all."""
        return None if self.types is None else self.types[i]

    def is_whole(self, i: int) -> bool:
        """Return whether the type of a column in its frame is one of whole numbers, also if its array is of another."""
        kind = self.column_type(i)
        return kind is not None and kind.name in WHOLE

    def select(self, columns: Sequence[int] | np.ndarray) -> Rows:
        """Return these columns only."""
        if list(columns) == list(range(self.n_columns)):
            return self
        pick = [int(i) for i in columns]
        return replace(
            self,
            values=tuple(self.values[i] for i in pick) if isinstance(self.values, tuple) else self.values[:, pick],
            names=None if self.names is None else tuple(self.names[i] for i in pick),
            types=None if self.types is None else tuple(self.types[i] for i in pick),
            image_shape=None,
            column_labels=None,
            invalid={place: self.invalid[i] for place, i in enumerate(pick) if i in self.invalid},
        )

    def sampled(self, most: int, *, seed: int = 0) -> Rows:
        """Return these rows, or `most` of them drawn at random, in their order."""
        if len(self) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False)))

    def block(self, columns: np.ndarray | None = None, rows: slice = slice(None)) -> np.ndarray:
        """Return the chosen columns (default: all) of the chosen rows as one array (n, c) of their common dtype."""
        if isinstance(self.values, tuple):
            chosen = range(self.n_columns) if columns is None else columns
            return np.column_stack([self.values[i][rows] for i in chosen])
        block = self.values[rows]
        return block if columns is None else block[:, columns]

    def chunks(self) -> Iterator[slice]:
        """Yield consecutive slices of rows, each of about a million cells."""
        step = max(1, _CELLS_PER_CHUNK // max(1, self.n_columns))
        for start in range(0, len(self), step):
            yield slice(start, start + step)

    def take(self, index: np.ndarray | slice) -> Rows:
        """Return the rows at these positions (integers, a slice or a mask), with labels, index and row numbers."""
        if isinstance(self.values, tuple):
            values: Columns = tuple(column[index] for column in self.values)
        else:
            values = self.values[index]
        return replace(
            self,
            values=values,
            labels=None if self.labels is None else self.labels[index],
            groups=None if self.groups is None else self.groups[index],
            times=None if self.times is None else self.times[index],
            invalid={i: texts[index] for i, texts in self.invalid.items()},
            row_numbers=(np.arange(len(self)) if self.row_numbers is None else self.row_numbers)[index],
            index=None if self.index is None else self.index[index],  # pyright: ignore[reportIndexIssue]
        )

    @property
    def n_missing(self) -> dict[str, int]:
        """The number of missing cells of each column."""
        return {name: int(is_missing(self.column(i)).sum()) for i, name in enumerate(self.feature_names)}

    @property
    def invalid_cells(self) -> dict[int, np.ndarray]:
        """Column -> mask of its invalid cells, bool (n,); columns without any are left out."""
        found = {i: np.array([text is not None for text in texts], bool) for i, texts in self.invalid.items()}
        return {i: cells for i, cells in found.items() if cells.any()}

    @property
    def n_invalid(self) -> np.ndarray:
        """The number of invalid cells of each row, integers (n,)."""
        return sum(self.invalid_cells.values(), start=np.zeros(len(self), np.intp))

    def row_number(self, position: int) -> int:
        """Return the row number in the source, from 0, of the row at a position."""
        return position if self.row_numbers is None else int(self.row_numbers[position])

    def row_name(self, position: int) -> str:
        """Return the name of the row at a position in messages, by its row number in the source."""
        return row_name(self.row_number(position), self.first_row)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return an attribute under its name before version 0.2, with a DeprecationWarning."""
            if name not in _OLD_NAMES:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            new = _OLD_NAMES[name]
            message = f"Rows.{name} is now Rows.{new}; the old name will be removed."
            warn(message, DeprecationWarning)
            return getattr(self, new)


@lru_cache(maxsize=256)
def _name_of(dtype: np.dtype) -> str:
    """Return the name of a dtype, which NumPy composes again each time."""
    return dtype.name


def feature_names(names: tuple[str, ...] | None, labels: Labels | None, n_columns: int) -> tuple[str, ...]:
    """Return the names, else the labels as texts, else "x0", "x1", ..."""
    if names is not None:
        return names
    if labels is not None and not labels.are_positions and len(labels.texts) == n_columns:
        return labels.texts
    return tuple(f"x{i}" for i in range(n_columns))


def row_name(position: int, first_row: Literal[0, 1]) -> str:
    """Return the name of a row: "row 3 (counting from 0)" for arrays; files count from 1.

    >>> row_name(2, first_row=1)
    'row 3 (counting from 1, without any header)'
    """
    return f"row {position + first_row} (counting from {first_row}{', without any header' if first_row else ''})"


def size_text(shape: Sequence[int]) -> str:
    """Return a size in words: "28 x 28 x 1"."""
    return " x ".join(str(n) for n in shape)
