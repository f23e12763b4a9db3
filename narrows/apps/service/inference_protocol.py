"""The Open Inference Protocol, version 2, over HTTP: tensors in JSON or binary, one for each column."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from narrows.apps.service.answers import OPERATIONS
from narrows.apps.service.request_errors import RequestError
from narrows.apps.service.request_rows import most_rows, rows_of_block, rows_of_cells, too_many_rows, wanted_columns
from narrows.formatting import json_safe

if TYPE_CHECKING:
    import numpy as np

    from narrows.apps.service.served_models import ServedModel
    from narrows.data import Rows

_NUMBERS = {
    "BOOL": "?", "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_MOST_DIMENSIONS, _LARGEST_SIZE = 4, 1 << 31
HEADER_LENGTH = "inference-header-content-length"


def model_facts(served: ServedModel) -> dict[str, Any]:
    """Return the metadata of a model."""
    return {
        "name": served.name,
        "versions": ["1"],
        "platform": "narrows",
        "inputs": inputs_of(served.model),
        "outputs": [{"name": name, **facts} for name, facts in outputs_of(served).items()],
    }


def inputs_of(model: Any) -> list[dict[str, Any]]:
    """Return name, datatype and shape of the inputs: one for each column, or one array."""
    from narrows.data import holds, input_columns, is_block
    from narrows.estimators import AnomalyDetector

    schema = model.schema_
    if is_block(schema):
        name = "images" if schema.image_shape is not None else "X"
        return [{"name": name, "datatype": "FP64", "shape": [-1, *_row_shape(schema)]}]
    types = {"number": "FP64", "text": "BYTES", "date": "BYTES"}
    chosen = input_columns(schema, with_constants=isinstance(model, AnomalyDetector))
    return [{"name": schema.feature_names[i], "datatype": types[holds(schema, i)], "shape": [-1]} for i in chosen]


def outputs_of(served: ServedModel) -> dict[str, dict[str, Any]]:
    """Return datatype, shape and operation of each output by name."""
    from narrows.data import holds, is_block
    from narrows.estimators.encoded_rows import has_elbo

    def one(datatype: str, *shape: int, operation: str) -> dict[str, Any]:
        return {"datatype": datatype, "shape": [-1, *shape], "parameters": {"operation": operation}}

    model, schema = served.model, served.model.schema_
    reasons = {"reasons": one("BYTES", -1, operation="explain")}
    if served.is_detector:
        types = {"score": "FP64", "p_value": "FP64", "anomaly": "INT8"}
        return {name: one(datatype, operation="score") for name, datatype in types.items()} | reasons
    found = {"reconstruction_error": one("FP32", operation="score")}
    if has_elbo(model):
        found["elbo"] = one("FP32", operation="score")
    found["code"] = one("FP32", model.n_components_, operation="encode")
    if is_block(schema):
        found["reconstruction"] = one("FP64", *_row_shape(schema), operation="reconstruct")
        return found | reasons
    types = {"number": "FP64", "text": "BYTES", "date": "BYTES"}
    for i in schema.learned_columns:
        name = f"reconstruction.{schema.feature_names[i]}"
        found[name] = one(types[holds(schema, i)], operation="reconstruct")
    return found | reasons


class InferenceRequest:
    """A parsed request: its rows, the outputs that it asks for, and their form.

    Parameters
    ----------
    served : ServedModel
    body : bytes
    header_length : int or None
        Length of the JSON in front of binary tensors.

    Raises
    ------
    RequestError
    """

    def __init__(self, served: ServedModel, body: bytes, header_length: int | None) -> None:
        head = body if header_length is None else body[:header_length]
        parsed = parse_json(head)
        if not isinstance(parsed, Mapping) or not isinstance(parsed.get("inputs"), list):
            raise RequestError('The body must be an object with the tensors under "inputs".')
        self.id = parsed.get("id")
        if not isinstance(self.id, str | None):
            raise RequestError('"id" must be a text.')
        self._served = served
        self._binary = memoryview(body)[len(head) :]
        self._inputs = parsed["inputs"]
        parameters = _mapping(parsed.get("parameters"), "parameters")
        self._all_binary = parameters.get("binary_data_output") is True
        known = outputs_of(served)
        asked = parsed.get("outputs") or self._default(known, parameters.get("output"))
        if not isinstance(asked, list):
            raise RequestError('"outputs" must be a list of objects with a name.')
        self.outputs = [_mapping(output, "outputs") for output in asked]
        names = [output.get("name") for output in self.outputs]
        for name in names:
            if not isinstance(name, str) or name not in known:
                raise RequestError(f"There is no output {name!r}; the outputs are {', '.join(known)}.")
        if len(set(names)) < len(names):
            raise RequestError('"outputs" names one output twice.')
        of = {output["name"]: known[output["name"]]["parameters"]["operation"] for output in self.outputs}
        self.operations = [operation for operation in OPERATIONS if operation in of.values()]

    def _default(self, known: Mapping[str, Any], operation: Any) -> list[dict[str, Any]]:
        """Return the outputs of an operation, by default of `score`."""
        operation = "score" if operation is None else operation
        found = [{"name": name} for name, facts in known.items() if facts["parameters"]["operation"] == operation]
        if not found:
            raise RequestError(f'The parameter "output" must be one of {", ".join(self._served.operations)}.')
        return found

    def rows(self) -> Rows:
        """Return the rows of the inputs; raises RequestError, NarrowsError."""
        from narrows.data import is_block

        model = self._served.model
        start, tensors = 0, {}
        for entry in self._inputs:
            entry = _mapping(entry, "inputs")
            size = _mapping(entry.get("parameters"), "parameters").get("binary_data_size")
            raw = None
            if size is not None:
                if type(size) is not int or not 0 <= size <= len(self._binary) - start:
                    raise RequestError(f"The binary data of input {entry.get('name')!r} are not {size!r} bytes long.")
                raw, start = self._binary[start : start + size], start + size
            tensors[str(entry.get("name"))] = _Tensor(entry, raw)
        if is_block(model.schema_):
            if len(tensors) != 1:
                raise RequestError("The model takes one tensor with all columns.")
            (tensor,) = tensors.values()
            tensor.check_rows(most_rows(model), model)
            return rows_of_block(model, tensor.array())
        wanted = set(wanted_columns(model.schema_))
        chosen = {name: tensor for name, tensor in tensors.items() if name in wanted}
        n = next(iter(chosen.values())).shape[0] if chosen else 0
        for name, tensor in chosen.items():
            tensor.check_rows(most_rows(model), model)
            if tensor.shape not in ((n,), (n, 1)):
                raise RequestError(f"Input {name!r} must have the shape [{n}], as the others.", column=name)
        return rows_of_cells(model, {name: tensor.cells() for name, tensor in chosen.items()})

    def answer(self, results: Mapping[str, Any]) -> tuple[bytes, int | None]:
        """Return the body of the answer from all results by output, and the length of its JSON if it has binary."""
        tensors, binary = [], []
        for output in self.outputs:
            datatype, shape, values = _typed(results[output["name"]])
            tensor: dict[str, Any] = {"name": output["name"], "datatype": datatype, "shape": shape}
            if _mapping(output.get("parameters"), "parameters").get("binary_data", self._all_binary) is True:
                raw = _raw(datatype, values)
                binary.append(raw)
                tensor["parameters"] = {"binary_data_size": len(raw)}
            else:
                tensor["data"] = json_safe(values.ravel()) if datatype != "BYTES" else values
            tensors.append(tensor)
        found = {"model_name": self._served.name, "model_version": "1", "outputs": tensors}
        head = json.dumps(found if self.id is None else {**found, "id": self.id}, allow_nan=False).encode()
        return b"".join([head, *binary]), len(head) if binary else None


class _Tensor:
    """One input: its name, shape, and data in JSON or binary."""

    def __init__(self, entry: Mapping[str, Any], raw: memoryview | None) -> None:
        self.name, shape, self.datatype = entry.get("name"), entry.get("shape"), entry.get("datatype")
        sizes = shape if isinstance(shape, list) and len(shape) <= _MOST_DIMENSIONS else []
        if not sizes or not all(type(size) is int and 0 <= size <= _LARGEST_SIZE for size in sizes):
            raise RequestError(f"Input {self.name!r} needs a shape, a list of at most 4 whole numbers.")
        if self.datatype not in (*_NUMBERS, "BYTES"):
            raise RequestError(f"Input {self.name!r} has the datatype {self.datatype!r}, which narrows does not know.")
        self.shape = tuple(sizes)
        self._data = _flat(entry.get("data")) if raw is None else self._unpacked(raw)
        if len(self._data) != math.prod(self.shape):
            raise RequestError(f"Input {self.name!r} has {len(self._data):,} elements, which is not its shape {shape}.")

    def check_rows(self, most: int, model: Any) -> None:
        """Raise RequestError for no rows, or more than `most`."""
        if not self.shape[0]:
            raise RequestError("The request has no rows; send at least one.")
        if self.shape[0] > most:
            raise too_many_rows(model)

    def cells(self) -> list[Any]:
        """Return the elements as a list of numbers, texts and None."""
        return self._data if isinstance(self._data, list) else self._data.tolist()

    def array(self) -> np.ndarray:
        """Return the elements as an array of numbers in the shape of the tensor."""
        import numpy as np

        try:
            return np.asarray(self._data, dtype=None if isinstance(self._data, np.ndarray) else np.float64).reshape(
                self.shape
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise RequestError(f"Input {self.name!r} must have numbers only.") from error

    def _unpacked(self, raw: memoryview) -> Any:
        import numpy as np

        if self.datatype != "BYTES":
            dtype = np.dtype(_NUMBERS[str(self.datatype)])
            if len(raw) % dtype.itemsize:
                raise RequestError(f"The binary data of input {self.name!r} end within an element.")
            return np.frombuffer(raw, dtype)
        texts, start = [], 0
        try:
            while start < len(raw):
                (size,) = struct.unpack_from("<I", raw, start)
                if start + 4 + size > len(raw):
                    raise ValueError
                texts.append(str(raw[start + 4 : start + 4 + size], "utf-8"))
                start += 4 + size
        except (struct.error, ValueError) as error:
            raise RequestError(f"The binary data of input {self.name!r} are not UTF-8 texts with lengths.") from error
        return texts


def parse_json(body: bytes) -> Any:
    """Return parsed JSON; raises RequestError."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise RequestError(f"The body is not JSON ({reason}).") from error


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RequestError(f'"{name}" must hold objects.')
    return value


