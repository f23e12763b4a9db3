"""Formats that are given or those of a model, and what is said of them."""

from datetime import date

import numpy as np
import pytest

from narrows.data.text import (
    ColumnFormat,
    count_missing,
    format_sentence,
    looks_decimal,
    must_be_text,
)
from narrows.errors import DataError, SettingError
from tests.data.text.columns import PRICES, column, read, read_as


def test_a_type_that_the_user_names_is_taken():
    assert read_as(PRICES, read_as="category") == "category"
    _, parsed = read(["12", "abc", "?", "13", "dear", "cheap"], read_as="number")
    np.testing.assert_array_equal(parsed.values, [12, np.nan, np.nan, 13, np.nan, np.nan])
    assert parsed.invalid == {1: "abc", 4: "dear", 5: "cheap"}
    assert read(["01067", "10115"], "zip", read_as="number")[1].values.tolist() == [1067, 10115]
    assert read_as(["20241231"] * 3, "x", read_as="date") == "date"


def test_a_type_that_no_cell_has_is_an_error_that_shows_one():
    with pytest.raises(DataError, match="'size' cannot be read as number, because no cell is one, such as 'M'"):
        read(["M", "L"], "size", read_as="number")
    with pytest.raises(SettingError, match="'money' is not a column type"):
        read(["1"], read_as="money")


def test_the_reading_of_a_model_is_kept_with_the_gaps_of_the_new_file():
    model = read(["1.234,50", "7,25"] * 9)[0]
    column_format, parsed = read(["1.500", "7", "?"], like=model)
    assert (column_format.decimal, column_format.thousands) == (",", ".")
    np.testing.assert_array_equal(parsed.values, [1500, 7, np.nan])
    day_first = read(["27/04/2024", "05/02/2024"])[0]
    assert read(["01/02/2024"], like=day_first)[1].values[0].item() == date(2024, 2, 1)


def test_a_file_of_another_country_is_read_anew_as_the_same_kind():
    model = read(["1.234,50", "7,25"] * 9)[0]
    _, parsed = read(["1,234.50", "7.25", "12.5"] * 9, like=model)
    assert parsed.values[:3].tolist() == [1234.5, 7.25, 12.5]
    assert read(["12", "13"], "zip", like=read(["01067"] * 5, "zip")[0])[1].values.tolist() == ["12", "13"]


def test_an_invalid_cell_of_a_new_file_stays_invalid():
    model = read(PRICES)[0]
    assert read([*PRICES[:18], "n.k.a", *PRICES[:3]], like=model)[1].invalid == {18: "n.k.a"}


def test_a_level_that_looks_like_a_gap_stays_a_level_in_new_files():
    model = read(["DE", "FR", "US", "NA"] * 9)[0]
    assert read(["NA"], like=model)[1].values.tolist() == ["NA"]
    colours = read(["red", "blue", "NA"] * 9)[0]
    assert read(["NA", "red"], like=colours)[1].values.tolist() == [None, "red"]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (
            ["1.211,41", "3,50", "-"] * 3,
            "price: number, decimal comma, thousands mark '.'; 3 missing values written '-'",
        ),
        (["$5", "$7", ""] * 3, "price: whole number, with '$'; 3 empty cells"),
        (["27.04.2024", "05.02.2024"] * 3, "price: date, day.month.year"),
        (["2024-04-27T10:00:00Z"] * 3, "price: date, year-month-day hour:minute:second offset, in UTC"),
        (["M", "L"] * 3, "price: category"),
        (["True", "False"] * 3, "price: True or False"),
        (["13:45"] * 3, "price: time of day, hour:minute"),
    ],
)
def test_a_sentence_tells_what_a_column_is(texts, sentence):
    column_format, parsed = read(texts)
    assert (
        format_sentence(
            column_format, "price", missing_counts=count_missing(column_format, column(texts)), invalid=parsed.invalid
        )
        == sentence
    )


def test_a_sentence_tells_invalid_cells_and_doubts():
    column_format, parsed = read([*PRICES, "TOTAL"])
    assert (
        format_sentence(column_format, "price", n_missing=2, invalid=parsed.invalid)
        == "price: number; 2 missing values; 1 invalid cell: 'TOTAL'"
    )
    column_format = read(["01/02/2024", "03/04/2023", "02/01/2024"])[0]
    assert format_sentence(column_format, "when").endswith("which its cells do not tell apart: read as month/day/year")


def test_a_reading_goes_through_json():
    for texts in (["1.211,41 €", "3,50 €", "?"], ["NA", "DE", "FR"], ["13:45", "9:05"], ["01/02/2024", "03/04/2023"]):
        column_format = read(texts * 9)[0]
        assert ColumnFormat.restore(column_format.describe()) == column_format
    with pytest.raises(ValueError, match="not a way of reading"):
        ColumnFormat.restore({"read_as": "guess"})


@pytest.mark.parametrize(
    "cells",
    [
        *(["01067", "10115"], ["123", "456"], ["2020", "2021"], ["1.234", "12.500"], ["1,234"], ["5", "?"], ["13:45"]),
        *(
            ["1E5", "2A4"],
            ["1E5"],
            ["0x1F"],
            ["+5"],
            ["inf"],
            [" 5"],
            ["31.12.2024"],
            ["2024-01-01T00:00:00Z"],
            ["12%"],
        ),
        *(["12345678901234567890"], ["NA", "DE"], ["true", "maybe"]),
    ],
)
def test_what_arrow_could_misread_is_looked_at(cells):
    assert must_be_text(cells, "x")


@pytest.mark.parametrize(
    "cells",
    [
        *(["5", "12"], ["0", "0.5"], ["-1.5", "NA", ""], ["1.2345", "12.5"], ["1e-5", "2.5"], ["true", "False"], [""]),
        *(["2024-01-01"], ["2024-01-01 10:00:00.123"], ["1.234", "0.234"], ["-5", "100"]),
    ],
)
def test_what_means_one_thing_is_left_to_arrow(cells):
    assert not must_be_text(cells, "x")


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,5", "2,25", ""], ","),
        (["1.5", "2.25"], "."),
        (["1.234,5", "12,00 €"], ","),
        (["$1,234.50", "3.20"], "."),
        (["1.234", "5.678"], None),
        (["1", "2"], None),
        (["31.12.2024", "01.02.2023"], None),
        (["red", "blue"], None),
    ],
)
def test_the_decimal_mark_of_a_file(cells, mark):
    assert looks_decimal(cells) == mark
