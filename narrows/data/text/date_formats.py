"""Candidate formats of a cell as a date or a time of day."""

from __future__ import annotations

import re

from narrows.data.text.month_names import MONTHS, WEEKDAYS, are_short

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?P<mark>[:hH])(?P<minute>\d{2})(?P<second>:\d{2})?(?P<fraction>[.,]\d{1,9})?"
    r"(?P<half>\s*[AaPp]\.?[Mm]\.?)?(?P<zone>\s*(?:[-+−]\d{2}:?\d{2}|[-+−]\d{2}|Z|z|UTC|GMT))?"
    r"(?P<tail>\s*(?:Uhr|hrs|h))?$"
)
_HOUR = re.compile(r"(?P<hour>\d{1,2})(?P<half>\s*[AaPp]\.?[Mm]\.?)$")
_DATE_AND_CLOCK = re.compile(
    r"(?P<date>.*?\d.*?)(?P<between>T|,?\s+(?:at\s+)?|:)(?=\d{1,2}[:hH]\d{2}|\d{1,2}\s*[AaPp]\.?[Mm]\.?$)"
)
_WEEK = (
    re.compile(r"(?P<Y>\d{4})(?P<a>[-/ ]?)(?P<w>W|w|KW|CW)(?P<b>[- ]?)(?P<V>\d{1,2})(?:(?P<c>-?)(?P<u>[1-7]))?"),
    re.compile(r"(?P<w>W|w|KW|CW)(?P<b>[- ]?)(?P<V>\d{1,2})(?P<a>[-/ ])(?P<Y>\d{4})"),
)
_QUARTER = (
    re.compile(r"(?P<Y>\d{4})(?P<a>[-/ ]?)(?P<w>[Qq])(?P<q>[1-4])"),
    re.compile(r"(?P<w>[Qq])(?P<q>[1-4])(?P<a>[-/ ]?)(?P<Y>\d{4})"),
)
_PIECE = re.compile(r"\d+|[^\W\d_]+|[\W_]+")
_PARTICLES = ("de", "del", "of")
_SEPARATORS = re.compile(r"[-/._]|\s*[./-]\s*|,?\s+")


def date_formats(cell: str) -> list[str]:
    """Return the formats of a cell that is a date, with or without a time of day; [] for other cells."""
    packed = _packed(cell)
    if packed:
        return packed
    clock = ""
    found = _DATE_AND_CLOCK.match(cell)
    if found is not None:
        clock = clock_format(cell[found.end() :])
        if clock:
            clock, cell = found["between"] + clock, found["date"]
    return [date + clock for date in _packed(cell) or _week_or_quarter(cell) or _day_formats(cell)]


def clock_format(cell: str) -> str:
    """Return the format of a time of day, with its offset if it has one; "" for other cells."""
    found = _CLOCK.match(cell)
    if found is None:
        found = _HOUR.match(cell)
        return "" if found is None else f"%I{_half(found['half'])}"
    hour, half = "%I" if found["half"] else "%H", _half(found["half"] or "")
    second = ":%S" if found["second"] else ""
    if found["fraction"] and not second:
        return ""
    fraction = f"{found['fraction'][0]}%f" if found["fraction"] else ""
    return f"{hour}{found['mark']}%M{second}{fraction}{half}{_zone(found['zone'] or '')}{found['tail'] or ''}"


def _half(text: str) -> str:
    return "" if not text else f"{_lead(text)}{'%p' if text.strip()[0].isupper() else '%P'}"


def _zone(text: str) -> str:
    return "" if not text else f"{_lead(text)}{'%z' if text.strip()[0] in '+-−' else '%Z'}"


