"""What a careful person would say that a column of numbers is."""

import numpy as np
import pytest

from narrows.data.text import (
    format_notes,
    format_values,
)
from tests.data.text.columns import read, read_as


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1.211,41", "3,5", "12.345.678,0"], [1211.41, 3.5, 12345678]),
        (["1,211.41", "3.5", "12,345,678.0"], [1211.41, 3.5, 12345678]),
        (["1 211,5", "3,5", "12\u00a0345"], [1211.5, 3.5, 12345]),
        (["1'211.41", "3.5", "12’345"], [1211.41, 3.5, 12345]),
        (["1,23,456.78", "12,345.6", "7.5"], [123456.78, 12345.6, 7.5]),
        (["$1,200", "-$5", "$7.50"], [1200, -5, 7.5]),
        (["1.200,50 €", "5,00 €", "-7,25 €"], [1200.5, 5, -7.25]),
        (["R$ 12,50", "R$ 7,00", "R$ 1.250,00"], [12.5, 7, 1250]),
        (["CHF 12.50", "CHF 7.00", "CHF 1'250.00"], [12.5, 7, 1250]),
        (["5 %", "12.5 %", "100 %"], [5, 12.5, 100]),
        (["50%", "100%", "0"], [50, 100, 0]),
        (["12 kg", "3.5 kg", "7 KG"], [12, 3.5, 7]),
        (["1 day", "3 days", "12 days"], [1, 3, 12]),
        (["+5", "-3", "+2.5"], [5, -3, 2.5]),
        (["(1,234.50)", "12.00", "(3.00)"], [-1234.5, 12, -3]),
        (["12-", "7", "5-"], [-12, 7, -5]),
        (["−1.5", "2.5", "−3.0"], [-1.5, 2.5, -3]),
        (["1.5e-3", "2E4", "7"], [1.5e-3, 2e4, 7]),
        ([".5", "-.25", " 1.5 "], [0.5, -0.25, 1.5]),
    ],
)
def test_numbers_as_people_write_them(texts, values):
    column_format, parsed = read(texts * 3)
    assert column_format.read_as == "number"
    np.testing.assert_array_equal(parsed.values, values * 3)


@pytest.mark.parametrize(
    ("texts", "hint", "first"),
    [
        (["1.234", "987", "12.500", "3.100", "7.001", "9.999"], None, 1234),
        (["1.234", "12.500"], ",", 1234),
        (["1.234", "12.500"], ".", 1.234),
        (["1.234", "0.987"], ",", 1.234),
        (["1.234", "5.5"], ",", 1.234),
        (["1.234", "1.234.567"], None, 1234),
        (["1,234", "12,500"], None, 1234),
        (["1,234", "12,500"], ",", 1.234),
        (["1,234", "0,5"], None, 1.234),
        (["1.234", "5678"], ",", 1.234),
        (["1.234e-3", "5.678e-7"], ",", 1.234e-3),
    ],
)
def test_a_point_is_a_decimal_or_a_thousand_by_the_column_then_by_the_file(texts, hint, first):
    assert read(texts * 5, decimal=hint)[1].values[0] == first


def test_what_cannot_be_told_is_noted_with_the_option_that_decides():
    column_format, parsed = read(["1.234", "12.500"] * 5)
    assert parsed.values[0] == 1.234
    assert "--types x=decimal-comma" in format_notes(column_format, "x")[0]
    assert read(["1.234", "12.500"] * 5, read_as="decimal-comma")[1].values[0] == 1234
    assert read(["1,234", "12,500"] * 5, read_as="decimal-comma")[1].values[0] == 1.234


@pytest.mark.parametrize(
    "texts", [["12 kg", "300 g"], ["$5", "7 €"], ["1.2.3", "1.2.4"], ["2A4", "1E5"], ["3-5", "6-9"]]
)
def test_what_is_no_single_quantity_is_text(texts):
    assert read_as(texts * 9) == "category"


def test_several_units_are_told():
    column_format = read(["12 kg", "300 g"] * 9)[0]
    assert "several units ('kg', 'g')" in format_notes(column_format, "weight")[0]


def test_whole_numbers_are_int64_and_with_gaps_floats_of_the_same_type():
    parsed = read(["1,200", "15", "7"] * 3)[1]
    assert (parsed.values.dtype, parsed.type.name) == (np.int64, "Int64")
    parsed = read(["1,200", "15", ""] * 3)[1]
    assert (parsed.values.dtype, parsed.type.name) == (np.float64, "Int64")
    assert read(["9007199254740993", "1"])[1].values[0] == 2**53 + 1


def test_money_is_written_with_two_places_whatever_the_value():
    column_format, _ = read(["1.211,40 €", "3,50 €"] * 9)
    assert format_values(column_format, np.array([2.5, -1234.567, np.nan, 0.001])) == [
        "2,50 €",
        "-1.234,57 €",
        None,
        "0,00 €",
    ]
    assert format_values(read(["1.5", "2.25", "3"] * 5)[0], np.array([1 / 3, 2.0])) == ["0.33", "2"]
