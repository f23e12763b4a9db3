"""Rows that cannot be learned or used, and those that can after all."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from narrows.errors import (
    DataError,
    DataRangeError,
    MissingValuesError,
    NotNumericError,
    SchemaMismatchError,
)
from narrows.model import Bernoulli
from tests.estimators.quick_fits import DIGITS, IRIS, quick


def test_one_row_is_refused_in_a_sentence_but_can_be_encoded_and_added():
    with pytest.raises(DataError, match="at least 2 rows"):
        quick().fit(IRIS[:1])
    model = quick().fit(IRIS)
    assert model.partial_fit(IRIS[:1]).transform(IRIS[:1]).shape == (1, 2)


@pytest.mark.parametrize("weight", [[1.0] * 149, [-1.0] + [1.0] * 149, [0.0] * 150, ["a"] * 150])
def test_wrong_sample_weights_are_refused(weight):
    with pytest.raises(DataError):
        quick().fit(IRIS, sample_weight=weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_missing_and_infinite_values_are_located(bad):
    X = IRIS.copy()
    X[7, 2] = bad
    with pytest.raises(MissingValuesError, match=r"'x2'.*row 7"):
        quick(missing="error").fit(X)
    with pytest.raises(MissingValuesError, match=r"'x2'.*row 7"):
        quick(missing="error").fit(IRIS).transform(X)


def test_a_bad_cell_is_located_however_far_down_it_stands():
    X = np.zeros((20_000, 3))
    X[:, 1] = np.linspace(0, 1, 20_000)
    model = quick(epochs=1, missing="error").fit(X)
    X[15_000, 1] = np.nan
    with pytest.raises(MissingValuesError, match="row 15000"):
        model.transform(X)


def test_missing_values_can_be_filled_with_the_training_mean():
    X = IRIS.copy()
    X[7, 2] = np.nan
    model = quick(missing="mean").fit(X)
    filled = X.copy()
    filled[7, 2] = np.nanmean(X[:, 2])
    np.testing.assert_allclose(model.transform(X)[7], model.transform(filled)[7], rtol=1e-5)


def test_text_in_an_array_is_refused_with_its_column_and_row():
    array = np.array([[1.0, "Torgersen"], [2.0, "Dream"], [3.0, "Dream"]], dtype=object)
    with pytest.raises(NotNumericError, match=r"x1.*Torgersen.*row 0"):
        quick().fit(array)


def test_other_columns_at_use_are_refused():
    frame = load_iris(as_frame=True).data
    model = quick().fit(frame)
    with pytest.raises(SchemaMismatchError, match="now missing"):
        model.transform(frame.iloc[:, :3])
    with pytest.raises(SchemaMismatchError, match="images"):
        quick().fit(DIGITS).transform(np.zeros((2, 9, 9)))


def test_named_columns_come_in_any_order_and_beside_others():
    frame = load_iris(as_frame=True).data
    model = quick().fit(frame)
    given = frame[frame.columns[::-1]].assign(name="setosa")
    for expected, found in (
        (model.transform(frame), model.transform(given)),
        (model.reconstruction_error(frame), model.reconstruction_error(given)),
        (model.score(frame), model.score(given)),
    ):
        np.testing.assert_array_equal(found, expected)
    pd.testing.assert_frame_equal(model.reconstruct(given), model.reconstruct(frame))
    with pytest.raises(SchemaMismatchError, match=r"X\[list\(model.feature_names_in_\)\]"):
        model.impute(given)
    pd.testing.assert_frame_equal(model.impute(given[list(model.feature_names_in_)]), frame)


def test_scoring_outside_the_range_of_a_bernoulli_fit_is_refused_but_encoding_is_not():
    model = quick(loss="bce").fit(DIGITS)
    assert model.transform(DIGITS * 3).shape == (1797, 2)
    with pytest.raises(DataRangeError, match="bce"):
        model.reconstruction_error(DIGITS * 3)


def test_targets_outside_the_range_of_a_bernoulli_loss_are_refused_wherever_they_come_from():
    with pytest.raises(DataRangeError):
        quick(loss="bce").fit(DIGITS, validation_data=DIGITS * 5)
    with pytest.raises(DataRangeError):
        quick(loss=Bernoulli()).fit(IRIS)
    with pytest.raises(DataRangeError):
        quick(loss="bce").partial_fit(DIGITS).partial_fit(DIGITS * 5)
