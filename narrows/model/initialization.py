"""Initial weights with which a network reconstructs as well as PCA, or at least as the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from narrows.model.code import GaussianCode, PointCode, raw_log_variance
from narrows.model.layers import Linear
from narrows.model.likelihood import Gaussian
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
    return (
        isinstance(network.code, PointCode)
        and not isinstance(network.likelihood, MixedError)
        and _carries_components(network)
    )


def can_start_probabilistic(network: AutoencoderNetwork) -> bool:
    """Return whether `start_probabilistic` can be applied: as `can_start_linear`, for gaussian codes and outputs."""
    return type(network.code) is GaussianCode and type(network.likelihood) is Gaussian and _carries_components(network)


def _carries_components(network: AutoencoderNetwork) -> bool:
    """Return whether the layers can carry every component unchanged from the row to the code and to the output."""
    encoder, decoder = network.encoder, network.decoder
    if not isinstance(encoder, MLP) or not isinstance(decoder, MLP):
        return False
    layers = [*encoder.layers, *decoder.layers]
    hidden = [layer.out_features for mlp in (encoder, decoder) for layer in mlp.linears[:-1]]
    return (
        all(isinstance(layer, Linear) for layer in layers)
        and network.code_activation == "linear"
        and not network.likelihood.bounded
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


@dataclass(frozen=True, eq=False)
class ProbabilisticPCA:
    """The model x = mean + W z + noise of Tipping & Bishop (1999), with z and the noise normal, at its maximum.

    W is ``V' (variances - noise)^1/2`` (their eq. 7), and z given x has the mean ``W' (x - mean) / variances`` and the
    variance ``noise / variances``, each component by itself (their eq. 6).

    Parameters
    ----------
    mean : ndarray of shape (d,)
    directions : ndarray of shape (r, d)
        The first principal directions V, orthonormal.
    variances : ndarray of shape (r,)
        Variances of the principal components, none below `noise`.
    noise : float
        Variance of the noise: the mean variance of the other components.
    noise_of_floats : ndarray of shape (d,) or None, default=None
        Variances for the likelihood of a network; None gives all floats `noise`. The maximum with this W, for this
        posterior, is the variance of each float less its part of ``W W'``, as in factor analysis.
    """

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    noise: float
    noise_of_floats: np.ndarray | None = None


@torch.no_grad()
def start_probabilistic(network: AutoencoderNetwork, pca: ProbabilisticPCA) -> None:
    """Initialise a network with a gaussian code as probabilistic PCA, with its posterior.

    With the same noise for all floats the evidence lower bound then is the likelihood of the rows. Components beyond r
    have the prior as posterior.
    """
    encoder, decoder = network.encoder, network.decoder
    assert isinstance(encoder, MLP)
    assert isinstance(decoder, MLP)
    assert isinstance(network.likelihood, Gaussian)
    v, mean, variances = (
        torch.from_numpy(values.astype(np.float64)) for values in (pca.directions, pca.mean, pca.variances)
    )
    r, k = len(v), network.n_components
    scale = (variances - pca.noise).clamp(min=0).sqrt()[:, None]
    axes = scale / variances[:, None] * v
    one = torch.eye(r, dtype=torch.float64)
    share = 1 / _DIFFERENCE[encoder.activation_name]
    last = encoder.linears[-1]
    last.weight.zero_()
    last.bias.zero_()
    _carry(encoder.linears, axes, one, share)
    last.bias[:r] = -(axes @ mean).float()
    last.bias[k : k + r] = raw_log_variance(pca.noise / variances).float()
    _carry(decoder.linears, one, (scale * v).T, share)
    decoder.linears[-1].bias.copy_(mean)
    noise = np.full(network.n_floats, pca.noise) if pca.noise_of_floats is None else pca.noise_of_floats
    network.likelihood.raw_log_variance.copy_(raw_log_variance(torch.from_numpy(noise)))


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
