"""What a cell of text looks like, as far as the form of a file is judged by it."""

from __future__ import annotations

import re

_SIGN = r"[-+(]?"
_MONEY = r"(?:[$€£¥]|[A-Z]{3} ?)?"
_DIGITS = r"(?:\d{1,3}(?:[,.' \xa0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d*)?|[.,]\d+)"
_UNIT = r"(?:[eE][-+]?\d+)? ?(?:%|[$€£¥]|°?[A-Za-zµ]{1,3})?\)?"
NUMBER = re.compile(rf"\s*{_SIGN}{_MONEY}{_SIGN}{_DIGITS}{_UNIT}\s*")
_PLAIN = re.compile(rf"\s*[-+]?{_DIGITS}(?:[eE][-+]?\d+)?\s*")
_DATE = re.compile(
    r"\s*(?:\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d{1,2}[-/. ][A-Za-z]{3,9}\.?[-/. ,]+\d{2,4}"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4}|\d{4}-\d{2}|\d{4}-?W\d{2}(?:-?\d)?)"
    r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?)?(?:Z| ?[-+]\d{2}:?\d{2}| UTC)?\s*"
)
_TIME = re.compile(r"\s*\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?\s*")
_TRUTH = frozenset(("true", "false"))
GAPS = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", ".", "*", "missing"))


def is_number(cell: str) -> bool:
    """Return whether a cell is a number without a unit."""
    return bool(_PLAIN.fullmatch(cell))


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, perhaps with a unit, a date, a time or a truth value."""
    return bool(NUMBER.fullmatch(cell) or _DATE.fullmatch(cell) or _TIME.fullmatch(cell)) or is_truth(cell)


def is_truth(cell: str) -> bool:
    """Return whether a cell is true or false."""
    return cell.strip().casefold() in _TRUTH


def is_missing(cell: str) -> bool:
    """Return whether a cell is empty or one of the usual words for that."""
    return cell.strip().casefold() in GAPS


def shape(cell: str) -> str:
    """Return "number", "truth", or the kinds of characters in their order, as in "a9" for "AB12" and "9-9-9" for dates.

    Texts without digits are "text".
    """
    if is_number(cell):
        return "number"
    if is_truth(cell):
        return "truth"
    if not any(c.isdigit() for c in cell):
        return "text"
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip()))
