"""Training of a network that predicts hidden cells."""

from __future__ import annotations

import torch
from torch import Tensor

from narrows.model import CellNetwork
from narrows.training.first_order import Adam
from narrows.training.flat_parameters import FlatParameters
from narrows.training.trimmed import drawn_rows

_WARMUP_STEPS = 20
_LEAST = 1e-30


def train_masked(
    network: CellNetwork,
    codes: Tensor,
    values: Tensor,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    hidden_share: float,
    generator: torch.Generator,
    weight: Tensor | None = None,
) -> None:
    """Train the network to predict hidden cells from the visible cells of the same row.

    Parameters
    ----------
    network : CellNetwork
    codes, values : Tensor of shape (n, c)
        Cells of the training rows, as for `CellNetwork.logits`.
    steps, batch_size, learning_rate
        Adam, with a short warm-up and a linear fall to zero.
    hidden_share : float
        Probability that a cell is hidden; at least one cell of a row is.
    generator : torch.Generator
        Of batches and hidden cells.
    weight : float64 Tensor of shape (n,), optional
        The rows of batches are drawn with probabilities in proportion to it.
    """
    flat = FlatParameters(list(network.parameters()))
    optimizer = Adam(flat.values, flat.gradients, weight_decay=0.0, decoupled=False)
    n_rows, n_columns = min(batch_size, len(codes)), codes.shape[1]
    column_of = torch.repeat_interleave(torch.arange(n_columns), torch.tensor(network.sizes))
    members = torch.nn.functional.one_hot(column_of, n_columns).float()
    every = torch.arange(n_rows)
    cumulative = None if weight is None else weight.cumsum(0)
    with flat.attached():
        for number in range(steps):
            chosen = drawn_rows(len(codes), n_rows, cumulative, generator)
            hidden = torch.rand(n_rows, n_columns, generator=generator) < hidden_share
            hidden[every, torch.randint(n_columns, (n_rows,), generator=generator)] = True
            losses = _losses(network, members, codes[chosen], values[chosen], (~hidden).float())
            flat.gradients.zero_()
            ((losses * hidden).sum(dim=1) / hidden.sum(dim=1)).mean().backward()
            optimizer.step(learning_rate * min(1.0, (number + 1) / _WARMUP_STEPS) * (1 - number / steps))


def _losses(network: CellNetwork, members: Tensor, codes: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    """Return -log p (n, c) of all cells; members (total number of codes, c) says which codes a column has."""
    logits = network.logits(codes, values, visible)
    logits = logits - logits.detach().amax(dim=1, keepdim=True)
    return torch.log((logits.exp() @ members).clamp_min(_LEAST)) - torch.gather(logits, 1, codes)
