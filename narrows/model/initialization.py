"""Initial weights with which a network reconstructs rows as their mean."""

from __future__ import annotations

import numpy as np
import torch

from narrows.model.mlp import MLP
from narrows.model.network import AutoencoderNetwork


@torch.no_grad()
def start_at_mean(network: AutoencoderNetwork, mean: np.ndarray) -> None:
    """Set the output's biases so that a fresh network returns about `mean` (d,); built-in MLP decoders only."""
    if isinstance(network.decoder, MLP):
        bias = network.likelihood.raw(torch.from_numpy(mean.astype(np.float64)))
        network.decoder.last.bias.copy_(bias.float())  # pyright: ignore[reportCallIssue, reportArgumentType]
