"""Type of a column in its frame, as far as the array of its values does not say it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from narrows.data.frames.column_format import ColumnFormat

WHOLE = tuple(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
NUMBERS = (*WHOLE, "Float16", "Float32", "Float64", "Boolean")
_NAMES = (
    *NUMBERS,
    "Decimal",
    "String",
    "Categorical",
    "Enum",
    "Date",
    "Datetime",
    "Duration",
    "Time",
    "Object",
)

Level = str | int | float | bool

_STORED_KEYS = {"text_format": "reading", "ignored": "aside"}  # the field's key in saved models


@dataclass(frozen=True)
class ColumnType:
    """Type of a column in its frame, as far as the array of its values does not say it."""

    name: str
    """Type name of narwhals: "Int64" (an array of floats where cells are missing), "String", "Datetime", ...; "Object"
    for cells that are only returned, each in an `Opaque`."""
    levels: tuple[Level, ...] = ()
    """Levels of a Categorical or an Enum, in their order; the array holds texts."""
    level_type: str = ""
    """Type of levels, or of objects, that the array holds as texts: pandas' name of a dtype such as
    "interval[int64, right]", or a Python class, "Decimal"."""
    ordered: bool = False
    unit: str = ""
    """Unit of a Datetime, a Duration or a Time: "s", "ms", "us", "ns"."""
    zone: str = ""
    """The time zone of a Datetime, whose array is in UTC."""
    pandas: str = ""
    """pandas' own name of the dtype."""
    arrow: str = ""
    """Arrow's own name of the type; of a dictionary, after the type of its indices: "int8 string"."""
    part_of: str = ""
    """Name of the list or struct column that this column is one element of."""
    whole: str = ""
    """Type of that column: "list element" (Arrow's name of the type and of its items), "ndarray", "struct", ..."""
    ignored: str = ""
    """Reason why nothing can be learned from the column, in a few words."""
    text_format: ColumnFormat | None = None
    """Format of its text, where it comes from a text file."""

    def describe(self) -> dict:
        """Return the fields that differ from their defaults, for JSON."""
        fields = {key: value for key, value in asdict(self).items() if value} | {"name": self.name}
        stored = {_STORED_KEYS.get(key, key): value for key, value in fields.items()}
        return stored if self.text_format is None else stored | {"reading": self.text_format.describe()}

    @classmethod
    def restore(cls, stored: dict) -> ColumnType:
        """Return the inverse of `describe`; raise ValueError or TypeError on nonsense."""
        if not isinstance(stored, dict):
            raise TypeError("a column type is not an object")
        fields = {field: stored[key] for field, key in _STORED_KEYS.items() if key in stored}
        fields |= {key: value for key, value in stored.items() if key not in _STORED_KEYS.values()}
        if fields.get("text_format") is not None:
            fields["text_format"] = ColumnFormat.restore(fields["text_format"])
        found = cls(**{**fields, "levels": tuple(stored.get("levels", ()))})
        words = (
            *(found.level_type, found.unit, found.zone, found.pandas, found.arrow),
            *(found.part_of, found.whole, found.ignored),
        )
        if found.name not in _NAMES or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{found.name!r} is not a column type")
        if not all(isinstance(level, Level) for level in found.levels):
            raise ValueError("a level is neither a text nor a number")
        return found


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a frame as an array.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers, texts (objects, None for missing cells), datetime64, or `Opaque` objects.
    type : ColumnType or None
        As far as the array does not say it.
    note : str or None
        Sentence for the user about how the column was read.
    """

    values: np.ndarray
    type: ColumnType | None = None
    note: str | None = None


class Opaque:
    """A cell that nothing is learned from, such as a list among lists of other lengths; equal only to itself."""

    __slots__ = ("cell",)

    def __init__(self, cell: object) -> None:
        self.cell = cell

    def __str__(self) -> str:
        return str(self.cell)


def is_missing(block: np.ndarray) -> np.ndarray:
    """Return a mask of missing cells (NaN, NaT or None), bool of the same shape."""
    if block.dtype.kind == "f":
        return np.isnan(block)
    if block.dtype.kind == "M":
        return np.isnat(block)
    if block.dtype == object:
        return np.equal(block, np.array(None, dtype=object)).astype(bool)
    return np.zeros(block.shape, dtype=bool)


def is_missing_cell(cell: object) -> bool:
    """Return whether a cell is None, NaN, NaT or pandas.NA, without importing pandas."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return bool(np.isnat(cell))
    return (
        cell is None
        or type(cell).__name__ in ("NAType", "NaTType")
        or (isinstance(cell, float | np.floating) and cell != cell)
    )
