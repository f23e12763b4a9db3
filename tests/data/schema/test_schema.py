from __future__ import annotations

import json

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from narrows.data import Rows, Schema, as_rows
from narrows.errors import DataError, DataRangeError, MissingValuesError, SchemaMismatchError, SettingError

R = np.random.default_rng(0)
TABLE = R.normal([0, 5, -300], [1, 20, 0.01], size=(50, 3))


def learn(X, **options) -> tuple[Schema, np.ndarray]:
    rows = as_rows(X)
    schema = Schema.learn(rows, **options)
    return schema, schema.encode(rows)


def test_columns_of_a_table_are_standardised_as_scikit_learn_does():
    schema, floats = learn(TABLE)
    np.testing.assert_allclose(floats, StandardScaler().fit_transform(TABLE), rtol=1e-5, atol=1e-5)
    assert (schema.bounded, schema.unit, floats.dtype) == (False, "standard deviations", np.float32)
    assert floats.flags.c_contiguous


def test_minmax_is_scikit_learns():
    schema, floats = learn(TABLE, scale="minmax")
    np.testing.assert_allclose(floats, MinMaxScaler().fit_transform(TABLE), atol=1e-6)
    assert schema.bounded


def test_a_table_in_0_to_1_stays_as_it_is():
    X = R.random((20, 3)).astype(np.float32)
    schema, floats = learn(X)
    np.testing.assert_array_equal(floats, X)
    assert schema.bounded
    assert learn(R.random((9, 2)) > 0.5)[0].bounded
    assert not learn(TABLE, scale="none")[0].bounded


@pytest.mark.parametrize(("dtype", "bright"), [(np.uint8, 255), (np.uint16, 255), (np.int64, 200), (np.float64, 200)])
def test_images_become_pixels_in_0_to_1(dtype, bright):
    images = R.integers(0, 201, (10, 8, 8)).astype(dtype)
    images.flat[:2] = 0, 200
    schema, floats = learn(images)
    np.testing.assert_allclose(floats, images.reshape(10, -1) / bright, rtol=1e-6)
    assert (schema.bounded, schema.unit, schema.pixel_range) == (True, "pixels in [0, 1]", (0, bright))
    np.testing.assert_array_equal(schema.decode(floats).round(3), images)


def test_a_pixel_that_is_black_in_every_training_image_may_be_lit_later():
    images = np.zeros((4, 8, 8), np.uint8)
    images[:, 4, 4] = 200
    schema, floats = learn(images)
    floats[0, 0] = 1.0
    assert schema.decode(floats)[0, 0, 0] == 255


def test_constant_columns_come_back_exactly():
    X = np.column_stack([np.full(9, 0.1), np.full(9, 1e6) + R.normal(size=9) * 1e-10, np.arange(9.0)])
    schema, floats = learn(X)
    assert not floats[:, :2].round(6).any()
    back = schema.decode(floats + 0.3)
    np.testing.assert_array_equal(back[:, 0], X[:, 0])
    np.testing.assert_allclose(back[:, 1], X[:, 1], rtol=1e-14)
    assert learn(np.full((3, 2), 0.1))[0].decode(np.ones((1, 2))).tolist() == [[0.1, 0.1]]


def test_values_whose_square_overflows_are_standardised():
    X = np.array([[1e200], [2e200], [4e200]])
    schema, floats = learn(X)
    np.testing.assert_allclose(floats.std(), 1, rtol=1e-6)
    np.testing.assert_allclose(schema.decode(floats), X, rtol=1e-6)


def test_values_that_do_not_fit_are_named():
    with pytest.raises(DataRangeError, match=r"Column 'x1', row 2 .* holds 1e\+200"):
        learn(np.array([[0, 1], [0, 1], [0, 1e200]]), scale="none")
    with pytest.raises(DataRangeError, match="spans more"):
        learn(np.array([[-1.7e308], [1.7e308]]), scale="minmax")


