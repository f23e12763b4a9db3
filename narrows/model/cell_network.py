"""A masked autoencoder of table cells: from the visible cells of a row it predicts the code of each hidden one.

The codes of a column are its levels, or intervals of its numbers. Hidden cells are predicted as in BERT (Devlin et al.
2019); for tables see MCM (Yin et al. 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

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
        found: dict[int, Tensor] = {}
        for columns, log_p in self.alone_by_size(codes, values):
            found.update(zip(columns, log_p, strict=True))
        return [found[j] for j in range(len(self.sizes))]

    def alone_by_size(self, codes: Tensor, values: Tensor) -> list[tuple[list[int], Tensor]]:
        """Return the same as `alone`, for columns of equal sizes together: k columns, and their log p (k, n, size)."""
        of_codes = self.code[codes]
        whole = of_codes.sum(dim=1) + values @ self.slope + self.bias
        first = whole[:, None] - of_codes - values[:, :, None] * self.slope + self.hidden
        second = self._second(first.flatten(0, 1)).view(first.shape).transpose(0, 1)
        found = []
        for columns, places in self._codes_by_size:
            output = self.output[:, places].transpose(0, 1)  # (k, H, size)
            logits = torch.baddbmm(self.output_bias[places][:, None], second[columns], output)
            found.append((columns, torch.log_softmax(logits, dim=2)))
        return found

    @cached_property
    def _codes_by_size(self) -> list[tuple[list[int], Tensor]]:
        """Columns of equal sizes, and the places of their codes (k, size) among all."""
        by_size: dict[int, list[int]] = {}
        for j, size in enumerate(self.sizes):
            by_size.setdefault(size, []).append(j)
        with torch.inference_mode(False):  # so that gradients may be taken, too
            starts = torch.tensor(self.starts)
            return [(columns, starts[columns][:, None] + torch.arange(size)) for size, columns in by_size.items()]

    def _second(self, first: Tensor) -> Tensor:
        h = functional.silu(first)
        return h + functional.silu(torch.addmm(self.weight_bias, h, self.weight))
