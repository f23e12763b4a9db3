"""Lines of comments in text files that hold a table."""

from __future__ import annotations

import re

_SIGNS = ("#", "//", "%")
_LINE_END = re.compile(r"\r\n|\n|\r")


def find_comment_sign(text: str) -> str:
    """Return the sign that lines of comments begin with, "" if there are none.

    A sign that most lines begin with is part of the cells; below the first line, comments have other numbers of
    separators than the rows.
    """
    lines = [line.lstrip() for line in _LINE_END.split(text) if line.strip()]
    for sign in _SIGNS:
        marked = [line for line in lines if line.startswith(sign)]
        if not marked or 2 * len(marked) > max(2, len(lines)):
            continue
        usual = {_separators(line) for line in lines if not line.startswith(sign)}
        if lines[0].startswith(sign) or all(_separators(line) not in usual for line in marked):
            return sign
    return ""


def without_comments(text: str, sign: str, quote: str) -> str:
    """Return a text whose lines of comments are empty; within quotes they stay."""
    return re.sub(_pattern(sign, quote), lambda found: found[0] if quote and found[0].startswith(quote) else "", text)


def last_comment_above(text: str, sign: str) -> tuple[int, str] | None:
    """Return the line, counted from 1, and the words of the last comment above the first other line."""
    last = None
    for i, line in enumerate(_LINE_END.split(text)):
        if line.lstrip().startswith(sign):
            words = line.lstrip().removeprefix(sign)
            last = i + 1, sign + words if words[:1] in tuple(",;\t|") else words.strip(" ")
        elif line.strip():
            break
    return last


def _pattern(sign: str, quote: str) -> str:
    comment = rf"(?<![^\r\n])[ \t]*{re.escape(sign)}[^\r\n]*"
    if not quote:
        return comment
    q = re.escape(quote)
    return rf"(?<!\w){q}(?:[^{q}]|{q}{q})*{q}|{comment}"


def _separators(line: str) -> tuple[int, ...]:
    return tuple(line.count(separator) for separator in ",;\t|")
