"""Optimizers by name, as one object with one learning rate."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from narrows.training.settings import TrainingSettings


class Muon:
    """Muon on every matrix, AdamW on the rest.

    The momentum of a weight matrix is orthogonalised by Newton-Schulz iterations before it is applied
    (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), scaled so that one learning rate fits
    both optimizers (Liu et al. 2025, arXiv:2502.16982). A convolution kernel counts as the matrix
    (out, in * height * width).

    Parameters
    ----------
    parameters : iterable of nn.Parameter
    lr : float
    weight_decay : float
        Decoupled; also of the AdamW part.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        parameters = list(parameters)
        self._matrices = [(p, nn.Parameter(p.detach().flatten(1))) for p in parameters if p.ndim >= 2]
        self._muon = torch.optim.Muon(
            [matrix for _, matrix in self._matrices],
            lr=lr,
            weight_decay=weight_decay,
            adjust_lr_fn="match_rms_adamw",
        )
        rest = [p for p in parameters if p.ndim < 2]
        self._adamw = torch.optim.AdamW(rest, lr=lr, weight_decay=0.0, fused=True) if rest else None
        self.param_groups = self._muon.param_groups + (self._adamw.param_groups if self._adamw else [])

    def step(self) -> None:
        """Update the parameters from their gradients."""
        for parameter, matrix in self._matrices:
            matrix.grad = None if parameter.grad is None else parameter.grad.flatten(1)
        self._muon.step()
        if self._adamw is not None:
            self._adamw.step()


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
