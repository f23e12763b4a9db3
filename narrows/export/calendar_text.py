"""Dates as ISO 8601 text or as ticks since 1970, to and from numbers that a graph can reckon with.

Days and civil dates are those of the proleptic Gregorian calendar, by the algorithms of Hinnant (2013), "chrono-
Compatible Low-Level Date Algorithms".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.export.graph import Graph

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Ticks of a second by unit of a dtype; "D" has a tick a day."""

NO_DATE = np.iinfo(np.int64).min
"""Ticks of a missing date, as NumPy has it."""

_DAY, _ERA, _EPOCH = 86_400, 146_097, 719_468
_TIME = r"[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?"
_ISO = rf"\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])({_TIME})?"


@dataclass(frozen=True)
class Moments:
    """Dates in a graph, each (n, 1): whole seconds since 1970 int64, the rest in [0, 1) s float64, masks bool."""

    seconds: str
    rest: str
    missing: str
    """Return the mask of the cells without a date: a missing value, or a text that is none."""
    invalid: str | None
    """Mask of the texts that are not dates; None for ticks."""

    def in_seconds(self, g: Graph) -> str:
        """Return seconds since 1970 with their fraction, float64 (n, 1)."""
        return g.op("Add", g.cast(self.seconds, np.float64), self.rest)

    def ticks(self, g: Graph, unit: str) -> str:
        """Return ticks of a unit since 1970, int64 (n, 1), rounded down to days and to the nearest of the others."""
        if unit == "D":
            return floor_divided(g, self.seconds, _DAY)
        per_second = PER_SECOND[unit]
        rest = g.cast(g.op("Round", g.op("Mul", self.rest, g.constant(float(per_second)))), np.int64)
        return g.op("Add", g.op_int("Mul", self.seconds, per_second), rest)


def from_ticks(g: Graph, ticks: str, unit: str) -> Moments:
    """Return dates from ticks int64 (n, 1)."""
    missing = g.op_int("Equal", ticks, NO_DATE)
    ticks = g.where(missing, g.constant(0, np.int64), ticks)
    if unit == "D":
        seconds = g.op_int("Mul", ticks, _DAY)
        return Moments(seconds, g.constant([[0.0]]), missing, None)
    seconds = floor_divided(g, ticks, PER_SECOND[unit])
    rest = g.op("Sub", ticks, g.op_int("Mul", seconds, PER_SECOND[unit]))
    return Moments(seconds, g.op("Div", g.cast(rest, np.float64), g.constant(float(PER_SECOND[unit]))), missing, None)


def from_text(g: Graph, texts: str) -> Moments:
    """Return dates from ISO texts (n,): 2013-01-31, 2013-01-31T12:30, 2013-01-31 12:30:59.25+02:00; "" is missing."""
    is_date = g.op("RegexFullMatch", texts, pattern=_ISO)
    missing = g.op("Not", is_date)
    invalid = g.op("And", missing, g.op("Not", g.op("Equal", texts, g.constant([""], object))))
    texts = g.where(missing, g.constant(["1970-01-01"], object), texts)
    year, month, rest, behind = _pieces(g, texts, "-", 4)
    day, other, _ = _pieces(g, rest, " ", 3)
    day, time = _pieces(g, day, "T", 2)
    time, _ = _pieces(g, g.op("StringConcat", time, other), "Z", 2)
    time, ahead = _pieces(g, time, "+", 2)
    days = days_from_civil(g, *(g.cast(part, np.int64) for part in (year, month, day)))
    hour, minute, second = _pieces(g, time, ":", 3)
    second, fraction = _pieces(g, second, ".", 2)
    of_day = _in_seconds(g, (hour, minute, second))
    offset = g.op("Sub", _in_seconds(g, _pieces(g, ahead, ":", 2)), _in_seconds(g, _pieces(g, behind, ":", 2)))
    seconds = g.op("Add", g.op_int("Mul", days, _DAY), g.op("Sub", of_day, offset))
    rest = g.cast(g.op("StringConcat", g.constant(["0."], object), _or_zero(g, fraction)), np.float64)
    return Moments(g.column(seconds), g.column(rest), g.column(missing), g.column(invalid))


