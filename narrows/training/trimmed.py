"""Training that leaves out the strangest rows of every batch, so that anomalies among the rows are not learned."""

from __future__ import annotations

import torch
from torch import Tensor

from narrows.model import StackedVariational, kl_to_standard_normal
from narrows.training.first_order import Adam
from narrows.training.flat import FlatParameters

_WARMUP_STEPS = 20


def train_trimmed(
    network: StackedVariational,
    x: Tensor,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    beta: float,
    trim: float,
    generator: torch.Generator,
) -> float:
    """Train every member on batches of its own; returns the mean loss per row of the last tenth of the steps.

    Parameters
    ----------
    network : StackedVariational
    x : Tensor of shape (n, d)
    steps, batch_size, learning_rate
        Adam, with a short warm-up and a linear fall to zero.
    beta : float
        Weight of KL(posterior || prior) against the squared error.
    trim : float in [0, 1)
        Share of each batch, by each member's own loss, that has no part in the step (as in least trimmed squares,
        Rousseeuw 1984).
    generator : torch.Generator
        Of batches and codes.
    """
    flat = FlatParameters(list(network.parameters()))
    optimizer = Adam(flat.values, flat.gradients, weight_decay=0.0, decoupled=False)
    n_rows, n_members = min(batch_size, len(x)), network.n_members
    n_kept = max(1, round(n_rows * (1 - trim)))
    recent: list[Tensor] = []
    with flat.attached(), torch.enable_grad():
        for step in range(steps):
            batch = x[torch.randint(len(x), (n_members, n_rows), generator=generator)]
            mean, log_variance = network.encode(batch)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn(mean.shape, generator=generator)
            error = (network.decode(z) - batch).square().sum(dim=2)
            loss = error + beta * kl_to_standard_normal(mean, log_variance).sum(dim=2)
            if n_kept < n_rows:
                loss = torch.topk(loss, n_kept, dim=1, largest=False, sorted=False).values
            flat.gradients.zero_()
            (loss.mean() * n_members / x.shape[1]).backward()
            optimizer.step(learning_rate * min(1.0, (step + 1) / _WARMUP_STEPS) * (1 - step / steps))
            if step >= 0.9 * steps:
                recent.append(loss.detach().mean())
    return float(torch.stack(recent).mean())
