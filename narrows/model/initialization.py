"""Initial weights with which a network reconstructs as well as PCA, or at least as the mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from narrows.model.code import PointCode
from narrows.model.layers import Linear
from narrows.model.mixed_likelihood import MixedError
from narrows.model.mlp import MLP
from narrows.model.network import AutoencoderNetwork

# f(u) - f(-u) in multiples of u, by which two hidden units carry a number unchanged.
_DIFFERENCE = {"silu": 1.0, "gelu": 1.0, "relu": 1.0, "linear": 2.0}


@torch.no_grad()
def start_at_mean(network: AutoencoderNetwork, mean: np.ndarray) -> None:
    """Set the output's biases so that a fresh network returns about `mean` (d,); built-in MLP decoders only."""
    if isinstance(network.decoder, MLP):
        bias = network.likelihood.raw(torch.from_numpy(mean.astype(np.float64)))
        network.decoder.layers[-1].bias.copy_(bias.float())  # pyright: ignore[reportCallIssue, reportArgumentType]


def can_start_linear(network: AutoencoderNetwork) -> bool:
    """Return whether `start_linear` can be applied: plain layers, wide enough, linear code and outputs."""
    encoder, decoder = network.encoder, network.decoder
    if not isinstance(encoder, MLP) or not isinstance(decoder, MLP):
        return False
    layers = [*encoder.layers, *decoder.layers]
    hidden = [layer.out_features for mlp in (encoder, decoder) for layer in mlp.linears[:-1]]
    return (
        all(isinstance(layer, Linear) for layer in layers)
        and isinstance(network.code, PointCode)
        and network.code_activation == "linear"
        and not network.likelihood.bounded
        and not isinstance(network.likelihood, MixedError)
        and encoder.activation_name in _DIFFERENCE
        and min(hidden, default=2 * network.n_components) >= 2 * network.n_components
    )


def can_start_map(network: AutoencoderNetwork) -> bool:
    """Return whether `start_map` can be applied: an encoder of plain layers, wide enough, with a linear point code."""
    encoder, decoder = network.encoder, network.decoder
    return (
        isinstance(encoder, MLP)
        and all(isinstance(layer, Linear) for layer in encoder.layers)
        and not (isinstance(decoder, MLP) and len(decoder.linears) < len(decoder.layers))  # tied to the encoder
        and type(network.code) is PointCode
        and network.code_activation == "linear"
        and encoder.activation_name in _DIFFERENCE
        and min((layer.out_features for layer in encoder.linears[:-1]), default=2 * network.n_components)
        >= 2 * network.n_components
    )


@torch.no_grad()
def start_map(network: AutoencoderNetwork, mean: np.ndarray, axes: np.ndarray) -> None:
    """Initialise the encoder as ``x -> axes (x - mean)``, as `start_linear` does; the decoder stays as it is.

    mean : (d,). axes : (r, d), r at most n_components.
    """
    assert isinstance(network.encoder, MLP)
    v, centre = torch.from_numpy(axes.astype(np.float64)), torch.from_numpy(mean.astype(np.float64))
    share = 1 / _DIFFERENCE[network.encoder.activation_name]
    _carry(network.encoder.linears, v, torch.eye(len(v), dtype=torch.float64), share)
    network.encoder.linears[-1].bias[: len(v)] = -(v @ centre).float()


@torch.no_grad()
def start_linear(network: AutoencoderNetwork, mean: np.ndarray, directions: np.ndarray) -> None:
    """Initialise the network as a projection: x -> mean + V' V (x - mean).

    Two hidden units in each layer carry a component and its opposite, whose activations differ by the component
    itself; the other units keep their random weights, and their outgoing weights are 0 until training changes them.

    mean : (d,). directions : V, orthonormal rows (r, d), r at most n_components.
    """
    assert isinstance(network.encoder, MLP)
    assert isinstance(network.decoder, MLP)
    v = torch.from_numpy(directions.astype(np.float64))
    centre = torch.from_numpy(mean.astype(np.float64))
    one = torch.eye(len(v), dtype=torch.float64)
    share = 1 / _DIFFERENCE[network.encoder.activation_name]
    _carry(network.encoder.linears, v, one, share)
    _carry(network.decoder.linears, one, v.T, share)
    network.encoder.linears[-1].bias[: len(v)] = -(v @ centre).float()
    network.decoder.linears[-1].bias.copy_(centre)


def _carry(layers: list[Linear], first: Tensor, last: Tensor, share: float) -> None:
    """Set the layers to compute last · first · input; a pair carries `share` times its difference."""
    pair = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    into = torch.kron(torch.eye(len(first), dtype=torch.float64), pair)  # (2r, r); share times its transpose undoes it
    for place, layer in enumerate(layers):
        matrix = first if place == 0 else share * into.T
        matrix = last @ matrix if place == len(layers) - 1 else into @ matrix
        n_out, n_in = matrix.shape
        layer.weight[:n_out] = 0
        layer.weight[:n_out, :n_in] = matrix.float()
