"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from narrows.training.first_order import SGD, Adam, RMSprop
from narrows.training.flat_parameters import FlatParameters
from narrows.training.line_search import LBFGS
from narrows.training.muon import Muon


class Optimizer(Protocol):
    """Updates parameters from their gradients."""

    def step(self, rate: float) -> None:
        """Update the weights once at learning rate `rate`."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return copies of the running averages and counts."""
        ...

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()`; KeyError or ValueError where it is of another network or optimizer."""
        ...


class OptimizerSettings(Protocol):
    """Settings of `TrainingSettings` that optimizers use."""

    @property
    def optimizer(self) -> str: ...
    @property
    def momentum(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def precision(self) -> str: ...


@dataclass(frozen=True)
class NamedOptimizer:
    """An optimizer that the settings can name.

    Parameters
    ----------
    make : callable
        Makes it for these parameters.
    learning_rate, weight_decay : float
        Values for "auto".
    """

    make: Callable[[FlatParameters, OptimizerSettings], Optimizer | LBFGS]
    learning_rate: float
    weight_decay: float = 0.0


def _adam(flat: FlatParameters, settings: OptimizerSettings) -> Adam:
    return Adam(flat.values, flat.gradients, weight_decay=settings.weight_decay, decoupled=False)


def _adamw(flat: FlatParameters, settings: OptimizerSettings) -> Adam:
    return Adam(flat.values, flat.gradients, weight_decay=settings.weight_decay, decoupled=True)


def _rmsprop(flat: FlatParameters, settings: OptimizerSettings) -> RMSprop:
    return RMSprop(flat.values, flat.gradients, momentum=settings.momentum, weight_decay=settings.weight_decay)


def _sgd(flat: FlatParameters, settings: OptimizerSettings) -> SGD:
    return SGD(flat.values, flat.gradients, momentum=settings.momentum, weight_decay=settings.weight_decay)


def _muon(flat: FlatParameters, settings: OptimizerSettings) -> Muon:
    return Muon(flat, weight_decay=settings.weight_decay, precision=settings.precision)


def _lbfgs(flat: FlatParameters, settings: OptimizerSettings) -> LBFGS:
    return LBFGS(flat.values, flat.gradients, weight_decay=settings.weight_decay)


OPTIMIZERS: dict[str, NamedOptimizer] = {
    "adam": NamedOptimizer(_adam, learning_rate=1e-3),
    "adamw": NamedOptimizer(_adamw, learning_rate=1e-3, weight_decay=0.01),
    "rmsprop": NamedOptimizer(_rmsprop, learning_rate=1e-3),
    "sgd": NamedOptimizer(_sgd, learning_rate=3e-3),
    # Muon's steps have the size of AdamW's (match_rms_adamw), yet it stays stable at a larger rate.
    "muon": NamedOptimizer(_muon, learning_rate=5e-3, weight_decay=0.2),
    "lbfgs": NamedOptimizer(_lbfgs, learning_rate=1.0),
}
"""Every optimizer by its name. The table of parameters reads the names from this source."""


def make_optimizer(flat: FlatParameters, settings: OptimizerSettings) -> Optimizer | LBFGS:
    """Return the optimizer that `settings.optimizer` names; L-BFGS searches where the others step."""
    return OPTIMIZERS[settings.optimizer].make(flat, settings)


def clip_gradient(gradients: Tensor, clip_norm: float | None) -> None:
    """Scale the whole gradient (n,) down to `clip_norm` where its Euclidean norm is larger."""
    if clip_norm is not None:
        norm = torch.linalg.vector_norm(gradients)
        gradients.mul_(torch.clamp(clip_norm / (norm + 1e-6), max=1.0))
