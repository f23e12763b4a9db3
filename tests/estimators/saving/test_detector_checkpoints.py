"""Checkpoints of detectors: the resumed one is the uninterrupted one, to the bit."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

import narrows
from narrows import AnomalyDetector
from narrows.errors import (
    DataError,
    SettingError,
)
from narrows.estimators.anomaly.kept_parts import KeptParts
from tests.estimators.saving.checkpointed_fits import DIGITS, IRIS, make
from tests.mixed_table import FRAME


@pytest.mark.parametrize("trim", [None, 0.2])
def test_a_detector_with_an_estimator_resumes_the_member_that_was_trained(
    trim: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def detector() -> AnomalyDetector:
        return AnomalyDetector(make(epochs=4), n_members=2, trim=trim, random_state=3)

    whole = detector().fit(IRIS)
    n_epochs, most = 0, 6
    keep = narrows.estimators.saving.checkpoint.Checkpoint.keep

    def killed(self, *arguments) -> None:
        nonlocal n_epochs
        keep(self, *arguments)
        n_epochs += 1
        if n_epochs == most:
            raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(narrows.estimators.saving.checkpoint.Checkpoint, "keep", killed)
        with pytest.raises(MemoryError):
            detector().fit(IRIS, checkpoint=tmp_path / "c", checkpoint_every=0)
    resumed = detector()
    n_epochs, most = 0, -1
    monkeypatch.setattr(narrows.estimators.saving.checkpoint.Checkpoint, "keep", killed)
    resumed.fit(IRIS, checkpoint=tmp_path / "c", resume=True, checkpoint_every=0)
    assert n_epochs == (16 if trim else 8) - 6
    resumed.save(tmp_path / "m")
    whole.save(tmp_path / "w")
    for file in (tmp_path / "w").rglob("*.safetensors"):
        assert file.read_bytes() == (tmp_path / "m" / file.relative_to(tmp_path / "w")).read_bytes()
    assert not (tmp_path / "c").exists()


def test_a_detector_without_a_seed_keeps_the_one_it_drew(tmp_path: Path) -> None:
    first = AnomalyDetector(make(epochs=2)).fit(IRIS, checkpoint=tmp_path / "c")
    again = AnomalyDetector(make(epochs=2)).fit(IRIS, checkpoint=tmp_path / "c", resume=True)
    assert again.seed_ == first.seed_
    assert np.array_equal(again.decision_scores_, first.decision_scores_)
    with pytest.raises(SettingError, match="with contamination"):
        AnomalyDetector(make(epochs=2), contamination=0.2).fit(IRIS, checkpoint=tmp_path / "c", resume=True)


@pytest.mark.parametrize("rows", [IRIS, FRAME, DIGITS[:60]], ids=["numbers", "mixed", "images"])
@pytest.mark.slow
def test_the_default_detector_goes_on_after_a_kill_to_the_bit(
    rows: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def detector() -> AnomalyDetector:
        return AnomalyDetector(n_members=2, random_state=0)

    steps: list[int] = []
    killing_step = 0
    keep = KeptParts.keep

    def killed(self: KeptParts, name: str, tensors: dict) -> None:
        keep(self, name, tensors)
        steps.append(int(tensors.get("n_steps", -1)))
        if steps[-1] == killing_step:
            raise MemoryError

    monkeypatch.setattr(KeptParts, "keep", killed)
    for step in (20, 60, -1):  # within the members; behind the networks of cells, where there are some
        killing_step = step
        steps.clear()
        with contextlib.suppress(MemoryError):
            detector().fit(rows, checkpoint=tmp_path / "c", checkpoint_every=0, resume=True)
    assert steps[0] == 80  # what was kept is not trained again
    steps.clear()
    killing_step = 0
    resumed = detector().fit(rows, checkpoint=tmp_path / "c", checkpoint_every=0, resume=True)
    assert not [n for n in steps if n >= 0]
    resumed.save(tmp_path / "m")
    detector().fit(rows).save(tmp_path / "w")
    assert (tmp_path / "m" / "model.safetensors").read_bytes() == (tmp_path / "w" / "model.safetensors").read_bytes()
    assert not (tmp_path / "c").exists()


def test_the_default_detector_refuses_other_rows(tmp_path: Path) -> None:
    detector = AnomalyDetector(n_members=1, random_state=0)
    detector.fit(IRIS, checkpoint=tmp_path / "c", checkpoint_every=0)
    with pytest.raises(DataError, match="made from different rows"):
        detector.fit(IRIS[::-1], checkpoint=tmp_path / "c", resume=True)


def test_a_detector_of_another_library_says_that_it_keeps_no_checkpoint(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="other libraries have no checkpoints"):
        AnomalyDetector(IsolationForest(n_estimators=5), random_state=0).fit(IRIS, checkpoint=tmp_path / "c")
    assert not (tmp_path / "c").exists()
