"""How the text of a column is read as values, and how values are written as that text again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data.frames.columns import ColumnType

ReadAs = Literal["number", "boolean", "date", "time", "category", "empty"]
Choice = Literal[
    "number", "decimal-comma", "decimal-point", "boolean", "date", "day-first", "month-first", "time", "category"
]
CHOICES: tuple[Choice, ...] = get_args(Choice)
"""What a user may say that a column is."""


@dataclass(frozen=True)
class Reading:
    """What a column of text is, decided once from its cells.

    Parameters
    ----------
    read_as : {"number", "boolean", "date", "time", "category", "empty"}
        "category" keeps the text: levels, names, codes such as "01067".
    gaps : tuple of str
        The texts that mean a missing cell; "" is always one. Spaces around a cell do not count.
    decimal, thousands : str
        Of numbers: the decimal mark, and the mark between groups of three digits ("" for none).
    lakh : bool
        Of numbers: whether groups are of two digits but for the last, as in 1,23,456.
    prefix, suffix : str
        Of numbers: the text before and after each of them, such as "$" or " %"; the values do not hold it (5 % is 5).
    brackets : bool
        Of numbers: whether (12.50) is -12.5.
    minus : str
        Of numbers: the sign of negative ones; "after" is for "12-".
    plus : bool
        Of numbers: whether positive ones have a sign.
    places : int or None
        Of numbers, and of fractions of a second: how many decimals every cell has; None where cells differ.
    most_places : int or None
        How many decimals any cell has at most; 0 for whole numbers, None where this is not known.
    format : str
        Of dates and times: as of `datetime.strftime`, with "%q" for the quarter, "%-d" for a number without leading
        zero, "%^b" for capitals and "%P" for "am" and "pm"; "" is ISO 8601.
    language : str
        Of dates with names of months: "en", "de", "fr", "es".
    zone : str
        Of dates with an offset from UTC: the zone that the values are in, "UTC".
    offset : str
        Of dates with one and the same offset from UTC in all cells: this offset, such as "+02:00".
    words : tuple of str
        Of truth values: the words for false and true.
    kept : tuple of str
        Of categories: the texts that could mean a gap, such as "NA" among countries, but are levels.
    doubts : tuple of (str, str)
        What could be meant otherwise, and the option that would say so: ("holds ...", "--types {name}=number").
    stray : str
        The first cell that is neither a gap nor what the column mostly is.
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
    lakh: bool = False
    minus: str = "-"
    plus: bool = False
    most_places: int | None = None
    language: str = "en"
    offset: str = ""
    words: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    stray: str = ""

    def describe(self) -> dict[str, Any]:
        """Return what differs from the defaults, for JSON."""
        default = Reading(self.read_as)
        told = {key: value for key, value in asdict(self).items() if value != getattr(default, key)}
        return {"read_as": self.read_as} | told

    @classmethod
    def restore(cls, told: dict[str, Any]) -> Reading:
        """Return the inverse of `describe`; raise ValueError or TypeError on nonsense."""
        if told.get("read_as") not in get_args(ReadAs):
            raise ValueError(f"{told.get('read_as')!r} is no way of reading a column")
        lists = {key: tuple(told.get(key, ())) for key in ("gaps", "words", "kept")}
        return cls(**{**told, **lists, "doubts": tuple((what, cure) for what, cure in told.get("doubts", ()))})

    def parse(self, column: pa.Array | pa.ChunkedArray) -> Parsed:
        """Return the values of a column of text; no cell raises.

        Parameters
        ----------
        column : Arrow array of string or large_string (n,)

        Returns
        -------
        Parsed
            numbers : int64 where all are whole and none is missing, else float64; times of day are seconds since
            midnight as float64; truth values bool, or float64 where some are missing; dates datetime64[D], moments
            datetime64 in seconds or finer, in UTC where the cells tell their offset; categories objects.
        """
        from narrows.data.text.parsing import parse

        return parse(self, column)

    def write(self, values: np.ndarray) -> list[str | None]:
        """Return values (n,) as the texts (n,) that `parse` reads, in the style of the column; None for gaps."""
        from narrows.data.text.formatting_values import write

        return write(self, values)

    def count_gaps(self, column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
        """Return how often each text that means a gap is in a column; "" counts the empty and the blank ones."""
        from narrows.data.text.parsing import count_gaps

        return count_gaps(self, column)

    def sentence(
        self,
        name: str,
        *,
        n_gaps: int = 0,
        gap_counts: Mapping[str, int] | None = None,
        strange: Mapping[int, str] | None = None,
    ) -> str:
        """Return one line that tells what a column is, such as "price: number, decimal comma; 3 gaps written '-'".

        Parameters
        ----------
        name : str
        n_gaps : int, default 0
            Missing cells; told where `gap_counts` is not given.
        gap_counts : mapping of str to int, optional
            Of `count_gaps`.
        strange : mapping of int to str, optional
            Of `parse`.
        """
        from narrows.data.text.describing import sentence

        return sentence(self, name, n_gaps, gap_counts, strange)

    def notes(self, name: str, *, source: str = "", row: str = "") -> list[str]:
        """Return a sentence for each thing that could be meant otherwise, with the option that says so.

        Parameters
        ----------
        name : str
        source : str, optional
            The file, told after the name.
        row : str, optional
            Where `stray` is, such as "row 3 (counting from 1, without any header)".
        """
        from narrows.data.text.describing import notes

        return notes(self, name, source, row)


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
