"""The layers of a network and their sizes."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from narrows.insight.payloads.payload import Payload

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def architecture(model: Autoencoder) -> Payload:
    """Return the layers from the input to the reconstruction.

    Returns
    -------
    Payload
        "units" (n_layers,), numbers per row, and "parameters" (n_layers,), weights and biases of the layer.
        `about["layers"]`: "part" (input, encoder, code, decoder, output), "name" and "shape" of each;
        `about["n_parameters"]`; `about["share_of_layers"]`, below 1 where PCA contributes (0: the model is PCA).
    """
    model.check_is_fitted()
    network = model.network_
    image_shape = model.schema_.image_shape
    layers: list[dict[str, Any]] = [
        {"part": "input", "name": "input", "shape": list(image_shape or (network.n_floats,)), "parameters": 0}
    ]
    seen: list[tuple[str, nn.Module, tuple[int, ...]]] = []
    hooks = []
    for part, half in (("encoder", network.encoder), ("decoder", network.decoder)):
        learned = [module for module in half.modules() if next(module.parameters(recurse=False), None) is not None]
        hooks += [module.register_forward_hook(_note(seen, part)) for module in learned]
    try:
        with torch.inference_mode():
            network.reconstruct(torch.zeros(2, network.n_floats, device=model.device_))
    finally:
        for hook in hooks:
            hook.remove()
    encoder = [entry for entry in seen if entry[0] == "encoder"]
    for i, (part, module, shape) in enumerate(seen):
        is_code, is_output = i == len(encoder) - 1, i == len(seen) - 1
        layers.append(
            {
                "part": "code" if is_code else "output" if is_output else part,
                "name": "code" if is_code else "output" if is_output else type(module).__name__,
                "shape": [network.n_components] if is_code else list(shape),
                "parameters": sum(p.numel() for p in module.parameters(recurse=False)),
            }
        )
    return Payload(
        "architecture",
        {
            "layers": [{k: v for k, v in layer.items() if k != "parameters"} for layer in layers],
            "n_parameters": network.n_parameters,
            "share_of_layers": network.share_of_layers,
            "estimator": type(model).__name__,
            "activation": model.fitted_params_["activation"],
            "code": type(network.code).__name__,
        },
        {
            "units": np.array([math.prod(layer["shape"]) for layer in layers]),
            "parameters": np.array([layer["parameters"] for layer in layers]),
        },
    )


def _note(seen: list[tuple[str, nn.Module, tuple[int, ...]]], part: str) -> Any:
    here = threading.get_ident()  # another thread may use the network meanwhile

    def hook(module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(output, Tensor) and threading.get_ident() == here:
            shape = tuple(output.shape[1:])
            # Channels last, as in the shape of the input.
            seen.append((part, module, (*shape[1:], shape[0]) if len(shape) == 3 else shape))

    return hook
