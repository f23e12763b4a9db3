"""Training with Ray: the weights of one process to the bit, also after a worker was killed."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

import narrows.ray
from narrows import Autoencoder, load
from narrows.apps.cli import main
from narrows.errors import NotNumericError, SettingError
from narrows.ray import RayTraining
from tests.estimators import worker_fits
from tests.estimators.worker_fits import COMMON, X
from tests.ray.with_ray.killed_worker import AFTER, KilledOnce

pytestmark = pytest.mark.timeout(900)

CASES = (*worker_fits.CASES, "variational", "detector with an autoencoder")


def fit_cases(config: dict[str, Any]) -> None:
    """Fit the cases as a worker of Ray."""
    import torch
    from torch import distributed

    torch.set_num_threads(1)
    worker_fits.write(distributed.get_rank(), config["folder"], CASES)


def test_two_workers_of_ray_give_the_weights_of_one_process(tmp_path: Path) -> None:
    for name in ("one", "ray"):
        (tmp_path / name).mkdir()
    worker_fits.write(0, str(tmp_path / "one"), CASES)
    TorchTrainer(
        fit_cases,
        train_loop_config={"folder": str(tmp_path / "ray")},
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(num_workers=2),
        run_config=RunConfig(storage_path=str(tmp_path / "storage")),
    ).fit()
    for i, name in enumerate(CASES):
        one = (tmp_path / "one" / f"{i}.0").read_bytes()
        for rank in range(2):
            assert (tmp_path / "ray" / f"{i}.{rank}").read_bytes() == one, f"{name}, worker {rank}"


def test_a_training_whose_worker_is_killed_ends_with_the_same_file(tmp_path: Path) -> None:
    settings = {**COMMON, "epochs": 7, "patience": 7}
    np.save(tmp_path / "rows.npy", X)
    killed = KilledOnce(**settings)
    checkpoint = tmp_path / "model.checkpoint"
    narrows.ray.fit(killed, tmp_path / "rows.npy", n_workers=2, checkpoint=checkpoint, checkpoint_every=0)
    first, second = map(int, (tmp_path / "starts").read_text().split())
    assert first == 0
    assert AFTER - 1 <= second <= AFTER
    assert len(killed.history_) == 7
    assert checkpoint.exists()

    fitted = Autoencoder(**settings).adopt_fit(killed, checkpoint=checkpoint)
    fitted.save(tmp_path / "killed")
    assert not checkpoint.exists()
    Autoencoder(**settings).fit(X).save(tmp_path / "one")
    saved = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "one")]
    assert saved[0] == saved[1]


def test_an_error_of_the_workers_is_that_of_one_process() -> None:
    rows = [["a", 1.0], ["b", 2.0]]
    with pytest.raises(NotNumericError) as alone:
        Autoencoder().fit(rows)
    model = Autoencoder()
    with pytest.raises(NotNumericError) as together:
        narrows.ray.fit(model, rows, n_workers=2)
    assert str(together.value) == str(alone.value)
    assert not hasattr(model, "history_")


def test_more_workers_than_cores_are_refused() -> None:
    with pytest.raises(SettingError, match="3 workers with one core each need 3 cores, and Ray has 2"):
        narrows.ray.fit(Autoencoder(), X, n_workers=3)


def test_a_request_to_stop_keeps_the_model() -> None:
    model = Autoencoder(**COMMON, epochs=10**6, patience=10**6)
    training = RayTraining(model, 2)
    for _ in training.records(X, stop_requested=lambda: len(training.history_) > 2):
        pass
    assert model.interrupted_
    assert 2 < len(model.history_) < 10**6
    assert model.transform(X).shape == (150, 2)


def test_the_workers_of_an_abandoned_training_end() -> None:
    training = RayTraining(Autoencoder(**COMMON, epochs=10**6, patience=10**6), 1)
    records = training.records(X)
    next(records)
    records.close()  # waits for them
    assert not any(thread.name == "narrows-ray-training" for thread in threading.enumerate())
    assert not hasattr(training.estimator, "history_")


def test_the_command_saves_the_file_of_one_process_of_a_table_read_in_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    worker_fits.FRAME.to_csv("table.csv", index=False)
    command = ["fit", "table.csv", "--out-of-core", "--seed", "1", "--epochs", "3", "--optimizer", "adam", "-o"]
    assert main([*command, "one", "--n-pieces", "2"]) == 0
    printed = capsys.readouterr()
    assert main([*command, "ray", "--ray", "2"]) == 0
    with_ray = capsys.readouterr()
    assert Path("one", "model.safetensors").read_bytes() == Path("ray", "model.safetensors").read_bytes()
    assert load("ray").n_pieces_ == 2
    assert not [path for path in tmp_path.iterdir() if "checkpoint" in path.name]
    assert _without_seconds(with_ray.out) == _without_seconds(printed.out)
    assert "Training with 2 workers of Ray" in with_ray.err


def _without_seconds(text: str) -> list[str]:
    """Return the lines of a result with single spaces, since the seconds set the width of its tables."""
    return [" ".join(line.split()) for line in text.splitlines() if not re.search(r"Saved|\d s\b|seconds", line)]
