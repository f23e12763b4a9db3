"""Means over the rows of a batch whose objective is computed in pieces: each piece sees only its own rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Means = Callable[[Tensor, Tensor | None], Tensor]
"""Values of the rows of a piece (n, ...) and their weights (n,) -> the mean over the rows of the batch (...)."""


class RowSums:
    """Note the sums of one piece, in a pass over the pieces that comes before the real one."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    def __call__(self, value: Tensor, weight: Tensor | None) -> Tensor:
        total, count = _sum_and_count(value, weight)
        self._parts += [total.detach().reshape(-1), count.reshape(1)]
        return total / count

    def vector(self) -> Tensor | None:
        """Return every sum and the number of its rows as one vector; None where no mean was taken."""
        return torch.cat(self._parts) if self._parts else None


class BatchMeans:
    """Return the means over a batch, with the gradient of one piece.

    Parameters
    ----------
    totals : Tensor
        Sum of `RowSums.vector` over the pieces.
    share : float
        The piece's share of the rows of the batch, by which its objective is multiplied afterwards.
    """

    def __init__(self, totals: Tensor, share: float) -> None:
        self._totals, self._share, self._at = totals, share, 0

    def __call__(self, value: Tensor, weight: Tensor | None) -> Tensor:
        own, _ = _sum_and_count(value, weight)
        end = self._at + own.numel()
        count = self._totals[end]
        mean = (self._totals[self._at : end] / count).view(own.shape)
        self._at = end + 1
        # The value of the mean over all pieces, the derivative of this one's part in it.
        part = own / (count * self._share)
        return mean + (part - part.detach())


def _sum_and_count(value: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    value = value.float()
    if weight is None:
        return value.sum(0), value.new_tensor(float(len(value)))
    return weight @ value, weight.sum()
