"""Which tables of numbers keep one unit for all columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from narrows.data import Schema, as_rows

R = np.random.default_rng(0)
DIGITS = load_digits().data
PIXELS = np.rint(DIGITS / 16 * 255)


def learn(X, **options) -> tuple[Schema, np.ndarray]:
    rows = as_rows(X)
    schema = Schema.learn(rows, **options)
    return schema, schema.encode(rows)


@pytest.mark.parametrize(
    "X",
    [
        R.random((400, 10)) * np.r_[np.ones(9), 0.02],
        R.random((400, 10)) * 1e-5,
        0.4 + 0.2 * R.random((400, 10)),
        np.c_[R.random((400, 5)) < 0.1, 0.05 * R.random((400, 5))],
        R.dirichlet(np.ones(30), 400),
        np.concatenate([np.ones((1, 10)), 0.01 * R.random((399, 10))]),
        R.random((400, 100)) * np.repeat([1, 0.02], 50),
        pd.DataFrame(0.05 * R.random((400, 100))).add_prefix("p"),
        R.normal(0, 1e-9, (400, 4)),
        R.normal(1e12, 1e10, (400, 4)),
        R.poisson(0.1, (400, 20)),
        R.integers(0, 256, (400, 10)).astype(np.uint8),
    ],
    ids=[
        *("nine wide, one narrow", "tiny", "a band", "half binary", "shares", "outliers", "half narrow of many"),
        *("many narrow", "around zero", "huge", "counts", "few columns of bytes"),
    ],
)
def test_columns_that_use_little_of_the_interval_are_standardised(X):
    schema, floats = learn(X)
    expected = StandardScaler().fit_transform(np.asarray(X, dtype=np.float64))
    np.testing.assert_allclose(floats, expected, rtol=1e-4, atol=1e-4)
    assert (schema.bounded, schema.unit) == (False, "standard deviations")


@pytest.mark.parametrize(
    "X",
    [
        R.random((400, 10)),
        np.c_[R.random((400, 5)), np.full(400, 0.3)],
        R.random((100, 500)),
        (R.random((400, 10)) < 0.01).astype(float),
        R.dirichlet(np.ones(3), 400),
        DIGITS / 16,
        DIGITS[:100] / 16,
        1 - DIGITS / 16,
        pd.DataFrame(DIGITS / 16).add_prefix("pixel_"),
    ],
    ids=[
        *("wide", "one constant", "wide table", "rare ones", "three shares"),
        *("pixels", "few pixels", "on white", "named pixels"),
    ],
)
def test_wide_columns_zeros_and_ones_and_flattened_pictures_stay_as_they_are(X):
    schema, floats = learn(X)
    np.testing.assert_array_equal(floats, np.asarray(X, dtype=np.float32))
    assert (schema.bounded, schema.unit) == (True, "the data's own units")


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
def test_flattened_pictures_of_0_to_255_are_divided_by_255_and_come_back(dtype):
    pixels = PIXELS.astype(dtype)
    schema, floats = learn(pixels)
    np.testing.assert_allclose(floats, PIXELS / 255, rtol=1e-6)
    assert (schema.bounded, schema.unit) == (True, "parts of 255")
    np.testing.assert_array_equal(schema.decode(floats), pixels)


def test_columns_of_other_names_are_no_pixels():
    frame = pd.DataFrame(DIGITS / 16, columns=[f"{chr(97 + i // 8)}{chr(97 + i % 8)}" for i in range(64)])
    assert learn(frame)[0].unit == "standard deviations"


def test_weights_count_as_repeated_rows():
    weight = R.integers(1, 4, len(DIGITS))
    weighted = Schema.learn(as_rows(DIGITS / 16), sample_weight=weight.astype(float))
    assert weighted.unit == Schema.learn(as_rows((DIGITS / 16).repeat(weight, axis=0))).unit == "the data's own units"
