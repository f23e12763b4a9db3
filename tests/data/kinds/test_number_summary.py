"""How many decimals numbers have, whether they are ratings, and whether one value is a thing of its own."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from pyarrow import csv as arrow_csv

from narrows.data.kinds.number_summary import FREE, decimals_of, heap, is_apart, levels_of, rounded

R = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decimals", range(7))
def test_decimals_are_the_most_that_any_value_has(decimals, dtype):
    unit = 10**decimals
    values = (R.integers(-9 * unit, 9 * unit, 500) / unit).astype(dtype)
    values[:2] = [1 / unit, 1]
    assert decimals_of(values) == decimals


@settings(max_examples=200, deadline=None)
@given(st.lists(st.decimals(-(10**6), 10**6, places=2), min_size=1, max_size=30))
def test_decimals_agree_with_the_decimal_module(cells):
    exact = max(max(0, -cell.normalize().as_tuple().exponent) for cell in cells)
    assert decimals_of(np.array([float(cell) for cell in cells])) == exact


def test_one_value_of_many_decimals_in_a_million_is_seen():
    values = R.integers(0, 1000, 1_200_000) / 4
    assert decimals_of(values) == 2
    values[1_100_000] = np.pi
    assert decimals_of(values) == FREE


def test_computed_prices_have_the_decimals_of_prices():
    prices = R.integers(100, 10_000, 1000) / 100 * 3  # 12.3 * 3 is 36.900000000000006
    assert (prices != prices.round(2)).any()
    assert decimals_of(prices) == 2


def test_measured_numbers_and_integers_are_not_rounded():
    assert decimals_of(R.normal(size=100)) == FREE
    assert decimals_of(R.normal(size=100).astype(np.float32)) == FREE
    assert decimals_of(np.arange(9)) == FREE


@settings(max_examples=200, deadline=None)
@example(8388608.2056995, 6)  # just below a tie, and its product with the unit is one
@given(st.floats(-1e7, 1e7), st.integers(0, 6))
def test_rounded_numbers_are_written_with_no_more_decimals(value, decimals):
    (back,) = rounded(np.array([value]), decimals)
    assert -Decimal(repr(float(back))).normalize().as_tuple().exponent <= decimals
    assert abs(back - value) <= 0.5 * 10.0**-decimals + 1e-9
    out = io.BytesIO()
    arrow_csv.write_csv(pa.table({"x": [float(back)]}), out)
    (cell,) = [row["x"] for row in csv.DictReader(io.StringIO(out.getvalue().decode()))]
    assert -Decimal(cell).normalize().as_tuple().exponent <= decimals


def test_numbers_too_large_to_be_rounded_stay():
    large = np.array([1e300, -(2.0**60), 1e17])
    np.testing.assert_array_equal(rounded(large, 6), large)


def test_a_rating_has_few_values_and_each_often():
    stars = R.choice([1, 1.5, 2, 5], 400)
    np.testing.assert_array_equal(levels_of(stars), [1, 1.5, 2, 5])
    assert levels_of(np.append(stars, 3.0)) is None  # once is not often
    assert levels_of(np.arange(21).repeat(50)) is None
    assert levels_of(np.full(100, 7)) is None


def test_a_heap_has_three_in_ten_by_weight():
    values = np.repeat([0.0, 1.0, 2.0, 3.0], [3, 3, 2, 2])
    assert heap(np.append(values[values > 0], np.zeros(2)), np.ones(9)) == 1
    assert heap(np.arange(10.0), np.ones(10)) is None
    assert heap(np.array([0, 1] * 9), np.ones(18)) is None  # two values are one question
    spread = np.append(np.zeros(4), np.arange(1, 10))
    assert heap(spread, np.ones(13)) == 0
    assert heap(spread, np.append(np.full(4, 0.1), np.ones(9))) is None


def test_a_heap_is_apart_where_the_others_are_spread_or_few():
    assert is_apart(np.append(np.zeros(50), np.arange(1, 51)), 0)
    assert not is_apart(np.append(np.zeros(50), np.arange(1, 11)), 0)  # ten rows say little
    assert not is_apart(np.repeat([5, 4, 3, 2, 1], [55, 15, 10, 10, 10]), 5)
    assert is_apart(np.repeat([0, 1, 2], [90, 6, 6]), 0)
