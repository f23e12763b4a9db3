"""What a careful person would say that a column of dates is."""

from datetime import date, datetime, timedelta

import pytest

from narrows.data.text import (
    format_notes,
    format_values,
)
from tests.data.text.columns import DAYS, read, read_as


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
def test_days_that_do_not_exist_are_invalid(texts):
    assert read([*[texts[1]] * 30, texts[0]])[1].invalid == {30: texts[0]}


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
