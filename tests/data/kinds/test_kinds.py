"""Each kind against what it promises: the cells come back, and the floats are of like size."""

from __future__ import annotations

import json

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from narrows.data.frames.columns import is_missing
from narrows.data.kinds import (
    KINDS,
    Boolean,
    Category,
    ColumnKind,
    CommonValue,
    DateTime,
    Ignored,
    MissingMask,
    Quantile,
)

R = np.random.default_rng(0)


def restored(kind: ColumnKind) -> ColumnKind:
    """What JSON and the arrays of a saved model make of it."""
    return KINDS[kind.name].restore(json.loads(json.dumps(kind.describe())), kind.arrays())


def quantile(values, weight=None, **more) -> Quantile:
    weight = np.ones(len(values)) if weight is None else weight
    return Quantile.learn(0, values, weight, spread=float(values.std()), **more)


# -- skewed numbers


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e6, 1e6)))
def test_skewed_numbers_come_back(values):
    values = values.round(3)
    if len(np.unique(values)) < 2:
        return
    for kind in (quantile(values), restored(quantile(values))):
        np.testing.assert_allclose(kind.decode(kind.encode(values[:, None]))[:, 0], values, atol=1e-6)


def test_skewed_numbers_become_standard_normal():
    values = R.lognormal(0, 2, 5000)
    floats = quantile(values).encode(values[:, None])[:, 0]
    assert abs(stats.skew(floats)) < 0.01
    np.testing.assert_allclose([floats.mean(), floats.std()], [0, 1], atol=1e-10)
    np.testing.assert_allclose(np.sort(floats)[[500, 2500, 4500]], stats.norm.ppf([0.1, 0.5, 0.9]), atol=0.02)


def test_a_weight_of_two_is_the_row_given_twice():
    values = R.lognormal(0, 2, 50)
    weight = 1.0 + np.arange(50) % 2
    once, twice = quantile(values, weight), quantile(values.repeat(weight.astype(int)))
    np.testing.assert_allclose(once.scores, twice.scores)


def test_beyond_the_training_range_a_float_goes_on_but_a_cell_does_not():
    values = R.lognormal(0, 2, 500)
    kind = quantile(values)
    floats = kind.encode(np.array([[values.max()], [values.max() + 3 * values.std()]]))
    assert floats[1, 0] - floats[0, 0] == pytest.approx(3)
    assert kind.decode(np.array([[50.0]]))[0, 0] == values.max()


# -- categories


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40))
def test_levels_of_two_rows_come_back_and_rarer_ones_share_a_float(cells):
    values = np.array(cells, dtype=object)
    kind = restored(Category.learn(0, values, np.ones(len(values))))
    floats = kind.encode(values[:, None])
    np.testing.assert_array_equal(floats.sum(axis=1), 1)
    back = kind.decode(floats)[:, 0]
    for cell, answer in zip(cells, back, strict=True):
        assert answer == cell if cells.count(cell) > 1 else cells.count(answer) == 1


def test_the_shares_of_levels_are_weighted_and_their_entropy_is_the_cost():
    kind = Category.learn(0, np.array(list("aabb"), dtype=object), np.array([1.0, 1, 3, 3]))
    assert kind.levels == ("b", "a")  # the heaviest first
    np.testing.assert_allclose(kind.shares, [0.75, 0.25])
    np.testing.assert_allclose(kind.costs, stats.entropy([0.25, 0.75]))


def test_a_level_that_training_never_met_is_no_level_and_so_is_a_gap():
    kind = Category.learn(0, np.array(list("aabb"), dtype=object), np.ones(4))
    assert not kind.encode(np.array([["new"], [None]], dtype=object)).any()


def test_no_more_than_a_hundred_levels_have_a_float():
    values = np.array([f"level {i}" for i in range(150) for _ in range(2 + (i == 7))], dtype=object)
    kind = Category.learn(0, values, np.ones(len(values)))
    assert (kind.width, len(kind.rare), kind.levels[0]) == (101, 50, "level 7")


