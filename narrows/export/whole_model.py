"""A fitted model as one ONNX file: columns in, codes, reconstructions, errors and scores out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from narrows.data import Schema
from narrows.export.code_emitters import emit_code
from narrows.export.decoding_floats import emit_reconstruction
from narrows.export.encoding import encoded
from narrows.export.graph import ROWS, Graph
from narrows.export.loss_emitters import emit_losses, emit_mean, emit_raw
from narrows.export.module_emitters import affine, check_network, emit_module
from narrows.export.ports import ColumnInputs, Dates, Port, free_name
from narrows.model import AutoencoderNetwork
from narrows.version import __version__


@dataclass(eq=False)
class ModelGraph:
    """The graph of a model under construction: its inputs, the encoded rows, and the outputs so far.

    Parameters
    ----------
    schema : Schema
    dates : {"text", "int64"}
    with_constants : bool
        Whether the columns that were constant in the fit are inputs too.
    """

    schema: Schema
    dates: Dates
    with_constants: bool = False
    graph: Graph = field(default_factory=Graph)
    outputs: list[Port] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs = ColumnInputs(self.graph, self.schema, self.dates, self.with_constants)

    @cached_property
    def floats(self) -> str:
        """The encoded rows, float32 (n, n_floats)."""
        return encoded(self.inputs)

    def output(self, name: str, value: str, dtype: Any, shape: tuple[int | str, ...], doc: str) -> None:
        """Declare an output; a name that a column has gets an underscore."""
        port = Port(free_name(name, self._names), np.dtype(dtype), shape, doc)
        self.graph.output(port.name, value, port.dtype, port.shape, port.doc)
        self.outputs.append(port)

    def reconstruction(self, floats: str) -> None:
        """Declare the outputs of reconstructed floats (n, n_floats), in the user's units."""
        self.outputs += emit_reconstruction(self.graph, self.schema, floats, self.dates, self._names)

    def model(self, facts: Mapping[str, str], doc: str) -> Any:
        """Return the whole as an `onnx.ModelProto`, with facts and the schema in its metadata."""
        inputs = list(self.inputs.ports.values())
        metadata = {
            "narrows_version": __version__,
            **facts,
            "schema": to_json(self.schema.describe()),
            "inputs": to_json([port.to_dict() for port in inputs]),
            "outputs": to_json([port.to_dict() for port in self.outputs]),
        }
        return self.graph.model(metadata, doc)

    @property
    def _names(self) -> list[str]:
        return [port.name for port in (*self.inputs.ports.values(), *self.outputs)]


@dataclass(frozen=True)
class Pass:
    """The outputs of a network for encoded rows: names of its codes, float32 (n, k), and of its raw output (n, d)."""

    codes: str
    output: str


def emit_network(g: Graph, network: AutoencoderNetwork, x: str) -> Pass:
    """Return the noiseless pass of encoded rows (n, d) through a network; SettingError for unknown parts."""
    check_network(network)
    path = network.path
    share = network.share_of_layers
    h = emit_module(g, network.encoder, x) if share else ""
    if path is not None and share < 1:
        h = blended(g, h, affine(g, x, path.directions, path.offset), share)
    codes = emit_code(g, network.code, h, network.n_components)
    output = emit_module(g, network.decoder, codes) if share else ""
    if path is not None and share < 1:
        mean = affine(g, codes, path.directions.T, path.centre)
        output = blended(g, output, emit_raw(g, network.likelihood, mean), share)
    return Pass(codes, output)


def blended(g: Graph, of_layers: str, linear: str, share: float) -> str:
    """Return the value of the layers and that of the linear path, float32, weighted by the share of the layers."""
    if share in (0.0, 1.0):
        return of_layers if share else linear
    of_layers = g.op("Mul", of_layers, g.constant(share, np.float32))
    return g.op("Add", of_layers, g.op("Mul", linear, g.constant(1 - share, np.float32)))


def emit_autoencoder(model: ModelGraph, network: AutoencoderNetwork, unit: str) -> tuple[Pass, str]:
    """Declare the outputs of an autoencoder; return its pass, and the loss of each float, float64 (n, d)."""
    g, x = model.graph, model.floats
    passed = emit_network(g, network, x)
    model.output("code", passed.codes, np.float32, (ROWS, network.n_components), "code of each row")
    model.reconstruction(emit_mean(g, network.likelihood, passed.output))
    losses = emit_losses(g, network.likelihood, passed.output, x)
    model.output("error", g.cast(g.sum(losses, 1), np.float32), np.float32, (ROWS,), f"reconstruction error: {unit}")
    return passed, losses


def to_json(value: Any) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
