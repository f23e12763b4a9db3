"""What is refused before Ray starts, and how messages of workers are read; without Ray."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import narrows.ray
from narrows import AnomalyDetector, Autoencoder, VariationalAutoencoder
from narrows.errors import DataError, MissingExtraError, OutputExistsError, SettingError, WorkerError
from narrows.ray import RayTraining
from narrows.training import Epoch
from tests.estimators.worker_fits import COMMON, X


def fake_ray(*, cores: int, free: int) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        cluster_resources=lambda: {"CPU": float(cores)}, available_resources=lambda: {"CPU": float(free)}
    )


def epoch(number: int) -> Epoch:
    return Epoch(number=number, loss=1.0, parts={}, validation=None)


@pytest.mark.parametrize(
    ("estimator", "settings", "sentence"),
    [
        (Autoencoder(n_pieces=3), {"n_workers": 2}, r"n_pieces=3 is not a multiple of the 2 workers"),
        (AnomalyDetector(Autoencoder(n_pieces=3)), {"n_workers": 2}, r"n_pieces=3 is not a multiple"),
        (AnomalyDetector(), {}, r"call the fit of this AnomalyDetector instead"),
        (VariationalAutoencoder(), {"n_workers": 0}, r"n_workers must be a whole number from 1, got 0"),
        (Autoencoder(), {"threads": 0}, r"threads must be a whole number from 1, got 0"),
        (Autoencoder(), {"resume": True}, r"resume=True needs checkpoint"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_before_ray_starts(estimator, settings, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        narrows.ray.fit(estimator, X, **settings)


def test_a_checkpoint_that_is_not_to_be_resumed_is_refused(tmp_path: Path) -> None:
    Autoencoder(**COMMON, epochs=1).fit(X, checkpoint=tmp_path / "kept", checkpoint_every=0)
    with pytest.raises(OutputExistsError, match="resume it"):
        narrows.ray.fit(Autoencoder(**COMMON, epochs=1), X, checkpoint=tmp_path / "kept")


def test_without_ray_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray", "ray.train", "ray.train.torch", "ray.util", "ray.util.joblib"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'narrows\[ray\]'"):
        narrows.ray.fit(Autoencoder(), X)
    with pytest.raises(MissingExtraError, match=r"pip install 'narrows\[ray\]'"), narrows.ray.joblib_backend():
        pass


def test_too_few_cores_are_an_error_and_busy_ones_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrows.ray.training._RELEASE", 0.0)
    training = RayTraining(Autoencoder(), n_workers=2, threads=4)
    with pytest.raises(SettingError, match="2 workers with 4 cores each need 8 cores, and Ray has 6"):
        training._check_cores(fake_ray(cores=6, free=6))
    with pytest.warns(UserWarning, match="needs 8 cores, but only 1 of Ray's 8 cores are free"):
        training._check_cores(fake_ray(cores=8, free=1))


def test_epochs_that_are_repeated_after_a_restart_count_once() -> None:
    training = RayTraining(Autoencoder())
    messages = [("start", (9, 0)), *(("record", epoch(i)) for i in (1, 2, 3))]
    messages += [("start", (9, 2)), *(("record", epoch(i)) for i in (3, 4))]
    seen = [record.number for kind, value in messages for record in training._take(kind, value)]
    assert seen == [1, 2, 3, 3, 4]
    assert [record.number for record in training.history_] == [1, 2, 3, 4]
    assert training.epochs_ == 9


def test_the_error_of_the_worker_at_fault_is_raised_and_warnings_arrive() -> None:
    training = RayTraining(Autoencoder())
    with pytest.warns(UserWarning, match="as in the worker"):
        list(training._take("warnings", [("as in the worker", UserWarning)]))
    for error in (WorkerError("Worker 1 of 2 failed: No rows."), DataError("No rows.")):
        list(training._take("error", error))
    with pytest.raises(DataError, match=r"^No rows\.$"):
        training._finish()


def test_workers_that_are_lost_again_and_again_end_the_training_with_a_sentence(tmp_path: Path) -> None:
    from narrows.estimators.saving.checkpoint import Checkpointing

    training = RayTraining(Autoencoder(), max_restarts=2, checkpoint=Checkpointing(tmp_path / "kept"))
    with pytest.raises(WorkerError, match=r"2 times, .* resumed from .*kept"):
        training._finish()


def test_another_failure_of_ray_is_its_first_line() -> None:
    training = RayTraining(Autoencoder(), _failure=RuntimeError("No space is left.\nTraceback: ..."))
    with pytest.raises(WorkerError, match=r"^Ray could not run the training: No space is left\.$"):
        training._finish()


@pytest.mark.parametrize("estimator", [Autoencoder(**COMMON, epochs=1), AnomalyDetector(random_state=0, n_members=1)])
def test_an_estimator_adopts_the_fit_of_a_copy_and_saving_it_removes_the_checkpoint(estimator, tmp_path: Path) -> None:
    copy = clone(estimator).fit(X, checkpoint=tmp_path / "kept", checkpoint_every=0)
    own = clone(estimator).adopt_fit(pickle.loads(pickle.dumps(copy)), checkpoint=tmp_path / "kept")
    assert np.array_equal(
        own.score_samples(X) if hasattr(own, "score_samples") else own.transform(X),
        copy.score_samples(X) if hasattr(copy, "score_samples") else copy.transform(X),
    )
    assert (tmp_path / "kept").exists()
    own.save(tmp_path / "model")
    assert not (tmp_path / "kept").exists()
