"""Numbers of a table with names come back as such numbers, and as often as in the table."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings

from narrows.data import Schema, as_rows, hidden_floats
from narrows.data.kinds import CommonValue, Numeric, Quantile

N = 800
R = np.random.default_rng(1)
AMOUNT = np.exp(7.5 + 0.8 * R.normal(size=N)).round(2)
MONEY = pd.DataFrame(
    {
        "price": R.lognormal(3, 0.5, N).round(2),
        "share": R.normal(size=N),
        "stars": R.choice([1.0, 2, 3, 4, 5], N, p=[0.1, 0.05, 0.1, 0.2, 0.55]),
        "gain": np.where(R.random(N) < 0.8, 0, AMOUNT),
        "level": R.choice(["L", "L ", "l"], N),
    }
)


def learn(frame, **options) -> tuple[Schema, np.ndarray]:
    rows = as_rows(frame)
    schema = Schema.learn(rows, **options)
    return schema, schema.encode(rows)


def kind_of(schema: Schema, name: str) -> list[str]:
    column = schema.feature_names.index(name)
    return [type(kind).__name__ for kind in schema.kinds if column in kind.columns]


def places_of(schema: Schema) -> dict[str, int]:
    return {name: i for i, name in enumerate(schema.float_names)}


def test_each_sort_of_number_has_its_kind():
    schema, _ = learn(MONEY)
    assert kind_of(schema, "price") == ["Numeric"]
    assert kind_of(schema, "stars") == ["Quantile"]
    assert kind_of(schema, "gain") == ["Quantile", "CommonValue"]
    assert schema.column_types["gain"] == schema.column_types["stars"] == "numeric"
    assert "gain is 0" in schema.float_names


@pytest.mark.parametrize("power", [-900, -600, 600, 900])
@pytest.mark.parametrize("draw", ["lognormal", "normal", "few"])
@pytest.mark.parametrize("scale", ["auto", "quantile"])
def test_numbers_whose_squares_leave_the_range_have_the_kind_and_floats_of_others(power, draw, scale):
    values = {"lognormal": R.lognormal(0, 2, N), "normal": R.normal(size=N), "few": R.choice([0.0, 1.3, 2.9], N)}[draw]
    frame = pd.DataFrame({"a": values, "level": R.choice(["x", "y"], N)})
    (schema, floats), (far, of_far) = (learn(frame.assign(a=np.ldexp(values, p)), scale=scale) for p in (0, power))
    assert kind_of(far, "a") == kind_of(schema, "a")
    np.testing.assert_allclose(of_far, floats, rtol=1e-6, atol=1e-6)


def test_answers_have_the_decimals_and_the_levels_of_the_training_rows():
    for frame in (MONEY, MONEY[["price", "share"]], MONEY.drop(columns="level").assign(gain=1.5)):
        schema, floats = learn(frame)
        noisy = floats + R.normal(0, 0.3, floats.shape).astype(np.float32)
        back = schema.decode(noisy)
        assert (back["price"] == back["price"].round(2)).all()
        assert not (back["share"] == back["share"].round(6)).all()
        if "stars" in back:
            assert set(back["stars"]) <= {1, 2, 3, 4, 5}


def test_no_count_leaves_the_range_and_no_number_of_a_mixed_table_does():
    counts = pd.DataFrame({"share": MONEY["share"], "n": R.poisson(30, N), "whole": R.poisson(30, N) * 1.0})
    for frame, limited in ((counts, ["n", "whole"]), (MONEY, ["price", "share", "gain"])):
        schema, floats = learn(frame)
        back = schema.decode(9 * floats)
        assert all(back[name].between(frame[name].min(), frame[name].max()).all() for name in limited)
    assert learn(counts)[0].decode(9 * learn(counts)[1])["share"].max() > 2 * counts["share"].max()


def test_numbers_of_arrays_are_not_rounded():
    X = MONEY[["price", "stars"]].to_numpy()
    schema, floats = learn(X)
    back = schema.decode(floats + np.float32(0.01))
    assert not (back == back.round(2)).any()
    assert [type(kind) for kind in schema.kinds] == [Numeric]


def test_short_floats_are_rounded_in_their_own_precision():
    frame = pd.DataFrame({"x": MONEY["price"].astype(np.float32), "k": MONEY["level"]})
    schema, floats = learn(frame)
    back = schema.decode(floats + np.float32(0.01))["x"].to_numpy()
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, back.astype(np.float64).round(2).astype(np.float32))


def test_whole_numbers_with_gaps_come_back_whole_in_a_table_of_numbers():
    gappy = pd.array(np.where(R.random(N) < 0.1, None, R.integers(0, 70, N)), dtype="Int64")
    schema, floats = learn(pd.DataFrame({"x": MONEY["share"], "n": gappy}), missing="mean")
    assert not schema.is_mixed
    back = schema.decode(floats + np.float32(0.9))["n"]
    assert back.dtype == "Int64"
    assert back.between(0, 69).all()


def test_levels_that_differ_in_spaces_or_case_stay_apart():
    schema, floats = learn(MONEY)
    assert schema.decode(floats)["level"].tolist() == MONEY["level"].tolist()


numbers = st.decimals(-(10**4), 10**4, places=2).map(float)
gappy = st.one_of(st.just(0.0), st.just(0.0), st.just(np.nan), numbers)


@settings(max_examples=60, deadline=None)
@given(st.lists(gappy, min_size=40, max_size=200))
def test_whatever_a_column_holds_comes_back(cells):
    values = np.array(cells)
    there = values[~np.isnan(values)]
    if len(np.unique(there)) < 2:
        return
    frame = pd.DataFrame({"x": values, "k": ["a", "b"] * (len(values) // 2) + ["a"] * (len(values) % 2)})
    schema, floats = learn(frame)
    again = Schema.restore(json.loads(json.dumps(schema.describe())), schema.arrays())
    for each in (schema, again):
        np.testing.assert_array_equal(each.encode(as_rows(frame)), floats)
        back = each.decode(floats, like=as_rows(frame), with_missing=True)["x"].to_numpy()
        np.testing.assert_allclose(back, values, rtol=0, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(5, 60), min_size=2, max_size=20), st.floats(0.1, 10), st.randoms())
def test_ratings_come_back_and_normal_floats_have_their_shares(counts, step, random):
    levels = (np.arange(len(counts)) + random.random()) * step
    values = np.repeat(levels, counts)
    kind = Quantile.learn(0, values, np.ones(len(values)), spread=1.0, is_rating=True)
    floats = kind.encode(values[:, None])
    np.testing.assert_array_equal(kind.decode(floats)[:, 0], values)
    np.testing.assert_allclose([floats.mean(), floats.std()], [0, 1], atol=1e-9)
    near = floats + 0.12 * np.diff(kind.scores).min() * np.sign(R.normal(size=floats.shape))
    np.testing.assert_array_equal(kind.decode(near)[:, 0], values)


@pytest.mark.parametrize("shares", [[0.2] * 5, [0.1, 0.05, 0.1, 0.2, 0.55], [0.15, 0.05, 0.8], [0.03, 0.07, 0.5, 0.4]])
def test_normal_floats_fall_to_levels_by_their_shares(shares):
    counts = np.rint(1000 * np.array(shares)).astype(int)
    values = np.repeat(np.arange(len(counts)), counts)
    kind = Quantile.learn(0, values, np.ones(1000), spread=1.0, is_rating=True)
    drawn = kind.decode(R.normal(size=(100_000, 1)))[:, 0]
    found = np.bincount(drawn.astype(int), minlength=len(counts)) / 100_000
    np.testing.assert_allclose(found, shares, atol=0.05)  # a cut keeps away from both its levels


def test_a_common_value_is_one_float_and_its_number_does_not_count():
    schema, floats = learn(MONEY)
    place = places_of(schema)
    is_zero = MONEY["gain"].to_numpy() == 0
    np.testing.assert_array_equal(floats[:, place["gain is 0"]], is_zero)
    assert not floats[is_zero, place["gain"]].any()
    others = floats[~is_zero, place["gain"]]
    np.testing.assert_allclose([others.mean(), others.std()], [0, 1], atol=1e-5)
    there = schema.observed(floats)
    np.testing.assert_array_equal(there[:, place["gain"]], ~is_zero)
    assert there[:, place["gain is 0"]].all()


def test_a_missing_cell_of_such_a_column_counts_by_its_gap_alone():
    frame = MONEY.assign(gain=MONEY["gain"].where(R.random(N) > 0.2))
    schema, floats = learn(frame)
    place, gaps = places_of(schema), frame["gain"].isna().to_numpy()
    there = schema.observed(floats)
    assert there[:, place["gain is missing"]].all()
    np.testing.assert_array_equal(there[:, place["gain is 0"]], ~gaps)
    np.testing.assert_array_equal(there[:, place["gain"]], ~gaps & (frame["gain"] != 0))
    hidden = hidden_floats(schema)
    assert (hidden[place["gain is missing"]], hidden[place["gain is 0"]], hidden[place["gain"]]) == (1, 1, 0)
    back = schema.decode(floats, with_missing=True)
    pd.testing.assert_series_equal(back["gain"], frame["gain"])


def test_a_gap_where_the_fit_had_none_is_neither_the_value_nor_another():
    schema, _ = learn(MONEY)
    place, share = places_of(schema)["gain is 0"], (MONEY["gain"] == 0).mean()
    assert hidden_floats(schema)[place] == pytest.approx(share)
    with pytest.warns(UserWarning, match="had none during fit"):
        floats = schema.encode(as_rows(MONEY.assign(gain=np.nan)))
    np.testing.assert_allclose(floats[:, place], share, rtol=1e-6)


def test_every_column_costs_1_where_nothing_is_known():
    from narrows.data import loss_weights
    from narrows.model import make_mixed

    schema, floats = learn(MONEY.assign(gain=MONEY["gain"].where(R.random(N) > 0.2)))
    there = schema.observed(floats)
    output = (floats * there).sum(axis=0) / there.sum(axis=0)
    found = loss_weights(schema)
    for loss, first, last in found.blocks:
        best = output[first:last]
        if loss != "square":
            output[first:last] = np.log(best / (1 - best)) if loss == "binary" else np.log(best)
    settings = {"shares": found.shares, "gap_floats": found.mask_indices, "unknown": found.unknown}
    x = torch.from_numpy(floats)
    losses = make_mixed(found.blocks, **settings, density=False).loss(torch.from_numpy(output).expand_as(x), x)
    np.testing.assert_allclose(schema.sum_by_column(losses.numpy().mean(axis=0)), 1, rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
@pytest.mark.parametrize("value", [0, -3, 40])
def test_a_table_of_numbers_with_a_common_value_has_a_mask(value, dtype):
    others = R.permutation(N) % 97 + 1
    frame = pd.DataFrame({"a": MONEY["share"], "n": np.where(R.random(N) < 0.5, value, others).astype(dtype)})
    schema, floats = learn(frame)
    assert kind_of(schema, "n") == ["Quantile", "CommonValue"]
    assert schema.decode(floats)["n"].dtype == dtype
    pd.testing.assert_series_equal(schema.decode(floats)["n"], frame["n"])


def test_a_picture_in_columns_stays_a_table_of_numbers():
    pixels = np.where(R.random((N, 30)) < 0.7, 0, R.integers(1, 255, (N, 30)))
    schema, _ = learn(pd.DataFrame(pixels, columns=[f"pixel {i}" for i in range(30)]))
    assert not schema.is_mixed


def test_a_detectors_scale_has_no_masks_of_common_values():
    schema, _ = learn(MONEY, scale="standard")
    assert not any(isinstance(kind, CommonValue | Quantile) for kind in schema.kinds)


def test_values_that_training_never_met_are_numbers_like_others():
    schema, floats = learn(MONEY)
    place = places_of(schema)
    with pytest.warns(UserWarning, match="Column 'gain' of X is about 100 times larger"):
        new = schema.encode(as_rows(MONEY.assign(gain=10 * AMOUNT.max(), stars=3.7)))
    assert (new[:, place["gain"]] > floats[:, place["gain"]].max()).all()
    assert not new[:, place["gain is 0"]].any()
    stars = [floats[MONEY["stars"].to_numpy() == star, place["stars"]][0] for star in (3, 4)]
    assert ((new[:, place["stars"]] > stars[0]) & (new[:, place["stars"]] < stars[1])).all()


def test_models_saved_before_there_were_decimals_still_decode():
    frame = pd.DataFrame({"n": np.where(R.random(N) < 0.2, np.nan, R.integers(0, 50, N)), "k": MONEY["level"]})
    frame["skewed"] = np.where(R.random(N) < 0.1, np.nan, R.lognormal(0, 2, N).round())
    schema, floats = learn(frame)
    result, arrays = schema.describe(), schema.arrays()
    for i, kind in enumerate(result["kinds"]):
        if kind["kind"] == "quantile":
            result["kinds"][i] = {"kind": "quantile", "whole": kind["decimals"] == 0, "spread": kind["spread"]}
        if kind["kind"] == "numeric":
            arrays[f"{i}.whole"] = arrays.pop(f"{i}.decimals") == 0
            arrays.pop(f"{i}.n_levels", None), arrays.pop(f"{i}.levels", None)
    again = Schema.restore(result, arrays).decode(floats, with_missing=True)
    pd.testing.assert_frame_equal(again, schema.decode(floats, with_missing=True))
    assert (again[["n", "skewed"]].dropna() == again[["n", "skewed"]].dropna().round()).all().all()
