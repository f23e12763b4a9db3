"""Checkpoints of another fit, or damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from narrows import VariationalAutoencoder
from narrows.errors import (
    DataError,
    ModelDamagedError,
    NotAModelError,
    OutputExistsError,
    SettingError,
)
from narrows.estimators.saving import sealed_files
from narrows.estimators.saving.sealed_files import to_safetensors
from tests.estimators.saving.checkpointed_fits import IRIS, make, stopped, stopped_within_epoch


@pytest.mark.parametrize(
    "change",
    [
        {"place.order": torch.tensor([1])},
        {"place.order": torch.tensor([0, 0])},
        {"place.block": torch.tensor(1)},
        {"place.block": torch.tensor(-1)},
        {"place.n_batches": torch.tensor(-3)},
        {"place.generator": torch.zeros(5, dtype=torch.uint8)},
        {"n_rows": torch.tensor(0)},
        {"sum.reconstruction": None},
    ],
    ids=str,
)
def test_a_forged_place_within_an_epoch_is_refused(change: dict, tmp_path: Path) -> None:
    stopped_within_epoch(make(batch_size=16), IRIS, tmp_path / "c", 3)
    state = safetensors.torch.load((tmp_path / "c" / "state.safetensors").read_bytes())
    for name, value in change.items():
        assert state.pop(f"training.epoch.{name}") is not None
        state |= {} if value is None else {f"training.epoch.{name}": value}
    files = {"state.safetensors": to_safetensors(state), "history.json": b'{"epochs": [], "layers": []}'}
    about = json.loads((tmp_path / "c" / "narrows.json").read_text())
    kept = {name: about[name] for name in about if name not in ("files", "seal", "sha256")}
    for name, content in sealed_files.seal(files, kept).items():
        (tmp_path / "c" / name).write_bytes(content)
    with pytest.raises(ModelDamagedError, match="contradicts itself"):
        make(batch_size=16).fit(IRIS, checkpoint=tmp_path / "c", resume=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_components": 3}, "with n_components=2, and this fit has n_components=3"),
        ({"epochs": 7}, "with epochs=6, and this fit has epochs=7"),
        ({"random_state": 1}, "with random_state=0, and this fit has random_state=1"),
        ({"kind": VariationalAutoencoder}, "is of a Autoencoder, and this is a VariationalAutoencoder"),
    ],
)
def test_other_settings_are_refused_in_a_sentence(settings: dict, words: str, tmp_path: Path) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    with pytest.raises(SettingError, match=words):
        make(**settings).fit(IRIS, checkpoint=tmp_path / "c", resume=True)


def test_other_rows_and_other_weights_of_them_are_refused(tmp_path: Path) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    with pytest.raises(DataError, match="130 distinct training rows"):
        make().fit(IRIS[:-5], checkpoint=tmp_path / "c", resume=True)
    changed = IRIS.copy()
    changed.iloc[3, 0] += 0.1
    with pytest.raises(DataError, match="give the same data"):
        make().fit(changed, checkpoint=tmp_path / "c", resume=True)
    with pytest.raises(DataError, match="weights differ"):
        make().fit(IRIS, sample_weight=1 + np.arange(150), checkpoint=tmp_path / "c", resume=True)


def test_another_machine_warns_that_the_model_will_not_be_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    monkeypatch.setattr(torch, "__version__", "9.9")
    monkeypatch.setattr("narrows.estimators.saving.checkpoint.processor", lambda: "another one")
    with pytest.warns(UserWarning, match=r"torch .* instead of 9.9, processor .* not to the bit"):
        make().fit(IRIS, checkpoint=tmp_path / "c", resume=True)


def test_another_number_of_threads_warns_that_the_model_will_not_be_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    monkeypatch.setattr("narrows.training.trainer.threads_for", lambda *_: 2)
    with pytest.warns(UserWarning, match=r"made with threads 1 instead of 2; .* not to the bit"):
        make().fit(IRIS, checkpoint=tmp_path / "c", resume=True)


def test_nothing_is_lost_by_forgetting_to_resume_or_by_another_folder_of_that_name(tmp_path: Path) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    with pytest.raises(OutputExistsError, match="resume it"):
        make().fit(IRIS, checkpoint=tmp_path / "c")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_text("precious")
    for resume, error in ((False, OutputExistsError), (True, ModelDamagedError)):
        with pytest.raises(error):
            make().fit(IRIS, checkpoint=tmp_path / "photos", resume=resume)
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotAModelError):
        make().fit(IRIS, checkpoint=tmp_path / "file", resume=True)
    with pytest.raises(SettingError, match="needs checkpoint"):
        make().fit(IRIS, resume=True)
    with pytest.raises(SettingError, match="checkpoint_every"):
        make().fit(IRIS, checkpoint=tmp_path / "d", checkpoint_every=-1)


@pytest.mark.parametrize("name", ["state.safetensors", "narrows.json", "history.json"])
def test_a_damaged_checkpoint_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    stopped(make(), IRIS, tmp_path / "c", 2)
    file = tmp_path / "c" / name
    content = file.read_bytes()
    for damaged in (content[:-7], content[:40], b"", bytes([content[0] ^ 4]) + content[1:]):
        file.write_bytes(damaged)
        with pytest.raises((ModelDamagedError, NotAModelError)) as caught:
            make().fit(IRIS, checkpoint=tmp_path / "c", resume=True)
        assert "\n" not in str(caught.value)
