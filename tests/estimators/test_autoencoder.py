import os
import signal
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from narrows import Autoencoder, VariationalAutoencoder
from narrows.errors import (
    DataError,
    DataRangeError,
    DivergedError,
    IdleParameterWarning,
    IgnoredColumnWarning,
    MissingValuesError,
    NarrowsError,
    NotFittedError,
    NotNumericError,
    SchemaMismatchError,
    SettingError,
)
from narrows.estimators import variant_classes
from narrows.model import Bernoulli, Penalty

IRIS = load_iris().data
DISTINCT = np.unique(IRIS, axis=0)
DIGITS = load_digits().images / 16


def quick(**others) -> Autoencoder:
    return Autoencoder(**({"n_components": 2, "epochs": 3, "random_state": 0} | others))


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


def test_one_row_is_refused_in_a_sentence_but_can_be_encoded_and_added():
    with pytest.raises(DataError, match="at least 2 rows"):
        quick().fit(IRIS[:1])
    model = quick().fit(IRIS)
    assert model.partial_fit(IRIS[:1]).transform(IRIS[:1]).shape == (1, 2)


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


def test_the_same_seed_gives_the_same_model_to_the_bit_whatever_the_global_seeds_are():
    np.random.seed(1)
    torch.manual_seed(1)
    numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
    first = quick().fit(IRIS)
    assert np.array_equal(np.random.get_state()[1], numpy_state)
    assert torch.equal(torch.get_rng_state(), torch_state)
    torch.manual_seed(2)
    second = quick().fit(IRIS)
    assert np.array_equal(first.transform(IRIS), second.transform(IRIS))
    assert np.array_equal(first.fit(IRIS).transform(IRIS), second.transform(IRIS))
    assert [e.loss for e in first.history_] == [e.loss for e in second.history_]


def test_without_a_seed_fits_differ_and_the_drawn_seed_repeats_one():
    model = quick(random_state=None).fit(IRIS)
    codes, seed = model.transform(IRIS), model.seed_
    assert not np.array_equal(model.fit(IRIS).transform(IRIS), codes)
    assert np.array_equal(quick(random_state=seed).fit(IRIS).transform(IRIS), codes)


def test_the_order_of_the_rows_does_not_change_the_model():
    shuffled = DIGITS[np.random.default_rng(0).permutation(len(DIGITS))]
    a, b = quick(epochs=1).fit(DIGITS), quick(epochs=1).fit(shuffled)
    assert np.array_equal(a.transform(DIGITS[:9]), b.transform(DIGITS[:9]))


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


@pytest.mark.parametrize("weight", [[1.0] * 149, [-1.0] + [1.0] * 149, [0.0] * 150, ["a"] * 150])
def test_wrong_sample_weights_are_refused(weight):
    with pytest.raises(DataError):
        quick().fit(IRIS, sample_weight=weight)


def test_partial_fit_learns_call_by_call_and_keeps_the_scaling_of_the_first():
    model = Autoencoder(n_components=2, random_state=0)
    for _ in range(40):
        for part in np.array_split(IRIS, 3):
            model.partial_fit(part)
    assert len(model.history_) == 120
    assert model.history_[-1].number == 120
    assert model.score(IRIS) > 0.8
    with pytest.raises(SchemaMismatchError):
        model.partial_fit(IRIS[:, :2])


def test_partial_fit_goes_on_from_a_fit():
    model = quick().fit(IRIS)
    before = model.score(IRIS)
    for _ in range(30):
        model.partial_fit(IRIS)
    assert model.score(IRIS) > before
    assert len(model.history_) == 33


def test_warm_start_goes_on_and_cold_start_begins_again():
    warm = quick(warm_start=True).fit(IRIS)
    start = warm.history_[-1].loss
    warm.fit(IRIS)
    assert len(warm.history_) == 6
    assert warm.history_[3].loss < start * 1.5
    with pytest.raises(SettingError, match="warm_start"):
        warm.set_params(hidden_layer_sizes=(5,)).fit(IRIS)
    assert len(quick().fit(IRIS).fit(IRIS).history_) == 3


def test_between_two_epochs_the_model_can_be_used_and_closing_keeps_it():
    model = quick(epochs=50, early_stopping=False)
    epochs = model.fit_epochs(IRIS)
    assert next(epochs).number == 1
    assert model.transform(IRIS).shape == (150, 2)
    next(epochs)
    epochs.close()
    assert model.interrupted_
    assert len(model.history_) == 2
    assert np.isfinite(model.score(IRIS))


