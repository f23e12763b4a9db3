"""The weights of a fitted network as one vector, and a model with other weights: those of an earlier epoch."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch

from narrows.errors import SettingError

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder


@torch.no_grad()
def weight_vector(model: Autoencoder) -> np.ndarray:
    """Return all weights and buffers of a fitted network in the order of its state, float32 (p,)."""
    parts = [tensor.detach().cpu().float().reshape(-1) for tensor in model.network_.state_dict().values()]
    return torch.cat(parts).numpy()


@torch.no_grad()
def with_weights(model: Autoencoder, vector: np.ndarray) -> Autoencoder:
    """Return a copy of a fitted model whose network has the weights of a vector (p,) of `weight_vector`.

    Raises
    ------
    SettingError
        The vector is of another network.
    """
    changed = copy.deepcopy(model)
    state = changed.network_.state_dict()
    if vector.shape != (sum(tensor.numel() for tensor in state.values()),):
        raise SettingError(f"The vector of {vector.size:,} weights belongs to another network.")
    start = 0
    for tensor in state.values():
        part = torch.from_numpy(np.ascontiguousarray(vector[start : start + tensor.numel()], np.float32))
        tensor.copy_(part.reshape(tensor.shape))
        start += tensor.numel()
    return changed
