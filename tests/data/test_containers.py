from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import torch

from narrows.data import Rows, as_rows, to_container
from narrows.errors import DataError, NotNumericError, SettingError

TABLE = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]])


@pytest.mark.parametrize(
    ("X", "container"),
    [
        (TABLE, "numpy"),
        (TABLE.tolist(), "numpy"),
        (scipy.sparse.csr_array(TABLE), "numpy"),
        (pd.DataFrame(TABLE, columns=["a", "b"]), "pandas"),
        (pl.DataFrame(TABLE, schema=["a", "b"]), "polars"),
        (pl.LazyFrame(TABLE, schema=["a", "b"]), "polars"),
        (pa.table({"a": TABLE[:, 0], "b": TABLE[:, 1]}), "pyarrow"),
        (torch.tensor(TABLE, requires_grad=True), "torch"),
    ],
)
def test_every_container_gives_the_same_rows(X, container):
    rows = as_rows(X)
    assert (rows.container, len(rows), rows.n_columns) == (container, 3, 2)
    np.testing.assert_array_equal(rows.block(), TABLE)
    assert type(to_container(rows)).__module__.split(".")[0] == container


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "uint8", "bool"])
def test_dtypes_are_kept(dtype):
    assert as_rows(np.ones((2, 3), dtype)).dtypes == (dtype,) * 3
    assert as_rows(pd.DataFrame(np.ones((2, 3), dtype))).dtypes == (dtype,) * 3


def test_numbers_in_object_columns_become_float64():
    assert as_rows(TABLE.astype(object)).dtypes == ("float64",) * 2
    assert as_rows(pd.DataFrame({"a": np.array([1, 2.5], dtype=object)})).dtypes == ("float64",)


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64")}),
        pl.DataFrame({"a": [1, None, 3]}),
        pa.table({"a": [1, None, 3]}),
        pd.DataFrame({"a": np.array([1, None, 3], dtype=object)}),
        np.ma.masked_equal([[1], [2], [3]], 2),
    ],
)
def test_gaps_become_nan(X):
    np.testing.assert_array_equal(as_rows(X).block(), [[1], [np.nan], [3]])


@pytest.mark.parametrize("dtype", [pl.Boolean, pl.Decimal(10, 2)])
def test_gaps_in_bools_and_decimals_become_nan(dtype):
    frame = pl.DataFrame({"a": [1, None, 0]}).cast(dtype)
    np.testing.assert_array_equal(as_rows(frame).block(), [[1], [np.nan], [0]])


def test_the_input_is_never_copied_without_need_nor_written():
    X = TABLE.copy()
    X.flags.writeable = False
    assert np.shares_memory(as_rows(X).block(), X)