def _flat(data: Any) -> list[Any]:
    """Return the elements of nested lists in row-major order."""
    if not isinstance(data, list):
        raise RequestError('Each input needs "data", a list, or binary data.')
    while any(isinstance(part, list) for part in data):
        if not all(isinstance(part, list) for part in data):
            raise RequestError('The lists in "data" differ in their depth.')
        data = [element for part in data for element in part]
    return data


def _typed(values: Any) -> tuple[str, list[int], Any]:
    """Return datatype, shape and elements of an output."""
    import numpy as np

    if isinstance(values, Sequence):  # reasons
        texts = [json.dumps(json_safe(reason)) for of_row in values for reason in of_row]
        return "BYTES", [len(values), len(texts) // max(1, len(values))], texts
    if values.dtype.kind in "OM":
        missing = (None, "NaT")
        return "BYTES", list(values.shape), ["" if v is None or str(v) in missing else str(v) for v in values.tolist()]
    names = {np.dtype(code): name for name, code in _NUMBERS.items()}
    return names[values.dtype.newbyteorder("<")], list(values.shape), values


def _raw(datatype: str, values: Any) -> bytes:
    if datatype != "BYTES":
        return values.astype(_NUMBERS[datatype], copy=False).tobytes()
    texts = [text.encode() for text in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _row_shape(schema: Any) -> tuple[int, ...]:
    if schema.image_shape is None:
        return (schema.n_columns,)
    height, width, channels = schema.image_shape
    shapes = {"flat": (schema.n_columns,), "hw": (height, width), "hwc": (height, width, channels)}
    return shapes.get(schema.layout, (channels, height, width))
