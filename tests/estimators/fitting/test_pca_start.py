"""Default fits are no worse than PCA and the column means, and what begins where."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

import narrows
from narrows import Autoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.data import as_rows
from narrows.errors import SettingError
from narrows.estimators.fitting import preparation
from narrows.estimators.parameters import resolution

RNG = np.random.default_rng(0)
IRIS = load_iris().data
DIGITS = load_digits().data / 16


def started(X: Any, **options: Any) -> Autoencoder:
    """A model with the weights that its training begins with."""
    kind = options.pop("kind", Autoencoder)
    model = kind(**({"random_state": 0, "validation_fraction": 0, "device": "cpu"} | options))
    model.start_fit(as_rows(X))
    return model


def gaussian(n: int, d: int, k: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) @ rng.normal(size=(k, d)) + rng.normal(size=(n, d))


def r2_of_both(model: Autoencoder, train: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """R² on `test` of the model, and of scikit-learn's PCA of the rows that the model trained on."""
    encode = model.schema_.encode
    known = encode(as_rows(np.delete(train, model.validation_rows_, axis=0))).astype(float)
    unseen, rebuilt = (encode(as_rows(part)).astype(float) for part in (test, model.reconstruct(test)))
    pca = PCA(model.n_components_, svd_solver="full").fit(known)
    theirs = pca.inverse_transform(pca.transform(unseen))
    return tuple(float(kept(unseen, of, known.mean(0)).mean()) for of in (rebuilt, theirs))  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize(("n", "d", "k"), [(60, 90, 10), (400, 12, 3)])
def test_where_nothing_is_curved_the_model_is_pca(n, d, k):
    X = gaussian(2 * n, d, k)
    model = Autoencoder(n_components=k, epochs=20, random_state=0, device="cpu").fit(X[:n])
    assert model.network_.path.share == 0
    ours, theirs = r2_of_both(model, X[:n], X[n:])
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_layers_that_held_out_rows_support_are_kept():
    t = np.linspace(-1, 1, 400)[:, None]
    X = np.c_[t, t**2, t**3, np.abs(t)] + 0.02 * RNG.normal(size=(400, 4))
    model = Autoencoder(n_components=1, epochs=40, random_state=0, device="cpu").fit(X[::2])
    ours, theirs = r2_of_both(model, X[::2], X[1::2])
    assert model.network_.path.share > 0
    assert ours > theirs + 0.1


def test_a_saved_model_keeps_its_path(tmp_path):
    X = gaussian(60, 9, 3)
    model = Autoencoder(n_components=3, epochs=3, random_state=0, device="cpu").fit(X)
    model.save(tmp_path / "model")
    again = narrows.load(tmp_path / "model")
    assert again.linear_path == "auto"
    assert again.network_.path.share == model.network_.path.share
    np.testing.assert_array_equal(again.reconstruct(X), model.reconstruct(X))


def test_a_row_of_weight_two_is_two_rows_for_the_path():
    X = gaussian(40, 5, 2)
    weight = np.where(np.arange(40) < 10, 2.0, 1.0)
    weighted, repeated = (Autoencoder(n_components=2, random_state=0, device="cpu", scale="none") for _ in range(2))
    weighted.start_fit(as_rows(X), sample_weight=weight)
    repeated.start_fit(as_rows(np.concatenate([X, X[:10]])))
    for name in ("directions", "centre"):
        found, expected = (getattr(model.network_.path, name) for model in (weighted, repeated))
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("options", [{"tied_weights": True}, {"activation": "tanh"}, {"hidden_layer_sizes": (4,)}])
def test_layers_that_cannot_begin_as_pca_have_a_path_too(options):
    X = gaussian(120, 12, 4)
    model = Autoencoder(n_components=4, epochs=3, random_state=0, device="cpu", **options).fit(X[:60])
    ours, theirs = r2_of_both(model, X[:60], X[60:])
    assert ours > theirs - 1e-3


@pytest.mark.parametrize("options", [{"linear_path": "off"}, {"loss": "mse"}, {"kind": VariationalAutoencoder}])
def test_networks_that_were_chosen_have_no_path(options):
    assert started(IRIS, **options).network_.path is None


