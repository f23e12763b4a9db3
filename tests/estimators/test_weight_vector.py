"""The weights of a network as a vector, and a model with those of an earlier epoch."""

from __future__ import annotations

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.errors import SettingError
from narrows.estimators.weight_vector import weight_vector, with_weights

TABLE = np.random.default_rng(0).normal(size=(80, 5))


@pytest.mark.parametrize("tied", [False, True])
def test_the_weights_of_an_earlier_epoch_give_back_its_codes(tied: bool) -> None:
    model = Autoencoder(n_components=2, tied_weights=tied, epochs=3, random_state=0, device="cpu")
    past = [
        (weight_vector(model), model.transform(TABLE), model.inverse_transform(np.zeros((1, 2))))
        for _ in model.fit_epochs(TABLE)
    ]
    for vector, codes, decoded in past:
        then = with_weights(model, vector)
        assert np.array_equal(then.transform(TABLE), codes)
        assert np.array_equal(then.inverse_transform(np.zeros((1, 2))), decoded)
    assert not np.array_equal(past[0][1], model.transform(TABLE))


def test_a_vector_of_another_network_is_refused() -> None:
    model = Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(TABLE)
    with pytest.raises(SettingError, match="another network"):
        with_weights(model, weight_vector(model)[1:])
