"""Optimizers by name."""

from __future__ import annotations

import torch
from torch import nn

from narrows.training.flat import FlatParameters
from narrows.training.muon import Muon
from narrows.training.settings import TrainingSettings


def make_optimizer(flat: FlatParameters, settings: TrainingSettings) -> torch.optim.Optimizer | Muon:
    """The optimizer that `settings.optimizer` names; all but Muon see one long vector."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "muon":
        if any(view.ndim >= 2 for view in flat.views):
            return Muon(flat.views, lr=rate, weight_decay=decay)
        return torch.optim.AdamW([flat.vector], lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "adam":
        return torch.optim.Adam([flat.vector], lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "adamw":
        return torch.optim.AdamW([flat.vector], lr=rate, weight_decay=decay, fused=True)
    if settings.optimizer == "rmsprop":
        return torch.optim.RMSprop([flat.vector], lr=rate, weight_decay=decay, momentum=settings.momentum)
    return torch.optim.SGD(
        [flat.vector],
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


def clip_gradient(vector: nn.Parameter, clip_norm: float | None) -> None:
    """Scale the whole gradient down to `clip_norm` where its Euclidean norm is larger."""
    if clip_norm is not None:
        nn.utils.clip_grad_norm_([vector], clip_norm)
