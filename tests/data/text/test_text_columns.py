"""What a careful person would say that a column of text is."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from narrows.data.text import (
    ColumnFormat,
    count_missing,
    format_notes,
    format_sentence,
    format_values,
    infer_format,
    looks_decimal,
    must_be_text,
    parse_column,
    suspected_sentinel,
)
from narrows.errors import DataError, SettingError

PRICES = [f"{1.5 + 37.41 * i:.2f}" for i in range(60)]
DAYS = [date(2023, 1, 5) + timedelta(days=17 * i) for i in range(40)]


def column(texts):
    return pa.array(texts, pa.string())


def read(texts, name="x", **known):
    column_format = infer_format(column(texts), name, **known)
    return column_format, parse_column(column_format, column(texts))


def read_as(texts, name="x", **known):
    return read(texts, name, **known)[0].read_as


# -- gaps


@pytest.mark.parametrize(
    "gap", ["?", " ", "-", "—", "..", "missing", "n/a", "k.A.", "NULL", "#DIV/0!", "\\N", "nd", "*"]
)
@pytest.mark.parametrize("texts", [PRICES, [str(day) for day in DAYS], ["true", "false"] * 20], ids=["n", "d", "t"])
def test_a_marker_among_numbers_dates_and_truth_values_is_a_gap(texts, gap):
    column_format, parsed = read([*texts, gap])
    assert column_format.read_as != "category"
    assert not parsed.strange
    assert np.isnat(parsed.values[-1]) if column_format.read_as == "date" else np.isnan(parsed.values[-1])
    assert count_missing(column_format, column([*texts, gap])) == {gap.strip(): 1}


def test_a_word_that_comes_again_and_again_among_numbers_is_a_gap_with_a_note():
    column_format, parsed = read([*PRICES, *["sold out"] * 8])
    assert column_format.na_values == ("sold out",)
    assert not parsed.strange
    assert format_notes(column_format, "price") == [
        "Column 'price' holds 'sold out' in 8 cells, taken for missing values; if that is wrong, say "
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
    assert read([*PRICES, "?"], keep_na=True)[1].strange == {60: "?"}


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


# -- numbers


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


# -- names


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["01067", "10115", "20095"], "x"),
        (["10115", "20095"], "zip"),
        (["75001", "13002"], "code_postal"),
        (["101", "205"], "StationId"),
        (["4006381333931", "9780306406157", "4012345678901"], "x"),
        (["2007", "2008", "2009"], "model_year"),
        (["2007", "2008", "2009"], "x"),
        (["1E5", "2E7"], "wing"),
        (["123456789012345678901", "23"], "x"),
        (["+49301234567", "+49309876543"], "phone"),
    ],
)
def test_numbers_that_are_names_are_text(texts, name):
    column_format, parsed = read(texts * 20, name)
    assert column_format.read_as == "category"
    assert parsed.values.tolist() == texts * 20


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        ([str(1860 + i) for i in range(120)], "year"),
        (["1", "2", "3", "4", "5"] * 9, "rating"),
        (["250", "300", "999"] * 9, "weight"),
        (["0", "0.5", "10"] * 9, "zip"),
        (["00.50", "12.25"] * 9, "x"),
    ],
)
def test_quantities_stay_numbers(texts, name):
    assert read_as(texts, name) == "number"


def test_a_gap_and_a_stray_in_a_column_of_names():
    _, parsed = read([*["01067", "10115"] * 9, "?", "abroad"], "zip")
    assert parsed.values.tolist()[-2:] == [None, "abroad"]


# -- dates


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %b %Y", "%b %d, %Y"),
        *("%B %d %Y", "%d-%b-%y", "%d %B %Y", "%A, %d %B %Y", "%Y%m%d", "%Y.%m.%d", "%G-W%V-%u", "%d. %b. %Y"),
    ],
)
def test_days_as_people_write_them(form):
    texts = [day.strftime(form) for day in DAYS]
    column_format, parsed = read(texts, "when")
    assert parsed.values.dtype == "datetime64[D]"
    assert parsed.values.tolist() == DAYS
    assert parsed.type.name == "Date"
    assert not column_format.doubts


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["2024-W05", "2024-W52"], date(2024, 1, 29)),
        (["2020W53", "2024W01"], date(2020, 12, 28)),
        (["2024-03", "2023-12"], date(2024, 3, 1)),
        (["Mar 2024", "Dec 2023"], date(2024, 3, 1)),
        (["03/2024", "12/2023"], date(2024, 3, 1)),
        (["2024Q3", "2023Q1"], date(2024, 7, 1)),
        (["2024-Q3", "2023-Q1"], date(2024, 7, 1)),
        (["Q3 2024", "Q1 2023"], date(2024, 7, 1)),
        (["5. März 2024", "31. Dezember 2023"], date(2024, 3, 5)),
        (["5 mars 2024", "31 décembre 2023"], date(2024, 3, 5)),
        (["3 de enero de 2024", "31 de diciembre de 2023"], date(2024, 1, 3)),
        (["31-DEC-24", "01-FEB-23"], date(2024, 12, 31)),
        (["1/5/2024", "12/31/2023"], date(2024, 1, 5)),
    ],
)
def test_weeks_months_quarters_and_names_of_months(texts, first):
    column_format, parsed = read(texts * 9)
    assert parsed.values[0].item() == first
    assert format_values(column_format, parsed.values) == texts * 9


@pytest.mark.parametrize("texts", [["2024-02-30", "2023-01-01"], ["2023-W53", "2024-W01"], ["2024Q5", "2024Q1"]])
def test_days_that_do_not_exist_are_strange(texts):
    assert read([*[texts[1]] * 30, texts[0]])[1].strange == {30: texts[0]}


def test_offsets_are_read_as_utc():
    parsed = read(["2024-03-01T12:00:00+02:00", "2024-03-01T12:00:00Z"] * 9)[1]
    assert parsed.values[:2].tolist() == [datetime(2024, 3, 1, 10), datetime(2024, 3, 1, 12)]
    assert (parsed.type.name, parsed.type.zone) == ("Datetime", "UTC")


def test_one_offset_is_written_again():
    texts = ["2024-03-01 12:00:00-05:00", "2024-12-31 23:30:00-05:00"]
    column_format, parsed = read(texts)
    assert parsed.values[1].item() == datetime(2025, 1, 1, 4, 30)
    assert format_values(column_format, parsed.values) == texts


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["13:45", "09:05"], 49500),
        (["13:45:30", "09:05:00"], 49530),
        (["1:45 PM", "12:05 AM"], 49500),
        (["13h45", "9h05"], 49500),
    ],
)
def test_times_of_day_are_seconds_since_midnight(texts, seconds):
    column_format, parsed = read(texts * 9)
    assert (parsed.type.name, parsed.type.unit) == ("Time", "s")
    assert parsed.values[0] == seconds
    assert format_values(column_format, parsed.values) == texts * 9


def test_day_and_month_are_told_apart_by_the_column():
    assert read(["05/02/2024", "27/04/2024"])[1].values[0].item() == date(2024, 2, 5)
    assert read(["05/02/2024", "04/27/2024"])[1].values[0].item() == date(2024, 5, 2)
    firsts = [f"01/{month:02}/2024" for month in (3, 1, 7, 12, 5)]
    assert read(firsts)[1].values[0].item() == date(2024, 3, 1)
    in_order = [(date(2024, 1, 3) + timedelta(days=i)).strftime("%d/%m/%Y") for i in (0, 2, 6, 31, 32, 61, 92)]
    assert read(in_order)[1].values[1].item() == date(2024, 1, 5)


@pytest.mark.parametrize(
    ("hint", "expected", "other"),
    [(",", (2, 1), "month-first"), (".", (1, 2), "day-first"), (None, (1, 2), "day-first")],
)
def test_day_and_month_that_cannot_be_told_apart_go_by_the_file_with_a_note(hint, expected, other):
    texts = ["01/02/2024", "03/04/2023", "02/01/2024"] * 9
    column_format, parsed = read(texts, "when", decimal=hint)
    first = parsed.values[0].item()
    assert (first.month, first.day) == expected
    assert f"--types when={other}" in format_notes(column_format, "when")[0]
    turned = read(texts, "when", decimal=hint, read_as=other)
    assert turned[1].values[0].item() == date(2024, *reversed(expected))
    assert not turned[0].doubts


def test_points_between_day_and_month_are_day_first_without_a_note():
    column_format, parsed = read(["01.02.2024", "03.04.2023", "02.01.2024"] * 9)
    assert parsed.values[0].item() == date(2024, 2, 1)
    assert not column_format.doubts


def test_eight_digits_are_dates_only_where_all_are_or_the_name_says_so():
    assert read_as(["20241231", "20240105"] * 9, "date") == "date"
    assert read_as([day.strftime("%Y%m%d") for day in DAYS], "x") == "date"
    assert read_as(["20241231", "20249905", "12345678"] * 9, "amount") == "number"
    assert read_as([str(200_001 + 7 * i) for i in range(50)], "amount") == "number"


# -- truth values, strays, text


def test_truth_values_are_the_words_true_and_false_alone():
    assert read(["TRUE", "False", "true"] * 3)[1].values.dtype == bool
    assert read_as(["yes", "no"] * 9) == "category"
    column_format, parsed = read(["ja", "nein", ""] * 9, read_as="boolean")
    np.testing.assert_array_equal(parsed.values[:3], [1, 0, np.nan])
    assert format_values(column_format, parsed.values)[:3] == ["ja", "nein", None]


@pytest.mark.parametrize(
    ("texts", "stray"),
    [
        (PRICES, "TOTAL"),
        ([str(day) for day in DAYS], "soon"),
        (["true", "false"] * 20, "maybe"),
        (["13:45", "9:05"] * 20, "noon"),
    ],
)
def test_one_stray_cell_is_strange_and_a_gap(texts, stray):
    column_format, parsed = read([*texts[:5], stray, *texts[5:]])
    assert column_format.read_as != "category"
    assert parsed.strange == {5: stray}
    assert column_format.stray == stray


def test_too_many_strays_make_a_text_that_names_the_first():
    column_format, _ = read([*PRICES[:40], *(f"see note {'abcdefghijklmnop'[i]}" for i in range(16))])
    assert column_format.read_as == "category"
    told = format_notes(column_format, "price", source="sales.csv", row="row 41 (counting from 1, without any header)")[
        0
    ]
    assert told.startswith("Column 'price' of sales.csv holds 'see note a' in row 41 (counting from 1")
    assert "--types price=number" in told


def test_equal_texts_are_one_object():
    values = read(["red", "blue"] * 9)[1].values
    assert len({id(value) for value in values}) == 2


def test_spaces_around_text_are_kept():
    assert read([" red", "blue "] * 9)[1].values.tolist()[:2] == [" red", "blue "]


def test_a_rare_style_far_down_a_long_column_is_seen():
    n = 300_000
    texts = [f"{1 + i % 9}/{1 + i % 12}/{1900 + i % 100}" for i in range(n)]
    texts[123_457] = "25/12/1999"
    column_format, parsed = read(texts)
    assert not parsed.strange
    assert parsed.values[123_457].item() == date(1999, 12, 25)
    distinct = [f"{i // 1000},{i % 1000:03}" for i in range(1000, n)]
    distinct[77_777] = "12,5"
    column_format, parsed = read(distinct)
    assert column_format.decimal == ","
    assert parsed.values[77_777] == 12.5


# -- forced, and like a model's


def test_a_type_that_the_user_names_is_taken():
    assert read_as(PRICES, read_as="category") == "category"
    _, parsed = read(["12", "abc", "?", "13", "dear", "cheap"], read_as="number")
    np.testing.assert_array_equal(parsed.values, [12, np.nan, np.nan, 13, np.nan, np.nan])
    assert parsed.strange == {1: "abc", 4: "dear", 5: "cheap"}
    assert read(["01067", "10115"], "zip", read_as="number")[1].values.tolist() == [1067, 10115]
    assert read_as(["20241231"] * 3, "x", read_as="date") == "date"


def test_a_type_that_no_cell_has_is_an_error_that_shows_one():
    with pytest.raises(DataError, match="'size' cannot be read as number, because no cell is one, such as 'M'"):
        read(["M", "L"], "size", read_as="number")
    with pytest.raises(SettingError, match="'money' is no type"):
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


def test_a_strange_cell_of_a_new_file_stays_strange():
    model = read(PRICES)[0]
    assert read([*PRICES[:18], "n.k.a", *PRICES[:3]], like=model)[1].strange == {18: "n.k.a"}


def test_a_level_that_looks_like_a_gap_stays_a_level_in_new_files():
    model = read(["DE", "FR", "US", "NA"] * 9)[0]
    assert read(["NA"], like=model)[1].values.tolist() == ["NA"]
    colours = read(["red", "blue", "NA"] * 9)[0]
    assert read(["NA", "red"], like=colours)[1].values.tolist() == [None, "red"]


# -- told


@pytest.mark.parametrize(
    ("texts", "told"),
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
def test_a_sentence_tells_what_a_column_is(texts, told):
    column_format, parsed = read(texts)
    assert (
        format_sentence(
            column_format, "price", missing_counts=count_missing(column_format, column(texts)), strange=parsed.strange
        )
        == told
    )


def test_a_sentence_tells_strange_cells_and_doubts():
    column_format, parsed = read([*PRICES, "TOTAL"])
    assert (
        format_sentence(column_format, "price", n_missing=2, strange=parsed.strange)
        == "price: number; 2 missing values; 1 strange cell: 'TOTAL'"
    )
    column_format = read(["01/02/2024", "03/04/2023", "02/01/2024"])[0]
    assert format_sentence(column_format, "when").endswith("which its cells do not tell apart: read as month/day/year")


def test_a_reading_goes_through_json():
    for texts in (["1.211,41 €", "3,50 €", "?"], ["NA", "DE", "FR"], ["13:45", "9:05"], ["01/02/2024", "03/04/2023"]):
        column_format = read(texts * 9)[0]
        assert ColumnFormat.restore(column_format.describe()) == column_format
    with pytest.raises(ValueError, match="no way of reading"):
        ColumnFormat.restore({"read_as": "guess"})


# -- before the columns are read


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
