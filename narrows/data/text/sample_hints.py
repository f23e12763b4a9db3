"""What the first cells of a file say before any column of it is read."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN_MARKERS = {"", "NA", "N/A", "NULL", "NaN", "nan", "null", "n/a", "#N/A"}  # Arrow's typed columns have them
_WHOLE = re.compile(r"-?(?:0|[1-9]\d*)")
_FLOAT = re.compile(r"-?(?:0|[1-9]\d*)?\.\d*(?:[eE][-+]?\d+)?|-?(?:0|[1-9]\d*)[eE][-+]\d+")
_GROUP = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?")
_TRUTH = re.compile(r"(?i:true|false)")
_COMMA = re.compile(r"[^\w]*(?:\d{1,3}(?:[. '’\u00a0\u202f]\d{3})+,\d+|\d+,(?:\d{1,2}|\d{4,})|0,\d+)\s*(?:[^\d\s].*)?")
_POINT = re.compile(
    r"[^\w]*(?:\d{1,3}(?:[, '’\u00a0\u202f]\d{3})+\.\d+|\d+\.(?:\d{1,2}|\d{4,})|0\.\d+)\s*(?:[^\d\s.].*)?"
)
_LONGEST = 18  # digits that int64 always holds


def must_be_text(cells: Sequence[str], name: str) -> bool:
    """Return whether Arrow could misread a column, so that its text is to be looked at.

    Numbers, moments of ISO 8601 and truth values that mean one thing only need not be. Whole numbers of one length,
    such as postcodes and years, leading zeros, and 1.234, which may be a thousand, are looked at.

    Parameters
    ----------
    cells : sequence of str
        The first cells of the column, as they are written.
    name : str
        Of the column.
    """
    present = [cell for cell in cells if cell not in _PLAIN_MARKERS]
    if not present:
        return False
    if all(_WHOLE.fullmatch(cell) for cell in present):
        lengths = {len(cell) for cell in present}
        is_fixed = len(lengths) == 1 and min(lengths) >= 3 and not any(cell.startswith("-") for cell in present)
        return is_fixed or max(lengths) > _LONGEST
    if all(_WHOLE.fullmatch(cell) or _FLOAT.fullmatch(cell) for cell in present):
        return all(_GROUP.fullmatch(cell) or (_WHOLE.fullmatch(cell) and len(cell) < 5) for cell in present)
    is_plain = any(all(pattern.fullmatch(cell) for cell in present) for pattern in (_MOMENT, _TRUTH))
    return not is_plain


def looks_decimal(cells: Sequence[str]) -> str | None:
    """Return the decimal mark of cells, "," or "."; None where they do not tell.

    >>> looks_decimal(["1.234,5", "7,25"])
    ','
    >>> looks_decimal(["1.234", "7"]) is None
    True
    """
    present = [text for cell in cells if (text := cell.strip())]
    n_comma, n_point = (sum(bool(mark.fullmatch(text)) for text in present) for mark in (_COMMA, _POINT))
    if 2 * max(n_comma, n_point) < len(present) or n_comma == n_point:
        return None
    return "," if n_comma > n_point else "."
