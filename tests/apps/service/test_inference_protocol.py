"""The Open Inference Protocol: by hand, and with the client of Triton."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import narrows
from tests.apps.service.client import Service, saved
from tests.apps.service.fixture_rows import records, scores_of_the_shell


def tensors(service: Service, name: str) -> list[dict]:
    """The rows of a fixture as one tensor for each column."""
    rows = records(name)
    return [
        {**facts, "shape": [len(rows)], "data": [row[facts["name"]] for row in rows]}
        for facts in service.get(f"/v2/models/{name}").json["inputs"]
    ]


@pytest.mark.parametrize("name", ["mixed", "detector_mixed", "mixed_variational"])
def test_tensors_by_column_have_the_scores_of_the_shell(service: Service, name: str, tmp_path: Path) -> None:
    wanted = scores_of_the_shell(name, tmp_path)
    answer = service.post(f"/v2/models/{name}/infer", {"id": "7", "inputs": tensors(service, name)})
    assert answer.status == 200, answer.body
    assert (answer.json["id"], answer.json["model_name"]) == ("7", name)
    found = np.column_stack([output["data"] for output in answer.json["outputs"]])
    assert np.array_equal(found.astype(wanted.dtype), wanted)


def test_health_and_metadata(service: Service) -> None:
    assert service.get("/v2").json["name"] == "narrows"
    assert service.get("/v2/health/live").status == service.get("/v2/health/ready").status == 200
    assert service.get("/v2/models/plain/ready").json["ready"]
    facts = service.get("/v2/models/plain").json
    assert facts["inputs"] == [{"name": "X", "datatype": "FP64", "shape": [-1, 5]}]
    assert [output["name"] for output in facts["outputs"]] == [
        "reconstruction_error",
        "code",
        "reconstruction",
        "reasons",
    ]


def test_outputs_of_several_operations_come_in_one_answer(service: Service) -> None:
    rows = np.array(records("plain"))
    tensor = {"name": "X", "datatype": "FP64", "shape": list(rows.shape), "data": rows.tolist()}
    asked = [{"name": name} for name in ("code", "reconstruction", "reasons", "reconstruction_error")]
    answer = service.post("/v2/models/plain/infer", {"inputs": [tensor], "outputs": asked}).json["outputs"]
    model = narrows.load(saved("plain"))
    assert np.array_equal(np.float32(answer[0]["data"]).reshape(answer[0]["shape"]), model.transform(rows))
    assert np.allclose(np.reshape(answer[1]["data"], answer[1]["shape"]), model.reconstruct(rows), rtol=1e-6)
    assert answer[2]["shape"] == [len(rows), 3]
    assert json.loads(answer[2]["data"][0])["column"] in ("x0", "x1", "x2", "x3", "x4")
    other = {"inputs": [tensor], "parameters": {"output": "encode"}}
    assert service.post("/v2/models/plain/infer", other).json["outputs"][0]["data"] == answer[0]["data"]


def test_the_client_of_triton_talks_to_it(service: Service) -> None:
    http = pytest.importorskip("tritonclient.http", reason="tritonclient[http] is in the extra dev")
    client = http.InferenceServerClient(f"127.0.0.1:{service.port}")
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("mixed")
        assert client.get_server_metadata()["name"] == "narrows"
        rows = records("mixed")
        for binary in (True, False):
            inputs = []
            for facts in client.get_model_metadata("mixed")["inputs"]:
                cells = [row[facts["name"]] for row in rows]
                if facts["datatype"] == "BYTES":
                    array = np.array(["" if cell is None else str(cell) for cell in cells], dtype=object)
                else:
                    array = np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
                inputs.append(http.InferInput(facts["name"], [len(rows)], facts["datatype"]))
                inputs[-1].set_data_from_numpy(array, binary_data=binary or facts["datatype"] == "FP64")
            outputs = [http.InferRequestedOutput(name, binary_data=binary) for name in ("reconstruction_error", "code")]
            result = client.infer("mixed", inputs, outputs=outputs)
            wanted = service.post("/models/mixed/score", rows).json["rows"]
            assert result.as_numpy("reconstruction_error").tolist() == [row["reconstruction_error"] for row in wanted]
            wanted = service.post("/models/mixed/encode", rows).json["rows"]
            assert result.as_numpy("code").tolist() == [row["code"] for row in wanted]
        from tritonclient.utils import InferenceServerException

        with pytest.raises(InferenceServerException, match="none of the model's columns"):
            client.infer("mixed", [])
    finally:
        client.close()