def test_a_path_can_be_asked_for_with_another_loss_and_not_with_another_code():
    assert started(IRIS, linear_path="on", loss="mae").network_.path is not None
    with pytest.raises(SettingError, match="linear_path='on' needs a point code"):
        started(IRIS, linear_path="on", kind=VariationalAutoencoder)
    with pytest.raises(SettingError, match="linear_path='maybe' is not one of auto, on, off"):
        started(IRIS, linear_path="maybe")


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
        {"kind": VariationalAutoencoder, "linear_path": "off"},
        {"kind": VariationalAutoencoder, "loss": "gaussian"},
    ],
)
def test_what_was_chosen_begins_as_it_was_drawn(options):
    model = started(IRIS, **options)
    assert not model.network_.decoder.layers[-1].bias.detach().any()


@pytest.mark.parametrize(("n", "d", "k"), [(300, 8, 3), (300, 4, 4), (40, 60, 5), (50, 1, 1)])
def test_a_variational_network_begins_no_worse_than_probabilistic_pca(n, d, k):
    X = gaussian(n, d, min(k, d))
    model = started(X, kind=VariationalAutoencoder, n_components=k)
    floats = model.schema_.encode(as_rows(X)).astype(float)
    pca = PCA(min(k, d - 1), svd_solver="full").fit(floats) if d > 1 else None
    expected = -0.5 * np.log(2 * np.pi) - 0.5 if pca is None else pca.score(floats)
    assert model.elbo(X, n_draws=200).mean() > expected - 0.05
    if pca is not None:  # the posterior's means are its components, shrunken towards 0
        correlation = np.corrcoef(model.transform(X)[:, 0], pca.transform(floats)[:, 0])[0, 1]
        assert abs(correlation) == pytest.approx(1, abs=1e-4)


def test_where_nothing_is_curved_the_variational_model_is_no_worse_on_new_rows():
    X = gaussian(400, 12, 3)
    model = VariationalAutoencoder(n_components=3, epochs=20, random_state=0, device="cpu").fit(X[:200])
    before = started(X[:200], kind=VariationalAutoencoder, n_components=3)
    encode = model.schema_.encode
    pca = PCA(3).fit(encode(as_rows(X[:200])).astype(float))
    assert model.learning_rate_ < VariationalAutoencoder(epochs=1).fit(DIGITS).learning_rate_
    assert model.elbo(X[200:]).mean() > pca.score(encode(as_rows(X[200:])).astype(float)) - 0.05
    assert before.network_.state_dict().keys() == model.network_.state_dict().keys()


def test_a_training_that_held_out_rows_do_not_support_is_taken_back():
    X = gaussian(60, 12, 3)
    first = started(X, kind=VariationalAutoencoder, n_components=3, validation_fraction=0.3)
    model = VariationalAutoencoder(n_components=3, validation_fraction=0.3, epochs=3, random_state=0, device="cpu")
    model.set_params(learning_rate=0.5).fit(X)
    for name, value in first.network_.state_dict().items():
        assert torch.equal(value, model.network_.state_dict()[name])


def test_a_gaussian_code_of_a_table_is_wider_than_others_and_that_of_an_image_is_not(monkeypatch, tmp_path):
    assert started(IRIS, kind=VariationalAutoencoder).n_components_ == 2
    mixed = pd.DataFrame({"a": np.arange(60) % 7 / 3, "b": list("pqrstu") * 10})
    assert started(mixed, kind=VariationalAutoencoder).n_components_ == 2
    assert started(IRIS).n_components_ == 1
    assert started(DIGITS.reshape(-1, 8, 8), kind=VariationalAutoencoder).n_components_ == 16
    # A model of a version that chose another width keeps it when it is loaded and fitted further.
    monkeypatch.setattr(resolution, "_SHARE_OF_FLOATS", 0.25)
    model = VariationalAutoencoder(epochs=1, random_state=0, device="cpu").fit(IRIS)
    model.save(tmp_path / "model")
    monkeypatch.undo()
    again = narrows.load(tmp_path / "model")
    np.testing.assert_array_equal(again.transform(IRIS), model.transform(IRIS))
    assert again.partial_fit(IRIS).n_components_ == 1
    assert again.set_params(warm_start=True).fit(IRIS).n_components_ == 1


def test_going_on_keeps_the_weights_that_are_there():
    model = Autoencoder(epochs=3, random_state=0, warm_start=True, device="cpu").fit(IRIS)
    before = {name: value.clone() for name, value in model.network_.state_dict().items()}
    options = preparation.FitOptions(estimator="Autoencoder")
    prepared = preparation.prepare(model.get_params(), as_rows(IRIS), model.state_, options)
    after = prepared.state.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not prepared.trainer.began_as_pca


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
            "All columns of X are about 1,000 times larger than at the fit; convert them to the same units."
        ]