def _lead(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _packed(cell: str) -> list[str]:
    """Return the formats of 20241231, 20241231T134530 and 202412."""
    digits = {8: "%Y%m%d", 14: "%Y%m%d%H%M%S", 6: "%Y%m"}
    if cell.isdigit() and len(cell) in digits:
        return [digits[len(cell)]]
    found = re.fullmatch(r"\d{8}([T_ ])(?:\d{6}|\d{4})(Z?)", cell)
    if found is None:
        return []
    return [f"%Y%m%d{found[1]}%H%M{'%S' if len(cell.rstrip('Z')) == 15 else ''}{'%Z' if found[2] else ''}"]


def _week_or_quarter(cell: str) -> list[str]:
    for pattern in _WEEK:
        if found := pattern.fullmatch(cell):
            week = f"{found['w']}{found['b']}%V"
            if "u" not in pattern.groupindex:
                return [f"{week}{found['a']}%G"]
            return [f"%G{found['a']}{week}{found['c'] + '%u' if found['u'] else ''}"]
    for place, pattern in enumerate(_QUARTER):
        if found := pattern.fullmatch(cell):
            quarter = f"{found['w']}%q"
            return [f"{quarter}{found['a']}%Y" if place else f"%Y{found['a']}{quarter}"]
    return []


def _day_formats(cell: str) -> list[str]:
    """Return the formats of a date without a time of day."""
    pieces = _PIECE.findall(cell)
    if not 2 < len(pieces) < 16:
        return []
    lead = ""
    if pieces[0].casefold() in WEEKDAYS:
        short = "%a" if len(pieces[0]) <= 3 else "%A"
        lead, pieces = f"{short}{pieces[1]}", pieces[2:]
    values, between = _values_and_separators(pieces)
    if len(values) not in (2, 3) or any(not _SEPARATORS.fullmatch(text) for text in _bare(between, values)):
        return []
    return [lead + _joined(codes, between) for codes in _codes(values, between)]


def _values_and_separators(pieces: list[str]) -> tuple[list[str], list[str]]:
    """Return numbers and names of months, and the texts between and behind them."""
    values: list[str] = []
    between: list[str] = []
    for piece in pieces:
        is_value = piece.isdigit() or (piece[0].isalpha() and piece.casefold() not in _PARTICLES)
        if is_value:
            if len(values) > len(between):
                between.append("")
            values.append(piece)
        elif not values:
            return [], []
        elif len(between) == len(values):
            between[-1] += piece
        else:
            between.append(piece)
    return values, between


def _bare(between: list[str], values: list[str]) -> list[str]:
    """Return the separators without particles, and without the point of a short month."""
    found = []
    for i, text in enumerate(between):
        for particle in _PARTICLES:
            text = text.replace(f" {particle} ", " ")
        if values[i][0].isalpha() and text.startswith("."):
            text = text[1:]
        if text or i < len(values) - 1:
            found.append(text or " ")
    return found


def _joined(codes: tuple[str, ...], between: list[str]) -> str:
    return "".join(f"{code}{text}" for code, text in zip(codes, [*between, ""], strict=False))


def _codes(values: list[str], between: list[str]) -> list[tuple[str, ...]]:
    """Return the possible codes of the numbers and names, in their order."""
    words = [value for value in values if value[0].isalpha()]
    if len(words) > 1 or any(word.casefold() not in MONTHS for word in words):
        return []
    lengths = [0 if value[0].isalpha() else len(value) for value in values]
    if any(length not in (0, 1, 2, 4) for length in lengths) or lengths.count(4) > 1:
        return []
    if words:
        return _codes_with_name(words[0], lengths)
    if len(values) == 2:
        mark = between[0]
        if lengths[0] == 4 and mark in ("-", "/"):
            return [("%Y", "%-m")]
        return [("%-m", "%Y")] if lengths[1] == 4 and mark in ("/", "-") else []
    if lengths[0] == 4:
        return [("%Y", "%-m", "%-d")]
    year = "%Y" if lengths[2] == 4 else "%y" if lengths[2] == 2 else ""
    found = [("%-d", "%-m", year), ("%-m", "%-d", year)] if year and 4 not in lengths[:2] else []
    return [*found, ("%y", "%-m", "%-d")] if year == "%y" and lengths[0] == 2 else found


def _codes_with_name(name: str, lengths: list[int]) -> list[tuple[str, ...]]:
    month = f"%{'^' if name.isupper() else ''}{'b' if are_short([name]) else 'B'}"
    place = lengths.index(0)
    others = [length for length in lengths if length]
    if len(others) == 1:
        year = "%Y" if others[0] == 4 else "%y"
        if others[0] == 1 or (place == 1 and year == "%y"):
            return []
        return [(month, year)] if place == 0 else [(year, month)]
    first = "%Y" if others[0] == 4 else "%-d"
    last = "%-d" if others[0] == 4 else "%Y" if others[1] == 4 else "%y" if others[1] == 2 else ""
    if not last:
        return []
    found = [first, last]
    found.insert(place, month)
    return [tuple(found)]
