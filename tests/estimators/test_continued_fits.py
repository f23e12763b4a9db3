"""Fits that go on from what was learned, end early, or fail."""

import os
import pickle
import signal
import threading

import numpy as np
import pytest

from narrows import Autoencoder
from narrows.errors import (
    DivergedError,
    IdleParameterWarning,
    NotFittedError,
    SchemaMismatchError,
    SettingError,
)
from narrows.model import Penalty
from tests.estimators.quick_fits import IRIS, quick


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


def test_partial_fit_warns_of_parameters_that_changed_since_its_first_call(recwarn):
    model = quick(n_components=2).partial_fit(IRIS)
    model.set_params(verbose=True).partial_fit(IRIS)
    pickle.loads(pickle.dumps(model)).partial_fit(IRIS)
    assert not [w for w in recwarn if w.category is IdleParameterWarning]
    model.set_params(n_components=1, learning_rate=0.5)
    with pytest.warns(IdleParameterWarning, match=r"learning_rate=0\.5, n_components=1|n_components=1, learning_rate"):
        model.partial_fit(IRIS)
    assert model.transform(IRIS).shape == (len(IRIS), 2)


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