def test_only_texts_count_as_names():
    assert as_rows(pd.DataFrame(TABLE)).names is None
    assert as_rows(pd.DataFrame(TABLE)).feature_names == ("x0", "x1")
    assert as_rows(pd.DataFrame(TABLE, columns=["a", "b"])).names == ("a", "b")
    with pytest.raises(DataError, match="string names"):
        as_rows(pd.DataFrame(TABLE, columns=["a", 1]))


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.array([[1, "oops"]], dtype=object), "Column 'x1' of X holds 'oops' in row 0"),
        ([["text", 1]], "'text'"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), "datetime64"),
    ],
)
def test_text_and_dates_in_arrays_are_named_with_their_place(X, sentence):
    with pytest.raises(NotNumericError, match=sentence):
        as_rows(X)


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.zeros(3), "Expected 2D array, got 1D array instead"),
        (np.zeros((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.zeros((3, 0)), r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of \d* is required"),
        (pd.DataFrame({"a": []}), r"0 sample\(s\)"),
        (np.array([[1j]]), "Complex data not supported"),
        (pd.DataFrame(TABLE, columns=["a", "a"]), "two columns named 'a'"),
        (np.zeros((2, 4, 4, 3, 1)), "shape"),
        (np.zeros((2, 0, 4)), "shape"),
    ],
)
def test_what_scikit_learn_refuses_is_refused_in_its_words(X, sentence):
    with pytest.raises(DataError, match=sentence):
        as_rows(X)


@pytest.mark.parametrize(
    ("shape", "image_shape", "layout"),
    [
        ((2, 5, 6), (5, 6, 1), "hw"),
        ((2, 5, 6, 1), (5, 6, 1), "hwc"),
        ((2, 5, 6, 3), (5, 6, 3), "hwc"),
        ((2, 3, 5, 6), (5, 6, 3), "chw"),
        ((2, 3, 5, 3), (3, 5, 3), "hwc"),
    ],
)
def test_images_are_flattened_channels_last_and_given_back_as_they_came(shape, image_shape, layout):
    images = np.random.default_rng(0).random(shape)
    rows = as_rows(images)
    assert (rows.image_shape, rows.layout) == (image_shape, layout)
    np.testing.assert_array_equal(to_container(rows), images)
    last = images.transpose(0, 2, 3, 1) if layout == "chw" else images.reshape(2, *image_shape)
    np.testing.assert_array_equal(rows.block().reshape(2, *image_shape), last)


def test_torch_images_have_their_channels_first():
    images = torch.rand(2, 3, 5, 3).bfloat16()
    rows = as_rows(images)
    assert rows.image_shape == (5, 3, 3)
    assert torch.equal(to_container(rows), images.float())


def test_image_shape_turns_a_table_into_images():
    rows = as_rows(np.zeros((2, 30)), image_shape=(5, 6))
    assert (rows.image_shape, rows.layout) == ((5, 6, 1), "flat")
    assert to_container(rows).shape == (2, 30)
    with pytest.raises(DataError, match="5 x 5 x 1"):
        as_rows(np.zeros((2, 30)), image_shape=(5, 5))
    with pytest.raises(DataError, match="image_shape says"):
        as_rows(np.zeros((2, 6, 5)), image_shape=(5, 6))
    for impossible in [(5,), (5, 6, 0), (0, 30), ("a", "b"), (2.5, 12)]:
        with pytest.raises(SettingError, match="image_shape"):
            as_rows(np.zeros((2, 30)), image_shape=impossible)


def test_rows_pass_through_and_can_be_taken():
    rows = as_rows(pd.DataFrame(TABLE, index=["p", "q", "r"]))
    assert as_rows(rows) is rows
    taken = rows.take(np.array([2, 0]))
    assert list(to_container(taken).index) == ["r", "p"]
    labelled = Rows(TABLE, labels=np.array(["x", "y", "z"]))
    assert list(labelled.take(slice(1, 3)).labels) == ["y", "z"]


@pytest.mark.parametrize(
    ("shape", "image_shape", "layout"),
    [
        ((2, 12, 14, 2), (12, 14, 2), "hwc"),
        ((2, 12, 14, 4), (12, 14, 4), "hwc"),
        ((2, 12, 12, 12), (12, 12, 12), "hwc"),
        ((2, 4, 28, 30), (28, 30, 4), "chw"),
        ((2, 12, 28, 30), (28, 30, 12), "chw"),
        ((2, 28, 30, 12), (28, 30, 12), "hwc"),
        ((2, 4, 8, 8), (8, 8, 4), "chw"),
        ((2, 12, 8, 8), (8, 8, 12), "chw"),
        ((2, 8, 8, 12), (8, 8, 12), "hwc"),
        ((2, 3, 4, 4), (4, 4, 3), "chw"),
        ((2, 20, 20, 40), (20, 20, 40), "hwc"),
        ((2, 40, 20, 20), (20, 20, 40), "chw"),
        ((2, 20, 25, 40), (20, 25, 40), "hwc"),
    ],
)
def test_images_have_any_number_of_channels(shape, image_shape, layout):
    images = np.random.default_rng(0).random(shape)
    rows = as_rows(images)
    assert (rows.image_shape, rows.layout) == (image_shape, layout)
    np.testing.assert_array_equal(to_container(rows), images)
    assert as_rows(rows.block(), image_shape=image_shape).image_shape == image_shape


def test_tensors_have_their_channels_first_where_the_shape_does_not_say():
    assert as_rows(torch.zeros(2, 4, 12, 4)).image_shape == (12, 4, 4)
    assert as_rows(torch.zeros(2, 12, 30, 12)).image_shape == (30, 12, 12)


def test_complex_numbers_are_refused_without_their_values() -> None:
    with pytest.raises(DataError, match=r"^Complex data not supported: give the real and imaginary parts of X\.$"):
        as_rows(np.ones((20, 2), complex))
