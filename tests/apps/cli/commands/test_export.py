"""`narrows export`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

onnxruntime = pytest.importorskip("onnxruntime")


def test_export_writes_a_file_that_answers_as_the_model(shell, tabular: Path, table: Path) -> None:
    found = shell("export", tabular, "-o", "m.onnx", "--json").json
    assert found == {
        "output": "m.onnx",
        "inputs": ["a", "b", "c", "age"],
        "outputs": ["code", *(f"reconstruction.{name}" for name in ("a", "b", "c", "age")), "error"],
    }
    assert shell("score", tabular, table, "-o", "scores.npy").status == 0
    cells = np.genfromtxt(table, delimiter=",", skip_header=1, usecols=range(4))
    session = onnxruntime.InferenceSession("m.onnx")
    (error,) = session.run(["error"], dict(zip(["a", "b", "c", "age"], cells.T.copy(), strict=True)))
    np.testing.assert_allclose(error, np.load("scores.npy")[:, 0], rtol=1e-5, atol=1e-6)


def test_export_never_replaces_a_file_unasked_and_needs_the_ending(shell, tabular: Path) -> None:
    assert "4 inputs" in shell("export", tabular).out
    refused = shell("export", tabular)
    assert refused.status == 1
    assert "--force" in refused.err
    assert shell("export", tabular, "--force").status == 0
    assert "must end in .onnx" in shell("export", tabular, "-o", "model.pb").err


def test_export_says_in_a_sentence_what_to_install(shell, tabular: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    refused = shell("export", tabular)
    assert refused.status == 1
    assert refused.err.strip() == ("Error: The export to ONNX needs narrows[onnx]: pip install 'narrows[onnx]'.")
    assert not Path("model.onnx").exists()
