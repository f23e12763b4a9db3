"""The linear path beside the layers: PCA, to which encoder and decoder add what is not linear."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class LinearPath(nn.Module):
    """Projection on orthonormal directions V (k, d) around a centre c (d,), and back.

    Code: V (x - c) + s f(x). Mean: c + Vᵀ z, with s g(z) added to the output. The layers f and g are those of encoder
    and decoder, and s in [0, 1] is their share: with s = 0 the network is PCA. The directions are not trained, and tied:
    encoder and decoder use the same ones.

    alternative : whether the layers replace the path instead of adding to it; then s is 0 or 1.
    """

    def __init__(self, n_floats: int, n_components: int, *, alternative: bool = False):
        super().__init__()
        self.alternative = alternative
        self.register_buffer("directions", torch.zeros(n_components, n_floats))
        self.register_buffer("centre", torch.zeros(n_floats))
        self.register_buffer("offset", torch.zeros(n_components))
        self.register_buffer("share", torch.ones(()))
        self.directions: Tensor
        self.centre: Tensor
        self.offset: Tensor
        self.share: Tensor

    @torch.no_grad()
    def begin(self, mean: np.ndarray, directions: np.ndarray) -> None:
        """Set centre (d,) and directions: orthonormal rows (r, d), r at most n_components; the others stay 0."""
        v = directions.astype(np.float64)
        self.directions.zero_()
        self.directions[: len(v)] = torch.from_numpy(v)
        self.centre.copy_(torch.from_numpy(mean))
        self.offset.zero_()
        self.offset[: len(v)] = torch.from_numpy(-v @ mean.astype(np.float64))

    def code(self, x: Tensor, added: Tensor) -> Tensor:
        """Return the code (n, k) of rows (n, d); `added` (n, k) is what the layers say."""
        return self._joined(functional.linear(x, self.directions, self.offset), added)

    def mean(self, z: Tensor) -> Tensor:
        """Return the rows (n, d) of codes (n, k) by the path alone."""
        return functional.linear(z, self.directions.t(), self.centre)

    def output(self, raw: Tensor, added: Tensor) -> Tensor:
        """Return the raw output (n, d) from that of the path's mean and that of the layers."""
        return self._joined(raw, added)

    def _joined(self, linear: Tensor, added: Tensor) -> Tensor:
        added = self.share * added
        return linear * (1 - self.share) + added if self.alternative else added + linear
