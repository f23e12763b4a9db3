from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from narrows import Autoencoder
from narrows.errors import DataRangeError, SettingError

ROWS = np.random.default_rng(0).normal(size=(40, 4))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", ["tied_weights", "warm_start", "early_stopping"])
@pytest.mark.parametrize("value", ["no", None, 1, 0.0])
def test_what_is_neither_true_nor_false_is_refused(method, name, value):
    with pytest.raises(SettingError, match=f"{name} must be True or False, got {value!r}"):
        getattr(Autoencoder(**{name: value}), method)(ROWS)


def test_the_truth_values_of_numpy_are_accepted():
    settings = {name: np.bool_(False) for name in ("tied_weights", "warm_start", "early_stopping", "verbose")}
    model = Autoencoder(n_components=2, epochs=1, random_state=0, **settings).fit(ROWS)
    same = Autoencoder(n_components=2, epochs=1, random_state=0, early_stopping=False).fit(ROWS)
    np.testing.assert_array_equal(model.transform(ROWS), same.transform(ROWS))


def test_verbose_is_a_number():
    with pytest.raises(SettingError, match="verbose must be a number, got 'a'"):
        Autoencoder(verbose="a").fit(ROWS)


@pytest.mark.parametrize("make", [pd.DataFrame, lambda codes: pl.from_pandas(codes)])
def test_codes_in_a_frame_are_read_by_their_names(make):
    model = Autoencoder(n_components=3, epochs=1, random_state=0).fit(ROWS)
    codes = pd.DataFrame(model.transform(ROWS), columns=model.get_feature_names_out())
    expected = model.inverse_transform(codes)
    np.testing.assert_array_equal(model.inverse_transform(make(codes.iloc[:, ::-1])), expected)
    np.testing.assert_array_equal(model.inverse_transform(codes.set_axis(["c", "b", "a"], axis=1)), expected)


@pytest.mark.filterwarnings("error")
def test_codes_that_are_too_large_to_be_decoded_are_refused():
    model = Autoencoder(n_components=2, epochs=1, random_state=0).fit(ROWS)
    with pytest.raises(DataRangeError, match=r"The code in row 1 .* is too large to be decoded"):
        model.inverse_transform(np.array([[0, 0], [3e38, -3e38]], dtype=np.float32))
