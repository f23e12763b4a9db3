"""The format of a column of text in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from narrows.data.frames.column_format import ColumnFormat
from narrows.data.text.dates import code_of, tokens_of
from narrows.formatting import counted

_WORDS = {
    **{"Y": "year", "y": "year", "G": "year", "m": "month", "b": "month", "B": "month", "d": "day", "q": "quarter"},
    **{"V": "week", "u": "weekday", "a": "weekday", "A": "weekday", "H": "hour", "I": "hour", "M": "minute"},
    **{"S": "second", "f": "fraction", "p": "AM/PM", "P": "am/pm", "z": "offset", "Z": "offset"},
}
_MARKS = {" ": "space", "\u00a0": "no-break space", "\u202f": "narrow no-break space", "\u2009": "thin space"}
_SHOWN = 3


def format_sentence(
    column_format: ColumnFormat,
    name: str,
    *,
    n_missing: int = 0,
    missing_counts: Mapping[str, int] | None = None,
    invalid: Mapping[int, str] | None = None,
) -> str:
    """Return one line on a column, such as "price: number, decimal comma; 3 missing values written '-'".

    Parameters
    ----------
    column_format : ColumnFormat
    name : str
    n_missing : int, default=0
        Number of missing cells; used where `missing_counts` is not given.
    missing_counts : mapping of str to int, optional
        Result of `count_missing`.
    invalid : mapping of int to str, optional
        `Parsed.invalid`.
    """
    parts = [", ".join(_what(column_format))]
    parts += _missing_words(n_missing, missing_counts)
    if invalid:
        shown = ", ".join(map(repr, list(dict.fromkeys(invalid.values()))[:_SHOWN]))
        parts.append(
            f"{counted(len(invalid), 'invalid cell')} such as {shown}"
            if len(invalid) > _SHOWN
            else f"{counted(len(invalid), 'invalid cell')}: {shown}"
        )
    parts += [what for what, _ in column_format.doubts]
    return f"{name}: {'; '.join(parts)}"


def format_notes(column_format: ColumnFormat, name: str, *, source: str = "", row: str = "") -> list[str]:
    """Return a sentence for each ambiguity of a column, with the option that decides otherwise.

    Parameters
    ----------
    column_format : ColumnFormat
    name : str
    source : str, default=""
        Name of the file.
    row : str, default=""
        Name of the row of `ColumnFormat.stray`, such as "row 3 (counting from 1, without any header)".
    """
    parts = []
    for what, cure in column_format.doubts:
        if row and column_format.stray:
            what = what.replace(f"holds {column_format.stray!r}", f"holds {column_format.stray!r} in {row}", 1)
        column = f"Column {name!r} of {source}" if source else f"Column {name!r}"
        parts.append(f"{column} {what}; {_cure(cure, name)}.")
    return parts


def _cure(cure: str, name: str) -> str:
    """Return the correction: an option of the shell and of Python, or the text of the doubt itself."""
    option, _, value = cure.partition(" ")
    if not option.startswith("--"):
        return cure
    if option == "--types":
        kind = value.partition("=")[2]
        return f"if that is wrong, set --types {name}={kind} (in Python: types={{{name!r}: {kind!r}}})"
    return f"if that is wrong, set {option} {value} (in Python: na_values=[{value!r}])"


def _what(column_format: ColumnFormat) -> list[str]:
    if column_format.read_as == "number":
        return _number(column_format)
    if column_format.read_as == "boolean":
        return ["true or false" if not column_format.words else " or ".join(reversed(column_format.words))]
    if column_format.read_as in ("date", "time"):
        head = "date" if column_format.read_as == "date" else "time of day"
        zone = [f"in {column_format.zone}"] if column_format.zone else []
        return [head, _format(column_format.format), *zone]
    return ["category" if column_format.read_as == "category" else "empty"]


def _number(column_format: ColumnFormat) -> list[str]:
    parts = ["whole number" if column_format.max_decimals == 0 else "number"]
    if column_format.decimal == "," and column_format.max_decimals != 0:
        parts.append("decimal comma")
    if column_format.thousands:
        parts.append(f"thousands mark {_MARKS.get(column_format.thousands) or repr(column_format.thousands)}")
    parts += [f"with {affix.strip()!r}" for affix in (column_format.prefix, column_format.suffix) if affix]
    if column_format.brackets:
        parts.append("negative in brackets")
    elif column_format.minus == "after":
        parts.append("minus behind the number")
    return parts


def _format(form: str) -> str:
    if not form:
        return "year-month-day"
    text = ""
    for token in tokens_of(form):
        if code_of(token):
            text += f"{' ' if text[-1:].isalpha() else ''}{_WORDS[code_of(token)]}"
        else:  # "W" of weeks, "Q" of quarters and "T" before a time say no more
            text += re.sub(r"[A-Za-z]+", "", token) or " "
    return " ".join(text.split())


def _missing_words(n_missing: int, counts: Mapping[str, int] | None) -> list[str]:
    if counts is None:
        return [counted(n_missing, "missing value")] if n_missing else []
    written = sorted(((n, text) for text, n in counts.items() if text and n), reverse=True)
    parts = [f"{counted(n, 'missing value')} written {text!r}" for n, text in written[:_SHOWN]]
    if len(written) > _SHOWN:
        parts.append(f"{counted(sum(n for n, _ in written[_SHOWN:]), 'missing value')} written otherwise")
    return [*parts, *([counted(counts[""], "empty cell")] if counts.get("") else [])]
