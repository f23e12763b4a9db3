"""Models that an earlier version saved load and answer as they did when they were saved."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from narrows.apps.cli import main
from tests.saved_models.answers import answers, load, read_rows
from tests.saved_models.cases import CASES, PICKLED

MODELS = Path(__file__).parent / "models"
ROWS = ("reconstruct", "inverse_transform", "impute", "sample")
"""Answers in the units of a table, which are rounded as its columns are."""
COARSE = {"error_map": 1e-4, "explain.share": 1e-4}
"""Absolute tolerances of answers that are small differences of large sums."""


def assert_same(found: dict[str, np.ndarray], folder: Path) -> None:
    with np.load(folder / "answers.npz") as expected:
        assert found.keys() == set(expected.files)
        for name in expected.files:
            assert_close(found[name], expected[name], name)


def assert_close(found: np.ndarray, expected: np.ndarray, name: str) -> None:
    """Compare exactly where answers are choices; other processors differ in the last bits of a float."""
    assert found.dtype.kind == expected.dtype.kind, name
    assert found.shape == expected.shape, name
    is_rows = name.partition(".")[0] in ROWS
    if expected.dtype.kind != "f" and not (is_rows and expected.dtype.kind in "iu"):
        np.testing.assert_array_equal(found, expected, err_msg=name)
    else:
        a, b = found.astype(float), expected.astype(float)
        atol = COARSE.get(name, 2e-6) + (_step(b) if is_rows else 0)
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=atol, err_msg=name)


def _step(values: np.ndarray) -> float:
    """The unit that values are rounded to, 0 where they are not: a last bit may turn a rounding over."""
    there = values[np.isfinite(values)]
    for n_decimals in range(4):
        if np.array_equal(there, np.round(there, n_decimals)):
            return 1.001 * 10.0**-n_decimals
    return 0.0


@pytest.mark.parametrize("name", CASES)
def test_a_saved_model_answers_as_it_did(name: str) -> None:
    assert_same(answers(load(MODELS / name), read_rows(MODELS / name)), MODELS / name)


@pytest.mark.parametrize("name", PICKLED)
def test_a_pickled_model_answers_as_before(name: str) -> None:
    """Pickles name the modules of their version, so they hold within one version only, as scikit-learn's do."""
    model = pickle.loads(pickle.dumps(load(MODELS / name)))
    assert_same(answers(model, read_rows(MODELS / name)), MODELS / name)


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_model_saves_what_it_was_loaded_from(name: str, tmp_path: Path) -> None:
    load(MODELS / name).save(tmp_path / "again")
    for file in (tmp_path / "again").rglob("narrows.json"):
        folder = file.parent
        before = MODELS / name / "model" / folder.relative_to(tmp_path / "again")
        saved, expected = load_file(folder / "model.safetensors"), load_file(before / "model.safetensors")
        assert saved.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_array_equal(saved[key], value, err_msg=key)
        assert json.loads((folder / "history.json").read_text()) == json.loads((before / "history.json").read_text())
        about, was = (json.loads((at / "narrows.json").read_text()) for at in (folder, before))
        for key in ("estimator", "schema"):
            assert about[key] == was[key], key
        for key in ("fitted", "parameters"):
            assert about[key].items() >= was[key].items(), key


def test_the_shell_writes_as_the_file_of_the_fit_was_written(tmp_path: Path) -> None:
    model, rows, out = MODELS / "csv_german/model", MODELS / "csv_german/rows.csv", tmp_path / "out.csv"
    assert main(["reconstruct", str(model), str(rows), "-o", str(out)]) == 0
    head, *lines = out.read_text(encoding="utf-8").splitlines()
    assert head == "Größe;Preis;PLZ;Kauf;Bezahlt;Art"
    for line in lines:
        assert re.fullmatch(r"\d{3},\d;1\.\d{3},\d\d €;\d{5};\d\d\.\d\d\.2024;(ja|nein);(Dutzend|Paar|Stück)", line)


def test_every_fixture_has_its_case() -> None:
    assert {path.name for path in MODELS.iterdir() if path.is_dir()} == set(CASES)
