from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from narrows import Autoencoder, load
from narrows.errors import MissingExtraError, NotFittedError, OutputError, OutputExistsError
from narrows.version import __version__
from tests.export.running import answers, metadata, onnx
from tests.mixed_table import FRAME


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder(epochs=1, random_state=0, hidden_layer_sizes=(8,), device="cpu").fit(FRAME)


def test_a_file_holds_the_model_and_what_is_known_of_it(model, tmp_path):
    made = model.to_onnx(tmp_path / "m.onnx")
    read = onnx.load(tmp_path / "m.onnx")
    assert read == made
    found = metadata(read)
    assert found["narrows_version"] == __version__
    assert found["loss_unit"] == model.loss_unit_
    assert found["schema"] == json.loads(json.dumps(model.schema_.describe()))
    assert [port["name"] for port in found["inputs"]] == list(FRAME.columns)
    assert {port["name"]: port["dtype"] for port in found["inputs"]} == {
        "length": "float64",
        "width": "float64",
        "kind": "string",
        "when": "string",
        "on": "float64",
        "count": "float64",
    }
    assert [port["name"] for port in found["outputs"]] == [out.name for out in read.graph.output]


def test_a_saved_model_is_exported_as_the_fitted_one(model, tmp_path):
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").to_onnx() == model.to_onnx()


def test_the_treatment_of_gaps_is_that_of_the_copy(model):
    changed = model.with_missing("mean")
    np.testing.assert_array_equal(answers(changed.to_onnx(), FRAME)["code"], answers(model.to_onnx(), FRAME)["code"])


def test_a_file_is_not_overwritten_without_leave(model, tmp_path):
    target = tmp_path / "m.onnx"
    target.write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match=r"^.*m\.onnx is already there"):
        model.to_onnx(target)
    assert target.read_bytes() == b"mine"
    model.to_onnx(target, overwrite=True)
    assert onnx.load(target) == model.to_onnx()
    with pytest.raises(OutputExistsError, match="is a link or a folder"):
        model.to_onnx(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="could not be written"):
        model.to_onnx(tmp_path / "nowhere" / "m.onnx")


def test_an_unfitted_model_and_a_missing_package_are_told(model, monkeypatch):
    with pytest.raises(NotFittedError):
        Autoencoder().to_onnx()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"^The export to ONNX needs narrows\[onnx\]: pip install"):
        model.to_onnx()
