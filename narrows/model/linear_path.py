"""The linear path parallel to the layers: PCA."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class LinearPath(nn.Module):
    """Projection on orthonormal directions V (k, d) around a centre c (d,), and back; it is not trained.

    The network's code is s f(x) + (1 - s) V (x - c), its output s g(z) + (1 - s) (c + Vᵀ z), where f and g are the
    layers of encoder and decoder and s in [0, 1] is their share. With s = 0 the network is PCA, with s = 1, as in
    training, the layers alone. Encoder and decoder share the directions.
    """

    directions: Tensor
    centre: Tensor
    offset: Tensor
    share: Tensor

    def __init__(self, n_floats: int, n_components: int):
        super().__init__()
        self.register_buffer("directions", torch.zeros(n_components, n_floats))
        self.register_buffer("centre", torch.zeros(n_floats))
        self.register_buffer("offset", torch.zeros(n_components))
        self.register_buffer("share", torch.ones(()))

    @torch.no_grad()
    def set_to(self, mean: np.ndarray, directions: np.ndarray) -> None:
        """Set the centre (d,) and the directions: orthonormal rows (r, d), r at most n_components, then zeros."""
        v = directions.astype(np.float64)
        self.directions.zero_()
        self.directions[: len(v)] = torch.from_numpy(v)
        self.centre.copy_(torch.from_numpy(mean))
        self.offset.zero_()
        self.offset[: len(v)] = torch.from_numpy(-v @ mean.astype(np.float64))

    def code(self, x: Tensor) -> Tensor:
        """Return the principal components (n, k) of rows (n, d)."""
        return functional.linear(x, self.directions, self.offset)

    def mean(self, z: Tensor) -> Tensor:
        """Return the rows (n, d) of principal components (n, k)."""
        return functional.linear(z, self.directions.t(), self.centre)

    def blend(self, linear: Tensor, of_layers: Tensor) -> Tensor:
        """Return the value of the layers and that of the path, weighted by their shares."""
        return of_layers * self.share + linear * (1 - self.share)
