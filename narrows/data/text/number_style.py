"""The format of a column of numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.distinct_cells import Cells
from narrows.data.text.number_text import APOSTROPHES, MINUS, SPACES, body_pattern

_CODES = (
    "USD EUR GBP CHF JPY CNY RMB INR SEK NOK DKK ISK PLN CZK HUF RON BGN RUB UAH TRY ILS ZAR BRL MXN ARS CLP COP PEN"
)
_MORE_CODES = "AUD NZD CAD SGD HKD TWD KRW THB IDR MYR PHP VND AED SAR EGP NGN KES BTC ETH"
_CURRENCY = (
    rf"(?:[A-Za-z]{{0,3}}[$€£¥₹₽₩₺₴₫₪฿₱₦₡₵₸]|{'|'.join(f'{_CODES} {_MORE_CODES}'.split())}"
    r"|S?Fr\.?|[Kk]r\.?|Rs\.?|zł|Kč|Ft|lei|лв\.?|руб\.?)"
)
_UNIT = r"(?:[.,][-–—]|[^\s\d.,;()+\-−–](?:[^\d,;()]{0,13}[^\s\d,;()\-−])?)"
_MARKS = f".,{SPACES}{APOSTROPHES}"
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+−–])?\s*(?P<prefix>{_CURRENCY}\s*)?(?P<sign2>[-+−–])?\s*"
    rf"(?P<body>[09][09{_MARKS}]*[09]|[09]|[.,][09]+|[09]+\.(?=$|[eE]))(?P<exponent>[eE][-+]?[09]+)?"
    rf"(?P<suffix>\s*{_UNIT})??(?P<after>[-−])?\s*(?P<close>\))?"
)
_NINES = str.maketrans("012345678", "9" * 9)
_STYLES = (
    *((decimal, "", False) for decimal in ".,"),
    (".", ",", False),
    (",", ".", False),
    *((decimal, thousands, False) for thousands in SPACES[:1] + APOSTROPHES[:1] for decimal in ".,"),
    (".", ",", True),
)
_ORDINALS = {"st", "nd", "rd", "th"}
_UNITS, _MOSTLY = 5, 0.9  # at most so many units, in at least this share of cells
_ENOUGH = 5  # different numbers in groups, from which on groups are accepted although small numbers have none


@dataclass(frozen=True)
class _Shape:
    """Shape of a number: its digits as 9, but a first 0, and the texts around them."""

    body: str
    prefix: str
    suffix: str
    sign: str
    exponent: bool


def propose_number(cells: Cells, decimal: str | None, *, only: str | None = None) -> ColumnFormat | None:
    """Return the format that parses most cells as numbers; None where none is a number.

    decimal : decimal mark of the rest of the file, used where the cells are ambiguous.
    only : the decimal mark, if the user sets it.
    """
    shapes: Counter[_Shape] = Counter()
    for text, count in cells.sample().counted().items():
        shape = _shape(text)
        if shape is not None:
            shapes[shape] += count
    if not shapes:
        return None
    prefix, suffix = _affixes(shapes)
    bodies: Counter[str] = Counter()
    for shape, count in shapes.items():
        if _unit(shape.prefix) in ("", _unit(prefix)) and _unit(shape.suffix) in ("", _unit(suffix)):
            bodies[shape.body] += count
    exact = next((mark for shape in shapes for mark in ".," if shape.exponent and mark in shape.body), decimal)
    (point, thousands, lakh), doubts = _style(bodies, exact, only)
    thousands = _as_written(bodies, thousands)
    column_format = ColumnFormat("number", (), point, thousands, prefix, suffix, lakh=lakh, doubts=doubts)
    return _with_signs(_with_places(column_format, bodies, shapes), shapes)


def units(cells: Cells) -> list[str]:
    """Return the units of a column of numbers in several units, most frequent first; [] for others."""
    found: Counter[str] = Counter()
    for text, count in cells.sample().counted().items():
        shape = _shape(text)
        if shape is not None and (shape.prefix or shape.suffix):
            found[f"{shape.prefix.strip()}{shape.suffix.strip()}"] += count
    total = sum(found.values())
    if (
        not 1 < len(found) <= _UNITS
        or _ORDINALS & found.keys()
        or total < _MOSTLY * cells.sample().total
        or total < _ENOUGH * len(found)
    ):
        return []
    return [unit for unit, _ in found.most_common()]


def _shape(text: str) -> _Shape | None:
    shape = text.translate(_NINES)
    first = shape.find("9")
    return _shape_of(shape[:first] + "0" + shape[first + 1 :] if text[first] == "0" else shape)


@lru_cache(maxsize=65536)
def _shape_of(text: str) -> _Shape | None:
    found = _CELL.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [found[name] for name in ("sign", "sign2", "after") if found[name]]
    if len(signs) > 1 or (signs and found["open"]):
        return None
    sign = "()" if found["open"] else "after" if found["after"] else "".join(signs)
    return _Shape(found["body"], found["prefix"] or "", found["suffix"] or "", sign, bool(found["exponent"]))


def _unit(affix: str) -> str:
    """Return a unit or a currency in one spelling: lower case, singular, without a point."""
    text = affix.strip().casefold().rstrip(".")
    return text.removesuffix("s") if len(text) > 2 else text


def _affixes(shapes: Counter[_Shape]) -> tuple[str, str]:
    """Return the prefix and the suffix; for "$5" and "7 €" only the more frequent one."""
    marked = [(shape, count) for shape, count in shapes.items() if shape.body != "0" or shape.prefix or shape.suffix]
    prefix, suffix = (_affix((getattr(s, side), count) for s, count in marked) for side in ("prefix", "suffix"))
    if prefix and suffix and not any(shape.prefix and shape.suffix for shape in shapes):
        n_prefix, n_suffix = (sum(n for s, n in shapes.items() if getattr(s, side)) for side in ("prefix", "suffix"))
        return (prefix, "") if n_prefix >= n_suffix else ("", suffix)
    return prefix, suffix


def _affix(found: Iterable[tuple[str, int]]) -> str:
    """Return the most frequent affix in its usual spelling; "" where most numbers have none."""
    as_written: Counter[str] = Counter()
    for text, count in found:
        as_written[text] += count
    n_bare = as_written.pop("", 0)
    by_unit: Counter[str] = Counter()
    for text, count in as_written.items():
        by_unit[_unit(text)] += count
    if not by_unit:
        return ""
    unit, n = by_unit.most_common(1)[0]
    if n < n_bare * (9 if unit in ("%", "‰") else 1):
        return ""
    return next(text for text, _ in as_written.most_common() if _unit(text) == unit)


# -- marks


def _style(
    bodies: Counter[str], hint: str | None, only: str | None
) -> tuple[tuple[str, str, bool], tuple[tuple[str, str], ...]]:
    """Return the decimal mark, the mark between groups and whether they are lakh; and the ambiguity."""
    marks = {mark for body in bodies for mark in _normal(body) if mark not in "09"}
    weights: dict[tuple[str, str, bool], int] = {}
    for style in _STYLES:
        if (style[1] and style[1] not in marks) or (only and style[0] != only):
            continue
        reads = re.compile(body_pattern(style[0], style[1], lakh=style[2])).fullmatch
        weights[style] = sum(count for body, count in bodies.items() if reads(body))
    best = max(weights.values())
    tied = [style for style, weight in weights.items() if weight == best]
    style, doubts = tied[0], ()
    if len(tied) > 1:
        for mark in ".,":
            other = ".,".replace(mark, "")
            if mark in marks and (mark, "", False) in tied and (other, mark, False) in tied:
                return _decimal_or_groups(bodies, mark, other, hint)
        preferred = hint or ("," if style[1] == " " or (style[1] == "" and hint == ",") else ".")
        style = next((s for s in tied if s[0] == preferred and s[1:] == style[1:]), style)
    return style, doubts


def _decimal_or_groups(
    bodies: Counter[str], mark: str, other: str, hint: str | None
) -> tuple[tuple[str, str, bool], tuple[tuple[str, str], ...]]:
    """Decide what 1.234 is where each cell has one mark, or none, and three digits behind it."""
    as_decimal, as_groups = (mark, "", False), (other, mark, False)
    bare = [body for body in bodies if mark not in body]
    n_marked = sum(count for body, count in bodies.items() if mark in body)
    if any(len(body) > 3 for body in bare):
        return as_decimal, ()
    if hint in (mark, other):
        return (as_decimal if hint == mark else as_groups), ()
    if bare and n_marked >= _ENOUGH:
        return as_groups, ()
    chosen = as_groups if mark == "," else as_decimal
    example = f"1{mark}234"
    if chosen is as_groups:
        option = "decimal-comma" if mark == "," else "decimal-point"
        return chosen, ((f"holds numbers such as {example}, read as 1234", f"--types {{name}}={option}"),)
    option = "decimal-comma" if other == "," else "decimal-point"
    return chosen, ((f"holds numbers such as {example}, read as 1 and 234 thousandths", f"--types {{name}}={option}"),)


def _normal(body: str) -> str:
    """Return a body with one kind of space and one of apostrophes."""
    for marks in (SPACES, APOSTROPHES):
        for mark in marks[1:]:
            body = body.replace(mark, marks[0])
    return body


def _as_written(bodies: Counter[str], thousands: str) -> str:
    """Return the mark between groups of most cells."""
    same = next((marks for marks in (SPACES, APOSTROPHES) if thousands and thousands in marks), "")
    if not same:
        return thousands
    return max(same, key=lambda mark: sum(count for body, count in bodies.items() if mark in body))


# -- decimals and signs


def _with_places(column_format: ColumnFormat, bodies: Counter[str], shapes: Counter[_Shape]) -> ColumnFormat:
    reads = re.compile(body_pattern(column_format.decimal, column_format.thousands, lakh=column_format.lakh)).fullmatch
    decimals = {len(body.partition(column_format.decimal)[2]) for body in bodies if reads(body)}
    if not decimals or any(shape.exponent for shape in shapes):
        return column_format
    return replace(column_format, decimals=max(decimals) if len(decimals) == 1 else None, max_decimals=max(decimals))


def _with_signs(column_format: ColumnFormat, shapes: Counter[_Shape]) -> ColumnFormat:
    signs = {shape.sign for shape in shapes}
    minus = next((sign for sign in (*MINUS, "after") if sign in signs), "-")
    plus = "+" in signs and not any(shape.sign == "" and re.search("9", shape.body) for shape in shapes)
    return replace(column_format, brackets="()" in signs, minus=minus, plus=plus)
