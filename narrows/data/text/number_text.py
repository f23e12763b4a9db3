"""Numbers of one format: parsed from texts, and written as texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.distinct_cells import as_mask, compute, matches

if TYPE_CHECKING:
    import pyarrow as pa


SPACES, APOSTROPHES = " \u00a0\u202f\u2009", "'’"
MINUS = "-−–"
EXACT = 2**53  # float64 does not distinguish larger whole numbers
_FEWEST, _RECURS, _FAR = 10, 3, 3  # other cells, equal cells, and spans of the others between


def parse_numbers(column_format: ColumnFormat, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return trimmed texts (n,) as float64 (n,), NaN for other texts, and which of them are numbers of this format."""
    import pyarrow as pa

    if _is_bare(column_format) and (column_format.decimal == "." or not matches(texts, r"\.").any()):
        try:
            plain = texts if column_format.decimal == "." else _replace(texts, ",", ".")
            values = plain.cast(pa.float64())
        except pa.ArrowInvalid:  # some are no numbers
            pass
        else:
            found = _floats(values)
            return found, ~np.isnan(found)
    import pyarrow.compute as pc

    pattern = _pattern(column_format)
    parts = compute("extract_regex", texts, options=pc.ExtractRegexOptions(pattern))
    ok = as_mask(compute("is_valid", parts))
    return _signed(column_format, parts), ok


def parse_whole_numbers(column_format: ColumnFormat, texts: pa.Array) -> np.ndarray:
    """Return trimmed texts (n,) that are all whole numbers as int64 (n,), or as float64 if one is too large."""
    import pyarrow as pa

    values, _ = parse_numbers(column_format, texts)
    if not (np.abs(values) >= EXACT).any():
        return values.astype(np.int64)
    if _is_bare(column_format):
        try:
            return texts.cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            return values
    return values


def format_numbers(column_format: ColumnFormat, values: np.ndarray) -> list[str | None]:
    """Return values (n,) as texts in this format; None for NaN."""
    return [None if value != value else _written(column_format, value) for value in values.tolist()]


def suspected_sentinel(values: np.ndarray) -> float | None:
    """Return the number that may mean a missing cell, such as -999: whole, recurring, and far outside the rest.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers; NaN is ignored.
    """
    if len(values) < _FEWEST + _RECURS:
        return None
    present = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    for extreme in (np.min, np.max):
        if not len(present):
            return None
        found = float(extreme(present))
        if not re.fullmatch(r"-99+|-88+|999+", repr(found).removesuffix(".0")):
            continue
        rest = present[present != found]
        if len(rest) < _FEWEST:
            continue
        low, high = float(np.min(rest)), float(np.max(rest))
        is_far = max(low - found, found - high) > _FAR * max(high - low, 1) or found < 0 <= low
        if is_far and len(present) - len(rest) >= _RECURS:
            return found
    return None


def _is_bare(column_format: ColumnFormat) -> bool:
    return not (
        column_format.thousands
        or column_format.prefix
        or column_format.suffix
        or column_format.brackets
        or column_format.plus
        or column_format.minus != "-"
    )


def body_pattern(decimal: str, thousands: str, *, lakh: bool = False) -> str:
    """Return the pattern of digits and marks, without groups that capture."""
    whole = r"\d+"
    if thousands:
        mark = mark_pattern(thousands)
        groups = rf"\d?(?:{mark}\d{{2}})*{mark}\d{{3}}" if lakh else rf"\d{{0,2}}(?:{mark}\d{{3}})+"
        whole = rf"(?:[1-9]{groups}|\d+)"
    point = re.escape(decimal)
    return rf"(?:{whole}(?:{point}\d*)?|{point}\d+)"


def mark_pattern(thousands: str) -> str:
    """Return the pattern of a mark between groups: all spaces are one mark, and both apostrophes are."""
    same = next((marks for marks in (SPACES, APOSTROPHES) if thousands in marks), thousands)
    return f"[{same}]"


