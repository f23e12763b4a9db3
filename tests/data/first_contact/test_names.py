"""Columns of names and codes as people write them, and what the user says of them."""

import numpy as np
import pytest

from narrows.data import read
from narrows.errors import DataError
from tests.data.first_contact.tables import PRICE, SIZE, WEIGHT, N, cells, column, kinds, table

R = np.random.default_rng(1)


def test_namibia_and_other_names_are_no_gaps(put):
    countries = np.array(["DE", "FR", "NA", "NL", "US"])[R.integers(0, 5, N)]
    languages = np.array(["hun", "nan", "deu", "eng"])[R.integers(0, 4, N)]
    rows = read(put(table(weight=WEIGHT, country=countries, language=languages)))
    assert column(rows, "country").tolist() == countries.tolist()
    assert column(rows, "language").tolist() == languages.tolist()


@pytest.mark.parametrize(
    "codes",
    [
        ["01067", "10115", "20095", "04109", "80331"],
        ["0010", "0020", "1500", "0700"],
        ["007", "012", "100"],
    ],
)
def test_codes_with_leading_zeros_keep_them(put, codes):
    chosen = np.array(codes)[R.integers(0, len(codes), N)]
    rows = read(put(table(weight=WEIGHT, zip=chosen)))
    assert column(rows, "zip").tolist() == chosen.tolist()
    assert kinds(rows)["zip"] == "category"


def test_postcodes_without_leading_zeros_are_names_too(put):
    chosen = np.array(["10115", "20095", "80331", "50667"])[R.integers(0, 4, N)]
    rows = read(put(table(weight=WEIGHT, postcode=chosen)))
    assert kinds(rows)["postcode"] == "category"


def test_few_years_are_names_and_a_span_of_years_is_a_number(put):
    few = np.array([2007, 2008, 2009])[R.integers(0, 3, N)]
    many = R.integers(1850, 2024, N)
    rows = read(put(table(weight=WEIGHT, year=few, built=many)))
    assert kinds(rows)["year"] == "category"
    assert kinds(rows)["built"] == "numeric"


def test_ratings_and_plain_counts_stay_numbers(put):
    rows = read(put(table(weight=WEIGHT, stars=R.integers(1, 6, N), doors=R.choice([2, 4, 5], N), n=R.poisson(3, N))))
    assert {kinds(rows)[name] for name in ("stars", "doors", "n")} == {"numeric"}


def test_the_user_has_the_last_word(put):
    codes = R.integers(1, 6, N)
    path = put(table(weight=WEIGHT, station=codes, price=cells(PRICE, str, gaps=True, marker="x1")))
    assert kinds(read(path, types={"station": "category"}))["station"] == "category"
    assert kinds(read(path, na_values=["x1"]))["price"] == "numeric"
    rows = read(put(table(weight=WEIGHT, size=cells(SIZE, str, gaps=True, marker="?"))), keep_na=True)
    assert (column(rows, "size") == "?").sum() == 34
    with pytest.raises(DataError, match="no column 'nope'"):
        read(path, types={"nope": "number"})
