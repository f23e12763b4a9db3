"""Noise from an explicit generator, wherever the rows live. The global seed is never read or set."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Return standard normal numbers of the shape, type and device of `like`."""
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype, device=generator.device)
    return drawn.to(like.device)


def uniform(like: Tensor, generator: torch.Generator) -> Tensor:
    """Return numbers uniform in [0, 1), of the shape, type and device of `like`."""
    drawn = torch.rand(like.shape, generator=generator, dtype=like.dtype, device=generator.device)
    return drawn.to(like.device)


def signs(like: Tensor, generator: torch.Generator) -> Tensor:
    """Return -1 or +1 with equal chance (Rademacher), of the shape, type and device of `like`."""
    return (uniform(like, generator) < 0.5).to(like.dtype) * 2 - 1
