"""Whole numbers that are identifiers: postcodes, station numbers, a few years."""

from __future__ import annotations

import re

import numpy as np

from narrows.data.frames.columns import is_missing

IDENTIFIER = re.compile(r"(^|[\W_])(id|key|uuid|index|nr|no|number)$|[a-z](Id|ID)$|^unnamed: 0$", re.IGNORECASE)
"""Names of columns whose numbers name the row if they all differ."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_POSTAL = {"zip", "zipcode", "postcode", "postalcode", "pincode", "plz", "postleitzahl"}
_PLACES = {"station", "sector", "district", "region", "ward", "precinct", "depot", "branch", "county", "department"}
_CODES = {"id", "code", "fips", "naics", "wmo"}
_YEARS = {"year", "yr", "jahr", "année", "annee", "año", "anno"}
_NUMBER = {"no", "nr", "num", "number", "nummer", "key"}  # may follow a name: "station no"
_QUANTITIES = {"n", "num", "number", "count", "total", "mean", "distance", "size", "length", "share"}

_MOST_LEVELS, _MOST_YEARS = 100, 10
_ROWS_OF_LEVEL = 5  # on average
_SAMPLE = 1000


def are_identifiers_by_name(name: str, values: np.ndarray) -> bool:
    """Return whether numbers (n,) are identifiers: by the name of their column, and whole, few and repeated.

    >>> are_identifiers_by_name("station_id", np.array([7, 12, 7, 12, 7] * 4))
    True
    >>> are_identifiers_by_name("year built", np.arange(1850, 2000).repeat(9))
    False
    """
    if values.dtype.kind not in "iuf":
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    is_postal, is_year = bool(_POSTAL.intersection(words)), bool(_YEARS.intersection(words))
    while len(words) > 1 and words[-1] in _NUMBER:
        words.pop()
    is_code = bool(words) and words[-1] in _CODES | _PLACES
    if not (is_postal or is_year or is_code) or _QUANTITIES.intersection(words):
        return False
    values = values[~is_missing(values)]
    if len(np.unique(values[:_SAMPLE])) > _MOST_LEVELS:
        return False
    levels = np.unique(values)
    if not 2 <= len(levels) <= (_MOST_YEARS if is_year else _MOST_LEVELS) or len(values) < _ROWS_OF_LEVEL * len(levels):
        return False
    # Codes of one digit may as well be steps of a scale.
    first, last = (1000, 1000) if is_year else (100, 1000) if is_postal else (0, 10)
    is_whole = bool((levels == np.rint(levels)).all()) and levels[-1] < (3000 if is_year else 2**53)
    return bool(is_whole and levels[0] >= first and levels[-1] >= last)
