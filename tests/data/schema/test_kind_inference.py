"""The kind of each column, its weight in the loss, and the columns that are ignored."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.preprocessing import QuantileTransformer

from narrows.data import Schema, as_rows, loss_weights
from narrows.data.kinds import Category, Numeric
from narrows.errors import DataError, SettingError

R = np.random.default_rng(0)
N = 600
FRAME = pd.DataFrame(
    {
        "number": R.normal(5, 2, N),
        "gappy": np.where(R.random(N) < 0.2, np.nan, R.integers(0, 50, N)),
        "skewed": R.lognormal(0, 2, N),
        "count": R.integers(0, 9, N),
        "flag": R.random(N) < 0.3,
        "level": R.choice(["a", "b", "c"], N, p=[0.6, 0.3, 0.1]),
        "when": pd.to_datetime("2020-01-01") + pd.to_timedelta(R.integers(0, 90 * 24, N), unit="h"),
        "same": 7,
        "name": [f"row {i}" for i in range(N)],
        "town": [f"town {i % 290}" for i in range(N)],
        "gone": np.full(N, None, dtype=object),
    }
)
FRAME.loc[R.random(N) < 0.1, "level"] = None


def learn(X, **options) -> tuple[Schema, np.ndarray]:
    rows = as_rows(X)
    schema = Schema.learn(rows, **options)
    return schema, schema.encode(rows)


def test_columns_are_taken_for_what_they_hold():
    schema, _ = learn(FRAME)
    assert schema.column_types == {
        "number": "numeric",
        "gappy": "numeric",
        "skewed": "numeric",
        "count": "numeric",
        "flag": "true-or-false column",
        "level": "category",
        "when": "date",
    }
    assert schema.ignored_columns == {
        "same": "constant",
        "name": "a different value in almost every row",
        "town": "too many levels (290)",
        "gone": "empty",
    }
    kinds = ["numeric", "quantile", "quantile", "date", "boolean", "gaps", "category"]  # "count" is a rating
    assert [kind.name for kind in schema.kinds[:7]] == kinds


def test_numbers_without_gaps_are_one_block_as_if_there_were_nothing_else():
    numbers = FRAME[["number", "count", "skewed"]]
    schema, floats = learn(numbers)
    assert [type(kind) for kind in schema.kinds] == [Numeric]
    assert not schema.is_mixed
    with_names, more = learn(FRAME[["number", "count", "skewed", "name"]])
    np.testing.assert_array_equal(more, floats)
    assert not with_names.is_mixed


def test_gaps_are_zero_and_their_mask_says_so():
    schema, floats = learn(FRAME)
    places = {name: i for i, name in enumerate(schema.float_names)}
    gaps = FRAME["gappy"].isna().to_numpy()
    np.testing.assert_array_equal(floats[:, places["gappy is missing"]], gaps)
    assert not floats[gaps, places["gappy"]].any()
    missing = FRAME["level"].isna().to_numpy()
    np.testing.assert_array_equal(floats[:, places["level is missing"]], missing)
    levels = [places[f"level = {level}"] for level in "abc"]
    np.testing.assert_array_equal(floats[:, levels].sum(axis=1), ~missing)
    there = schema.observed(floats)
    np.testing.assert_array_equal(there[:, places["gappy"]], ~gaps)
    assert there[:, places["gappy is missing"]].all()
    assert not there[missing][:, levels].any()


def test_every_column_costs_1_where_nothing_is_known():
    from narrows.model import make_mixed

    schema, floats = learn(FRAME)
    import torch

    found = loss_weights(schema)
    x = torch.from_numpy(floats)
    there = schema.observed(floats)
    best = (floats * there).sum(axis=0) / there.sum(axis=0)
    output = best.copy()
    for loss, first, last in found.blocks:
        if loss == "binary":
            output[first:last] = np.log(best[first:last] / (1 - best[first:last]))
        elif loss == "softmax":
            output[first:last] = np.log(best[first:last])
    likelihood = make_mixed(
        found.blocks, shares=found.shares, gap_floats=found.mask_indices, unknown=found.unknown, density=False
    )
    losses = likelihood.loss(torch.from_numpy(output.astype(np.float32)).expand_as(x), x).numpy()
    by_column = schema.sum_by_column(losses.mean(axis=0))
    np.testing.assert_allclose(by_column[:7], 1, rtol=1e-4)
    assert not by_column[7:].any()


def test_sums_by_column_add_up_what_belongs_together():
    schema, _ = learn(FRAME)
    values = R.random((3, 5, schema.n_floats))
    expected = np.zeros((3, 5, schema.n_columns))
    for place, column in enumerate(schema.float_columns):
        expected[..., column] += values[..., place]
    np.testing.assert_allclose(schema.sum_by_column(values), expected)


def test_columns_may_be_said_to_be_categories():
    schema, _ = learn(FRAME, categorical=("count", "town"))
    assert (schema.column_types["count"], schema.column_types["town"]) == ("category", "category")
    with pytest.raises(SettingError, match="'counts'"):
        learn(FRAME, categorical=("counts",))
    with pytest.raises(SettingError, match="not one text"):
        learn(FRAME, categorical="count")
    array, _ = learn(FRAME[["number", "count"]].to_numpy(), categorical=("x1",))
    assert array.column_types == {"x0": "numeric", "x1": "category"}


@pytest.mark.parametrize(
    ("values", "is_aside"),
    [
        (np.arange(50), True),
        (np.arange(1, 51), True),
        (R.permutation(50), False),
        (np.arange(1950, 2000), False),
        (np.arange(50) / 2, False),
    ],
)
def test_whole_numbers_that_count_the_rows_are_set_aside(values, is_aside):
    schema, _ = learn(pd.DataFrame({"n": values, "x": R.normal(size=50)}))
    assert schema.ignored_columns == ({"n": "counts the rows"} if is_aside else {})


@pytest.mark.parametrize("name", ["id", "customer_id", "ID", "userId", "Unnamed: 0", "serial no"])
def test_different_whole_numbers_under_a_name_for_names_are_set_aside(name):
    frame = pd.DataFrame({name: R.permutation(9000)[:60], "x": R.normal(size=60)})
    assert learn(frame)[0].ignored_columns == {name: "a different value in every row"}
    assert not learn(frame.rename(columns={name: "width"}))[0].ignored_columns


def test_one_level_with_gaps_tells_rows_apart_by_its_gaps():
    schema, floats = learn(pd.DataFrame({"x": R.normal(size=40), "mark": ["yes", None] * 20}))
    assert schema.ignored_columns == {}
    assert schema.decode(floats)["mark"].tolist() == ["yes"] * 40


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"a": [None, None]}), "'a' (empty)"),
        (pd.DataFrame({"a": ["x", "x", "x"]}), "'a' (constant)"),
        (pd.DataFrame({"a": ["x", "y", "z"]}), "'a' (a different value in almost every row)"),
        (pd.DataFrame({"id": range(30), "c": 1}), "'id' (a different value in every row), 'c' (constant)"),
    ],
)
def test_nothing_left_to_learn_from_is_said_with_the_reasons(frame, words):
    with pytest.raises(DataError) as caught:
        learn(frame)
    assert str(caught.value) == f"X has no column to learn from; ignored: {words}."


def test_a_hundred_thousand_levels_are_set_aside_in_a_moment():
    texts = [f"{i // 2}" + "x" for i in range(200_000)]
    schema, _ = learn(pd.DataFrame({"a": texts, "b": R.normal(size=200_000)}))
    assert schema.ignored_columns == {"a": "too many levels (100,000)"}


def test_weights_count_as_repeated_rows():
    weight = np.arange(N) % 3
    repeated, _ = learn(FRAME.loc[FRAME.index.repeat(weight)].reset_index(drop=True))
    weighted = Schema.learn(as_rows(FRAME), sample_weight=weight)
    np.testing.assert_allclose(loss_weights(weighted).shares[:6], loss_weights(repeated).shares[:6], rtol=1e-9)


def test_a_restored_schema_answers_as_the_learned_one():
    schema, floats = learn(FRAME)
    again = Schema.restore(json.loads(json.dumps(schema.describe())), schema.arrays())
    np.testing.assert_array_equal(again.encode(as_rows(FRAME)), floats)
    pd.testing.assert_frame_equal(again.decode(floats), schema.decode(floats))
    assert again.describe() == schema.describe()


def test_decoding_gives_the_rows_back_with_their_gaps_and_fills_them_otherwise():
    schema, floats = learn(FRAME)
    back = schema.decode(floats, like=as_rows(FRAME), with_missing=True)
    pd.testing.assert_frame_equal(back, FRAME, rtol=1e-5, atol=1e-5)
    full = schema.decode(floats, like=as_rows(FRAME))
    assert full[["gappy", "level"]].notna().all().all()
    assert (full["gappy"] == full["gappy"].round()).all()


def test_decoded_cells_stay_within_the_training_range():
    schema, floats = learn(FRAME)
    back = schema.decode(floats * 100)
    for name in ("number", "gappy", "skewed", "count", "when"):
        assert back[name].min() >= FRAME[name].min()
        assert back[name].max() <= FRAME[name].max()


def test_the_commonest_levels_are_those_of_the_largest_weight():
    texts = np.array(["a"] * 6 + ["b"] * 3 + ["c"], dtype=object)
    weight = np.array([1.0] * 6 + [3.0] * 3 + [2.0])
    found = Category.learn(0, texts, weight)
    assert (found.levels, found.rare) == (("b", "a", "c"), ())
    repeated = Category.learn(0, np.repeat(texts, weight.astype(int)), np.ones(17))
    assert (repeated.levels, repeated.rare) == (found.levels, found.rare)
    np.testing.assert_allclose(found.shares, repeated.shares)


def test_a_skewed_column_with_next_to_no_weight_can_be_restored():
    frame = FRAME[["skewed", "level"]]
    weight = np.where(np.arange(N) % 3 == 0, 1.0, 1e-20)
    schema, _ = learn(frame, sample_weight=weight)
    assert "quantile" in [kind.name for kind in schema.kinds]
    again = Schema.restore(json.loads(json.dumps(schema.describe())), schema.arrays())
    np.testing.assert_array_equal(again.encode(as_rows(frame)), schema.encode(as_rows(frame)))


def test_large_whole_numbers_with_gaps_at_use_are_numbers():
    big = 2**60 + np.arange(60) % 7 * 2**50
    schema, floats = learn(pd.DataFrame({"n": big, "s": ["a", "b"] * 30}))
    new = pd.DataFrame({"n": pd.array([None, *big[1:].tolist()], dtype="Int64"), "s": ["a", "b"] * 30})
    with pytest.warns(UserWarning, match="had none during fit"):
        found = schema.encode(as_rows(new))
    np.testing.assert_array_equal(found[1:], floats[1:])


def test_all_numbers_go_by_their_quantiles_where_that_is_asked_for():
    X = np.column_stack([R.lognormal(0, 3, 500), R.standard_cauchy(500), R.integers(0, 5, 500)])
    schema, floats = learn(X, scale="quantile")
    expected = QuantileTransformer(output_distribution="normal", n_quantiles=500).fit_transform(X[:, :2])
    for i in range(2):
        assert stats.spearmanr(floats[:, i], expected[:, i]).statistic > 0.9999
        assert np.abs(floats[:, i]).max() < 3.5
        np.testing.assert_allclose(np.interp([0.1, 0.5, 0.9], np.linspace(0, 1, 500), np.sort(floats[:, i])),
                                   stats.norm.ppf([0.1, 0.5, 0.9]), atol=0.02)  # fmt: skip
    np.testing.assert_allclose(schema.decode(floats), X, rtol=1e-5, atol=1e-5)
    again, same = learn(pd.DataFrame(X, columns=["a", "b", "c"]).assign(c="x", d=[0, 1] * 250), scale="quantile")
    np.testing.assert_array_equal(same[:, :2], floats[:, :2])
    assert again.ignored_columns == {"c": "constant"}
    with pytest.raises(SettingError, match="images"):
        learn(np.zeros((4, 3, 3)), scale="quantile")


@pytest.mark.parametrize("container", ["pandas", "pandas of Arrow", "pyarrow", "polars"])
@pytest.mark.parametrize("spread", [2**54, 1000])
def test_large_whole_numbers_with_gaps_are_learned_as_numbers(container, spread):
    big = pd.Series(2**60 + R.integers(0, spread, N)).astype("Int64")
    big[3] = pd.NA
    frame = pd.DataFrame({"n": big, "x": R.normal(size=N)})
    table = pa.Table.from_pandas(frame)
    given = {"pandas of Arrow": frame.convert_dtypes(dtype_backend="pyarrow"), "pyarrow": table}
    schema, floats = learn(pl.from_arrow(table) if container == "polars" else given.get(container, frame))
    assert schema.column_types["n"] == "numeric"
    assert schema.ignored_columns == {}
    known = big.drop(3)
    (place,) = np.flatnonzero((schema.float_columns == 0) & (schema.mask_indices >= 0))
    assert stats.spearmanr(np.delete(floats[:, place], 3), (known - known.min()).astype("float64")).statistic > 0.95


def test_large_whole_numbers_with_gaps_stay_exact_where_they_name_rows_or_levels():
    key = pd.Series(2**60 + np.arange(N)).astype("Int64")
    level = pd.Series(2**60 + R.integers(0, 3, N)).astype("Int64")
    key[0] = level[0] = pd.NA
    frame = pd.DataFrame({"user_id": key, "level": level, "x": R.normal(size=N)})
    rows = as_rows(frame)
    schema, floats = learn(frame, categorical=("level",))
    assert schema.ignored_columns == {"user_id": "a different value in almost every row"}
    again = schema.decode(floats, like=rows)
    assert again["user_id"].equals(key)
    assert again["level"].drop(0).equals(level.drop(0))


def test_decoded_whole_numbers_with_gaps_stay_within_their_type():
    big = pd.array([2**63 - 1, -(2**63), None] * 20, dtype="Int64")
    schema, floats = learn(pd.DataFrame({0: big, 1: R.normal(size=60)}))
    found = schema.decode(floats * 2)[0]
    assert [found.max(), found.min()] == [2**63 - 1, -(2**63)]
