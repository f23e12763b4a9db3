import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from narrows import Autoencoder, VariationalAutoencoder
from narrows.errors import (
    DataError,
    DataRangeError,
    IdleParameterWarning,
    IgnoredColumnWarning,
    NarrowsError,
    NotFittedError,
    SettingError,
)
from narrows.estimators import variant_classes
from tests.estimators.quick_fits import DIGITS, IRIS, quick


def test_a_linear_autoencoder_finds_what_pca_finds():
    linear = quick(
        activation="linear",
        hidden_layer_sizes=(),
        epochs=200,
        validation_fraction=0.0,
        weight_decay=0.0,
        learning_rate=0.05,
        early_stopping=False,
    )
    X = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
    pca = PCA(2).fit(X)
    best = np.square(X - pca.inverse_transform(pca.transform(X))).sum(axis=1).mean()
    error = linear.fit(IRIS).reconstruction_error(IRIS).mean()
    assert best <= error * (1 + 1e-6)
    assert error == pytest.approx(best, rel=0.02)


def test_the_error_per_feature_sums_to_the_error_per_row_in_the_stated_unit():
    model = quick().fit(IRIS)
    by_feature = model.reconstruction_error(IRIS, per_feature=True)
    scaled = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
    rebuilt = (model.reconstruct(IRIS) - IRIS.mean(axis=0)) / IRIS.std(axis=0)
    np.testing.assert_allclose(by_feature, np.square(scaled - rebuilt), atol=1e-4)
    np.testing.assert_allclose(by_feature.sum(axis=1), model.reconstruction_error(IRIS), rtol=1e-5)
    assert model.loss_unit_ == "squared error per row (sum over 4 features, standard deviations)"


@pytest.mark.parametrize("n", [2, 3, 17, 33])
@pytest.mark.parametrize("estimator", variant_classes())
def test_two_rows_fewer_than_a_batch_and_one_more_than_a_batch_are_enough(estimator, n):
    model = estimator(batch_size=16, epochs=2, random_state=0).fit(IRIS[:n])
    assert model.transform(IRIS[:1]).shape == (1, 2 if estimator is VariationalAutoencoder else 1)
    assert np.isfinite(model.history_[-1].loss)


def test_one_column_and_more_components_than_columns_work():
    assert Autoencoder(epochs=2, random_state=0).fit_transform(IRIS[:, :1]).shape == (150, 1)
    assert quick(n_components=7).fit_transform(IRIS).shape == (150, 7)


def test_constant_columns_survive_the_round_trip_exactly():
    X = np.column_stack([IRIS, np.full(150, 0.1), np.full(150, -3e9)])
    rebuilt = quick().fit(X).reconstruct(X)
    assert np.array_equal(rebuilt[:, 4:], X[:, 4:])


def test_reconstructions_keep_names_index_dtypes_and_shapes():
    frame = pd.DataFrame({"n": np.arange(50), "x": np.linspace(0, 9, 50), "on": np.arange(50) % 2 == 0})
    frame.index = pd.Index([f"r{i}" for i in range(50)])
    with pytest.warns(IgnoredColumnWarning, match="'n'"):
        rebuilt = quick().fit(frame).reconstruct(frame)
    assert rebuilt.dtypes.equals(frame.dtypes)
    assert rebuilt.index.equals(frame.index)
    pixels = (DIGITS * 255).astype(np.uint8)
    rebuilt = quick().fit(pixels).reconstruct(pixels)
    assert rebuilt.dtype == np.uint8
    assert rebuilt.shape == (1797, 8, 8)


def test_codes_turn_back_into_rows_of_the_users_units():
    frame = load_iris(as_frame=True).data
    model = quick(epochs=40).fit(frame)
    back = model.inverse_transform(model.transform(frame))
    pd.testing.assert_frame_equal(back, model.reconstruct(frame).reset_index(drop=True))
    assert 5 < back["sepal length (cm)"].mean() < 7
    with pytest.raises(DataError, match="2 columns"):
        model.inverse_transform(np.zeros((3, 5)))


