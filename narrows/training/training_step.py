"""The gradients of a batch: written out for the networks that `FusedStep` supports, by autograd for all others."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, Means, Objective
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep, can_fuse


class TrainingStep(Protocol):
    """Loss and gradient of one batch.

    dtypes : the types in which matrix products run.
    """

    dtypes: list[torch.dtype]

    def __call__(
        self,
        x: Tensor,
        noise: torch.Generator,
        *,
        progress: float,
        weight: Tensor | None,
        pairs: Tensor | None = None,
        means: Means | None = None,
    ) -> dict[str, Tensor]:
        """Leave the gradient of the objective per feature in the flat vector; returns the terms, means over rows.

        `pairs` and `means` as for `Objective.terms`.
        """
        ...


def make_step(
    network: AutoencoderNetwork,
    objective: Objective,
    flat: FlatParameters,
    *,
    precision: str,
    max_rows: int,
    batch_rows: int | None = None,
) -> TrainingStep:
    """Return the fastest step that trains this network.

    It takes at most `max_rows` rows at once, a piece of at most `batch_rows` (None: as many), which decide on the type
    of products.
    """
    if can_fuse(network, objective):
        return FusedStep(network, objective, flat, precision, max_rows, batch_rows)
    return AutogradStep(network, objective, flat, precision, max_rows, batch_rows)
