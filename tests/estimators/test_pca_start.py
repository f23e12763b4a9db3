"""Default fits are no worse than PCA and the column means, and what begins where."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from narrows import Autoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.estimators import preparation

RNG = np.random.default_rng(0)
IRIS = load_iris().data
DIGITS = load_digits().data / 16


def started(X: Any, **options: Any) -> Autoencoder:
    """A model with the weights that its training begins with."""
    kind = options.pop("kind", Autoencoder)
    model = kind(**({"random_state": 0, "validation_fraction": 0, "device": "cpu"} | options))
    model.start_fit(as_rows(X))
    return model


def kept(X: np.ndarray, rebuilt: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return 1 - np.square(X - rebuilt).sum(0) / np.square(X - mean).sum(0)


def test_a_default_network_begins_as_pca():
    model = started(IRIS, n_components=2)
    floats = model.schema_.encode(as_rows(IRIS))
    pca = PCA(2).fit(floats)
    np.testing.assert_allclose(np.abs(model.transform(IRIS)), np.abs(pca.transform(floats)), atol=1e-4)


@pytest.mark.parametrize(("n", "d"), [(30, 60), (200, 5), (2, 3)])
def test_wide_tables_and_weighted_rows_begin_as_pca_too(n, d):
    X = RNG.normal(size=(n, d))
    model = started(X, n_components=1)
    floats = model.schema_.encode(as_rows(X))
    pca = PCA(1).fit(floats)
    expected = pca.inverse_transform(pca.transform(floats))
    np.testing.assert_allclose(model.schema_.encode(as_rows(model.reconstruct(X))), expected, rtol=1e-3, atol=1e-3)


def test_pixels_begin_at_their_means():
    model = started(DIGITS)
    bias = torch.sigmoid(model.network_.decoder.layers[-1].bias.detach())
    np.testing.assert_allclose(bias, DIGITS.mean(0).clip(1e-4), rtol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "mse"},
        {"output_activation": "linear"},
        {"penalty": "l1"},
        {"kind": SparseAutoencoder},
        {"kind": VariationalAutoencoder},
    ],
)
def test_what_was_chosen_begins_as_it_was_drawn(options):
    model = started(IRIS, **options)
    assert not model.network_.decoder.layers[-1].bias.detach().any()


def test_going_on_keeps_the_weights_that_are_there():
    model = Autoencoder(epochs=3, random_state=0, warm_start=True, device="cpu").fit(IRIS)
    before = {name: value.clone() for name, value in model.network_.state_dict().items()}
    options = preparation.FitOptions(estimator="Autoencoder")
    prepared = preparation.prepare(model.get_params(), as_rows(IRIS), model.state_, options)
    after = prepared.state.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not prepared.trainer.keep_start


@pytest.mark.slow
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_a_default_fit_is_as_good_as_pca_on_new_rows(load):
    X = load().data
    ours, theirs = [], []
    for seed in range(3):
        train, test = train_test_split(X, test_size=0.2, random_state=seed)
        model = Autoencoder(random_state=seed, device="cpu").fit(train)
        known, unseen = (model.schema_.encode(as_rows(part)).astype(float) for part in (train, test))
        rebuilt = model.schema_.encode(as_rows(model.reconstruct(test)))
        pca = PCA(model.n_components_).fit(known)
        total = np.square(unseen - known.mean(0)).sum()
        ours.append(1 - np.square(unseen - rebuilt).sum() / total)
        theirs.append(1 - np.square(unseen - pca.inverse_transform(pca.transform(unseen))).sum() / total)
    assert np.mean(ours) > np.mean(theirs) - 0.02


L = RNG.normal(size=(500, 3)) @ RNG.normal(size=(3, 10)) + 0.05 * RNG.normal(size=(500, 10))
UNIT = (L - L.min(0)) / (L.max(0) - L.min(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    "X",
    [
        UNIT * 0.1,
        UNIT * np.logspace(-5, 0, 10),
        UNIT * np.repeat([1, 0.02], 5),
        UNIT * np.r_[np.ones(9), 0.02],
        0.4 + 0.2 * UNIT,
        (L - L.mean(0)) * 1e-9,
        1e12 + 1e10 * L,
        (RNG.random((500, 10)) < UNIT).astype(float),
    ],
    ids=["rates", "concentrations", "half", "one narrow", "a band", "tiny", "huge", "binary"],
)
def test_no_column_is_answered_worse_than_with_its_mean(X):
    train, test = X[:400], X[400:]
    model = Autoencoder(n_components=3, epochs=20, random_state=0, device="cpu").fit(train)
    assert kept(test, model.reconstruct(test), train.mean(0)).min() > -0.02


def test_data_in_0_to_1_stay_where_a_setting_needs_them_so():
    rates = UNIT * 0.1
    for options in ({"loss": "bce"}, {"output_activation": "sigmoid"}):
        model = started(rates, **options)
        np.testing.assert_array_equal(model.schema_.encode(as_rows(rates)), rates.astype(np.float32))
    assert started(rates).schema_.unit == "standard deviations"


def test_a_fit_never_speaks_of_units_and_use_does_once():
    heavy = np.sort(RNG.lognormal(0, 3, (200, 4)), axis=0)
    model = Autoencoder(epochs=2, random_state=0, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(heavy)
        model.set_params(warm_start=True).fit(heavy)
        model.set_params(warm_start=False).fit(heavy[::2], validation_data=heavy[1::2])
    model.fit(UNIT)
    for use in (model.transform, model.reconstruct, model.score):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            use(UNIT * 1000)
        assert [str(w.message) for w in caught] == [
            "All columns of X are about 1,000 times larger than at the fit; bring them to the same units."
        ]
