"""Runs an exported model on rows, and compares it with the model that it was exported from."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from narrows import AnomalyDetector
from narrows.data import Rows, as_rows
from narrows.export import Graph

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

RELATIVE = 1e-5
OF_ESTIMATOR = 2e-4
"""Of scores by an estimator. Ranks of losses are steep: rounding the network to float32 alone moves one by 1e-4."""


def session(model: Any) -> Any:
    """Return a session for an `onnx.ModelProto` that the checker of onnx accepts."""
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feeds_of(session: Any, X: Any) -> dict[str, np.ndarray]:
    """Return the inputs of a session from a pandas frame, by name, or from one array."""
    inputs = session.get_inputs()
    if not isinstance(X, pd.DataFrame):
        (only,) = inputs
        return {only.name: np.asarray(X, np.float64 if only.type == "tensor(double)" else None)}
    return {put.name: _cells(X[put.name], put.type) for put in inputs}


def _cells(column: pd.Series, kind: str) -> np.ndarray:
    missing = column.isna().to_numpy()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if kind == "tensor(double)":
        return column.astype("float64").to_numpy()
    if kind == "tensor(int64)":
        return column.to_numpy().view(np.int64)  # NaT is the smallest
    texts = column.to_numpy().astype(str) if column.dtype.kind == "M" else column.astype(object).to_numpy()
    return np.array(["" if gone else str(cell) for cell, gone in zip(texts, missing, strict=True)], dtype=object)


def answers(model: Any, X: Any) -> dict[str, np.ndarray]:
    """Return the outputs of an exported model for rows, by name."""
    run = session(model)
    return dict(zip([out.name for out in run.get_outputs()], run.run(None, feeds_of(run, X)), strict=True))


def assert_equal(fitted: Any, X: Any, **options: Any) -> dict[str, np.ndarray]:
    """Compare every output of an exported model with ours; return the outputs."""
    found = answers(fitted.to_onnx(**options), X)
    if isinstance(fitted, AnomalyDetector):
        scores, near = -fitted.score_samples(X), RELATIVE if fitted.estimator is None else OF_ESTIMATOR
        np.testing.assert_allclose(found["score"], scores, rtol=near, atol=near)
        assert found["threshold"].tolist() == [fitted.threshold_]
        clear = np.abs(scores - fitted.threshold_) > near * np.maximum(np.abs(scores), 1)
        np.testing.assert_array_equal(found["anomaly"][clear], (fitted.predict(X) == -1)[clear])
        return found
    assert_close(found["code"], fitted.transform(X))
    assert_close(found["error"], fitted.reconstruction_error(X))
    assert_same_columns(found, as_rows(fitted.reconstruct(X), schema=fitted.schema_), fitted.reconstruct(X))
    return found


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Compare numbers; the tolerance is relative to each, and to the typical size of all, which 1e-6 is no longer."""
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    size = max(float(np.sqrt(np.mean(np.square(wanted, dtype=np.float64)))), 1e-6)
    np.testing.assert_allclose(found, wanted, rtol=RELATIVE, atol=RELATIVE * size)


def assert_same_columns(found: dict[str, np.ndarray], rows: Rows, container: Any) -> None:
    """Compare reconstructions: one array, or one for each column."""
    if "reconstruction" in found:
        assert_reconstructed(found["reconstruction"], np.asarray(container))
        return
    prefix = "reconstruction."
    names = [name for name in found if name.startswith(prefix)]
    assert names
    for name in names:
        i = rows.feature_names.index(name.removeprefix(prefix))
        assert_reconstructed(found[name], rows.column(i))


def assert_reconstructed(found: np.ndarray, wanted: np.ndarray) -> None:
    if wanted.dtype.kind == "f" and not (wanted == np.rint(wanted)).all():
        assert_close(found, wanted)
    elif wanted.dtype.kind == "M":
        ticks = found if found.dtype == np.int64 else found.astype(str).astype(wanted.dtype).view(np.int64)
        assert_mostly_equal(ticks, wanted.view(np.int64))
    else:
        assert found.dtype == wanted.dtype
        assert_mostly_equal(found, wanted)


def assert_mostly_equal(found: np.ndarray, wanted: np.ndarray) -> None:
    """A number that is rounded, or a level, may fall to the other side of a boundary in one of a thousand cells."""
    assert found.shape == wanted.shape
    assert np.mean(found != wanted) <= 1e-3


def metadata(model: Any) -> dict[str, Any]:
    """Return the metadata of an exported model; JSON as values."""
    found = {prop.key: prop.value for prop in model.metadata_props}
    return {key: json.loads(value) if key in ("schema", "inputs", "outputs") else value for key, value in found.items()}


def run_graph(graph: Graph, **feeds: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs of a graph under construction, by name."""
    run = session(graph.model({"narrows_version": "0"}, ""))
    return dict(zip([out.name for out in run.get_outputs()], run.run(None, feeds), strict=True))
