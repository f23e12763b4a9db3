"""Initial weights with which a network reconstructs rows as PCA does, or as their mean."""

from __future__ import annotations

import numpy as np
import torch

from narrows.model.conv import ConvDecoder
from narrows.model.layers import Linear
from narrows.model.mlp import MLP
from narrows.model.network import AutoencoderNetwork

_LEAST_SPREAD = 0.01  # of a component, as a share of the largest


@torch.no_grad()
def start_at_pca(network: AutoencoderNetwork, mean: np.ndarray, directions: np.ndarray, spread: np.ndarray) -> None:
    """Set the linear path to PCA, and the decoder's first weights to read components of unit variance.

    mean : (d,). directions : orthonormal rows (r, d), r at most n_components. spread : standard deviations of the
    rows along them (r,).
    """
    assert network.path is not None
    network.path.begin(mean, directions)
    first = network.decoder.first if isinstance(network.decoder, MLP | ConvDecoder) else None
    if isinstance(first, Linear) and not network.path.alternative:
        unit = np.maximum(spread, _LEAST_SPREAD * spread.max(initial=0.0))
        first.weight[:, : len(unit)] /= torch.from_numpy(unit).float()


@torch.no_grad()
def start_at_mean(network: AutoencoderNetwork, mean: np.ndarray) -> None:
    """Set the output's biases so that a fresh network returns about `mean` (d,); built-in MLP decoders only."""
    if isinstance(network.decoder, MLP):
        bias = network.likelihood.raw(torch.from_numpy(mean.astype(np.float64)))
        network.decoder.last.bias.copy_(bias.float())  # pyright: ignore[reportCallIssue, reportArgumentType]
