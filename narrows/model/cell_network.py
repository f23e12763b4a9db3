"""A masked autoencoder of table cells: from the visible cells of a row it predicts the code of each hidden one.

The codes of a column are its levels, or intervals of its numbers. Hidden cells are predicted as in BERT (Devlin et al.
2019); for tables see MCM (Yin et al. 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class CellNetwork(nn.Module):
    """One hidden layer of sums over cells, one with a skip connection, and a softmax over the codes of each column.

    The first layer is a sum over cells, so that hiding one cell of a row changes one summand.

    Parameters
    ----------
    sizes : sequence of int
        Number of codes of each of the c columns.
    n_hidden : int
        H.
    generator : torch.Generator or None
        Draws the initial weights; None leaves them unset, to be loaded.
    """

    def __init__(self, sizes: Sequence[int], n_hidden: int, generator: torch.Generator | None) -> None:
        super().__init__()
        self.sizes = tuple(int(size) for size in sizes)
        ends = np.cumsum([0, *self.sizes])
        self.starts, n_codes, n_columns = tuple(ends[:-1].tolist()), int(ends[-1]), len(self.sizes)

        def drawn(*shape: int, spread: float) -> nn.Parameter:
            weight = torch.empty(*shape)
            return nn.Parameter(weight if generator is None else weight.normal_(0, spread, generator=generator))

        self.code = drawn(n_codes, n_hidden, spread=n_columns**-0.5)
        self.slope = drawn(n_columns, n_hidden, spread=0.5 * n_columns**-0.5)
        self.hidden = nn.Parameter(torch.zeros(n_columns, n_hidden))
        self.bias = nn.Parameter(torch.zeros(n_hidden))
        self.weight = drawn(n_hidden, n_hidden, spread=1.4 * n_hidden**-0.5)
        self.weight_bias = nn.Parameter(torch.zeros(n_hidden))
        self.output = drawn(n_hidden, n_codes, spread=0.05)
        self.output_bias = nn.Parameter(torch.zeros(n_codes))

    def logits(self, codes: Tensor, values: Tensor, visible: Tensor) -> Tensor:
        """Return the logits (n, total number of codes) of all columns.

        Parameters
        ----------
        codes : Tensor of shape (n, c)
            Code of each cell, counted over all columns: the code within the column plus its `starts`.
        values : Tensor of shape (n, c)
            Numbers of the cells, 0 for others.
        visible : Tensor of shape (n, c)
            1 for visible cells, 0 for hidden ones.
        """
        first = functional.embedding_bag(codes, self.code, mode="sum", per_sample_weights=visible)
        first = first + (values * visible) @ self.slope + (1 - visible) @ self.hidden + self.bias
        return self._second(first) @ self.output + self.output_bias

    def alone(self, codes: Tensor, values: Tensor) -> list[Tensor]:
        """Return log p (n, size) of the codes of each column, given all other cells of the row."""
        whole = self.code[codes].sum(dim=1) + values @ self.slope + self.bias
        found = []
        for j, (start, size) in enumerate(zip(self.starts, self.sizes, strict=True)):
            first = whole - self.code[codes[:, j]] - values[:, j, None] * self.slope[j] + self.hidden[j]
            logits = self._second(first) @ self.output[:, start : start + size]
            found.append(torch.log_softmax(logits + self.output_bias[start : start + size], dim=1))
        return found

    def _second(self, first: Tensor) -> Tensor:
        h = functional.silu(first)
        return h + functional.silu(torch.addmm(self.weight_bias, h, self.weight))
