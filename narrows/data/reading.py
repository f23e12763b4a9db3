"""How the text of a column is read as values, and how values are written as that text again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:

    from narrows.data.columns import ColumnType

ReadAs = Literal["number", "boolean", "date", "time", "category", "empty"]


@dataclass(frozen=True)
class Reading:
    """What a column of text is, decided once from its cells.

    Parameters
    ----------
    read_as : {"number", "boolean", "date", "time", "category", "empty"}
        "category" keeps the text: levels, names, codes such as "01067".
    gaps : tuple of str
        The texts that stand for a missing cell, as they are written; "" is always one.
    decimal, thousands : str
        Of numbers: the decimal mark, and the mark between groups of three digits ("" for none).
    prefix, suffix : str
        Of numbers: what stands around them, such as "$" or "%"; the values do not hold it (5 % is 5).
    brackets : bool
        Of numbers: whether (12.50) is -12.5.
    places : int or None
        Of numbers: how many decimals every cell is written with; None where cells differ.
    format : str
        Of dates and times: `datetime.strptime`'s format; "" for ISO 8601.
    zone : str
        Of dates with an offset from UTC: the zone that the values are in, "UTC".
    """

    read_as: ReadAs
    gaps: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    brackets: bool = False
    places: int | None = None
    format: str = ""
    zone: str = ""

    def describe(self) -> dict[str, Any]:
        """Return what differs from the defaults, for JSON."""
        default = Reading(self.read_as)
        told = {key: value for key, value in asdict(self).items() if value != getattr(default, key)}
        return {"read_as": self.read_as} | told

    @classmethod
    def restore(cls, told: dict[str, Any]) -> Reading:
        """Return the inverse of `describe`; raise ValueError or TypeError on nonsense."""
        return cls(**{**told, "gaps": tuple(told.get("gaps", ()))})


@dataclass(frozen=True, eq=False)
class Parsed:
    """The values of a column of text.

    Parameters
    ----------
    values : ndarray of shape (n,)
        float64 with NaN for gaps, int64 or bool without gaps, datetime64, or objects (texts, None for gaps).
    type : ColumnType or None
        What the array does not say, `reading` included.
    strange : dict of int to str
        Position -> text of the cells that are neither a gap nor what the column is read as; gaps in `values`.
    """

    values: np.ndarray
    type: ColumnType | None
    strange: dict[int, str] = field(default_factory=dict)
