from __future__ import annotations

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.errors import SettingError

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
