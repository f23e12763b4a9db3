"""Checkpoints: a training that is killed and resumed gives the model of an uninterrupted one, to the bit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import narrows
from narrows import DenoisingAutoencoder, VariationalAutoencoder
from narrows.estimators.saving.checkpoint import Checkpointing
from narrows.estimators.saving.checkpoint_folder import is_checkpoint
from narrows.training import spool
from tests.estimators.saving.checkpointed_fits import DIGITS, IRIS, make, stopped, stopped_within_epoch, weights_of
from tests.mixed_table import FRAME


def own_modules() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    return {"encoder": encoder, "decoder": nn.Linear(2, 4)}


CASES = {
    **{name: (lambda name=name: make(optimizer=name), IRIS) for name in ("adam", "adamw", "sgd", "rmsprop", "muon")},
    "lbfgs": (lambda: make(optimizer="lbfgs", epochs=3, batch_size=64), IRIS[:60]),
    "mixed denoising": (lambda: make(corruption="masking", level=0.3), FRAME),
    "vae with warm-up": (lambda: make(VariationalAutoencoder, kl_warmup=4), IRIS),
    "own modules": (lambda: make(**own_modules(), n_components="auto", hidden_layer_sizes="auto"), IRIS),
    "bfloat16": (
        lambda: make(hidden_layer_sizes=(4096,), precision="bfloat16", batch_size=128, epochs=2, optimizer="adam"),
        DIGITS[:150],
    ),
    "early stopping": (lambda: make(epochs=200, patience=3, learning_rate=0.03, schedule="constant"), IRIS[:30]),
    "pre-training": (lambda: make(pretrain="rbm", pretrain_epochs=3, activation="sigmoid", epochs=2), DIGITS),
    "convolutions": (lambda: make(network="conv", hidden_layer_sizes=(4, 8), epochs=3), DIGITS[:100]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_resumed_fit_gives_the_uninterrupted_model_to_the_bit(name: str, tmp_path: Path) -> None:
    new, rows = CASES[name]
    whole = new().fit(rows)
    n_records = len(whole.pretraining_) + len(whole.history_)
    for after in (n_records // 2, n_records):
        stopped(new(), rows, tmp_path / "c", after)
        resumed = new().fit(rows, checkpoint=tmp_path / "c", resume=True)
        assert weights_of(resumed) == weights_of(whole)
        assert [e.loss for e in resumed.history_] == [e.loss for e in whole.history_]
        assert [e.error for e in resumed.pretraining_] == [e.error for e in whole.pretraining_]
        shutil.rmtree(tmp_path / "c")


def test_a_resumed_stream_gives_the_uninterrupted_model_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_BLOCK_BYTES", 4096)  # several blocks
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    whole = make(epochs=4).fit(narrows.scan(tmp_path / "t.csv"))
    stopped(make(epochs=4), narrows.scan(tmp_path / "t.csv"), tmp_path / "c", 2)
    resumed = make(epochs=4).fit(narrows.scan(tmp_path / "t.csv"), checkpoint=tmp_path / "c", resume=True)
    assert weights_of(resumed) == weights_of(whole)


@pytest.mark.parametrize("name", [*CASES, "neighbours", "gaps and weights"])
def test_a_fit_that_ended_within_an_epoch_is_resumed_to_the_bit(name: str, tmp_path: Path) -> None:
    others = {
        "neighbours": (lambda: make(penalty="neighbours", batch_size=16, epochs=3), IRIS),
        "gaps and weights": (lambda: make(batch_size=16, epochs=3), FRAME),
    }
    new, rows = (CASES | others)[name]
    options = {"sample_weight": np.linspace(0.5, 2, len(rows))} if name == "gaps and weights" else {}
    whole = new().fit(rows, **options)
    n_batches = stopped_within_epoch(new(), rows, tmp_path / "all", 10**9, **options)
    for after in {max(1, n_batches // 3), n_batches - 1}:
        stopped_within_epoch(new(), rows, tmp_path / "c", after, **options)
        resumed = new().fit(rows, checkpoint=tmp_path / "c", resume=True, **options)
        assert weights_of(resumed) == weights_of(whole)
        assert [(e.loss, e.validation, e.parts) for e in resumed.history_] == [
            (e.loss, e.validation, e.parts) for e in whole.history_
        ]
        shutil.rmtree(tmp_path / "c")


def test_batches_before_the_checkpoint_are_not_trained_again(tmp_path: Path) -> None:
    new = lambda: make(batch_size=16, epochs=2)  # noqa: E731
    n_batches = stopped_within_epoch(new(), IRIS, tmp_path / "all", 10**9)
    stopped_within_epoch(new(), IRIS, tmp_path / "c", 3)
    assert stopped_within_epoch(new(), IRIS, tmp_path / "c", 10**9) == n_batches - 3


@pytest.mark.parametrize("after", [1, 7, 12])
def test_a_stream_that_ended_within_an_epoch_is_resumed_to_the_bit(
    after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_BLOCK_BYTES", 4096)  # several blocks
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    new = lambda: make(DenoisingAutoencoder, epochs=3, batch_size=32)  # noqa: E731
    whole = new().fit(narrows.scan(tmp_path / "t.csv"))
    stopped_within_epoch(new(), narrows.scan(tmp_path / "t.csv"), tmp_path / "c", after)
    stopped_within_epoch(new(), narrows.scan(tmp_path / "t.csv"), tmp_path / "c", 2)  # goes on, and ends once more
    resumed = new().fit(narrows.scan(tmp_path / "t.csv"), checkpoint=tmp_path / "c", resume=True)
    assert weights_of(resumed) == weights_of(whole)


def test_an_interruption_of_the_resumed_fit_is_resumed_too(tmp_path: Path) -> None:
    whole = make().fit(IRIS)
    stopped(make(), IRIS, tmp_path / "c", 2)
    records = make().start_fit(IRIS, checkpoint=Checkpointing(tmp_path / "c", every=0, resume=True))
    assert next(records).number == 3
    assert weights_of(make().fit(IRIS, checkpoint=tmp_path / "c", resume=True)) == weights_of(whole)


def test_the_drawn_seed_of_a_fit_without_one_is_kept(tmp_path: Path) -> None:
    stopped(model := make(random_state=None), IRIS, tmp_path / "c", 2)
    assert make(random_state=None).fit(IRIS, checkpoint=tmp_path / "c", resume=True).seed_ == model.seed_


def test_without_a_checkpoint_resume_begins(tmp_path: Path) -> None:
    assert len(make().fit(IRIS, checkpoint=tmp_path / "c", resume=True).history_) == 6
    assert not (tmp_path / "c").exists()  # the fit took less than a minute


def test_a_saved_model_needs_its_checkpoint_no_longer_and_an_interrupted_one_does(tmp_path: Path) -> None:
    model = make().fit(IRIS, checkpoint=tmp_path / "c", checkpoint_every=0)
    assert is_checkpoint(tmp_path / "c")
    assert sorted(f.name for f in (tmp_path / "c").iterdir()) == ["history.json", "narrows.json", "state.safetensors"]
    model.save(tmp_path / "m")
    assert not (tmp_path / "c").exists()
    model = make()
    records = model.start_fit(IRIS, checkpoint=Checkpointing(tmp_path / "c", every=0))
    next(records)
    records.close()
    model.save(tmp_path / "m", overwrite=True)
    assert is_checkpoint(tmp_path / "c")


def test_a_disk_that_is_full_ends_the_checkpoints_but_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("narrows.estimators.saving.checkpoint.write_checkpoint", full)
    with pytest.warns(UserWarning, match="No space left on device.*goes on without it") as caught:
        assert len(make().fit(IRIS, checkpoint=tmp_path / "c", checkpoint_every=0).history_) == 6
    assert len(caught) == 1


def test_the_state_holds_no_pickle(tmp_path: Path) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    about = json.loads((tmp_path / "c" / "narrows.json").read_text())
    assert about["format"] == "narrows-checkpoint"
    tensors = safetensors_of(tmp_path / "c" / "state.safetensors")
    assert {name.split(".")[1] for name in tensors} == {"run", "network", "best", "optimizer", "generator"}


def safetensors_of(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)
