"""Dates and times of day of one format: parsed from texts, and written as texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.distinct_cells import as_mask, compute
from narrows.data.text.month_names import MONTHS, day_name, month_name

if TYPE_CHECKING:
    import pyarrow as pa


ISO = "%Y-%m-%dT%H:%M:%S.%f"
_TOKEN = re.compile(r"%[-^]?[A-Za-z]|[^%]+")
_CLOCK = "HIMSfpPzZ"
_PATTERNS = {
    "Y": r"\d{4}",
    "G": r"\d{4}",
    "y": r"\d{2}",
    "V": r"\d{1,2}",
    "u": "[1-7]",
    "q": "[1-4]",
    "b": r"\pL+",
    "B": r"\pL+",
    "a": r"\pL+",
    "A": r"\pL+",
    "M": r"\d{2}",
    "S": r"\d{2}",
    "f": r"\d{1,9}",
    "p": r"[AaPp]\.?[Mm]\.?",
    "P": r"[AaPp]\.?[Mm]\.?",
    "z": r"(?:[-+−]\d{2}:?\d{2}|[-+−]\d{2}|Z|z|UTC|GMT)",
    "Z": r"(?:[-+−]\d{2}:?\d{2}|[-+−]\d{2}|Z|z|UTC|GMT)",
}
_ONE_OR_TWO = "mdHI"  # digits, where something else is between them
_PIVOT = 69  # two digits from here on are of the last century
_UNITS = {0: "s", 1: "us", 2: "ns"}


@dataclass(frozen=True, eq=False)
class ParsedDates:
    """Values of texts (n,): datetime64, or seconds since midnight for times of day; and the parts of the texts."""

    values: np.ndarray
    ok: np.ndarray
    parts: dict[str, pa.Array]


def tokens_of(form: str) -> list[str]:
    """Split a format into its codes, such as "%d", and the texts between them."""
    return _TOKEN.findall(form or ISO)


def code_of(token: str) -> str:
    """Return the letter of a code; "" for a text between codes."""
    return token[-1] if token.startswith("%") else ""


def unit_of(column_format: ColumnFormat) -> str:
    """Return the unit of the values of a date: "D" without a time, else "s", "us" or "ns"."""
    codes = {code_of(token) for token in tokens_of(column_format.format)}
    if not codes & set("HI"):
        return "D"
    most = column_format.max_decimals
    return "s" if "f" not in codes or most == 0 else "ns" if most is not None and most > 6 else "us"


def parse_dates(column_format: ColumnFormat, texts: pa.Array) -> ParsedDates:
    """Parse trimmed texts (n,) as dates (NaT for other texts), or as times of day in seconds (NaN for other texts)."""
    import pyarrow.compute as pc

    pattern = _pattern(column_format.format or ISO)
    found = compute("extract_regex", texts, options=pc.ExtractRegexOptions(pattern))
    ok = as_mask(compute("is_valid", found))
    names = [field.name for field in found.type]
    parts = {name: compute("struct_field", found, options=pc.StructFieldOptions(name)) for name in names}
    numbers = {name: _whole(part) for name, part in parts.items() if name in "YGyVuqmdHIMS"}
    for name in "bB":
        if name in parts:
            numbers["m"] = _by_word(parts[name], lambda word: MONTHS.get(word.casefold(), 0))
    seconds, ok_time = _clock(parts, numbers, len(texts))
    ok &= ok_time
    if column_format.read_as == "time":
        fraction = _fraction(parts)
        return ParsedDates(np.where(ok, seconds + (0 if fraction is None else fraction / 1e9), np.nan), ok, parts)
    days, ok_day = _days(numbers)
    ok &= ok_day
    unit = unit_of(column_format)
    values = days.astype(f"datetime64[{unit}]")
    if unit != "D":
        per_second = {"s": 1, "us": 10**6, "ns": 10**9}[unit]
        values = values + (seconds * per_second).astype(f"timedelta64[{unit}]")
        fraction = _fraction(parts)
        if fraction is not None and unit != "s":
            values = values + (fraction // (10**9 // per_second)).astype(f"timedelta64[{unit}]")
    values[~ok] = np.datetime64("NaT")
    return ParsedDates(values, ok, parts)


def format_dates(column_format: ColumnFormat, values: np.ndarray) -> list[str | None]:
    """Return values (n,) of `parse_dates` as texts in this format; None for NaT and NaN."""
    different, index = np.unique(values, return_inverse=True)
    if column_format.read_as == "time":
        texts = [None if value != value else _clock_text(column_format, value) for value in different.tolist()]
    else:
        if column_format.offset:
            different = different + _offset(column_format.offset).astype("timedelta64[s]")
        texts = [None if np.isnat(value) else _date_text(column_format, value) for value in different]
    return [texts[i] for i in index.tolist()]


def plain_offset(text: str) -> int:
    """Return the offset from UTC in seconds of "+02:00", "-0530", "+01" or "Z"."""
    if not text or text[0] not in "+-−":
        return 0
    digits = text[1:].replace(":", "")
    seconds = 3600 * int(digits[:2]) + 60 * int(digits[2:] or 0)
    return seconds if text[0] == "+" else -seconds


# -- reading


@lru_cache(maxsize=1024)
def _pattern(form: str) -> str:
    """Return a pattern with named groups for the codes of a format; after a date, the time of day is optional."""
    tokens = tokens_of(form)
    codes = [code_of(token) for token in tokens]
    clock = next((i for i, code in enumerate(codes) if code in ("H", "I")), len(tokens))
    if 0 < clock < len(tokens) and codes[clock - 1] == "":
        clock -= 1
    date = "".join(_piece(codes, tokens, i) for i in range(clock))
    time = ""
    n_optional = 0
    for i in range(clock, len(tokens)):
        following = codes[i + 1] if i + 1 < len(codes) else ""
        if codes[i] == "" and following in ("S", "f"):
            time += "(?:"
            n_optional += 1
        time += _piece(codes, tokens, i)
        if n_optional and codes[i] in ("S", "f") and "f" not in codes[i + 1 : i + 3]:
            time += ")?" * n_optional
            n_optional = 0
    if date and time:
        time = f"(?:{time})?"
    return f"^{date}{time}$"


def _piece(codes: list[str], tokens: list[str], i: int) -> str:
    code = codes[i]
    if code:
        neighbours = [codes[j] for j in (i - 1, i + 1) if 0 <= j < len(codes)]
        is_packed = any(other and other in "YmdHMSIy" for other in neighbours)
        if code in _ONE_OR_TWO:
            return rf"(?P<{code}>\d{{2}})" if is_packed else rf"(?P<{code}>\d{{1,2}})"
        name = {"P": "p", "Z": "z"}.get(code, code)
        return f"(?P<{name}>{_PATTERNS[code]})"
    text = tokens[i]
    if text == "T" or (text == " " and i + 1 < len(codes) and codes[i + 1] in ("H", "I")):
        return r"(?:T|\s+)"
    if text.startswith(".") and i and codes[i - 1] in ("b", "B", "a", "A"):
        return rf"\.?{re.escape(text[1:])}"
    if text.isspace():
        return r"\s*" if i + 1 < len(codes) and codes[i + 1] in ("p", "P", "z", "Z") else r"\s+"
    return re.escape(text)


def _whole(part: pa.Array) -> np.ndarray:
    """Return digits as int64; 0 where there are none."""
    import pyarrow as pa

    filled = compute("if_else", compute("equal", part, ""), pa.scalar("0", part.type), part)
    return filled.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)


def _by_word(part: pa.Array, meaning) -> np.ndarray:
    """Return the meaning, a whole number, of each word."""
    encoded = part.fill_null("").dictionary_encode()
    table = np.array([meaning(word) for word in encoded.dictionary.to_pylist()], dtype=np.int64)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return table[codes] if len(table) else np.zeros(len(part), np.int64)


def _days(numbers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return dates as datetime64[D], and which of them exist."""
    if "V" in numbers:
        return _week_days(numbers)
    year = numbers["Y"] if "Y" in numbers else numbers["y"] + np.where(numbers["y"] < _PIVOT, 2000, 1900)
    month = numbers["m"] if "m" in numbers else 3 * numbers["q"] - 2 if "q" in numbers else np.ones_like(year)
    day = numbers.get("d", np.ones_like(year))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    ok = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months) & (year >= 1)
    return days, ok


