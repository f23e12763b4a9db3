"""`narrows lab` before any work: the data, the model, the folder of an export and the options are checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import narrows
from narrows.apps.lab import launch, worker_pool
from tests.apps.conftest import Shell


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was launched; nothing is served."""
    calls: list[object] = []
    monkeypatch.setattr(worker_pool, "prepare", lambda: None)
    monkeypatch.setattr(launch, "launch", lambda make, **_: calls.append(make()))
    return calls


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of a table of four columns."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd"))
    frame.to_csv(tmp_path / "rows.csv", index=False)
    narrows.Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(frame).save(tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_of_damaged_images_is_refused_in_the_shell(shell: Shell, tmp_path: Path, launched: list) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cut.png").write_bytes(b"\x89PNG and nothing")
    done = shell("lab", tmp_path / "photos")
    assert done.status == 1
    assert done.err == "Error: cut.png is damaged and cannot be read as an image; give an undamaged one.\n"
    assert not launched


def test_a_damaged_model_is_refused_in_the_shell(shell: Shell, model: Path, launched: list) -> None:
    assert shell("lab", model).status == 0
    weights = max(model.iterdir(), key=lambda path: path.stat().st_size)
    weights.write_bytes(weights.read_bytes()[:-7])
    done = shell("lab", model)
    assert done.status == 1
    assert weights.name in done.err
    assert len(launched) == 1


def test_rows_that_do_not_fit_the_model_are_refused_in_the_shell(shell: Shell, model: Path, launched: list) -> None:
    assert shell("lab", model, "--data", model.parent / "rows.csv").status == 0
    (model.parent / "other.csv").write_text("a,b\n1,2\n3,4\n5,7\n")
    done = shell("lab", model, "--data", model.parent / "other.csv")
    assert done.status == 1
    assert "c" in done.err
    assert len(launched) == 1


def test_a_folder_with_other_files_is_refused_before_anything_is_trained(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    for force in ((), ("--force",)):
        done = shell("lab", "--export", "thesis", *force)
        assert done.status == 1
        assert "thesis exists and is not an exported page" in done.err
    assert not (tmp_path / "lab").exists()


def test_a_runtime_folder_without_the_runtime_is_refused_before_anything_is_trained(
    shell: Shell, tmp_path: Path
) -> None:
    done = shell("lab", "--export", "site", "--runtime", tmp_path)
    assert done.status == 2
    assert "has no ort.wasm.bundle.min.mjs" in done.err
    assert not (tmp_path / "lab").exists()
    assert not (tmp_path / "site").exists()


def test_force_needs_export(shell: Shell) -> None:
    done = shell("lab", "--force")
    assert done.status == 2
    assert "--force belongs to --export" in done.err


def test_a_class_needs_an_address_that_other_machines_reach(shell: Shell, launched: list) -> None:
    done = shell("lab", "digits", "--class")
    assert done.status == 2
    assert "no other machine can reach 127.0.0.1; add --host 0.0.0.0 to let pupils in." in done.err
    assert not launched
    assert shell("lab", "digits", "--class", "--host", "0.0.0.0").status == 0
    assert len(launched) == 1


def test_a_saved_model_is_shown_with_the_classes_of_its_fit(shell: Shell, tmp_path: Path, launched: list) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc")).assign(survived=["yes", "no"] * 30)
    frame.to_csv("rows.csv", index=False)
    frame.drop(columns="survived").to_csv("bare.csv", index=False)
    rows = narrows.read("rows.csv", label="survived")
    narrows.Autoencoder(n_components=2, epochs=1, random_state=0, device="cpu").fit(rows).save("labelled")
    assert shell("lab", "labelled", "--data", "rows.csv").status == 0
    assert shell("lab", "labelled", "--data", "rows.csv", "--label", "b").status == 1  # an explicit one wins
    bare = shell("lab", "labelled", "--data", "bare.csv")
    assert "bare.csv has no column 'survived', which held the classes at the fit" in " ".join(bare.err.split())
    assert [start.source.label for start in launched] == ["survived", None]
    assert launched[0].rows.labels.tolist() == ["yes", "no"] * 30