@pytest.mark.parametrize("values", [np.array([3, 5, 3, 5]), np.array([1.5, 2, 2, 1.5]), np.array([True, False] * 2)])
def test_levels_that_are_no_texts_come_back_as_what_they_were(values):
    kind = restored(Category.learn(0, values, np.ones(4)))
    back = kind.decode(kind.encode(values[:, None]))[:, 0]
    assert back.dtype == values.dtype
    np.testing.assert_array_equal(back, values)


# -- dates


UNITS = st.sampled_from([("D", 0), ("s", 0), ("ms", 1), ("us", 10), ("ns", 10_000)])


@settings(max_examples=100, deadline=None)
@given(UNITS, st.lists(st.integers(-(10**4), 10**4), min_size=2, max_size=20), st.sampled_from(["D", "h", "m", "s"]))
def test_dates_come_back(unit, steps, step):
    if len(set(steps)) < 2:
        return
    moments = (np.datetime64("2013-03-01", "s") + np.array(steps) * np.timedelta64(1, step)).astype(f"M8[{unit[0]}]")
    if len(np.unique(moments)) < 2:
        return
    learned = DateTime.learn(0, moments, np.ones(len(moments)))
    for kind in (learned, restored(learned)):
        floats = kind.encode(moments[:, None]).astype(np.float32)
        np.testing.assert_array_equal(kind.decode(floats)[:, 0], moments)


def test_a_date_has_the_cycles_that_it_goes_through_and_their_phases_correct_its_trend():
    hours = np.arange("2013-01-01", "2016-01-01", 7, dtype="M8[h]").astype("M8[s]")
    kind = DateTime.learn(0, hours, np.ones(len(hours)))
    assert kind.cycles == ("year", "week", "day")
    assert kind.step == "hours"
    np.testing.assert_allclose(kind.costs, kind.encode(hours[:, None]).var(axis=0).sum())
    floats = kind.encode(hours[:, None])
    floats[:, 0] += 0.001  # eight hours
    np.testing.assert_array_equal(kind.decode(floats)[:, 0], hours)
    days = np.arange("2013-01-01", "2013-01-31", dtype="M8[D]")
    assert DateTime.learn(0, days, np.ones(30)).cycles == ("week",)


def test_a_missing_date_is_the_average_and_decoded_dates_stay_within_the_training_range():
    days = np.arange("2020-01-01", "2020-03-01", dtype="M8[D]")
    kind = DateTime.learn(0, days, np.ones(len(days)))
    assert not kind.encode(np.array([[np.datetime64("NaT")]], dtype="M8[D]")).any()
    assert kind.decode(np.full((1, 3), 99.0))[0, 0] == days[-1]


# -- truth values, masks, and what is set aside


def test_truth_values_come_back_and_a_gap_is_their_share():
    kind = restored(Boolean(np.array([0]), np.array([0.25])))
    np.testing.assert_array_equal(kind.encode(np.array([[1.0], [0.0], [np.nan]]))[:, 0], [1, 0, 0.25])
    np.testing.assert_array_equal(kind.decode(np.array([[0.7], [0.2]]))[:, 0], [1, 0])
    np.testing.assert_allclose(kind.costs, stats.entropy([0.25, 0.75]))


def test_a_mask_costs_its_entropy():
    kind = restored(MissingMask(np.array([0, 2]), np.array([0.1, 0.5])))
    np.testing.assert_allclose(kind.costs, [stats.entropy([0.1, 0.9]), np.log(2)])


@pytest.mark.parametrize("value", [7, 2.5, "all", True, np.datetime64("2020-01-01", "D")])
def test_a_constant_comes_back_and_any_other_column_that_is_set_aside_is_missing(value):
    column = np.array([value, value], dtype=object if isinstance(value, str) else None)
    kind = restored(Ignored.of(0, "constant", column.dtype, column[0]))
    np.testing.assert_array_equal(kind.decode(np.zeros((2, 0)))[:, 0], column)
    empty = restored(Ignored.of(0, "empty", column.dtype))
    assert is_missing(empty.decode(np.zeros((1, 0)))).all()


