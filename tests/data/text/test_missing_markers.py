"""Which texts say that a cell is empty."""

import numpy as np
import pytest

from narrows.data.text import (
    count_missing,
    format_notes,
    suspected_sentinel,
)
from tests.data.text.columns import DAYS, PRICES, column, read, read_as


@pytest.mark.parametrize(
    "gap", ["?", " ", "-", "—", "..", "missing", "n/a", "k.A.", "NULL", "#DIV/0!", "\\N", "nd", "*"]
)
@pytest.mark.parametrize("texts", [PRICES, [str(day) for day in DAYS], ["true", "false"] * 20], ids=["n", "d", "t"])
def test_a_marker_among_numbers_dates_and_truth_values_is_a_gap(texts, gap):
    column_format, parsed = read([*texts, gap])
    assert column_format.read_as != "category"
    assert not parsed.invalid
    assert np.isnat(parsed.values[-1]) if column_format.read_as == "date" else np.isnan(parsed.values[-1])
    assert count_missing(column_format, column([*texts, gap])) == {gap.strip(): 1}


def test_a_word_that_comes_again_and_again_among_numbers_is_a_gap_with_a_note():
    column_format, parsed = read([*PRICES, *["sold out"] * 8])
    assert column_format.na_values == ("sold out",)
    assert not parsed.invalid
    assert format_notes(column_format, "price") == [
        "Column 'price' holds 'sold out' in 8 cells, read as missing values; if that is wrong, set "
        "--types price=category (in Python: types={'price': 'category'})."
    ]


def test_a_word_among_few_levels_is_a_level():
    assert read_as([*["4", "6", "8"] * 10, *["rotary"] * 5]) == "category"
    assert read_as([*["0", "1", "2"] * 10, *["unknown"] * 5]) == "number"


@pytest.mark.parametrize("others", [["DE", "FR", "US", "GB"], ["AF", "EU", "SA", "OC"], ["EMEA", "APAC", "EU"]])
def test_na_among_codes_is_kept_and_told(others):
    column_format, parsed = read([*others, "NA"] * 9, "region")
    assert parsed.values[len(others)] == "NA"
    assert column_format.kept == ("NA",)
    assert "holds 'NA' in 9 cells, kept as text" in format_notes(column_format, "region")[0]
    assert "--na-values NA" in format_notes(column_format, "region")[0]


@pytest.mark.parametrize(
    "others", [["red", "blue"], ["yes", "no"], ["Y", "N"], ["M", "F"], ["A-1", "B-2"], ["01067", "1011"]]
)
def test_na_among_other_words_is_a_gap(others):
    assert read([*others, "NA"] * 9)[1].values.tolist() == [*others, None] * 9


@pytest.mark.parametrize("word", ["nan", "none", "None", "null", "missing", "unknown", "Null"])
def test_an_ordinary_word_among_words_is_kept(word):
    assert read(["en", "de", word] * 9)[1].values[2] == word


@pytest.mark.parametrize("marker", ["?", "-", "--", "n/a", "N/A", "#N/A", "NULL", "NaN", "", "  "])
def test_an_unmistakable_marker_among_words_is_a_gap(marker):
    assert read(["small", "large", marker] * 9)[1].values[2] is None


def test_signs_and_surnames_in_capitals_keep_what_looks_like_them():
    assert read(["+", "-", "+-"] * 9)[1].values.tolist()[:3] == ["+", "-", "+-"]
    assert read(["SMITH", "JONES", "BROWN", "KHAN", "WONG", "NULL"] * 9)[1].values[5] == "NULL"


def test_keep_na_leaves_only_empty_cells_as_gaps():
    assert read(["red", "NA", "?", ""] * 9, keep_na=True)[1].values.tolist()[:4] == ["red", "NA", "?", None]
    assert read([*PRICES, "?"], keep_na=True)[1].invalid == {60: "?"}


def test_given_markers_count_in_every_column():
    assert read(["red", "none"] * 9, na_values=["none"])[1].values.tolist()[:2] == ["red", None]
    values = read([*PRICES, "-99", "-99.0"], na_values=["-99"])[1].values
    assert np.isnan(values[-2:]).all()


def test_a_number_far_outside_the_rest_is_told_but_kept():
    column_format, parsed = read([*(str(n) for n in range(60)), *["-999"] * 4])
    assert parsed.values.min() == -999
    assert "--na-values -999" in format_notes(column_format, "x")[0]
    assert suspected_sentinel(np.array([*range(60), 99999, 99999, 99999.0])) == 99999
    assert suspected_sentinel(np.array([*range(-1200, 0, 10), -999, -999, -999.0])) is None
    assert suspected_sentinel(np.array([*range(60), -999.0])) is None


def test_a_column_of_gaps_is_empty():
    column_format, parsed = read(["", " ", "NA", "?"])
    assert column_format.read_as == "empty"
    assert parsed.values.tolist() == [None] * 4
    assert read_as([]) == "empty"
