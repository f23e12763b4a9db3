"""Encoders and decoders of the user."""

import numpy as np
import pytest
import torch
from torch import nn

from narrows import Autoencoder
from narrows.errors import (
    SettingError,
)
from tests.estimators.quick_fits import IRIS

DISTINCT = np.unique(IRIS, axis=0)


def test_own_modules_are_trained_in_copies_and_repeat():
    encoder, decoder = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2)), nn.Linear(2, 4)
    before = encoder[0].weight.detach().clone()
    model = Autoencoder(encoder=encoder, decoder=decoder, epochs=5, random_state=0).fit(IRIS)
    assert torch.equal(encoder[0].weight, before)
    assert model.n_components_ == 2
    codes = model.transform(IRIS)
    assert np.array_equal(model.fit(IRIS).transform(IRIS), codes)
    with pytest.raises(SettingError, match="decoder"):
        Autoencoder(encoder=encoder, decoder=nn.Linear(2, 3), epochs=1).fit(IRIS)


def test_dropout_in_an_own_module_repeats_and_leaves_the_global_seed_alone():
    encoder = nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.5), nn.Linear(16, 2))
    state = torch.get_rng_state()
    models = [Autoencoder(encoder=encoder, epochs=3, random_state=0).fit(IRIS) for _ in range(2)]
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(*(model.transform(IRIS) for model in models))


def test_modules_that_need_two_rows_survive_a_last_batch_of_one():
    encoder = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    model = Autoencoder(encoder=encoder, batch_size=16, epochs=2, validation_fraction=0.0, random_state=0)
    for _ in model.fit_epochs(DISTINCT[:33]):
        assert np.array_equal(model.transform(IRIS), model.transform(IRIS))


def test_a_network_without_parameters_is_refused():
    with pytest.raises(SettingError, match="no parameter"):
        Autoencoder(encoder=nn.Identity(), decoder=nn.Identity(), epochs=1).fit(IRIS)
