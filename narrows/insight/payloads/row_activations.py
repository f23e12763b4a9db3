"""The activations of one row in every layer of the network."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from narrows.errors import DataError
from narrows.estimators.inference import map_floats
from narrows.insight.measure import reconstruct_floats, squared_error
from narrows.insight.payloads.architecture import architecture
from narrows.insight.payloads.payload import Payload, as_pictures, sample_encoded
from narrows.model import TiedLinear

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MOST_UNITS = 256
_MOST_MAPS = 16
_LARGEST = 5


def activations(
    model: Autoencoder,
    X: Any = None,
    *,
    position: int = 0,
    floats: np.ndarray | None = None,
    unit: tuple[int, int] | None = None,
    like: np.ndarray | None = None,
) -> Payload:
    """Return one row and its activations in every layer, after the nonlinearity.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
    position : int, default=0
        Position of the row in X.
    floats : array of shape (n_floats,) or None
        An encoded row to use instead.
    unit : (layer, index) or None
        A unit to explain by its largest inputs from the layer before.
    like : see `narrows.insight.payloads.payload.as_pictures`

    Returns
    -------
    Payload
        "layer0", the encoded row, to "layerL", its reconstruction: dense layers as (units,), the first 256;
        convolutions as (channels, height, width), the first 16 feature maps. "input" and "output" as in
        `reconstructions`, and "difference", output - input; "code" (k,). `about`: "layers", with "part", "name",
        "shape", "units", "parameters", "activation", "shown" (number of units or maps in the array), "low" and "high"
        over all units, and "largest", (index, value) of the 5 largest in magnitude; "error", the loss of the row, and
        "squared_error", in encoded floats; "unit": None, or for a dense layer "layer", "index", "value", "bias" and
        "inputs", the 5 with the largest ``abs(value * weight)`` (index, value, weight, product).

    Raises
    ------
    DataError
        `floats` is not one finite number for each encoded float, or `unit` does not exist.
    """
    row = _row(model, X, position) if floats is None else checked_row(model, floats)
    values = [row, *_hidden(model, row), reconstruct_floats(model, row[None])[0]]
    layers, arrays = _layers(model, values)
    pictures = as_pictures(model, np.stack([row, values[-1]]), like=like)
    return Payload(
        "activations",
        {
            "layers": layers,
            "error": float(map_floats(row[None], _loss(model), model.device_)[0]),
            "squared_error": float(squared_error(model, row[None], values[-1][None])[0]),
            "unit": None if unit is None else _explained(model, values, *unit),
            "image_shape": model.schema_.image_shape,
            "names": list(model.schema_.float_names) if model.schema_.image_shape is None else None,
        },
        {
            **arrays,
            "input": pictures[0],
            "output": pictures[1],
            "difference": pictures[1] - pictures[0],
            "code": values[[layer["part"] for layer in layers].index("code")].astype(np.float32),
        },
    )


def _row(model: Autoencoder, X: Any, position: int) -> np.ndarray:
    return sample_encoded(model, X, most=1, positions=[position]).floats[0]


def checked_row(model: Autoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the encoded row (d,) as float32; DataError where it is not one finite number for each encoded float."""
    model.check_is_fitted()
    row = np.asarray(floats, np.float32)
    if row.shape != (model.network_.n_floats,) or not np.isfinite(row).all():
        raise DataError(f"A row of this model is {model.network_.n_floats} finite numbers, got the shape {row.shape}.")
    return row


def _layers(model: Autoencoder, values: list[np.ndarray]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return the description of each layer, and the first units or maps of its values."""
    found = architecture(model)
    layers, arrays = [], {}
    for i, (layer, value) in enumerate(zip(found.about["layers"], values, strict=True)):
        some = value[:_MOST_MAPS] if value.ndim == 3 else value.reshape(-1)[:_MOST_UNITS]
        arrays[f"layer{i}"] = some.astype(np.float32)
        flat = value.reshape(-1)
        largest = np.argsort(-np.abs(flat), kind="stable")[:_LARGEST]
        layers.append(
            {
                **layer,
                "units": math.prod(layer["shape"]),
                "parameters": int(found["parameters"][i]),
                "activation": _activation(model, layer["part"]),
                "shown": len(some),
                "low": float(flat.min()),
                "high": float(flat.max()),
                "largest": [[int(j), float(flat[j])] for j in largest],
            }
        )
    return layers, arrays


def _loss(model: Autoencoder) -> Callable[[Tensor], Tensor]:
    network = model.network_
    return lambda x: network.likelihood.loss(network.output(network.codes(x)), x).sum(dim=1)


def _activation(model: Autoencoder, part: str) -> str | None:
    """Return the name of the activation function of a layer; None for the input."""
    if part == "code":
        return model.code_activation_
    if part == "output":
        return "sigmoid" if model.network_.likelihood.bounded else "linear"
    return None if part == "input" else model.fitted_params_["activation"]


def _explained(model: Autoencoder, values: list[np.ndarray], layer: int, index: int) -> dict[str, Any] | None:
    """Return the largest inputs of a unit of a dense layer; None for other layers, DataError for a missing unit."""
    if not 0 <= layer < len(values) or not 0 <= index < values[layer].size:
        raise DataError(f"There is no unit {index} in layer {layer}.")
    network = model.network_
    modules = [
        module
        for half in (network.encoder, network.decoder)
        for module in half.modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    if layer == 0 or len(modules) != len(values) - 1:
        return None
    module, before = modules[layer - 1], values[layer - 1].reshape(-1)
    if isinstance(module, nn.Linear):
        weights = module.weight[index]
    elif isinstance(module, TiedLinear):
        weights = module.__dict__["mirror"].weight[: module.n_inputs, index]
    else:
        return None
    weights = weights.detach().cpu().numpy()
    if len(weights) != len(before):  # the flattened maps of a convolution have another order
        return None
    products = weights * before
    top = np.argsort(-np.abs(products), kind="stable")[:_LARGEST]
    keys = ("index", "value", "weight", "product")
    bias = None if module.bias is None else float(module.bias.detach()[index])
    return {
        "layer": layer,
        "index": index,
        "value": float(values[layer].reshape(-1)[index]),
        "bias": bias,
        "inputs": [
            dict(zip(keys, (int(j), float(before[j]), float(weights[j]), float(products[j])), strict=True)) for j in top
        ],
    }


@torch.inference_mode()
def _hidden(model: Autoencoder, row: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of all learned layers but the last, each after its activation; the code as `codes`."""
    network = model.network_
    passed: list[tuple[bool, np.ndarray]] = []
    hooks = [
        module.register_forward_hook(_keep(passed))
        for half in (network.encoder, network.decoder)
        for module in half.modules()
        if not any(module.children())
    ]
    try:
        x = torch.from_numpy(row[None]).to(model.device_)
        z = network.codes(x)
        n_encoder = sum(learned for learned, _ in passed)
        network.decode(z)
    finally:
        for hook in hooks:
            hook.remove()
    values: list[np.ndarray] = []
    for learned, value in passed:
        if learned:
            values.append(value)
        elif values and value.size == values[-1].size:
            values[-1] = value.reshape(values[-1].shape)
    values[n_encoder - 1] = z[0].cpu().numpy()
    return values[:-1]


def _keep(passed: list[tuple[bool, np.ndarray]]) -> Any:
    here = threading.get_ident()  # another thread may use the network meanwhile

    def hook(module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(output, Tensor) and threading.get_ident() == here:
            learned = next(module.parameters(recurse=False), None) is not None
            passed.append((learned, output[0].cpu().numpy().copy()))

    return hook
