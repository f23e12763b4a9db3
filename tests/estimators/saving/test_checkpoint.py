"""Checkpoints: a training that is killed and resumed gives the model of an uninterrupted one, to the bit."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import IsolationForest
from torch import nn

import narrows
from narrows import AnomalyDetector, Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from narrows.errors import (
    DataError,
    ModelDamagedError,
    NotAModelError,
    OutputExistsError,
    SettingError,
)
from narrows.estimators.anomaly.kept_parts import KeptParts
from narrows.estimators.saving import sealed_files
from narrows.estimators.saving.checkpoint import Checkpointing, is_checkpoint
from narrows.estimators.saving.sealed_files import to_safetensors
from narrows.training import spool
from tests.mixed_table import FRAME

IRIS = load_iris(as_frame=True).data
DIGITS = load_digits().images[:300] / 16


def own_modules() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))
    return {"encoder": encoder, "decoder": nn.Linear(2, 4)}


def make(kind: type[Autoencoder] = Autoencoder, **settings) -> Autoencoder:
    given = {"n_components": 2, "hidden_layer_sizes": (16, 8), "epochs": 6, "random_state": 0, "device": "cpu"}
    return kind(**given | settings)


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


def stopped(model: Autoencoder, rows: object, path: Path, after: int) -> None:
    """Fit until the checkpoint after so many records, as a process that is then killed."""
    records = model.start_fit(rows, checkpoint=Checkpointing(path, every=0))
    for _ in range(after):
        next(records, None)


def weights_of(model: Autoencoder) -> bytes:
    return model.to_files()["model.safetensors"]


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


def stopped_within_epoch(model: Autoencoder, rows: object, path: Path, after: int, **options) -> int:
    """Fit until the checkpoint after so many batches, or the last one; return the number of batches."""
    done = 0

    def count(_: float) -> None:
        nonlocal done
        done += 1
        if done > after:
            raise ConnectionError  # any error that fits do not treat as their own

    where = Checkpointing(path, every=1e-9, resume=True)
    with contextlib.suppress(ConnectionError):
        for _ in model.start_fit(rows, checkpoint=where, after_batch=count, **options):
            pass
    return done


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
