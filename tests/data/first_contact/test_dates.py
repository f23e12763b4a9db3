"""Columns of dates and times as people write them."""

import datetime as dt

import numpy as np
import pytest

from narrows.data import read
from tests.data.first_contact.tables import DAYS, SIZE, WEIGHT, N, Z, cells, column, kinds, table

R = np.random.default_rng(1)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d-%m-%Y",
        "%Y/%m/%d",
        "%d.%m.%y",
        "%d %b %Y",
        "%d %B %Y",
        '"%b %d, %Y"',
        '"%B %d, %Y"',
        "%d-%b-%Y",
        "%d-%b-%y",
        "%Y%m%d",
        "%Y.%m.%d",
    ],
)
@pytest.mark.parametrize("gaps", [False, True])
def test_dates_are_read_in_every_usual_style(put, form, gaps):
    texts = cells(DAYS, lambda day: day.strftime(form), gaps)
    rows = read(put(table(weight=WEIGHT, when=texts, size=SIZE)))
    assert kinds(rows)["when"] == "date", rows.notes
    found = column(rows, "when").astype("datetime64[D]").tolist()
    assert found == [None if gaps and i % 9 == 0 else day for i, day in enumerate(DAYS)]


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p"]
)
def test_moments_are_read_in_every_usual_style(put, form):
    moments = [dt.datetime(2024, 5, 1) + dt.timedelta(minutes=int(z * 20_000)) for z in Z]
    rows = read(put(table(weight=WEIGHT, when=[m.strftime(form) for m in moments])))
    assert kinds(rows)["when"] == "date"
    assert column(rows, "when").astype("datetime64[s]").tolist() == moments


def test_offsets_from_utc_are_read(put):
    moments = [dt.datetime(2024, 5, 1) + dt.timedelta(minutes=int(z * 20_000)) for z in Z]
    texts = [
        (m + dt.timedelta(hours=2)).isoformat() + "+02:00" if i % 2 else m.isoformat() + "Z"
        for i, m in enumerate(moments)
    ]
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert column(rows, "when").astype("datetime64[s]").tolist() == moments


def test_weeks_and_times_of_day_are_read(put):
    weeks = [f"{d.isocalendar().year}-W{d.isocalendar().week:02d}" for d in DAYS]
    times = [f"{8 + i % 12:02d}:{(i * 7) % 60:02d}" for i in range(N)]
    rows = read(put(table(weight=WEIGHT, week=weeks, time=times)))
    words = kinds(rows)
    assert words["week"] == "date"
    assert words["time"] == "numeric"
    assert column(rows, "time")[1] == 9 * 3600 + 7 * 60


def test_dates_that_could_be_read_two_ways_are_said_to_be_so(put):
    texts = [f"{a:02d}/{b:02d}/2024" for a, b in R.integers(1, 13, (N, 2))]
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert any("'when'" in note and "month" in note for note in rows.notes)


def test_one_invalid_date_is_named(put):
    texts = [day.isoformat() for day in DAYS]
    texts[17] = "soon"
    rows = read(put(table(weight=WEIGHT, when=texts)))
    assert kinds(rows)["when"] == "date"
    assert any("'soon'" in note and "row 18" in note for note in rows.notes)
