"""The format of a column of dates or times of day."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.date_formats import clock_format, date_formats
from narrows.data.text.dates import ParsedDates, code_of, parse_dates, tokens_of
from narrows.data.text.distinct_cells import Cells, arrow_mask, compute
from narrows.data.text.month_names import are_short, language_of

if TYPE_CHECKING:
    import pyarrow as pa

_TRIED, _FORMATS = 200, 16
_FIRST, _LAST = np.datetime64("1700-01-01"), np.datetime64("2200-01-01")
_DATE_NAME = re.compile(
    r"date|datum|fecha|(^|[\W_])(day|tag|jour|dia|data|dt|when|time|timestamp|month|monat|mois|mes|period|ym|ymd)s?($|[\W_])",
    re.IGNORECASE,
)
_ENOUGH = 20  # different numbers that are all dates, from which on they are believed to be dates
_IN_ORDER = 5
_DAY_FIRST, _MONTH_FIRST = "day/month/year", "month/day/year"


@dataclass(frozen=True, eq=False)
class _Tried:
    form: str
    moments: ParsedDates
    weight: int


def propose_date(
    cells: Cells, name: str, decimal: str | None, first: str | None = None, is_sure: bool = False
) -> ColumnFormat | None:
    """Return the format that parses most cells as dates; None where none is a date.

    decimal : decimal mark of the file; with a comma, an ambiguous 01/02 is the first of February.
    first : "d" or "m", the first of day and month if the user sets it.
    is_sure : whether to accept whole numbers such as 20241231 as dates without further evidence.
    """
    sample = cells.sample()
    tried = []
    for form in _formats(sample, date_formats):
        moments = parse_dates(ColumnFormat("date", format=form), sample.texts)
        sound = moments.ok & (moments.values >= _FIRST) & (moments.values <= _LAST)
        if sound.any() and (first is None or _order(form) in ("", first)):
            tried.append(_Tried(form, moments, sample.weight(sound)))
    if not tried:
        return None
    best = max(found.weight for found in tried)
    tied = [found for found in tried if found.weight == best]
    chosen, doubts = _decide(tied, decimal)
    if not is_sure and re.fullmatch(r"[%YmdHMS]+", chosen.form) and not _is_packed_date(chosen, sample, name):
        return None
    return _as_written(ColumnFormat("date", format=chosen.form, doubts=doubts), chosen.moments)


def propose_time(cells: Cells) -> ColumnFormat | None:
    """Return the format that parses most cells as times of day; None where none is one."""
    sample = cells.sample()
    tried = []
    for form in _formats(sample, lambda cell: [f] if (f := clock_format(cell)) else []):
        if "z" not in form.casefold():
            moments = parse_dates(ColumnFormat("time", format=form), sample.texts)
            tried.append(_Tried(form, moments, sample.weight(moments.ok)))
    if not tried:
        return None
    chosen = max(tried, key=lambda found: found.weight)
    return _as_written(ColumnFormat("time", format=chosen.form), chosen.moments) if chosen.weight else None


def _formats(sample: Cells, formats_of) -> list[str]:
    """Return the formats of evenly spaced cells, most frequent first."""
    rows = np.unique(np.linspace(0, len(sample.counts) - 1, _TRIED).astype(np.int64)) if len(sample.counts) else []
    votes: Counter[str] = Counter()
    for text, count in zip(sample.texts.take(rows).to_pylist(), sample.counts[rows].tolist(), strict=True):
        for form in formats_of(text) if len(text) < 60 else ():
            votes[form] += count
    return [form for form, _ in votes.most_common(_FORMATS)]


def _is_packed_date(chosen: _Tried, sample: Cells, name: str) -> bool:
    """Return whether whole numbers such as 20241231 are dates rather than quantities."""
    years = chosen.moments.values[chosen.moments.ok].astype("datetime64[Y]").astype(np.int64) + 1970
    if chosen.weight < 0.9 * sample.total or years.min() < 1900 or years.max() > 2100:
        return False
    is_named = bool(_DATE_NAME.search(name))
    return is_named or ("d" in chosen.form and len(sample.counts) >= _ENOUGH and chosen.weight == sample.total)


# -- ambiguous formats


def _order(form: str) -> str:
    """Return the first of "d" and "m" where both are numbers before the year; else ""."""
    codes = [code for token in tokens_of(form) if (code := code_of(token)) in "dmyY" and code]
    return codes[0] if codes[:2] in (["d", "m"], ["m", "d"]) else ""


def _decide(tied: list[_Tried], decimal: str | None) -> tuple[_Tried, tuple[tuple[str, str], ...]]:
    """Return one of the formats that parse equally many cells, and the ambiguity."""
    narrow = min(tied, key=_span).form.startswith("%y")  # a day taken for a year is spread over decades
    by_order = {}
    for found in tied:
        if found.form.startswith("%y") == narrow:
            by_order.setdefault(_order(found.form), found)
    if not ("d" in by_order and "m" in by_order):
        return next(iter(by_order.values())), ()
    day_first, month_first = by_order["d"], by_order["m"]
    decided = _decided_by_cells(day_first, month_first)
    if decided is not None:
        return decided, ()
    mark = next(token for token in tokens_of(day_first.form) if not code_of(token))
    if "." in mark:
        return day_first, ()
    is_day_first = decimal == "," or (mark.strip() == "-" and decimal != ".")
    chosen = _DAY_FIRST if is_day_first else _MONTH_FIRST
    cure = "month-first" if is_day_first else "day-first"
    what = f"could be {_DAY_FIRST} or {_MONTH_FIRST}, which its cells do not tell apart: read as {chosen}"
    return (day_first if is_day_first else month_first), ((what, f"--types {{name}}={cure}"),)


def _span(found: _Tried) -> float:
    values = found.moments.values[found.moments.ok].astype("datetime64[D]").astype(np.int64)
    return float(values.max() - values.min() + 1)


def _decided_by_cells(day_first: _Tried, month_first: _Tried) -> _Tried | None:
    """Return the format that has all cells on one day of the month, or in order of time, if only one has."""
    for is_regular in (_on_one_day, _in_order):
        regular = [found for found in (day_first, month_first) if is_regular(found.moments)]
        if len(regular) == 1:
            return regular[0]
    return None


def _on_one_day(moments: ParsedDates) -> bool:
    days = moments.values[moments.ok].astype("datetime64[D]")
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    return len(np.unique(days)) > 2 and len(np.unique(of_month)) == 1


def _in_order(moments: ParsedDates) -> bool:
    steps = np.diff(moments.values[moments.ok].astype("datetime64[D]").astype(np.int64))
    return len(steps) >= _IN_ORDER and (bool((steps >= 0).all()) or bool((steps <= 0).all()))


# -- details of the format


def _as_written(column_format: ColumnFormat, moments: ParsedDates) -> ColumnFormat:
    """Return the format with leading zeros, names of months, decimals and offset as in the cells that it parses."""
    parts = {name: part.filter(arrow_mask(moments.ok)) for name, part in moments.parts.items()}
    tokens = [_padded(token, parts) for token in tokens_of(column_format.format)]
    language = "en"
    name = next((code for code in "bB" if code in parts), "")
    if name:
        months = parts[name].unique().to_pylist()
        letter = "b" if are_short(months) else "B"
        language = language_of(months, short=letter == "b")
        tokens = [token[:-1] + letter if code_of(token) in ("b", "B") else token for token in tokens]
    column_format = replace(column_format, format="".join(tokens), language=language)
    if "f" in parts:
        lengths = _lengths(parts["f"])
        decimals = int(lengths.max())
        column_format = replace(
            column_format, decimals=decimals if lengths.min() == decimals else None, max_decimals=decimals
        )
    if "z" in parts:
        offsets = parts["z"].unique().to_pylist()
        column_format = replace(column_format, zone="UTC")
        if len(offsets) == 1 and offsets[0][0] in "+-":
            column_format = replace(column_format, offset=offsets[0])
    return column_format


def _padded(token: str, parts: dict[str, pa.Array]) -> str:
    """Return a code without "-" where every cell has two digits, with "-" where one has one."""
    code = code_of(token)
    if code not in tuple("mdHIV"):
        return token
    lengths = _lengths(parts[code])
    lengths = lengths[lengths > 0]
    return f"%-{code}" if len(lengths) and lengths.min() == 1 else f"%{code}"


def _lengths(part: pa.Array) -> np.ndarray:
    return compute("utf8_length", part).to_numpy(zero_copy_only=False)