def test_weights_count_as_repeated_rows():
    weight = np.arange(50) % 4
    weighted = Schema.learn(as_rows(TABLE), sample_weight=weight).arrays()
    repeated = Schema.learn(as_rows(TABLE.repeat(weight, axis=0))).arrays()
    for key, learned in weighted.items():
        np.testing.assert_allclose(learned, repeated[key], rtol=1e-12, err_msg=key)
    X = np.array([[0.0], [1.0], [50.0]])
    assert Schema.learn(as_rows(X), sample_weight=np.array([1, 1, 0])).bounded
    with pytest.raises(DataError, match="no positive weight"):
        Schema.learn(as_rows(X), sample_weight=np.zeros(3))


def test_chunks_change_nothing(monkeypatch):
    schema, floats = learn(TABLE)
    monkeypatch.setattr("narrows.data.rows._CELLS_PER_CHUNK", 12)
    chunked, chunked_floats = learn(TABLE)
    np.testing.assert_allclose(chunked_floats, floats, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(schema.decode(floats), schema.decode(floats))
    assert len(list(as_rows(TABLE).chunks())) > 2
    assert chunked.n_floats == 3


@pytest.mark.parametrize(("bad", "word"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
def test_missing_values_are_named_with_their_place(bad, word):
    X = TABLE.copy()
    X[[7, 9], 1] = bad
    with pytest.raises(MissingValuesError, match=rf"Column 'x1', row 7 .*{word}.* 2 rows are affected of 50"):
        Schema.learn(as_rows(X), missing="error")
    with pytest.raises(MissingValuesError, match=word):
        learn(TABLE, missing="error")[0].encode(as_rows(X))


def test_missing_values_are_filled_with_the_mean():
    X = TABLE.copy()
    X[3, 1] = np.nan
    schema, floats = learn(X, missing="mean")
    mean = np.nanmean(X[:, 1])
    np.testing.assert_allclose(schema.decode(floats)[3, 1], mean)
    np.testing.assert_allclose(floats[:, 1].mean(), 0, atol=1e-6)
    X[3, 1] = np.inf
    with pytest.raises(MissingValuesError, match="infinity"):
        learn(X, missing="mean")
    with pytest.raises(MissingValuesError, match="'x0' of X contains only NaN"):
        learn(np.full((3, 1), np.nan), missing="mean")


def test_unknown_settings_name_the_choices():
    with pytest.raises(SettingError, match="'standard'"):
        learn(TABLE, scale="robust")
    with pytest.raises(SettingError, match="'mean'"):
        learn(TABLE, missing="median")


def test_whole_numbers_are_rounded_and_clipped_and_bools_are_bools():
    frame = pd.DataFrame({"i": np.array([0, 3], np.int8), "b": [True, False], "f": np.float32([1, 2])})
    schema, floats = learn(frame, scale="none")
    back = schema.decode(floats + np.float32([300.4, 0.2, 0]))
    assert back.dtypes.tolist() == frame.dtypes.tolist()
    assert back["i"].tolist() == [3, 3]  # of a table with names no cell leaves the training range
    assert back["b"].tolist() == [True, False]
    assert schema.decode(floats + np.float32([0.4, 0, 0]))["i"].tolist() == [0, 3]
    small, floats = learn(np.array([[0], [3]], np.int8), scale="none")
    assert small.decode(floats + np.float32(300.4)).tolist() == [[127], [127]]
    big = np.array([[2**63 - 1], [-(2**63)]])
    whole, floats = learn(big)
    assert whole.decode(floats * 2).tolist() == [[2**63 - 1024], [-(2**63)]]


def test_answers_come_in_the_container_of_the_fit_or_of_like():
    frame = pd.DataFrame(TABLE, columns=["a", "b", "c"], index=range(100, 150))
    schema, floats = learn(frame)
    assert schema.decode(floats).columns.tolist() == ["a", "b", "c"]
    pd.testing.assert_frame_equal(schema.decode(floats, like=as_rows(frame)), frame, rtol=1e-5)
    like = as_rows(pl.DataFrame(TABLE, schema=["a", "b", "c"]))
    assert isinstance(schema.decode(floats, like=like), pl.DataFrame)
    assert isinstance(schema.decode(floats, like=as_rows(torch.tensor(TABLE))), torch.Tensor)
    assert isinstance(schema.decode(floats, like=as_rows(TABLE)), np.ndarray)


def test_flat_rows_of_image_size_are_welcome_and_stay_flat():
    images = R.integers(0, 256, (5, 8, 8), np.uint8)
    schema, floats = learn(images)
    flat = as_rows(images.reshape(5, 64))
    np.testing.assert_array_equal(schema.encode(flat), floats)
    assert schema.decode(floats, like=flat).shape == (5, 64)
    assert schema.decode(floats).shape == (5, 8, 8)


def test_other_columns_are_refused_in_scikit_learns_words():
    schema, _ = learn(TABLE)
    with pytest.raises(SchemaMismatchError, match="X has 2 features, but PCA is expecting 3 features as input"):
        schema.encode(as_rows(TABLE[:, :2]), who="PCA")
    named, _ = learn(pd.DataFrame(TABLE, columns=["a", "b", "c"]))
    for columns, words in [
        (["a", "b", "d"], "unseen at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- c\n"),
        (["b", "a", "c"], "must be in the same order as they were in fit.\n"),
    ]:
        with pytest.raises(SchemaMismatchError, match=words):
            named.encode(as_rows(pd.DataFrame(TABLE, columns=columns)))
    with pytest.warns(UserWarning, match="X does not have valid feature names, but PCA was fitted with"):
        named.encode(as_rows(TABLE), who="PCA")
    with pytest.warns(UserWarning, match="X has feature names, but PCA was fitted without feature names"):
        schema.encode(as_rows(pd.DataFrame(TABLE, columns=["a", "b", "c"])), who="PCA")


def test_other_images_are_refused():
    schema, _ = learn(np.zeros((2, 28, 28)))
    with pytest.raises(SchemaMismatchError, match=r"images of 28 x 28 x 1 expected .* 32 x 32 x 3"):
        schema.encode(as_rows(np.zeros((2, 32, 32, 3))))
    table, _ = learn(np.zeros((2, 16)))
    with pytest.raises(SchemaMismatchError, match="table"):
        table.encode(as_rows(np.zeros((2, 4, 4))))


@pytest.mark.parametrize("X", [TABLE, R.integers(0, 256, (5, 3, 8, 8), np.uint8), pd.DataFrame({"a": [1], "b": [0.5]})])
def test_a_restored_schema_answers_as_the_learned_one(X):
    schema, floats = learn(X)
    again = Schema.restore(json.loads(json.dumps(schema.describe())), schema.arrays())
    np.testing.assert_array_equal(again.encode(as_rows(X)), floats)
    np.testing.assert_array_equal(np.asarray(again.decode(floats)), np.asarray(schema.decode(floats)))
    assert again.describe() == schema.describe()


@pytest.mark.parametrize(
    "change",
    [
        {"dtypes": "object"},
        {"n_columns": 4},
        {"names": ["a"]},
        {"image_shape": [2, 2, 1]},
        {"missing": "guess"},
        {"kinds": [{"kind": "text"}]},
        {"kinds": [{"kind": "numeric", "bounded": 1}]},
    ],
)
def test_nonsense_is_not_restored(change):
    schema, _ = learn(TABLE)
    with pytest.raises((ValueError, KeyError, TypeError)):
        Schema.restore({**schema.describe(), **change}, schema.arrays())
    for key, array in schema.arrays().items():
        with pytest.raises((ValueError, KeyError)):
            Schema.restore(schema.describe(), {**schema.arrays(), key: array[:2]})


DTYPES = st.sampled_from(["float64", "float32", "float16", "int64", "int32", "uint8", "uint16", "bool"])
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 4))


def values(dtype: str) -> st.SearchStrategy:
    if dtype.startswith("float"):
        limit = {"float16": 1e4, "float32": 1e30}.get(dtype, 1e200)
        width = int(dtype.removeprefix("float"))
        limit = float(np.dtype(dtype).type(limit))
        return st.floats(-limit, limit, width=width, allow_subnormal=False)  # pyright: ignore[reportArgumentType]
    return hnp.from_dtype(np.dtype(dtype))


@settings(max_examples=150, deadline=None)
@given(st.data(), DTYPES, SHAPES, st.sampled_from(["auto", "standard", "minmax"]))
def test_decoding_what_was_encoded_gives_the_rows_back(data, dtype, shape, scale):
    X = data.draw(hnp.arrays(dtype, shape, elements=values(dtype)))
    schema, floats = learn(X, scale=scale)
    back = schema.decode(floats)
    assert back.dtype == X.dtype
    low, high = X.min(axis=0).astype(float), X.max(axis=0).astype(float)
    spread = np.maximum(high - low, 1.0 if schema.unit == "the data's own units" else 0.0)
    rounding = np.abs(X.astype(float)) * (np.finfo(X.dtype).eps if dtype.startswith("float") else 2e-16)
    error = np.abs(back.astype(float) - X.astype(float))
    whole = 0.5 if np.issubdtype(X.dtype, np.integer) and spread.max() > 2**20 else 0.0
    assert (error <= 1e-6 * spread * np.sqrt(len(X)) + 16 * rounding + whole).all()
    if dtype in ("bool", "uint8", "uint16"):
        np.testing.assert_array_equal(back, X)


def test_decoded_rows_can_be_encoded_again():
    schema, floats = learn(TABLE)
    rows = schema.decode_rows(floats)
    assert isinstance(rows, Rows)
    np.testing.assert_allclose(schema.encode(rows), floats, atol=1e-5)
    np.testing.assert_array_equal(schema.float_columns, [0, 1, 2])


def test_pixels_in_other_units_than_at_the_fit_are_refused_but_noise_is_not():
    whole = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8)
    parts = whole / 127
    of_whole, of_parts = Schema.learn(as_rows(whole)), Schema.learn(as_rows(parts))
    for schema, other in ((of_whole, parts), (of_parts, whole), (of_parts, whole.astype(float))):
        with pytest.raises(SchemaMismatchError, match="units"):
            schema.encode(as_rows(other))
    noise = np.random.default_rng(0).normal(size=parts.shape)
    assert of_parts.encode(as_rows(parts + noise)).shape == (2, 64)
    assert of_whole.encode(as_rows(whole + 255 * noise)).shape == (2, 64)


