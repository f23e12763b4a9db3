"""`pretrain="rbm"` as a parameter of the estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone

import narrows
from narrows import Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from narrows.errors import SettingError
from narrows.estimators import Epoch, LayerEpoch

DIGITS = narrows.read("digits").block()[:300]
QUICK = {
    "pretrain": "rbm",
    "pretrain_epochs": 2,
    "activation": "sigmoid",
    "hidden_layer_sizes": (12, 6),
    "n_components": 3,
    "epochs": 2,
    "random_state": 0,
}


def test_the_records_of_the_layers_come_before_those_of_the_training():
    model = Autoencoder(**QUICK)
    records = list(model.fit_epochs(DIGITS))
    assert [type(record) for record in records] == [LayerEpoch] * 6 + [Epoch] * 2
    assert model.pretraining_ == records[:6]
    assert list(model.history_) == records[6:]


def test_the_seed_decides_and_pretraining_matters():
    plain = {name: value for name, value in QUICK.items() if name not in ("pretrain", "pretrain_epochs")}
    one, two, without = (Autoencoder(**settings).fit(DIGITS).transform(DIGITS) for settings in (QUICK, QUICK, plain))
    assert np.array_equal(one, two)
    assert not np.allclose(one, without)


@pytest.mark.parametrize("kind", [Autoencoder, DenoisingAutoencoder, VariationalAutoencoder])
def test_every_variant_can_be_pretrained(kind):
    model = kind(**QUICK).fit(DIGITS)
    assert len(model.pretraining_) == 6
    assert model.transform(DIGITS).shape == (300, 3)


def test_a_saved_model_keeps_the_parameter(tmp_path):
    model = Autoencoder(**QUICK).fit(DIGITS)
    model.save(tmp_path / "m")
    loaded = narrows.load(tmp_path / "m")
    assert (loaded.pretrain, loaded.pretrain_epochs, loaded.pretraining_) == ("rbm", 2, [])
    assert np.array_equal(loaded.transform(DIGITS), model.transform(DIGITS))
    assert clone(loaded).get_params()["pretrain"] == "rbm"


def test_a_warm_start_is_not_pretrained_again():
    model = Autoencoder(**QUICK, warm_start=True).fit(DIGITS)
    model.fit(DIGITS)
    assert model.pretraining_ == []
    assert len(model.history_) == 4


def test_partial_fit_pretrains_once():
    model = Autoencoder(**QUICK).partial_fit(DIGITS)
    assert len(model.pretraining_) == 6
    model.partial_fit(DIGITS)
    assert len(model.pretraining_) == 6


def test_closing_the_records_in_a_layer_keeps_the_layers_that_are_done():
    model = Autoencoder(**QUICK)
    records = model.fit_epochs(DIGITS)
    for _ in range(3):  # layer 1 is done, layer 2 has begun
        next(records)
    records.close()
    assert model.interrupted_
    assert len(model.history_) == 0
    assert torch.equal(model.network_.encoder.layers[0].weight, model.network_.decoder.layers[-1].weight.t())


def test_a_row_of_weight_two_is_the_row_given_twice():
    weight = np.where(np.arange(300) < 150, 2.0, 1.0)
    weighted = Autoencoder(**QUICK).fit(DIGITS, sample_weight=weight)
    repeated = Autoencoder(**QUICK).fit(np.repeat(DIGITS, weight.astype(int), axis=0))
    assert np.array_equal(weighted.transform(DIGITS), repeated.transform(DIGITS))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"pretrain": "dbn"}, "pretrain='dbn' is not known"),
        ({"pretrain_epochs": 0}, "pretrain_epochs must be a whole number"),
        ({"activation": "relu"}, "not 'relu'"),
        ({"encoder": torch.nn.Linear(64, 3), "tied_weights": False}, "dense layers of narrows' own"),
        ({"network": "conv", "image_shape": (8, 8), "hidden_layer_sizes": (4, 4)}, 'network="mlp"'),
    ],
)
def test_where_it_cannot_apply_it_is_refused_before_any_work(others, words):
    model = Autoencoder(**(QUICK | others))
    with pytest.raises(SettingError, match=words) as caught:
        model.fit(DIGITS)
    assert "\n" not in str(caught.value)
    assert not hasattr(model, "network_")


def test_tables_of_several_kinds_are_refused():
    import pandas as pd

    table = pd.DataFrame({"a": np.arange(40.0), "b": ["x", "y"] * 20})
    with pytest.raises(SettingError, match="columns of one kind"):
        Autoencoder(**QUICK).fit(table)


def test_standardised_tables_are_pretrained_with_gaussian_units():
    X = np.random.default_rng(0).normal(size=(100, 5)) * [1, 10, 100, 1, 1]
    model = Autoencoder(**QUICK).fit(X)
    assert np.isfinite(model.transform(X)).all()


def test_verbose_prints_a_line_for_every_pass(capsys):
    Autoencoder(**QUICK, verbose=1).fit(DIGITS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[0].startswith("layer 1/3  epoch 1/2  error")
