"""Loading of models that are damaged, or forged by somebody who can write checksums."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits, load_iris

import narrows
from narrows import AnomalyDetector, Autoencoder, SparseAutoencoder, VariationalAutoencoder
from narrows.errors import ModelDamagedError, NarrowsError, SettingError
from narrows.estimators.saving import model_folder, persistence, saved_values
from tests.estimators.saving import hostile
from tests.estimators.saving.hostile import ABOUT, HISTORY, WEIGHTS, change_about, change_tensors, reseal
from tests.mixed_table import FRAME

IRIS = load_iris(as_frame=True).data
IMAGES = load_digits().images[:60]
N_CASES = int(os.environ.get("NARROWS_FUZZ_CASES", "25"))
SETTINGS = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 2, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Any]]:
    """Saved models, and rows that each is applied to."""
    folder = tmp_path_factory.mktemp("models")
    made = {
        "plain": (Autoencoder(**SETTINGS), IRIS),
        "mixed": (Autoencoder(**SETTINGS), FRAME),
        "vae": (VariationalAutoencoder(**SETTINGS), IRIS),
        "detector": (AnomalyDetector(n_members=1, random_state=0), IRIS.iloc[:60]),
        "own detector": (AnomalyDetector(Autoencoder(**SETTINGS), random_state=0), IRIS),
        "convolutions": (Autoencoder(**SETTINGS | {"network": "conv", "hidden_layer_sizes": (4,)}), IMAGES),
        "top-k": (SparseAutoencoder(**SETTINGS | {"code": "top-k", "k": 2, "n_components": 6}), IRIS),
        "image detector": (AnomalyDetector(n_members=1, random_state=0), IMAGES),
    }
    for name, (model, rows) in made.items():
        model.fit(rows).save(folder / name)
    return {name: (folder / name, rows[:5]) for name, (_, rows) in made.items()}


@pytest.fixture
def copy(models: dict[str, tuple[Path, Any]], tmp_path: Path) -> Callable[[str], Path]:
    def made(name: str) -> Path:
        return Path(shutil.copytree(models[name][0], tmp_path / "m"))

    return made


def refused(path: Path, words: str | None = None) -> None:
    with pytest.raises((ModelDamagedError, SettingError), match=words) as caught:
        narrows.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [ABOUT, WEIGHTS, HISTORY])
def test_only_regular_files_are_read(copy, name: str) -> None:
    path = copy("plain")
    (path / name).unlink()
    os.mkfifo(path / name)  # to read it would wait for ever
    refused(path, "not a regular file")
    (path / name).unlink()
    (path / name).symlink_to("/dev/zero")
    refused(path, "not a regular file")


@pytest.mark.parametrize("name", [ABOUT, WEIGHTS, HISTORY])
def test_a_file_of_many_empty_bytes_is_not_read_into_memory(copy, name: str) -> None:
    path = copy("plain")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    os.truncate(path / name, 3 << 30)  # a sparse file, which a tar holds in a few bytes
    refused(path, "bytes|length")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize("n", [10**8, 10**9, 2**64, -1, 4.0, True])
@pytest.mark.parametrize("name", ["plain", "detector"])
def test_no_memory_is_taken_for_a_forged_number_of_columns(copy, name: str, n: float) -> None:
    path = copy(name)
    change_about(path, ("schema", "n_columns"), n)
    refused(path, "columns")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("parameters", "hidden_layer_sizes"), [1] * 20_000),
        (("parameters", "penalty"), ["l1"] * 20_000),
        (("parameters", "rho"), 10**400),
        (("parameters", "n_components"), 2**30),
        (("fitted", "n_components_"), 2**31),  # codes of so many numbers would be allocated
        (("fitted", "seed_"), 2**64),
        (("fitted", "learning_rate_"), "x"),
        (("fitted", "epochs_"), 10**400),
        (("fitted", "interrupted_"), "no"),
        (("fitted", "fingerprint_"), 7),
    ],
    ids=lambda value: str(value)[:20],
)
def test_long_lists_and_large_numbers_are_refused(copy, place: tuple[str, str], value: object) -> None:
    path = copy("plain")
    change_about(path, place, value)
    refused(path)


@pytest.mark.parametrize("value", [[], {}, "", 0, False, "x"])
def test_a_type_of_a_column_that_is_none_is_refused(copy, value: object) -> None:
    path = copy("mixed")
    change_about(path, ("schema", "types", 0), value)
    refused(path)


def test_numbers_beyond_floats_are_refused_as_parameters_too() -> None:
    for name in ("learning_rate", "beta"):
        with pytest.raises(SettingError, match=name):
            VariationalAutoencoder(**{name: 10**400}).fit(IRIS)


def test_a_constant_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    frame = FRAME.assign(same=np.int64(5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Autoencoder(**SETTINGS).fit(frame).save(tmp_path / "m")
    kinds = json.loads((tmp_path / "m" / ABOUT).read_text())["schema"]["kinds"]
    (i,) = (i for i, kind in enumerate(kinds) if "reason" in kind)
    change_about(tmp_path / "m", ("schema", "kinds", i, "value"), 2**64)
    refused(tmp_path / "m", "OverflowError")


@pytest.mark.parametrize(
    "tensors",
    [
        {"mean": torch.zeros(3)},
        {"mean": torch.full((4,), float("nan"))},
        {"mean": torch.zeros(4, dtype=torch.float16)},
        {"network__encoder__layers__0__weight": torch.zeros(8, 4, dtype=torch.float16)},
        {"network__encoder__layers__0__weight": torch.full((8, 4), float("inf"))},
        {"network__encoder__layers__0__weight": torch.zeros(4, 8)},
        {"validation_rows": torch.zeros(2)},
        {"training_hashes": torch.zeros(2, 2, dtype=torch.int64)},
        {"network__more": torch.zeros(1)},
    ],
)
def test_tensors_of_another_shape_type_or_without_numbers_are_refused(copy, tensors: dict[str, torch.Tensor]) -> None:
    path = copy("plain")
    change_tensors(path, **tensors)
    refused(path)


@pytest.mark.parametrize("place", [-1, 10**6])
def test_places_of_floats_that_do_not_follow_from_the_columns_are_refused(copy, place: int) -> None:
    path = copy("mixed")
    tensors = load_file(path / WEIGHTS)
    (name,) = (name for name in tensors if name.endswith("_gap_float"))
    change_tensors(path, **{name.replace(".", "__"): torch.full_like(tensors[name], place)})
    refused(path, "does not follow from the columns")


@pytest.mark.parametrize(
    "record",
    [{"loss": "x"}, {"number": 0}, {"parts": [1]}, {"parts": {"reconstruction": "x"}}, {"validation": float("nan")}],
)
def test_a_history_of_texts_is_refused(copy, record: dict) -> None:
    path = copy("plain")
    history = json.loads((path / HISTORY).read_text())
    (path / HISTORY).write_text(json.dumps([history[0] | record]))
    reseal(path)
    refused(path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("fitted", "score"), "auto"),
        (("fitted", "score"), "likelihood"),  # which a plain network does not have
        (("fitted", "members"), 10**9),
        (("fitted", "members"), 0),
        (("fitted", "threshold_"), float("nan")),
        (("fitted", "change_"), float("inf")),
    ],
)
def test_a_forged_detector_is_refused(copy, place: tuple[str, str], value: object) -> None:
    path = copy("own detector")
    change_about(path, place, value)
    refused(path)


@pytest.mark.parametrize(
    ("name", "tensors"),
    [
        ("detector", {"scale_": torch.zeros(2, 2, dtype=torch.float64)}),
        ("detector", {"calibration_scores_": torch.zeros(0, dtype=torch.float64)}),
        ("detector", {"scorer__rows": torch.full((5, 4), float("nan"))}),
        ("detector", {"scorer__exponents": torch.zeros(3, dtype=torch.float64)}),
        ("own detector", {"scorer__code_mean__0": torch.zeros(3, dtype=torch.float64)}),
        ("own detector", {"scorer__code_precision__0": torch.full((2, 2), float("nan"))}),
        ("own detector", {"scorer__tails": torch.zeros(3, 9, dtype=torch.float64)}),
    ],
)
def test_forged_tensors_of_a_detector_are_refused(copy, name: str, tensors: dict[str, torch.Tensor]) -> None:
    path = copy(name)
    change_tensors(path, **tensors)
    refused(path)


def test_a_history_of_many_epochs_is_read(copy) -> None:
    path = copy("plain")
    history = json.loads((path / HISTORY).read_text())
    (path / HISTORY).write_text(json.dumps(history * 500))
    reseal(path)
    assert len(narrows.load(path).history_) == 1000


def test_a_history_of_more_epochs_than_a_model_keeps_is_refused_at_once(copy) -> None:
    path = copy("plain")
    (path / HISTORY).write_text(json.dumps([{}] * 900_000))
    reseal(path)
    refused(path, "has 900,000 epochs, more than 200,000")  # before any record is looked at


def test_a_model_of_more_epochs_keeps_the_newest_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_values, "MOST_EPOCHS", 3)
    Autoencoder(**SETTINGS | {"epochs": 5}).fit(IRIS).save(tmp_path / "m")
    assert [epoch.number for epoch in narrows.load(tmp_path / "m").history_] == [3, 4, 5]


@pytest.mark.parametrize("where", [(model_folder, "read_folder"), (json, "loads"), (persistence, "read_state")])
@pytest.mark.parametrize("error", [MemoryError, RecursionError, OverflowError])
def test_an_error_of_memory_or_of_depth_is_a_sentence_wherever_it_comes_from(
    copy, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str], error: type[Exception]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(*where, fails)
    refused(copy("plain"))


def outcome_of(path: Path, rows: Any, what: str) -> tuple[str, np.ndarray, str]:
    """Return what became of a model: its answers, or the sentence that refused to load it."""
    model = None
    try:
        model = narrows.load(path)
        return "answered", hostile.use(model, rows), ""
    except NarrowsError as error:
        if model is None:
            return "refused at load", np.zeros(1), str(error)
        return "refused at use", np.zeros(1), ""  # other names of columns, such as a forged one
    except BaseException as error:
        raise AssertionError(what) from error


@pytest.mark.timeout(7200)
def test_no_damage_or_forgery_leads_to_anything_but_a_sentence_or_an_answer(models, tmp_path: Path) -> None:
    """`make fuzz` does so with ten thousand cases."""
    chance, path = random.Random(0), tmp_path / "m"
    counts = {"refused at load": 0, "refused at use": 0, "answered": 0}
    for case in range(N_CASES):
        original, rows = models[chance.choice(sorted(models))]
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(original, path)
        what = f"case {case}: {original.name}, {hostile.damage(path, chance)}"
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with warnings.catch_warnings(), np.errstate(all="ignore"), hostile.limited_memory(2 << 30):
            warnings.simplefilter("ignore")
            outcome, answers, sentence = outcome_of(path, rows, what)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, what  # kB
        counts[outcome] += 1
        assert "\n" not in sentence, what
        assert np.isfinite(answers).all(), what
    assert counts["refused at load"] > counts["answered"] > 0
    print(f"{N_CASES} cases: {counts}", file=sys.stderr)
