"""What a column was in its frame, beside the array that holds its values."""

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
    """What a column was in its frame, where the array that holds it does not say so."""

    name: str
    """narwhals' word: "Int64" (with gaps, the array holds floats), "String", "Categorical", "Datetime", ...; "Object"
    for cells that are only given back, each in an `Opaque`."""
    levels: tuple[Level, ...] = ()
    """Of a Categorical or an Enum, in their order; the array holds texts."""
    level_type: str = ""
    """What the levels, or the cells of a column of objects, are where they are held as texts: pandas' name of a dtype
    such as "interval[int64, right]", or a Python class, "Decimal"."""
    ordered: bool = False
    unit: str = ""
    """Of a Datetime, a Duration or a Time: "s", "ms", "us", "ns"."""
    zone: str = ""
    """The time zone of a Datetime, whose array is in UTC."""
    pandas: str = ""
    """pandas' own name of the dtype."""
    arrow: str = ""
    """Arrow's own name of the type, and before it, of a dictionary's, that of its indices: "int8 string"."""
    part_of: str = ""
    """The name of the list or struct column whose cells this column holds one element of; its neighbours hold the
    others."""
    whole: str = ""
    """What that column is: "list element" (Arrow's word, and the name of its items), "ndarray", "struct", ..."""
    ignored: str = ""
    """Why nothing can be learned from the column, in a few words."""
    text_format: ColumnFormat | None = None
    """How its text is read and written, where it comes from a text file."""

    def describe(self) -> dict:
        """Return the fields that differ from their defaults, for JSON."""
        fields = {key: value for key, value in asdict(self).items() if value} | {"name": self.name}
        stored = {_STORED_KEYS.get(key, key): value for key, value in fields.items()}
        return stored if self.text_format is None else stored | {"reading": self.text_format.describe()}

    @classmethod
    def restore(cls, stored: dict) -> ColumnType:
        """Return the inverse of `describe`; raise ValueError or TypeError on nonsense."""
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
            raise ValueError(f"{found.name!r} is no type of a column")
        if not all(isinstance(level, Level) for level in found.levels):
            raise ValueError("a level is neither a text nor a number")
        return found


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a frame as an array.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers, texts (objects, None for gaps), datetime64, or `Opaque` objects.
    type : ColumnType or None
        What the array does not say.
    note : str or None
        A sentence, where one is due.
    """

    values: np.ndarray
    type: ColumnType | None = None
    note: str | None = None


class Opaque:
    """A cell that nothing is learned from, such as a list among lists of other lengths; it equals itself alone."""

    __slots__ = ("cell",)

    def __init__(self, cell: object) -> None:
        self.cell = cell

    def __str__(self) -> str:
        return str(self.cell)


def is_missing(block: np.ndarray) -> np.ndarray:
    """Where a cell is missing: NaN, NaT or None; bool of the same shape."""
    if block.dtype.kind == "f":
        return np.isnan(block)
    if block.dtype.kind == "M":
        return np.isnat(block)
    if block.dtype == object:
        return np.equal(block, np.array(None, dtype=object)).astype(bool)
    return np.zeros(block.shape, dtype=bool)


def is_missing_cell(cell: object) -> bool:
    """None, NaN, NaT and pandas.NA, without importing pandas."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return bool(np.isnat(cell))
    return (
        cell is None
        or type(cell).__name__ in ("NAType", "NaTType")
        or (isinstance(cell, float | np.floating) and cell != cell)
    )
