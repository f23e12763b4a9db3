"""Numbers of one style: read from texts, and written as texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.text.distinct_cells import as_mask, compute, matches

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data.text.column_format import Reading

SPACES, APOSTROPHES = " \u00a0\u202f\u2009", "'’"
MINUS = "-−–"
EXACT = 2**53  # larger whole numbers are not told apart by float64
_FEWEST, _RECURS, _FAR = 10, 3, 3  # other cells, equal cells, and spans of the others between


def read_numbers(reading: Reading, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Trimmed texts (n,) as float64 (n,), and which of them are numbers of this style; NaN elsewhere."""
    import pyarrow as pa

    if _is_bare(reading) and (reading.decimal == "." or not matches(texts, r"\.").any()):
        try:
            plain = texts if reading.decimal == "." else _replace(texts, ",", ".")
            values = plain.cast(pa.float64())
        except pa.ArrowInvalid:  # some are no numbers
            pass
        else:
            found = _floats(values)
            return found, ~np.isnan(found)
    import pyarrow.compute as pc

    pattern = _pattern(reading)
    parts = compute("extract_regex", texts, options=pc.ExtractRegexOptions(pattern))
    ok = as_mask(compute("is_valid", parts))
    return _signed(reading, parts), ok


def read_whole(reading: Reading, texts: pa.Array) -> np.ndarray:
    """Trimmed texts (n,) that are all whole numbers of this style as int64 (n,), or float64 if one is too large."""
    import pyarrow as pa

    values, _ = read_numbers(reading, texts)
    if not (np.abs(values) >= EXACT).any():
        return values.astype(np.int64)
    if _is_bare(reading):
        try:
            return texts.cast(pa.int64()).to_numpy()
        except pa.ArrowInvalid:
            return values
    return values


def write_numbers(reading: Reading, values: np.ndarray) -> list[str | None]:
    """Values (n,) as texts in this style; None for NaN."""
    return [None if value != value else _written(reading, value) for value in values.tolist()]


def suspected_gap(values: np.ndarray) -> float | None:
    """Return the number that may mean a missing cell, such as -999: whole, recurring, and far outside the rest.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers; NaN is ignored.
    """
    there = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    for extreme in (np.min, np.max):
        if not len(there):
            return None
        found = float(extreme(there))
        if not re.fullmatch(r"-99+|-88+|999+", repr(found).removesuffix(".0")):
            continue
        rest = there[there != found]
        if len(rest) < _FEWEST:
            continue
        low, high = float(np.min(rest)), float(np.max(rest))
        is_far = max(low - found, found - high) > _FAR * max(high - low, 1) or found < 0 <= low
        if is_far and len(there) - len(rest) >= _RECURS:
            return found
    return None


def _is_bare(reading: Reading) -> bool:
    return not (
        reading.thousands
        or reading.prefix
        or reading.suffix
        or reading.brackets
        or reading.plus
        or reading.minus != "-"
    )


def body_pattern(decimal: str, thousands: str, *, lakh: bool = False) -> str:
    """The pattern of digits and marks, without groups that capture."""
    whole = r"\d+"
    if thousands:
        mark = mark_pattern(thousands)
        groups = rf"\d?(?:{mark}\d{{2}})*{mark}\d{{3}}" if lakh else rf"\d{{0,2}}(?:{mark}\d{{3}})+"
        whole = rf"(?:[1-9]{groups}|\d+)"
    point = re.escape(decimal)
    return rf"(?:{whole}(?:{point}\d*)?|{point}\d+)"


def mark_pattern(thousands: str) -> str:
    """The pattern of a mark between groups: all spaces are one mark, and both apostrophes are."""
    same = next((marks for marks in (SPACES, APOSTROPHES) if thousands in marks), thousands)
    return f"[{same}]"


def _pattern(reading: Reading) -> str:
    """The whole cell, with named groups: open, sign, sign2, body, exponent, after."""
    body = body_pattern(reading.decimal, reading.thousands, lakh=reading.lakh)
    prefix, suffix = (_affix(text) for text in (reading.prefix, reading.suffix))
    opened, closed = (r"\(?", r"\)?") if reading.brackets else ("", "")
    return (
        rf"^(?P<open>{opened})\s*"
        rf"(?P<sign>[-+−–]?)\s*{prefix}\s*(?P<sign2>[-+−–]?)\s*"
        rf"(?:(?P<body>{body})(?P<exponent>(?:[eE][-+]?\d+)?)|(?P<infinite>(?i:inf|infinity)))"
        rf"\s*{suffix}(?P<after>[-−]?)\s*{closed}$"
    )


def _affix(text: str) -> str:
    """The pattern of a unit or a currency, which may be missing; "kg" is "KG", "day" is "days"."""
    text = text.strip(SPACES)
    if not text:
        return ""
    if len(text) > 2 and text[-1].isalpha():
        return rf"(?i:{re.escape(text.removesuffix('s'))}(?:s|s?\.)?)?"
    return rf"(?i:{re.escape(text)})?"


def _signed(reading: Reading, parts: pa.StructArray) -> np.ndarray:
    import pyarrow as pa

    def part(name: str) -> pa.Array:
        return compute("struct_field", parts, options=_field(name))

    body = part("body")
    if reading.thousands:
        for mark in next((m for m in (SPACES, APOSTROPHES) if reading.thousands in m), reading.thousands):
            body = _replace(body, mark, "")
    body = _replace(body, reading.decimal, ".") if reading.decimal != "." else body
    number = compute("binary_join_element_wise", body, part("exponent"), part("infinite"), "")
    values = _floats(number.cast(pa.float64()))
    signs = [part(name) for name in ("sign", "sign2", "after")]
    negative = np.zeros(len(values), dtype=bool)
    for sign in signs:
        negative ^= as_mask(compute("is_in", sign, options=_words(sign, MINUS)))
    if reading.brackets:
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


def _written(reading: Reading, value: float | int) -> str:
    digits = _digits(reading, abs(value))
    is_negative = value < 0 and any(digit in "123456789" for digit in digits)
    whole, point, fraction = digits.partition(".")
    if reading.thousands and whole.isdigit():
        whole = _grouped(whole, reading.thousands, reading.lakh)
    number = f"{reading.prefix}{whole}{reading.decimal if point else ''}{fraction}{reading.suffix}"
    if is_negative:
        if reading.brackets:
            return f"({number})"
        return f"{number}-" if reading.minus == "after" else f"{reading.minus}{number}"
    return f"+{number}" if reading.plus and value > 0 else number


def _digits(reading: Reading, value: float | int) -> str:
    """A positive number with a point, with as many decimals as the column has."""
    if isinstance(value, int) and not reading.places:
        return str(value)
    if value == float("inf"):
        return "inf"
    if reading.places is not None:
        return f"{value:.{reading.places}f}"
    if reading.most_places is not None:
        value = round(value, reading.most_places)
    if value and not 1e-5 <= value < 1e16:
        return repr(value)
    return np.format_float_positional(value, trim="-")


def _grouped(whole: str, mark: str, lakh: bool) -> str:
    head, tail = whole[:-3], whole[-3:]
    size = 2 if lakh else 3
    groups = [head[max(0, end - size) : end] for end in range(len(head), 0, -size)]
    return mark.join([*reversed(groups), tail])
