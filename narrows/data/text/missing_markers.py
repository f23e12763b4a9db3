"""Common texts for a missing cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SIGNS = ("?", "??", "???", "-", "--", "---", "–", "—", ".", "..", "...", "…")

KNOWN = {
    *_SIGNS,
    *(
        "*",
        "**",
        "/",
        "//",
        "_",
        "~",
        "#",
        "x",
        "n.v.",
    ),
    *("na", "n/a", "n.a.", "n.a", "n a", "n/k", "n.k.", "nk", "n/d", "n.d.", "nd", "n/s", "k.a.", "k. a.", "ka", "s/d"),
    *(
        "nan",
        "-nan",
        "null",
        "none",
        "nil",
        "nul",
        "nat",
        "<na>",
        "<null>",
        "(null)",
        "[null]",
        "<none>",
        "\\n",
        "#n/a",
    ),
    *(
        "missing",
        "(missing)",
        "miss",
        "mis",
        "unknown",
        "unk",
        "unknwn",
        "undefined",
        "undef",
        "not available",
        "no data",
    ),
    *("not applicable", "not known", "not recorded", "not measured", "not reported", "no value", "nodata", "no answer"),
    *(
        "empty",
        "blank",
        "(blank)",
        "<blank>",
        "tbd",
        "tba",
        "void",
        "invalid",
        "error",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "#n/a n/a",
        "#na",
        "-1.#ind",
    ),
    *("#div/0!", "#ref!", "#value!", "#num!", "#name?", "#null!", "#nv", "#wert!", "1.#qnan", "-1.#qnan", "1.#ind"),
    *("unbekannt", "fehlt", "keine angabe", "keine", "leer", "inconnu", "manquant", "desconocido", "sin datos", "nc"),
}
"""Texts in lower case that mean a missing cell among numbers, dates, times and booleans."""

_UNMISTAKABLE = {
    *_SIGNS,
    *(
        "n/a",
        "N/A",
        "n.a.",
        "N.A.",
        "#N/A",
        "#NA",
        "<NA>",
    ),
    *("NaN", "NULL", "\\N", "<null>", "<NULL>", "(null)", "(NULL)", "[null]", "[NULL]", "#DIV/0!", "#REF!", "#VALUE!"),
    *("#NUM!", "#NAME?", "#NULL!", "#N/A N/A", "k.A.", "k. A.", "#NV", "NaT", "(missing)", "(blank)", "<blank>"),
}
MARKERS = (*sorted(_UNMISTAKABLE), "NA")
"""Texts that mean a missing cell in a column of text, unless they look like its other texts."""

_WORDS_FOR_YES = {
    "yes",
    "no",
    "y",
    "n",
    "true",
    "false",
    "t",
    "f",
    "m",
    "w",
    "ja",
    "nein",
    "oui",
    "non",
    "si",
    "on",
    "off",
}
_CODE, _CAPITALS = re.compile(r"[A-Z]{2,5}"), re.compile(r"[A-Z][A-Z .'-]+")
_FEW = 1000


def is_known(text: str) -> bool:
    """Return whether a text means a missing cell among numbers, dates, times and booleans."""
    return text.casefold() in KNOWN


def na_values_in_text(
    counts: Mapping[str, int], na_values: Sequence[str], *, keep_na: bool
) -> tuple[list[str], list[str]]:
    """Return the texts that mean a missing cell in a column of text, and those that could but are kept.

    counts : number of cells of each distinct text.
    """
    given = set(na_values)
    found = [text for text in counts if text in given]
    if keep_na:
        return found, []
    suspects = [text for text in counts if text not in given and (text in _UNMISTAKABLE or text == "NA")]
    others = [text for text in counts if text not in suspects and text not in given]
    kept = []
    for text in suspects:
        if _could_be_a_level(text, others):
            kept.append(text)
        else:
            found.append(text)
    return found, kept


def _could_be_a_level(text: str, others: list[str]) -> bool:
    """Return whether a marker looks like the other texts of the column: "NA" among countries, "NULL" among surnames."""
    if not others:
        return False
    others = others[:_FEW]
    if text == "NA":
        if {other.casefold() for other in others} <= _WORDS_FOR_YES:
            return False
        return 2 * sum(bool(_CODE.fullmatch(other)) for other in others) >= len(others)
    if text == "NULL":
        longer = [other for other in others if len(other) > 1]
        return bool(longer) and all(_CAPITALS.fullmatch(other) for other in longer) and len(longer) >= 5
    signs = [other for other in others if not any(letter.isalnum() for letter in other)]
    return len(signs) > 1 and len(text) == 1  # "+", "-" and "?" are answers there
