"""The OpenAPI description of a service, from the columns of its models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from narrows.apps.service.answers import as_records
from narrows.apps.service.inference_protocol import inputs_of
from narrows.version import __version__

if TYPE_CHECKING:
    from narrows.apps.service.served_models import ServedModel

_TEXTS = {
    "score": "Anomaly scores: the reconstruction error, or a detector's score, p-value and alarm.",
    "encode": "Codes of rows.",
    "reconstruct": "Reconstructions of rows, in the user's units.",
    "explain": "The columns that contribute most to the score of each row.",
}
_OF_SERVICE = {
    "/": "Name, version and models.",
    "/openapi.json": "This description.",
    "/metrics": "Metrics for Prometheus.",
    "/v2": "Name, version and extensions, as in the Open Inference Protocol.",
    "/v2/health/live": "Whether the service runs.",
    "/v2/health/ready": "Whether the service answers requests.",
}
_OF_MODEL = {"": "Inputs and outputs of the model.", "/ready": "Whether the model answers requests."}
_ERRORS = {
    "422": "Rows that the model cannot use.",
    "413": "A request that is too large.",
    "503": "Too many requests; Retry-After has the seconds to wait.",
}
_MOST_PIXELS = 1000


def openapi(models: Iterable[ServedModel], *, with_token: bool) -> dict[str, Any]:
    """Return the description, with an example row for each model."""
    models = list(models)
    paths: dict[str, Any] = {}
    for served in models:
        for operation in served.operations:
            described = _operation(served, operation)
            paths[f"/models/{served.name}/{operation}"] = {"post": described}
            if len(models) == 1:
                paths[f"/{operation}"] = {"post": {**described, "operationId": operation}}
        of_model = f"/v2/models/{served.name}"
        paths |= {of_model + path: _plain(text) for path, text in _OF_MODEL.items()}
        paths[f"{of_model}/infer"] = {"post": _inference(served)}
    paths |= {path: _plain(text) for path, text in _OF_SERVICE.items()}
    failure = _object({"error": {"type": "string"}, "column": {"type": ["string", "null"]}})
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "narrows", "version": __version__, "description": "Saved models of narrows."},
        "paths": paths,
        "components": {"schemas": {"Error": failure}},
    }
    if with_token:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"token": []}]
    return found


def example_row(model: Any) -> Any:
    """Return a row as a JSON value that the model accepts: a row of the fit if the model stores some, else typical."""
    import numpy as np

    from narrows.data import is_block
    from narrows.estimators import AnomalyDetector

    schema = model.schema_
    if isinstance(model, AnomalyDetector):
        references = model.scorer_.references
        floats = np.zeros((1, schema.n_floats), np.float32) if references is None else references[:1]
    else:
        floats = model.mean_[None].astype(np.float32)
    rows = schema.decode_rows(floats)
    if is_block(schema):
        return rows.block()[0].tolist()
    columns = {name: rows.column(i) for i, name in enumerate(schema.feature_names) if _is_plain(schema, i)}
    return as_records(columns, 1)[0]


def row_schema(model: Any) -> dict[str, Any]:
    """Return the JSON schema of a row."""
    from narrows.data import holds, input_columns, is_block
    from narrows.estimators import AnomalyDetector

    schema = model.schema_
    if is_block(schema):
        return {"type": "array", "items": {"type": ["number", "null"]}}
    types: dict[str, dict[str, Any]] = {"number": {"type": ["number", "null"]}, "text": {"type": ["string", "null"]}}
    types["date"] = {"type": ["string", "null"], "description": "A date in ISO 8601."}
    chosen = input_columns(schema, with_constants=isinstance(model, AnomalyDetector))
    named = {schema.feature_names[i]: types[holds(schema, i)] for i in chosen if _is_plain(schema, i)}
    return {
        **_object(named),
        "required": [schema.feature_names[i] for i in schema.learned_columns if _is_plain(schema, i)],
    }


def _operation(served: ServedModel, operation: str) -> dict[str, Any]:
    model = served.model
    row = row_schema(model)
    content: dict[str, Any] = {"schema": {"anyOf": [row, {"type": "array", "items": row}]}}
    if model.schema_.n_columns <= _MOST_PIXELS:
        content["example"] = {"rows": [example_row(model)]}
        content["schema"]["anyOf"].append(_object({"rows": {"type": "array", "items": row}}))
    return {
        "summary": _TEXTS[operation],
        "operationId": f"{operation}_{served.name}",
        "requestBody": {
            "required": True,
            "content": {"application/json": content, "application/vnd.apache.arrow.stream": {}},
        },
        "responses": _answers("One result for each row, in their order."),
    }


def _inference(served: ServedModel) -> dict[str, Any]:
    """Return the description of an inference of the Open Inference Protocol, with tensors of one row."""
    model, any_value = served.model, {"type": ["number", "boolean", "string", "null", "array"]}
    shape = {"type": "array", "items": {"type": "integer"}}
    tensor = _object({"name": {"type": "string"}, "datatype": {"type": "string"}, "shape": shape})
    tensor["properties"]["data"] = {"type": "array", "items": any_value}
    content: dict[str, Any] = {"schema": _object({"inputs": {"type": "array", "items": tensor}})}
    if model.schema_.n_columns <= _MOST_PIXELS:
        row = example_row(model)
        content["example"] = {"inputs": [_tensor(put, row) for put in inputs_of(model)]}
    return {
        "summary": "Open Inference Protocol, version 2: tensors in, tensors out, in JSON or binary.",
        "operationId": f"infer_{served.name}",
        "requestBody": {"required": True, "content": {"application/json": content, "application/octet-stream": {}}},
        "responses": _answers("The outputs, one tensor each."),
    }


def _tensor(put: dict[str, Any], row: Any) -> dict[str, Any]:
    """Return an input with its values in one row."""
    return {**put, "shape": [1, *put["shape"][1:]], "data": [row[put["name"]] if isinstance(row, dict) else row]}


def _plain(text: str) -> dict[str, Any]:
    """Return the description of an address without parameters."""
    return {"get": {"summary": text, "responses": {"200": {"description": "OK"}}}}


def _answers(text: str) -> dict[str, Any]:
    """Return the answers to a request with rows."""
    reference = {"schema": {"$ref": "#/components/schemas/Error"}}
    errors = {
        status: {"description": of_error, "content": {"application/json": reference}}
        for status, of_error in _ERRORS.items()
    }
    return {"200": {"description": text}, **errors}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _is_plain(schema: Any, i: int) -> bool:
    """Return whether a column is not part of a list or a struct."""
    kind = None if schema.types is None else schema.types[i]
    return kind is None or not kind.part_of