def test_ctrl_c_keeps_what_was_learned_and_says_so():
    model = quick(epochs=100_000, early_stopping=False)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.warns(UserWarning, match="interrupted after"):
        model.fit(IRIS)
    timer.join()
    assert model.interrupted_
    assert 0 < len(model.history_) < 100_000
    assert np.isfinite(model.transform(IRIS)).all()


def test_a_diverged_fit_leaves_no_half_trained_model():
    model = quick(optimizer="sgd", learning_rate=1e9)
    with pytest.raises(DivergedError, match="learning_rate"):
        model.fit(IRIS)
    with pytest.raises(NotFittedError):
        model.transform(IRIS)
    fitted = quick().fit(IRIS)
    codes = fitted.transform(IRIS)
    with pytest.raises(DivergedError):
        fitted.set_params(optimizer="sgd", learning_rate=1e9).fit(IRIS)
    assert np.array_equal(fitted.transform(IRIS), codes)


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


def test_scoring_outside_the_range_of_a_bernoulli_fit_is_refused_but_encoding_is_not():
    model = quick(loss="bce").fit(DIGITS)
    assert model.transform(DIGITS * 3).shape == (1797, 2)
    with pytest.raises(DataRangeError, match="bce"):
        model.reconstruction_error(DIGITS * 3)


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


def test_a_row_has_the_same_code_to_the_bit_alone_and_among_others():
    model = Autoencoder(n_components=8, epochs=2, random_state=0).fit(DIGITS)
    together = model.transform(DIGITS)
    for n in (1, 2, 17, 300):
        assert np.array_equal(model.transform(DIGITS[:n]), together[:n])


def test_targets_outside_the_range_of_a_bernoulli_loss_are_refused_wherever_they_come_from():
    with pytest.raises(DataRangeError):
        quick(loss="bce").fit(DIGITS, validation_data=DIGITS * 5)
    with pytest.raises(DataRangeError):
        quick(loss=Bernoulli()).fit(IRIS)
    with pytest.raises(DataRangeError):
        quick(loss="bce").partial_fit(DIGITS).partial_fit(DIGITS * 5)


class Breaks(Penalty):
    """A user's own station with a bug in it."""

    name = "breaks"

    def __call__(self, forward):
        raise RuntimeError("a bug")


def test_an_error_in_a_users_own_station_leaves_the_model_as_it_was():
    model = quick(penalty=Breaks())
    with pytest.raises(RuntimeError, match="a bug"):
        model.fit(IRIS)
    with pytest.raises(NotFittedError):
        model.transform(IRIS)
    fitted = quick().fit(IRIS)
    codes = fitted.transform(IRIS)
    with pytest.raises(RuntimeError, match="a bug"):
        fitted.set_params(penalty=Breaks()).fit(IRIS)
    assert np.array_equal(fitted.transform(IRIS), codes)


def test_a_partial_fit_that_diverges_leaves_the_model_as_it_was():
    model = Autoencoder(n_components=2, random_state=0, optimizer="adam").partial_fit(IRIS)
    codes = model.transform(IRIS)
    with pytest.raises(DivergedError), pytest.warns(UserWarning, match="same units"):
        model.partial_fit(IRIS * 1e25)
    assert np.array_equal(model.transform(IRIS), codes)
    assert len(model.partial_fit(IRIS).history_) == 2


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


def test_short_floats_are_not_taken_for_constants():
    years = np.random.default_rng(0).integers(2010, 2024, (300, 3)).astype(np.float16)
    rebuilt = Autoencoder(n_components=3, epochs=60, random_state=0).fit(years).reconstruct(years)
    assert len(np.unique(rebuilt[:, 0].round())) > 8


def test_the_order_of_rows_that_are_standardised_does_not_change_the_model():
    X = 40 + 10 * np.random.default_rng(0).normal(size=(20_000, 4))
    shuffled = X[np.random.default_rng(1).permutation(len(X))]
    a, b = (quick(epochs=1).fit(data).transform(X[:50]) for data in (X, shuffled))
    assert np.array_equal(a, b)


@pytest.mark.parametrize(
    "labels",
    [[10, 20, 30, 40], pd.MultiIndex.from_product([["a", "b"], [1, 2]]), pd.date_range("2026-01-01", periods=4)],
)
def test_column_labels_that_are_not_text_come_back(labels):
    frame = pd.DataFrame(IRIS, columns=labels)
    rebuilt = quick().fit(frame).reconstruct(frame)
    assert rebuilt.columns.equals(frame.columns)
    assert np.isfinite((frame - rebuilt).to_numpy()).all()


def test_a_batch_far_larger_than_the_rows_is_as_large_as_they_are():
    model, whole = quick(batch_size=10**9).fit(IRIS), quick(batch_size=len(IRIS)).fit(IRIS)
    assert np.array_equal(model.transform(IRIS), whole.transform(IRIS))
