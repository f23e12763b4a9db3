"""The tensors of one batch on their way through the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from narrows.model.row_means import Means

if TYPE_CHECKING:
    from narrows.model.network import AutoencoderNetwork


@dataclass(frozen=True, eq=False, slots=True)
class ForwardPass:
    """The tensors of one batch of n rows, as a penalty receives them.

    x : clean rows (n, d). x_tilde : the corrupted rows (n, d), the encoder's input.
    h : code statistics (n, k * floats_per_component). z : codes (n, k), the decoder's input.
    progress : epochs done so far, 2.5 in the middle of the third. training : False on held-out rows.
    weight : weight of each row (n,); None where all are equal.
    pairs : places in the batch of rows that are neighbours (2, m), if a penalty needs them, see `Penalty.n_nearest`.
    means : how `mean_over_rows` reaches the rows of other pieces; None where these rows are the whole batch.
    """

    network: AutoencoderNetwork
    x: Tensor
    x_tilde: Tensor
    h: Tensor
    z: Tensor
    generator: torch.Generator
    progress: float
    training: bool
    weight: Tensor | None = None
    pairs: Tensor | None = None
    means: Means | None = None

    def mean_over_rows(self, value: Tensor) -> Tensor:
        """Return the mean of `value` (n, ...) over the batch's rows, each with its weight."""
        if self.means is not None:
            return self.means(value, self.weight)
        if self.weight is None:
            return value.mean(0)
        return (self.weight / self.weight.sum()) @ value
