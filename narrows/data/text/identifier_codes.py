"""Whole numbers that are identifiers rather than quantities: postcodes, stations, telephone numbers, years."""

from __future__ import annotations

import re

import numpy as np

from narrows.data.text.distinct_cells import Cells, compute, matches

_POSTCODE = (
    r"zip|zip_?code|plz|postleitzahl|post_?code|postal|postal_?code|code_?postal|postnr|postnummer|pin_?code|eircode"
)
_PHONE = r"phone|telephone|telefon|tel|mobile|cell_?phone|handy|fax|msisdn|imei|imsi"
_ARTICLE = r"ean|gtin|upc|isbn|issn|sku|iban|bic|wkn|isin|barcode|serial"
_REGISTER = r"fips|nuts|naics|sic|icd|cpv|hs|ags|siren|siret|insee|iso|mcc|mnc|asn"
_PLACE = r"station|stop|store|branch|filiale|shop|region|county|district|airport|route|line|terminal|department"
_CODE = r"code|codes|kennung|kennziffer|schl(?:ü|ue)ssel|id|key|identifier|matricule"
_ANY = f"{_POSTCODE}|{_PHONE}|{_ARTICLE}|{_REGISTER}|{_PLACE}|{_CODE}"
_WORD = re.compile(rf"(?:^|[\W_])(?:{_ANY})(?:[\W_]*(?:code|id|no|nr|num|number))?[\W\d_]*$", re.IGNORECASE)
_LOOSE = re.compile(rf"(?:^|[\W_])(?:{_PHONE})(?:[\W_]*(?:no|nr|num|number))?[\W\d_]*$", re.IGNORECASE)
_YEAR = re.compile(
    r"(?:^|[\W_])(?:year|years|yr|jahr|baujahr|année|annee|an|año|ano|anno|vintage|jahrgang|yyyy)(?:$|[\W_])|[a-z]Year$",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FEW_YEARS, _MANY_YEARS = 12, 50
_PHONE_DIGITS = 6
_BARCODE = (8, 12, 13, 14)
_EXACT_DIGITS, _DIGITS = 15, 18  # what float64 and int64 hold
_LEAST = 0.05  # share of cells with a leading zero from which on cells of different lengths are names


def are_identifiers(cells: Cells, name: str, *, has_missing: bool) -> bool:
    """Return whether the numbers of a column are identifiers, such as postcodes.

    Parameters
    ----------
    cells : Cells
        Cells that are neither missing nor invalid.
    name : str
        Name of the column.
    has_gaps : bool
        Whether cells are missing, so that numbers would be float64.
    """
    name = _HUMP.sub("_", name)
    if _LOOSE.search(name):
        return bool(matches(cells.texts, r"^[+\d]").all()) and _lengths(cells).min() >= _PHONE_DIGITS
    if matches(cells.texts, r"^\d+[eE]\d+$").all():
        return True
    if not matches(cells.texts, r"^-?\d+$").all():
        return False
    lengths = _lengths(cells)
    if lengths.max() > (_EXACT_DIGITS if has_missing else _DIGITS):
        return True
    if _has_leading_zeros(cells, lengths):
        return True
    if lengths.min() != lengths.max() or lengths[0] < 3 or matches(cells.texts, "-").any():
        return False
    return bool(_WORD.search(name)) or _are_barcodes(cells, int(lengths[0])) or are_years(cells, name)


def are_years(cells: Cells, name: str) -> bool:
    """Return whether whole numbers are years, few enough to be levels rather than a span of time."""
    if not matches(cells.texts, r"^(?:1[89]\d\d|20\d\d|2100)$").all():
        return False
    years = np.unique(cells.texts.cast("int32").to_numpy())
    if _YEAR.search(name):
        return len(years) <= _MANY_YEARS
    is_run = years[-1] - years[0] < 3 * len(years)
    return len(years) <= _FEW_YEARS and bool(is_run) and cells.total >= 5 * len(years) and len(years) > 1


def _has_leading_zeros(cells: Cells, lengths: np.ndarray) -> bool:
    zeros = matches(cells.texts, r"^0\d")
    if not zeros.any():
        return False
    return lengths.min() == lengths.max() or cells.weight(zeros) >= _LEAST * cells.total


def _lengths(cells: Cells) -> np.ndarray:
    return compute("utf8_length", cells.texts).to_numpy(zero_copy_only=False)


def _are_barcodes(cells: Cells, length: int) -> bool:
    """Return whether the last digit checks the others in every cell, as of EAN, UPC and ISBN-13."""
    if length not in _BARCODE or len(cells.counts) < 3:
        return False
    texts = cells.sample().texts.to_pylist()
    digits = np.array([[int(digit) for digit in text] for text in texts])
    weights = np.where(np.arange(length)[::-1] % 2 == 0, 1, 3)
    return bool((digits @ weights % 10 == 0).all())