def to_text(g: Graph, ticks: str, unit: str) -> str:
    """Return ticks int64 (n, 1) as NumPy writes them, 2013-01-31T12:30:59.250: texts (n, 1). Years from 0 to 9999."""
    if unit == "D":
        return _date_text(g, ticks)
    per_second = PER_SECOND[unit]
    seconds = floor_divided(g, ticks, per_second)
    days = floor_divided(g, seconds, _DAY)
    of_day = g.op("Sub", seconds, g.op_int("Mul", days, _DAY))
    parts = [_date_text(g, days)]
    for size, mark in ((3600, "T"), (60, ":"), (1, ":")):
        digits = g.op_int("Mod", floor_divided(g, of_day, size), 100 if size == 3600 else 60)
        parts.append(_digits(g, digits, 2, mark))
    fraction = g.op("Sub", ticks, g.op_int("Mul", seconds, per_second))
    for place in range(3, len(str(per_second)), 3):
        of_thousand = floor_divided(g, fraction, per_second // 10**place)
        digits = g.op_int("Mod", of_thousand, 1000)
        parts.append(_digits(g, digits, 3, "." if place == 3 else ""))
    text = parts[0]
    for part in parts[1:]:
        text = g.op("StringConcat", text, part)
    return text


def days_from_civil(g: Graph, year: str, month: str, day: str) -> str:
    """Return days since 1970 of dates, all int64 of one shape; years from 0 on."""
    one, five = g.constant(1, np.int64), g.constant(5, np.int64)
    is_early = g.cast(g.op_int("Less", month, 3), np.int64)
    year = g.op("Sub", year, is_early)
    shifted = g.op_int("Mod", g.op_int("Add", month, 9), 12)
    months = g.op_int("Add", g.op_int("Mul", shifted, 153), 2)
    of_year = g.op("Sub", g.op("Add", g.op("Div", months, five), day), one)
    era = floor_divided(g, year, 400)
    of_era = g.op("Sub", year, g.op_int("Mul", era, 400))
    leap = g.op("Sub", g.op_int("Div", of_era, 4), g.op_int("Div", of_era, 100))
    days = g.op("Add", g.op("Add", g.op_int("Mul", of_era, 365), leap), of_year)
    return g.op_int("Sub", g.op("Add", g.op_int("Mul", era, _ERA), days), _EPOCH)


def civil_from_days(g: Graph, days: str) -> tuple[str, str, str]:
    """Return year, month and day of days since 1970, int64."""

    def over(value: str, by: int) -> str:
        return g.op_int("Div", value, by)  # of numbers that are not negative

    days = g.op_int("Add", days, _EPOCH)
    era = floor_divided(g, days, _ERA)
    of_era = g.op("Sub", days, g.op_int("Mul", era, _ERA))
    leap = g.op("Sub", g.op("Add", g.op("Neg", over(of_era, 1460)), over(of_era, 36_524)), over(of_era, 146_096))
    year = over(g.op("Add", of_era, leap), 365)
    before = g.op("Sub", g.op("Add", g.op_int("Mul", year, 365), over(year, 4)), over(year, 100))
    of_year = g.op("Sub", of_era, before)
    five = g.op_int("Add", g.op_int("Mul", of_year, 5), 2)
    shifted = over(five, 153)
    of_months = over(g.op_int("Add", g.op_int("Mul", shifted, 153), 2), 5)
    day = g.op_int("Add", g.op("Sub", of_year, of_months), 1)
    month = g.op_int("Add", g.op_int("Mod", g.op_int("Add", shifted, 2), 12), 1)
    is_early = g.cast(g.op_int("Less", month, 3), np.int64)
    year = g.op("Add", g.op("Add", g.op_int("Mul", era, 400), year), is_early)
    return year, month, day


def floor_divided(g: Graph, value: str, by: int) -> str:
    """Return the whole part of a quotient, rounded down, int64; ONNX rounds towards zero."""
    divisor = g.constant(by, np.int64)
    return g.op("Div", g.op("Sub", value, g.op("Mod", value, divisor)), divisor)


def _pieces(g: Graph, texts: str, mark: str, n: int) -> list[str]:
    """Return the first n pieces of texts (n_rows,) between marks, "" where there are fewer."""
    # ONNX makes as many columns as the longest text has pieces: a last text with n of them, which is dropped again.
    texts = g.op("Concat", texts, g.constant([mark.join("0" * n)], object), axis=0)
    pieces, _ = g.ops("StringSplit", texts, n=2, delimiter=mark)
    pieces = g.op("Slice", pieces, *(g.constant([i], np.int64) for i in (0, -1, 0)))
    return [g.op("Gather", pieces, g.constant(i, np.int64), axis=1) for i in range(n)]


def _in_seconds(g: Graph, parts: tuple[str, ...] | list[str]) -> str:
    """Return the seconds of texts of hours, minutes and seconds, int64 (n,); "" is 0."""
    total = ""
    for part, size in zip(parts, (3600, 60, 1), strict=False):
        seconds = g.op_int("Mul", g.cast(_or_zero(g, part), np.int64), size)
        total = g.op("Add", total, seconds) if total else seconds
    return total


def _or_zero(g: Graph, texts: str) -> str:
    return g.where(g.op("Equal", texts, g.constant([""], object)), g.constant(["0"], object), texts)


def _date_text(g: Graph, days: str) -> str:
    year, month, day = civil_from_days(g, days)
    century = floor_divided(g, year, 100)
    of_century = g.op_int("Mod", year, 100)
    text = g.op("StringConcat", _digits(g, century, 2), _digits(g, of_century, 2))
    for part in (month, day):
        text = g.op("StringConcat", text, _digits(g, part, 2, "-"))
    return text


def _digits(g: Graph, numbers: str, width: int, mark: str = "") -> str:
    """Return whole numbers from 0 to 10**width - 1 as texts of this width behind a mark."""
    texts = np.array([f"{mark}{i:0{width}d}" for i in range(10**width)], dtype=object)
    return g.op("Gather", g.constant(texts), numbers)
