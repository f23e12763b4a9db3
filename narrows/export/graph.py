"""An ONNX graph that grows node by node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from narrows.errors import MissingExtraError, SettingError

OPSET, ML_OPSET, IR_VERSION = 20, 3, 9
"""The versions of ONNX that the emitters use: onnxruntime from 1.17 on runs them."""

ML = "ai.onnx.ml"
ROWS = "rows"
"""Name of the dimension of the rows, which may be any number."""

_LARGEST = 2**31 - 1  # bytes of a protocol buffer


class Graph:
    """An ONNX graph under construction. Values are known by their names; each call adds one node."""

    def __init__(self) -> None:
        self._onnx = import_onnx()
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._initializers: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._taken: set[str] = set()
        self._n_names = 0
        self.layers: list[str] = []
        """The output of each learned layer so far, after the modules behind it that learn nothing."""

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        return self.ops(kind, *inputs, n=1, domain=domain, **attributes)[0]

    def ops(self, kind: str, *inputs: str, n: int, domain: str = "", **attributes: Any) -> list[str]:
        """Add a node with n outputs; return their names."""
        outputs = [self._name() for _ in range(n)]
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), outputs, domain=domain, **attributes))
        return outputs

    def constant(self, value: Any, dtype: Any = None) -> str:
        """Return the name of a constant array; equal ones share it. An array of objects holds texts."""
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        is_text = array.dtype.kind in "OU"
        content = "\0".join(map(str, array.ravel())).encode() if is_text else array.tobytes()
        key = ("text" if is_text else array.dtype.str, array.shape, content)
        if key not in self._constants:
            name = self._constants[key] = self._name()
            array = array.astype(object) if is_text else array
            self._initializers.append(self._onnx.numpy_helper.from_array(array, name))
        return self._constants[key]

    def input(self, name: str, dtype: np.dtype, shape: Sequence[int | str], doc: str) -> str:
        """Declare an input; return its name. All inputs come before the first node."""
        self._taken.add(name)
        self._inputs.append(self._value_info(name, dtype, shape, doc))
        return name

    def output(self, name: str, value: str, dtype: np.dtype, shape: Sequence[int | str], doc: str) -> None:
        """Declare an output: a value under a name that no input has."""
        self._taken.add(name)
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(self._value_info(name, dtype, shape, doc))

    def model(self, metadata: Mapping[str, str], doc: str) -> Any:
        """Return the graph as an `onnx.ModelProto`."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "narrows", self._inputs, self._outputs, self._initializers)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="narrows",
            producer_version=metadata["narrows_version"],
            doc_string=doc,
        )
        helper.set_model_props(model, dict(metadata))
        if model.ByteSize() > _LARGEST:
            raise SettingError("The model is larger than 2 GB, which an ONNX file cannot hold; fit smaller layers.")
        return model

    # -- shorthands for what many emitters need

    def op_int(self, kind: str, value: str, number: Any) -> str:
        """Add a node of an int64 value and a number or an array."""
        return self.op(kind, value, self.constant(number, np.int64))

    def op_double(self, kind: str, value: str, number: Any) -> str:
        """Add a node of a float64 value and a number or an array."""
        return self.op(kind, value, self.constant(number, np.float64))

    def cast(self, value: str, dtype: Any) -> str:
        return self.op("Cast", value, to=self._tensor_type(np.dtype(dtype)))

    def sum(self, value: str, axis: int, *, keep: bool = False) -> str:
        return self.op("ReduceSum", value, self.constant([axis], np.int64), keepdims=int(keep))

    def concat(self, values: Sequence[str], axis: int = 1) -> str:
        return values[0] if len(values) == 1 else self.op("Concat", *values, axis=axis)

    def split(self, value: str, widths: Sequence[int]) -> list[str]:
        """Return the parts of (n, sum of widths) along axis 1."""
        if len(widths) == 1:
            return [value]
        return self.ops("Split", value, self.constant(widths, np.int64), n=len(widths), axis=1)

    def columns(self, value: str, places: Iterable[int]) -> str:
        """Return (n, c) with these columns of (n, d)."""
        return self.op("Gather", value, self.constant(list(places), np.int64), axis=1)

    def column(self, value: str) -> str:
        """Return (n,) as (n, 1)."""
        return self.op("Unsqueeze", value, self.constant([1], np.int64))

    def flat(self, value: str) -> str:
        """Return (n, 1) as (n,)."""
        return self.op("Squeeze", value, self.constant([1], np.int64))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Return (n, ...) in another shape; the first dimension stays that of the rows."""
        return self.op("Reshape", value, self.constant([0, *shape], np.int64))

    def where(self, condition: str, value: str, other: str) -> str:
        return self.op("Where", condition, value, other)

    def clip(self, value: str, low: Any, high: Any, dtype: Any = np.float64) -> str:
        """Return the value within arrays of bounds."""
        return self.op("Min", self.op("Max", value, self.constant(low, dtype)), self.constant(high, dtype))

    def _name(self) -> str:
        while True:
            self._n_names += 1
            name = f"v{self._n_names}"
            if name not in self._taken:
                return name

    def _value_info(self, name: str, dtype: np.dtype, shape: Sequence[int | str], doc: str) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._tensor_type(dtype), list(shape), doc)

    def _tensor_type(self, dtype: np.dtype) -> int:
        if dtype.kind == "O":
            return self._onnx.TensorProto.STRING
        return self._onnx.helper.np_dtype_to_tensor_dtype(dtype)


def import_onnx() -> Any:
    """Return the package onnx with the parts that a graph needs; MissingExtraError without it."""
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingExtraError("The export to ONNX needs narrows[onnx]: pip install 'narrows[onnx]'.") from error
    return onnx
