"""The style in which the values of a column of text are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

ReadAs = Literal["number", "boolean", "date", "time", "category", "empty"]
Choice = Literal[
    "number", "decimal-comma", "decimal-point", "boolean", "date", "day-first", "month-first", "time", "category"
]
CHOICES: tuple[Choice, ...] = get_args(Choice)
"""The types that a user may give a column."""

# Keys of renamed fields in saved models.
_STORED_KEYS = {"na_values": "gaps", "decimals": "places", "max_decimals": "most_places"}


@dataclass(frozen=True)
class ColumnFormat:
    """The style in which the values of a column of text are written, decided once from its cells.

    Parameters
    ----------
    read_as : {"number", "boolean", "date", "time", "category", "empty"}
        Type of the values; "category" keeps the text: levels, names, codes such as "01067".
    na_values : tuple of str
        Texts that mean a missing cell; "" is always one. Spaces around a cell do not count.
    decimal, thousands : str
        Numbers: the decimal mark, and the mark between groups of three digits ("" for none).
    lakh : bool
        Numbers: whether all groups but the last are of two digits, as in 1,23,456.
    prefix, suffix : str
        Numbers: the text before and after each, such as "$" or " %"; the values are without it (5 % is 5).
    brackets : bool
        Numbers: whether (12.50) is -12.5.
    minus : str
        Numbers: the minus sign; "after" for "12-".
    plus : bool
        Numbers: whether positive numbers have a sign.
    decimals : int or None
        Numbers, and fractions of a second: the number of decimals of every cell; None where cells differ.
    max_decimals : int or None
        The largest number of decimals of a cell; 0 for whole numbers, None where it is not known.
    format : str
        Dates and times: format of `datetime.strftime`, with "%q" for the quarter, "%-d" for a number without leading
        zero, "%^b" for capitals and "%P" for "am" and "pm"; "" is ISO 8601.
    language : str
        Dates with names of months: "en", "de", "fr" or "es".
    zone : str
        Dates with an offset from UTC: the time zone of the values, "UTC".
    offset : str
        Dates with the same offset from UTC in all cells: this offset, such as "+02:00".
    words : tuple of str
        Booleans: the words for false and true.
    kept : tuple of str
        Categories: texts that could mean a missing cell, such as "NA" among countries, but are levels.
    doubts : tuple of (str, str)
        The ambiguity, and the option that decides otherwise: ("holds ...", "--types {name}=number").
    stray : str
        The first cell that is neither missing nor a value of this format.
    """

    read_as: ReadAs
    na_values: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    prefix: str = ""
    suffix: str = ""
    brackets: bool = False
    decimals: int | None = None
    format: str = ""
    zone: str = ""
    lakh: bool = False
    minus: str = "-"
    plus: bool = False
    max_decimals: int | None = None
    language: str = "en"
    offset: str = ""
    words: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()
    stray: str = ""

    def describe(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, for JSON."""
        default = ColumnFormat(self.read_as)
        fields = {key: value for key, value in asdict(self).items() if value != getattr(default, key)}
        return {"read_as": self.read_as} | {_STORED_KEYS.get(key, key): value for key, value in fields.items()}

    @classmethod
    def restore(cls, stored: dict[str, Any]) -> ColumnFormat:
        """Return the inverse of `describe`; raise ValueError or TypeError on nonsense."""
        if stored.get("read_as") not in get_args(ReadAs):
            raise ValueError(f"{stored.get('read_as')!r} is not a way of reading a column")
        fields = {field: stored[key] for field, key in _STORED_KEYS.items() if key in stored}
        fields |= {key: value for key, value in stored.items() if key not in _STORED_KEYS.values()}
        lists = {key: tuple(fields.get(key, ())) for key in ("na_values", "words", "kept")}
        return cls(**{**fields, **lists, "doubts": tuple((what, cure) for what, cure in stored.get("doubts", ()))})