def test_copies_of_a_row_never_stand_on_both_sides_of_the_split():
    X = np.repeat(DIGITS[:100], 3, axis=0)
    model = quick(validation_fraction=0.2).fit(X)
    held = set(model.validation_rows_.tolist())
    assert len(held) == 60
    assert all({3 * (i // 3), 3 * (i // 3) + 1, 3 * (i // 3) + 2} <= held for i in held)


def test_given_validation_data_are_watched_instead_of_a_held_out_share():
    model = quick(epochs=1, early_stopping=False).fit(IRIS[:100], validation_data=IRIS[100:])
    assert len(model.validation_rows_) == 0
    assert model.history_[0].validation == pytest.approx(model.reconstruction_error(IRIS[100:]).mean(), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("tied_weights", [False, True])
def test_images_pass_through_both_networks_with_tied_and_free_weights(network, tied_weights):
    model = Autoencoder(
        network=network,
        tied_weights=tied_weights,
        n_components=16,
        epochs=6,
        random_state=0,
        early_stopping=False,
    )
    assert model.fit(DIGITS).reconstruct(DIGITS).shape == DIGITS.shape
    assert model.score(DIGITS) > 0.6


def test_flat_columns_are_read_as_images_when_told_their_shape():
    flat = DIGITS.reshape(-1, 64)
    model = quick(network="conv", image_shape=(8, 8)).fit(flat)
    assert model.reconstruct(flat).shape == (1797, 64)
    with pytest.raises(SettingError, match="image"):
        quick(network="conv").fit(flat)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"n_components": 0}, SettingError),
        ({"n_components": 2.5}, SettingError),
        ({"hidden_layer_sizes": (0,)}, SettingError),
        ({"network": "rnn"}, SettingError),
        ({"activation": "swish"}, SettingError),
        ({"loss": "l7"}, SettingError),
        ({"scale": "log"}, SettingError),
        ({"missing": "guess"}, SettingError),
        ({"corruption": "dust"}, SettingError),
        ({"corruption": "masking", "level": 1.5}, SettingError),
        ({"code": "top-k", "k": 3}, SettingError),
        ({"penalty": "l2"}, SettingError),
        ({"penalty": "l1", "penalty_weight": -1}, SettingError),
        ({"penalty": "kl", "code_activation": "relu"}, SettingError),
        ({"optimizer": "lion"}, SettingError),
        ({"validation_fraction": 1.0}, SettingError),
        ({"random_state": -3}, SettingError),
        ({"device": "abacus"}, SettingError),
        ({"epochs": 0}, SettingError),
        ({"loss": "bce"}, DataRangeError),
        ({"output_activation": "sigmoid"}, DataRangeError),
        ({"output_activation": "tanh"}, SettingError),
    ],
)
def test_an_impossible_setting_is_one_sentence_at_fit(settings, error):
    with pytest.raises(error) as caught:
        quick(**settings).fit(IRIS)
    assert "\n" not in str(caught.value)


def test_warnings_point_at_the_line_of_the_user():
    frame = load_iris(as_frame=True).data
    model = quick(k=3)
    for call in (lambda: model.fit(frame), lambda: make_pipeline(StandardScaler(), model).fit(frame)):
        with pytest.warns(IdleParameterWarning) as caught:
            call()
        assert [Path(one.filename).name for one in caught] == [Path(__file__).name]
    fitted = quick().fit(frame)
    with pytest.warns(UserWarning, match="valid feature names") as caught:
        fitted.transform(frame.to_numpy())
    assert caught[0].filename == __file__


def test_an_unfitted_model_says_so():
    for method in ("transform", "inverse_transform", "reconstruct", "reconstruction_error", "score"):
        with pytest.raises(NotFittedError) as caught:
            getattr(quick(), method)(IRIS)
        assert isinstance(caught.value, NarrowsError)


def test_verbose_prints_a_line_per_epoch(capsys):
    quick(verbose=1).fit(IRIS)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("epoch 1/3  loss ")


def test_a_whole_use_warns_about_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = quick().fit(load_iris(as_frame=True).data)
        model.reconstruct(load_iris(as_frame=True).data)


def test_short_floats_are_not_taken_for_constants():
    years = np.random.default_rng(0).integers(2010, 2024, (300, 3)).astype(np.float16)
    rebuilt = Autoencoder(n_components=3, epochs=60, random_state=0).fit(years).reconstruct(years)
    assert len(np.unique(rebuilt[:, 0].round())) > 8


@pytest.mark.parametrize(
    "labels",
    [[10, 20, 30, 40], pd.MultiIndex.from_product([["a", "b"], [1, 2]]), pd.date_range("2026-01-01", periods=4)],
)
def test_column_labels_that_are_not_text_come_back(labels):
    frame = pd.DataFrame(IRIS, columns=labels)
    rebuilt = quick().fit(frame).reconstruct(frame)
    assert rebuilt.columns.equals(frame.columns)
    assert np.isfinite((frame - rebuilt).to_numpy()).all()
