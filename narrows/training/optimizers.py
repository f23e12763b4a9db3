"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from narrows.training.muon import Muon
from narrows.training.settings import TrainingSettings


def make_optimizer(parameters: Iterable[nn.Parameter], settings: TrainingSettings) -> torch.optim.Optimizer | Muon:
    """The optimizer that `settings.optimizer` names."""
    parameters = list(parameters)
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "muon":
        if any(p.ndim >= 2 for p in parameters):
            return Muon(parameters, lr=rate, weight_decay=decay)
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay, momentum=settings.momentum)
    return torch.optim.SGD(
        parameters,
        lr=rate,
        weight_decay=decay,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer | Muon, rate: float) -> None:
    """Give every parameter group the same rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def clip_gradient(parameters: Iterable[Tensor], clip_norm: float | None) -> None:
    """Scale the whole gradient down to `clip_norm` where its Euclidean norm is larger."""
    if clip_norm is not None:
        nn.utils.clip_grad_norm_(parameters, clip_norm)