def _week_days(numbers: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the Monday of each ISO week, or the given day, and which of them exist."""
    year, week = numbers["G"], numbers["V"]
    fourth = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 3  # always in the first week
    monday = fourth - (fourth.astype(np.int64) + 3) % 7 + 7 * (week - 1)
    is_of_year = (monday + 3).astype("datetime64[Y]").astype(np.int64) + 1970 == year
    return monday + np.maximum(numbers.get("u", np.ones_like(year)), 1) - 1, (week >= 1) & is_of_year


def _clock(parts: dict[str, pa.Array], numbers: dict[str, np.ndarray], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds since midnight in UTC, and which times exist."""
    zero = np.zeros(n, np.int64)
    hour, minute, second = numbers.get("H", zero), numbers.get("M", zero), numbers.get("S", zero)
    ok = (hour < 24) & (minute < 60) & (second < 60)
    if "I" in numbers:
        hour = numbers["I"]
        present = as_mask(compute("not_equal", parts["I"], ""))
        ok &= ~present | ((hour >= 1) & (hour <= 12))
        is_late = _by_word(parts["p"], lambda word: word[:1] in ("p", "P")).astype(bool)
        hour = np.where(present, hour % 12 + 12 * is_late, 0)
    seconds = 3600 * hour + 60 * minute + second
    if "z" in parts:
        seconds = seconds - _by_word(parts["z"], plain_offset)
        ok &= as_mask(compute("not_equal", parts["z"], ""))
    return seconds, ok


def _fraction(parts: dict[str, pa.Array]) -> np.ndarray | None:
    """Return the fractions of seconds in nanoseconds; None without any."""
    import pyarrow.compute as pc

    if "f" not in parts:
        return None
    padded = compute("utf8_rpad", parts["f"].fill_null(""), options=pc.PadOptions(9, "0"))
    return _whole(padded)


# -- writing


def _offset(text: str) -> np.ndarray:
    return np.array(plain_offset(text))


def _date_text(column_format: ColumnFormat, value: np.datetime64) -> str:
    day = value.astype("datetime64[D]")
    nanoseconds = int((value - day).astype("timedelta64[ns]").astype(np.int64)) if value.dtype != day.dtype else 0
    year, month, number = (int(part) for part in str(day).split("-"))
    weekday = (int(day.astype(np.int64)) + 3) % 7
    thursday = day + (3 - weekday)
    iso_year = int(str(thursday)[:4])
    week = int((thursday - np.datetime64(f"{iso_year:04}-01-01")).astype(np.int64)) // 7 + 1
    fields: dict[str, int] = {"Y": year, "y": year % 100, "m": month, "d": number, "q": (month + 2) // 3}
    return _compose(column_format, fields | {"G": iso_year, "V": week, "u": weekday + 1}, nanoseconds)


def _clock_text(column_format: ColumnFormat, seconds: float) -> str:
    nanoseconds = round(seconds * 10 ** (column_format.max_decimals or 0)) * 10 ** (
        9 - (column_format.max_decimals or 0)
    )
    return _compose(column_format, {}, nanoseconds % (86_400 * 10**9))


def _compose(column_format: ColumnFormat, fields: dict[str, int], nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 10**9)
    hour = seconds // 3600
    fields |= {"H": hour, "I": (hour + 11) % 12 + 1, "M": seconds // 60 % 60, "S": seconds % 60}
    text, before = "", ""
    for token in tokens_of(column_format.format):
        if before[-1:] == "b" and token.startswith(".") and _is_whole_name(fields["m"], column_format.language):
            token = token[1:]
        before = token
        text += _token_text(token, fields, column_format, fraction) if token.startswith("%") else token
        if token == "%f" and text.endswith((".", ",")):  # nothing behind it
            text = text[:-1]
    return text


def _is_whole_name(month: int, language: str) -> bool:
    """Return whether the short name of a month is the long one, so that no point is behind it."""
    return month_name(month, language, short=True) == month_name(month, language, short=False)


def _token_text(token: str, fields: dict[str, int], column_format: ColumnFormat, fraction: int) -> str:
    code, is_short = token[-1], token[-1] in "ba"
    if code in "bB":
        text = month_name(fields["m"], column_format.language, short=is_short)
    elif code in "aA":
        text = day_name(fields["u"] - 1, column_format.language, short=is_short)
    elif code in "pP":
        text = "AM" if fields["H"] < 12 else "PM"
        text = text.lower() if code == "P" else text
    elif code == "z":
        text = column_format.offset or "+00:00"
    elif code == "Z":
        text = "Z"
    elif code == "f":
        digits = f"{fraction:09}"
        text = digits[: column_format.decimals] if column_format.decimals is not None else digits.rstrip("0")
    else:
        width = {"Y": 4, "G": 4, "u": 1, "q": 1}.get(code, 2)
        text = str(fields[code]) if "-" in token else f"{fields[code]:0{width}}"
    return text.upper() if "^" in token else text