@pytest.mark.parametrize(
    ("reason", "informative"),
    [("constant", False), ("empty", False), ("counts the rows", True), ("a different value in almost every row", True)],
)
def test_an_ignored_column_says_whether_it_holds_anything_to_learn(reason, informative):
    assert Ignored.of(0, reason, np.dtype("int64")).is_informative is informative


def test_a_common_value_is_told_from_others_and_from_gaps():
    kind = restored(CommonValue(np.array([3, 5]), np.array([0.0, 40.0]), np.array([0.9, 0.5]), np.array([1.0, 0.5])))
    block = np.array([[0.0, 40.0], [1.0, 39.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(kind.encode(block), [[1, 1], [0, 0], [1, 0.5]])
    np.testing.assert_array_equal(kind.decode(np.array([[0.5, 0.4]])), [[True, False]])
    np.testing.assert_allclose(kind.costs, stats.entropy([[0.9, 0.5], [0.1, 0.5]]))
    assert kind.float_words == [" is 0", " is 40"]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (quantile(np.arange(9.0) ** 3), {"decimals": 7}),
        (quantile(np.arange(9.0) ** 3), {"spread": 0.0}),
        (Category.learn(0, np.array(list("aab"), dtype=object), np.ones(3)), {"levels": ["a", "a"]}),
        (Category.learn(0, np.array(list("aab"), dtype=object), np.ones(3)), {"rare": []}),
        (Category.learn(0, np.array([1, 1, 2]), np.ones(3)), {"levels": ["one"]}),
        (Category.learn(0, np.array([1, 1, 2]), np.ones(3)), {"n_rows": 2**63}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"low": 2**63}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"high": -(2**63)}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"low": 1.5}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"low": 10}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"cycles": ["moon"]}),
        (DateTime.learn(0, np.array([0, 9], "M8[s]"), np.ones(2)), {"dtype": "int64"}),
        (Ignored.of(0, "constant", np.dtype(np.int64), 3), {"value": [3]}),
    ],
)
def test_nonsense_is_not_restored(kind, change):
    with pytest.raises((ValueError, KeyError, TypeError)):
        KINDS[kind.name].restore({**kind.describe(), **change}, kind.arrays())


def test_whole_levels_are_told_alike_among_fractions_and_alone():
    kind = Category.learn(0, np.array([1.0, 1.0, 2.5, 2.5]), np.ones(4))
    np.testing.assert_array_equal(kind.encode(np.array([[1.0], [1.0]])), kind.encode(np.array([[1.0], [2.5]]))[[0, 0]])


@pytest.mark.parametrize(
    ("constant", "cells", "differs"),
    [
        (np.array(["all"], object), np.array(["all", "All", None], object), [False, True, False]),
        (np.array([7]), np.array([7.0, 7.5, np.nan]), [False, True, False]),
        (np.array([7]), np.array(["7", "8"], object), [False, True]),
        (np.array([0.1], np.float32), np.array([0.1, 0.2]), [False, True]),
        (np.array([0.1]), np.array([0.1, 0.2], np.float32), [False, True]),
        (np.array([True]), np.array([True, False]), [False, True]),
        (np.array([2**62]), np.array([2**62, 2**62 + 1]), [False, True]),
        (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-01", "2020-01-01T01", "NaT"], "M8[ns]"), [0, 1, 0]),
        (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-01", "later"], object), [False, True]),
    ],
)
def test_another_value_than_the_constant_is_told_whatever_holds_it(constant, cells, differs):
    kind = restored(Ignored.of(0, "constant", constant.dtype, constant[0]))
    np.testing.assert_array_equal(kind.differs(cells), np.array(differs, bool))
    assert not Ignored.of(0, "empty", constant.dtype).differs(cells).any()