def test_pixels_of_eight_and_of_sixteen_bits_are_not_mixed_up():
    eight = R.integers(0, 256, (4, 3, 3), np.uint8)
    deep = eight.astype(np.uint16) * 257
    for fitted, given_later in ((eight, deep), (deep, eight)):
        schema = Schema.learn(as_rows(fitted))
        with pytest.raises(SchemaMismatchError, match="units"):
            schema.encode(as_rows(given_later))
    Schema.learn(as_rows(eight)).encode(as_rows(eight + 9.5))
    Schema.learn(as_rows(deep)).encode(as_rows(deep // 257))


@pytest.mark.parametrize(("old", "new"), [("left_out", "ignored_columns"), ("kind_words", "column_types")])
def test_a_renamed_fact_is_still_there_and_names_its_new_name(old, new):
    schema = Schema.learn(as_rows(pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [7.0, 7.0, 7.0]})))
    with pytest.warns(DeprecationWarning, match=new):
        assert getattr(schema, old) == getattr(schema, new)


def test_the_renamed_warning_is_still_there():
    from narrows import errors

    with pytest.warns(DeprecationWarning, match="IgnoredColumnWarning"):
        assert errors.SetAsideWarning is errors.IgnoredColumnWarning


@pytest.mark.parametrize("at_the_fit", [None, "Europe/Berlin"])
def test_dates_with_and_without_a_time_zone_are_not_mixed_in_silence(at_the_fit: str | None):
    days = pd.Series(pd.date_range("2024-01-01", periods=50, freq="7h"))
    zoned = days.dt.tz_localize("America/New_York")
    fitted = days if at_the_fit is None else days.dt.tz_localize(at_the_fit)
    schema, _ = learn(pd.DataFrame({"a": TABLE[:, 0], "day": fitted}))
    other, same = (zoned, days) if at_the_fit is None else (days, zoned)
    schema.encode(as_rows(pd.DataFrame({"a": TABLE[:, 0], "day": same})))
    with pytest.warns(UserWarning, match=r"'day' of X has (the time zone America/New_York|no time zone), but"):
        schema.encode(as_rows(pd.DataFrame({"a": TABLE[:, 0], "day": other})))
