"""The network of a fitted model as two ONNX models for a page: one that decodes codes, one that shows every layer.

They work on encoded rows: a page has these, and needs neither columns nor units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from narrows.export.code_emitters import emit_code
from narrows.export.graph import ROWS, Graph
from narrows.export.loss_emitters import emit_losses, emit_mean, emit_raw
from narrows.export.module_emitters import affine, check_network, emit_module
from narrows.export.whole_model import blended
from narrows.model import AutoencoderNetwork
from narrows.version import __version__


@dataclass(frozen=True, eq=False)
class PixelScale:
    """Gain and bias from encoded floats to brightness: gain * float + bias, in [0, 1]; both of shape (n_floats,)."""

    gain: np.ndarray
    bias: np.ndarray


def decoder_in_page(network: AutoencoderNetwork, pixels: PixelScale | None) -> Any:
    """Return the `onnx.ModelProto` from "code" (n, k) to "row" (n, d), the decoded row.

    pixels : for images, whose decoded rows are brightness; None for encoded rows of a table.

    Raises
    ------
    SettingError
        A part of the network has no ONNX form.
    """
    check_network(network)
    g = Graph()
    code = g.input("code", np.dtype(np.float32), (ROWS, network.n_components), "codes")
    floats = emit_mean(g, network.likelihood, _output(g, network, code))
    g.output("row", _shown(g, floats, pixels), np.dtype(np.float32), (ROWS, network.n_floats), "decoded rows")
    return _model(g, "the decoder of a narrows model")


def network_in_page(network: AutoencoderNetwork, pixels: PixelScale | None) -> Any:
    """Return the `onnx.ModelProto` from "floats" (n, d), encoded rows, to everything that a page shows of them.

    Outputs: "layer1" to the one before the last, each after its activation, (n, units); "code" (n, k); "rebuilt"
    (n, d), encoded; "input" and "row" (n, d), the row and its reconstruction as a page draws them; "error" (n,).

    Raises
    ------
    SettingError
        A part of the network has no ONNX form.
    """
    check_network(network)
    g = Graph()
    x = g.input("floats", np.dtype(np.float32), (ROWS, network.n_floats), "encoded rows")
    h = emit_module(g, network.encoder, x)
    if network.path is not None:
        linear = affine(g, x, network.path.directions, network.path.offset)
        h = blended(g, h, linear, network.share_of_layers)
    n_encoder = len(g.layers)
    codes = emit_code(g, network.code, h, network.n_components)
    output = _output(g, network, codes)
    layers = [*g.layers[: n_encoder - 1], codes, *g.layers[n_encoder:-1]]
    rebuilt = emit_mean(g, network.likelihood, output)
    losses = emit_losses(g, network.likelihood, output, x)
    floats = np.dtype(np.float32)
    for i, value in enumerate(layers, start=1):
        g.output(f"layer{i}", g.reshape(value, [-1]), floats, (ROWS, f"units{i}"), "activations of a layer")
    g.output("code", codes, floats, (ROWS, network.n_components), "codes")
    g.output("rebuilt", rebuilt, floats, (ROWS, network.n_floats), "reconstructions, encoded")
    g.output("input", _shown(g, x, pixels), floats, (ROWS, network.n_floats), "rows as they are drawn")
    g.output("row", _shown(g, rebuilt, pixels), floats, (ROWS, network.n_floats), "reconstructions as they are drawn")
    g.output("error", g.cast(g.sum(losses, 1), np.float32), floats, (ROWS,), "reconstruction errors")
    return _model(g, "a narrows model with the activations of every layer")


def _output(g: Graph, network: AutoencoderNetwork, codes: str) -> str:
    """Return the raw output (n, d) of codes (n, k)."""
    output, path = emit_module(g, network.decoder, codes), network.path
    if path is None:
        return output
    mean = affine(g, codes, path.directions.T, path.centre)
    return blended(g, output, emit_raw(g, network.likelihood, mean), network.share_of_layers)


def _shown(g: Graph, floats: str, pixels: PixelScale | None) -> str:
    """Return encoded rows (n, d) as a page draws them, float32."""
    if pixels is None:
        return floats
    scaled = g.op("Mul", floats, g.constant(pixels.gain, np.float32))
    return g.clip(g.op("Add", scaled, g.constant(pixels.bias, np.float32)), 0.0, 1.0, np.float32)


def _model(g: Graph, doc: str) -> Any:
    return g.model({"narrows_version": __version__}, doc)
