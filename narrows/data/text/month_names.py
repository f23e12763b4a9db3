"""Names of months and days of the week in a few languages."""

from __future__ import annotations

from collections.abc import Iterable

_LONG = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_SHORT = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "fr": "janv févr mars avr mai juin juil août sept oct nov déc",
    "es": "ene feb mar abr may jun jul ago sep oct nov dic",
}
_ALSO = {"sept": 9, "mrz": 3, "jänner": 1, "setiembre": 9, "fév": 2, "fevr": 2, "dec": 12, "aout": 8}
_DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
_DAY_LENGTH = {"en": 3, "de": 2, "fr": 3, "es": 3}

MONTHS = {
    name.casefold(): place
    for names in (*_LONG.values(), *_SHORT.values())
    for place, name in enumerate(names.split(), 1)
} | _ALSO
"""Number of a month, 1 to 12, by its name in lower case."""

WEEKDAYS = {
    short.casefold()
    for language, names in _DAYS.items()
    for name in names.split()
    for short in (name, name[: _DAY_LENGTH[language]])
}
"""The names of days of the week in lower case."""


def month_name(place: int, language: str, *, short: bool) -> str:
    """Return the name of a month, 1 to 12."""
    return (_SHORT if short else _LONG)[language].split()[place - 1]


def day_name(place: int, language: str, *, short: bool) -> str:
    """Return the name of a day of the week; 0 is Monday."""
    name = _DAYS[language].split()[place]
    return name[: _DAY_LENGTH[language]] if short else name


def language_of(names: Iterable[str], *, short: bool) -> str:
    """Return the language whose months have most of these names."""
    known = {name.casefold() for name in names}
    tables = _SHORT if short else _LONG
    return max(tables, key=lambda language: len(known & set(tables[language].casefold().split())))


def are_short(names: Iterable[str]) -> bool:
    """Return whether names of months are the short ones."""
    known = {name.casefold() for name in names}
    shorts = set(" ".join(_SHORT.values()).casefold().split()) | _ALSO.keys()
    return known <= shorts
