"""What a column was found to be, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from narrows.data.text.dates import code_of, tokens_of

if TYPE_CHECKING:
    from narrows.data.text.column_format import Reading

_WORDS = {
    **{"Y": "year", "y": "year", "G": "year", "m": "month", "b": "month", "B": "month", "d": "day", "q": "quarter"},
    **{"V": "week", "u": "weekday", "a": "weekday", "A": "weekday", "H": "hour", "I": "hour", "M": "minute"},
    **{"S": "second", "f": "fraction", "p": "AM/PM", "P": "am/pm", "z": "offset", "Z": "offset"},
}
_MARKS = {" ": "space", "\u00a0": "no-break space", "\u202f": "narrow no-break space", "\u2009": "thin space"}
_SHOWN = 3


def sentence(
    reading: Reading,
    name: str,
    n_gaps: int,
    gap_counts: Mapping[str, int] | None,
    strange: Mapping[int, str] | None,
) -> str:
    """What `Reading.sentence` returns."""
    parts = [", ".join(_what(reading))]
    parts += _gaps(n_gaps, gap_counts)
    if strange:
        shown = ", ".join(map(repr, list(dict.fromkeys(strange.values()))[:_SHOWN]))
        parts.append(
            f"{_count(len(strange), 'strange cell')} such as {shown}"
            if len(strange) > _SHOWN
            else f"{_count(len(strange), 'strange cell')}: {shown}"
        )
    parts += [what for what, _ in reading.doubts]
    return f"{name}: {'; '.join(parts)}"


def notes(reading: Reading, name: str, source: str, row: str) -> list[str]:
    """What `Reading.notes` returns."""
    told = []
    for what, cure in reading.doubts:
        if row and reading.stray:
            what = what.replace(f"holds {reading.stray!r}", f"holds {reading.stray!r} in {row}", 1)
        column = f"Column {name!r} of {source}" if source else f"Column {name!r}"
        told.append(f"{column} {what}; {_cure(cure, name)}.")
    return told


def _cure(cure: str, name: str) -> str:
    """The option of the shell and of Python that says otherwise."""
    option, _, value = cure.partition(" ")
    if not option.startswith("--"):
        return cure
    if option == "--types":
        kind = value.partition("=")[2]
        return f"if that is wrong, say --types {name}={kind} (in Python: types={{{name!r}: {kind!r}}})"
    return f"if that is wrong, say {option} {value} (in Python: na_values=[{value!r}])"


def _what(reading: Reading) -> list[str]:
    if reading.read_as == "number":
        return _number(reading)
    if reading.read_as == "boolean":
        return ["true or false" if not reading.words else " or ".join(reversed(reading.words))]
    if reading.read_as in ("date", "time"):
        head = "date" if reading.read_as == "date" else "time of day"
        zone = [f"in {reading.zone}"] if reading.zone else []
        return [head, _format(reading.format), *zone]
    return ["category" if reading.read_as == "category" else "empty"]


def _number(reading: Reading) -> list[str]:
    told = ["whole number" if reading.most_places == 0 else "number"]
    if reading.decimal == "," and reading.most_places != 0:
        told.append("decimal comma")
    if reading.thousands:
        told.append(f"thousands mark {_MARKS.get(reading.thousands) or repr(reading.thousands)}")
    told += [f"with {affix.strip()!r}" for affix in (reading.prefix, reading.suffix) if affix]
    if reading.brackets:
        told.append("negative in brackets")
    elif reading.minus == "after":
        told.append("minus behind the number")
    return told


def _format(form: str) -> str:
    if not form:
        return "year-month-day"
    told = ""
    for token in tokens_of(form):
        if code_of(token):
            told += f"{' ' if told[-1:].isalpha() else ''}{_WORDS[code_of(token)]}"
        else:  # "W" of weeks, "Q" of quarters and "T" before a time say no more
            told += re.sub(r"[A-Za-z]+", "", token) or " "
    return " ".join(told.split())


def _gaps(n_gaps: int, counts: Mapping[str, int] | None) -> list[str]:
    if counts is None:
        return [_count(n_gaps, "gap")] if n_gaps else []
    written = sorted(((n, text) for text, n in counts.items() if text and n), reverse=True)
    told = [f"{_count(n, 'gap')} written {text!r}" for n, text in written[:_SHOWN]]
    if len(written) > _SHOWN:
        told.append(f"{_count(sum(n for n, _ in written[_SHOWN:]), 'gap')} written otherwise")
    return [*told, *([_count(counts[""], "empty cell")] if counts.get("") else [])]


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
