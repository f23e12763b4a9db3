"""The whole numbers that are read as names."""

from __future__ import annotations

import numpy as np
import pytest

from narrows.data.schema.identifier_columns import are_identifiers_by_name

R = np.random.default_rng(0)
CODES = R.choice([10115, 20095, 1067, 80331], 200)
YEARS = R.choice([2007, 2008, 2009], 200)


@pytest.mark.parametrize("name", ["zip", "ZIP code", "ship_zip", "zipCode", "postcode", "plz", "PLZ", "postal_code"])
def test_postcodes_are_names(name):
    assert are_identifiers_by_name(name, CODES)
    assert are_identifiers_by_name(name, np.where(CODES == 1067, np.nan, CODES))


@pytest.mark.parametrize(
    "name", ["station", "station_id", "StationID", "Station No", "sector", "branch code", "storeId"]
)
def test_numbers_of_places_and_codes_are_names(name):
    assert are_identifiers_by_name(name, R.integers(1, 30, 400))


@pytest.mark.parametrize("name", ["year", "Year", "model_year", "Baujahr Jahr", "year built"])
def test_a_few_years_are_names_and_a_long_span_is_a_number(name):
    assert are_identifiers_by_name(name, YEARS)
    assert not are_identifiers_by_name(name, R.integers(1850, 2000, 2000))
    assert not are_identifiers_by_name(name, R.integers(0, 9, 200))  # years that somebody has been there


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("price", CODES),
        ("month", R.integers(1, 13, 500)),
        ("weekday", R.integers(0, 7, 500)),
        ("n_stations", R.integers(1, 9, 500)),
        ("station distance", R.integers(1, 9, 500)),
        ("number of zip codes", CODES),
        ("zip", R.integers(10_000, 99_999, 500)),  # too many to be learned as names
        ("zip", R.integers(1, 9, 500)),  # no postcode is that small
        ("station", R.integers(1, 9, 500) + 0.5),
        ("station", R.integers(-9, 19, 500)),
        ("code", R.integers(0, 4, 500)),  # may be steps of a scale
        ("year", R.choice([2001, 3001], 500)),
        ("code", np.arange(20).repeat(2)),  # hardly any comes again
        ("code", np.array(["a", "b"] * 50, dtype=object)),
        ("code", np.full(50, np.nan)),
        ("", CODES),
    ],
)
def test_all_other_numbers_are_numbers(name, values):
    assert not are_identifiers_by_name(name, values)