def _pattern(column_format: ColumnFormat) -> str:
    """Return the pattern of a cell, with named groups: open, sign, sign2, body, exponent, after."""
    body = body_pattern(column_format.decimal, column_format.thousands, lakh=column_format.lakh)
    prefix, suffix = (_affix(text) for text in (column_format.prefix, column_format.suffix))
    opened, closed = (r"\(?", r"\)?") if column_format.brackets else ("", "")
    return (
        rf"^(?P<open>{opened})\s*"
        rf"(?P<sign>[-+−–]?)\s*{prefix}\s*(?P<sign2>[-+−–]?)\s*"
        rf"(?:(?P<body>{body})(?P<exponent>(?:[eE][-+]?\d+)?)|(?P<infinite>(?i:inf|infinity)))"
        rf"\s*{suffix}(?P<after>[-−]?)\s*{closed}$"
    )


def _affix(text: str) -> str:
    """Return the pattern of a unit or a currency, which may be missing; "kg" is "KG", "day" is "days"."""
    text = text.strip(SPACES)
    if not text:
        return ""
    if len(text) > 2 and text[-1].isalpha():
        return rf"(?i:{re.escape(text.removesuffix('s'))}(?:s|s?\.)?)?"
    return rf"(?i:{re.escape(text)})?"


def _signed(column_format: ColumnFormat, parts: pa.StructArray) -> np.ndarray:
    import pyarrow as pa

    def part(name: str) -> pa.Array:
        return compute("struct_field", parts, options=_field(name))

    body = part("body")
    if column_format.thousands:
        for mark in next((m for m in (SPACES, APOSTROPHES) if column_format.thousands in m), column_format.thousands):
            body = _replace(body, mark, "")
    body = _replace(body, column_format.decimal, ".") if column_format.decimal != "." else body
    number = compute("binary_join_element_wise", body, part("exponent"), part("infinite"), "")
    values = _floats(number.cast(pa.float64()))
    signs = [part(name) for name in ("sign", "sign2", "after")]
    negative = np.zeros(len(values), dtype=bool)
    for sign in signs:
        negative ^= as_mask(compute("is_in", sign, options=_words(sign, MINUS)))
    if column_format.brackets:
        negative |= as_mask(compute("not_equal", part("open"), ""))
    return np.where(negative, -values, values)


def _field(name: str):
    import pyarrow.compute as pc

    return pc.StructFieldOptions(name)


def _words(like: pa.Array, words: str):
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.SetLookupOptions(pa.array(list(words), like.type))


def _replace(texts: pa.Array, old: str, new: str) -> pa.Array:
    import pyarrow.compute as pc

    return compute("replace_substring", texts, options=pc.ReplaceSubstringOptions(old, new))


def _floats(values: pa.Array) -> np.ndarray:
    found = values.to_numpy(zero_copy_only=False)
    return found if found.flags.writeable else found.copy()


def _written(column_format: ColumnFormat, value: float | int) -> str:
    digits = _digits(column_format, abs(value))
    is_negative = value < 0 and any(digit in "123456789" for digit in digits)
    whole, point, fraction = digits.partition(".")
    if column_format.thousands and whole.isdigit():
        whole = _grouped(whole, column_format.thousands, column_format.lakh)
    number = f"{column_format.prefix}{whole}{column_format.decimal if point else ''}{fraction}{column_format.suffix}"
    if is_negative:
        if column_format.brackets:
            return f"({number})"
        return f"{number}-" if column_format.minus == "after" else f"{column_format.minus}{number}"
    return f"+{number}" if column_format.plus and value > 0 else number


def _digits(column_format: ColumnFormat, value: float | int) -> str:
    """Return a positive number with a decimal point and the decimals of the column."""
    if isinstance(value, int) and not column_format.decimals:
        return str(value)
    if value == float("inf"):
        return "inf"
    if column_format.decimals is not None:
        return f"{value:.{column_format.decimals}f}"
    if column_format.max_decimals is not None:
        value = round(value, column_format.max_decimals)
    if value and not 1e-5 <= value < 1e16:
        return repr(value)
    return np.format_float_positional(value, trim="-")


def _grouped(whole: str, mark: str, lakh: bool) -> str:
    head, tail = whole[:-3], whole[-3:]
    size = 2 if lakh else 3
    groups = [head[max(0, end - size) : end] for end in range(len(head), 0, -size)]
    return mark.join([*reversed(groups), tail])
