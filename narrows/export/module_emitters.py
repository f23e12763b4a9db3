"""Networks inside a graph: one emitter for each module. A module without one is refused, never passed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from narrows.errors import SettingError
from narrows.export.graph import Graph
from narrows.model import MLP, AutoencoderNetwork, CustomDecoder, CustomEncoder, Linear, LinearPath, TiedLinear
from narrows.model.conv import ConvDecoder, ConvEncoder
from narrows.model.layers import PADDING, STRIDE, Conv, ConvTranspose

Emitter = Callable[[Graph, Any, str], str]

_PARTS = {"encoder", "decoder", "likelihood", "path"}


def emit_module(g: Graph, module: nn.Module, x: str) -> str:
    """Return the output of a module for x.

    The emitter is that of the module's own class: a subclass may do something else.

    Raises
    ------
    SettingError
        The module has no emitter, or hooks.
    """
    emitter = EMITTERS.get(type(module))
    if emitter is None:
        raise SettingError(
            f"{type(module).__name__} has no emitter, so the model cannot be exported to ONNX; build your modules of "
            f"{', '.join(sorted(cls.__name__ for cls in EMITTERS if cls.__module__.startswith('torch.')))}, or enter "
            "an emitter in narrows.export.EMITTERS."
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise SettingError(
            f"{type(module).__name__} has hooks, which ONNX cannot express; remove them to export the model."
        )
    value = emitter(g, module, x)
    if not any(module.children()):
        _note_layer(g, module, value)
    return value


def _note_layer(g: Graph, module: nn.Module, value: str) -> None:
    """Note the output of a module without parts as that of a layer; an activation belongs to the layer before it."""
    if next(module.parameters(recurse=False), None) is not None:
        g.layers.append(value)
    elif g.layers:
        g.layers[-1] = value


def check_network(network: nn.Module) -> None:
    """Raise SettingError for a network with parts that the export does not know."""
    unknown = {name for name, _ in network.named_children()} - _PARTS
    if type(network) is not AutoencoderNetwork or type(network.path) not in (LinearPath, type(None)) or unknown:
        what = f"its part {min(unknown)!r}" if unknown else type(network).__name__
        raise SettingError(f"The export to ONNX does not know this network ({what}); fit a model without it.")


def weights(tensor: Tensor | None) -> np.ndarray:
    """Return a tensor as a NumPy array."""
    assert tensor is not None
    return tensor.detach().cpu().numpy()


def affine(g: Graph, x: str, weight: Tensor, bias: Tensor) -> str:
    """Return x Wᵀ + b of rows, float32 (n, in), for a weight (out, in)."""
    return g.op("Gemm", x, g.constant(weights(weight)), g.constant(weights(bias)), transB=1)


def _linear(g: Graph, layer: nn.Linear, x: str) -> str:
    return g.op("Gemm", x, g.constant(weights(layer.weight)), *_bias(g, layer.bias), transB=1)


def _tied_linear(g: Graph, layer: TiedLinear, x: str) -> str:
    return g.op("Gemm", x, g.constant(weights(layer.borrowed)), *_bias(g, layer.bias))


def _mlp(g: Graph, mlp: MLP, x: str) -> str:
    *hidden, last = mlp.layers
    for layer in hidden:
        x = emit_module(g, mlp.activation, emit_module(g, layer, x))
    return emit_module(g, mlp.last_activation, emit_module(g, last, x))


def _conv_encoder(g: Graph, encoder: ConvEncoder, x: str) -> str:
    images = _to_images(g, x, encoder.image_shape)
    for stage in encoder.stages:
        images = emit_module(g, encoder.activation, emit_module(g, stage, images))
    height, width = encoder.sizes[-1]
    rows = _to_rows(g, images, height * width * int(encoder.stages[-1].weight.shape[0]))  # pyright: ignore
    return emit_module(g, encoder.last_activation, emit_module(g, encoder.to_code, rows))


def _conv_decoder(g: Graph, decoder: ConvDecoder, z: str) -> str:
    images = _to_images(g, emit_module(g, decoder.from_code, z), decoder.smallest)
    for stage in decoder.stages:
        images = emit_module(g, stage, emit_module(g, decoder.activation, images))
    return _to_rows(g, images, -1)


def _to_images(g: Graph, x: str, image_shape: tuple[int, int, int]) -> str:
    return g.op("Transpose", g.reshape(x, image_shape), perm=[0, 3, 1, 2])


def _to_rows(g: Graph, images: str, width: int) -> str:
    return g.reshape(g.op("Transpose", images, perm=[0, 2, 3, 1]), [width])


def _conv(g: Graph, layer: Conv, x: str) -> str:
    pads = [PADDING] * 4
    return g.op("Conv", x, g.constant(weights(layer.weight)), *_bias(g, layer.bias), strides=[STRIDE] * 2, pads=pads)


def _conv_transpose(g: Graph, layer: ConvTranspose, x: str) -> str:
    return g.op(
        "ConvTranspose",
        x,
        g.constant(weights(layer.kernel)),
        *_bias(g, layer.bias),
        strides=[STRIDE] * 2,
        pads=[PADDING] * 4,
        output_padding=list(layer.output_padding),
    )


def _custom_encoder(g: Graph, encoder: CustomEncoder, x: str) -> str:
    return emit_module(g, encoder.module, x if encoder.image_shape is None else _to_images(g, x, encoder.image_shape))


def _custom_decoder(g: Graph, decoder: CustomDecoder, z: str) -> str:
    output = emit_module(g, decoder.module, z)
    return _to_rows(g, output, -1) if decoder.gives_images else output


# -- torch's own modules


def _sequential(g: Graph, modules: nn.Sequential, x: str) -> str:
    for module in modules:
        x = emit_module(g, module, x)
    return x


def _torch_conv(g: Graph, layer: nn.Conv2d, x: str) -> str:
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros":
        raise SettingError("Conv2d can be exported to ONNX with padding in numbers and padding_mode='zeros'; set them.")
    return g.op(
        "Conv",
        x,
        g.constant(weights(layer.weight)),
        *_bias(g, layer.bias),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],
        dilations=list(layer.dilation),
        group=layer.groups,
    )


def _torch_conv_transpose(g: Graph, layer: nn.ConvTranspose2d, x: str) -> str:
    return g.op(
        "ConvTranspose",
        x,
        g.constant(weights(layer.weight)),
        *_bias(g, layer.bias),
        strides=list(layer.stride),
        pads=[*layer.padding, *layer.padding],  # pyright: ignore[reportGeneralTypeIssues]
        dilations=list(layer.dilation),
        group=layer.groups,
        output_padding=list(layer.output_padding),
    )


def _bias(g: Graph, bias: Tensor | None) -> list[str]:
    return [] if bias is None else [g.constant(weights(bias))]


def _flatten(g: Graph, layer: nn.Flatten, x: str) -> str:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise SettingError("Flatten can be exported to ONNX with its default dimensions; use nn.Flatten().")
    return g.reshape(x, [-1])


def _unflatten(g: Graph, layer: nn.Unflatten, x: str) -> str:
    if layer.dim != 1 or not all(isinstance(size, int) for size in layer.unflattened_size):
        raise SettingError("Unflatten can be exported to ONNX for dimension 1 and sizes in numbers; set them.")
    return g.reshape(x, [int(size) for size in layer.unflattened_size])  # pyright: ignore[reportArgumentType]


def _silu(g: Graph, layer: nn.SiLU, x: str) -> str:
    return g.op("Mul", x, g.op("Sigmoid", x))


def _gelu(g: Graph, layer: nn.GELU, x: str) -> str:
    return g.op("Gelu", x, approximate=layer.approximate)


def _elu(g: Graph, layer: nn.ELU, x: str) -> str:
    return g.op("Elu", x, alpha=float(layer.alpha))


def _leaky_relu(g: Graph, layer: nn.LeakyReLU, x: str) -> str:
    return g.op("LeakyRelu", x, alpha=float(layer.negative_slope))


def _unchanged(g: Graph, layer: nn.Module, x: str) -> str:
    """Return x: dropout is for training alone."""
    return x


EMITTERS: dict[type[nn.Module], Emitter] = {
    Linear: _linear,
    TiedLinear: _tied_linear,
    MLP: _mlp,
    ConvEncoder: _conv_encoder,
    ConvDecoder: _conv_decoder,
    Conv: _conv,
    ConvTranspose: _conv_transpose,
    CustomEncoder: _custom_encoder,
    CustomDecoder: _custom_decoder,
    nn.Sequential: _sequential,
    nn.Linear: _linear,
    nn.Conv2d: _torch_conv,
    nn.ConvTranspose2d: _torch_conv_transpose,
    nn.Flatten: _flatten,
    nn.Unflatten: _unflatten,
    nn.Dropout: _unchanged,
    nn.Identity: _unchanged,
    nn.ReLU: lambda g, layer, x: g.op("Relu", x),
    nn.LeakyReLU: _leaky_relu,
    nn.GELU: _gelu,
    nn.SiLU: _silu,
    nn.ELU: _elu,
    nn.Tanh: lambda g, layer, x: g.op("Tanh", x),
    nn.Sigmoid: lambda g, layer, x: g.op("Sigmoid", x),
}
"""Emitter of each module by its class: the name of its output from the graph, the module and the name of its input."""
