"""Optimizers by name."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from narrows.training.first_order import SGD, Adam, RMSprop
from narrows.training.flat_parameters import FlatParameters
from narrows.training.line_search import LBFGS
from narrows.training.muon import Muon
from narrows.training.settings import TrainingSettings


class Optimizer(Protocol):
    """Updates parameters from their gradients."""

    def step(self, rate: float) -> None:
        """Update the weights once at learning rate `rate`."""
        ...


def make_optimizer(flat: FlatParameters, settings: TrainingSettings) -> Optimizer | LBFGS:
    """Return the optimizer that `settings.optimizer` names; L-BFGS searches where the others step."""
    decay, momentum = settings.weight_decay, settings.momentum
    if settings.optimizer == "lbfgs":
        return LBFGS(flat.values, flat.gradients, weight_decay=decay)
    if settings.optimizer == "muon":
        return Muon(flat, weight_decay=decay, precision=settings.precision)
    if settings.optimizer in ("adam", "adamw"):
        return Adam(flat.values, flat.gradients, weight_decay=decay, decoupled=settings.optimizer == "adamw")
    if settings.optimizer == "rmsprop":
        return RMSprop(flat.values, flat.gradients, momentum=momentum, weight_decay=decay)
    return SGD(flat.values, flat.gradients, momentum=momentum, weight_decay=decay)


def clip_gradient(gradients: Tensor, clip_norm: float | None) -> None:
    """Scale the whole gradient (n,) down to `clip_norm` where its Euclidean norm is larger."""
    if clip_norm is not None:
        norm = torch.linalg.vector_norm(gradients)
        gradients.mul_(torch.clamp(clip_norm / (norm + 1e-6), max=1.0))
