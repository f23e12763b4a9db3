"""Muon: momentum made orthogonal, for matrices; AdamW for the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

_MOMENTUM = 0.95
# Coefficients of the quintic that drives every singular value near 1 (Jordan et al. 2024).
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
# Below this size the products are all overhead, and bfloat16 only adds conversions to it.
_SMALL = 128 * 256


class Muon:
    """Orthogonalises the momentum of every weight matrix before applying it; AdamW updates the rest.

    W <- (1 - lr λ) W - 0.2 lr sqrt(max(rows, columns)) NS(g + μ m), where m is the momentum, μ = 0.95, and NS is
    five Newton-Schulz iterations (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/). The factor gives
    an update the size of AdamW's, so that one learning rate fits both (Liu et al. 2025, arXiv:2502.16982). A
    convolution kernel counts as the matrix (out, in * height * width). `torch.optim.Muon` does the same in bfloat16;
    here small matrices stay in float32.

    Parameters
    ----------
    parameters : iterable of nn.Parameter
    lr : float
    weight_decay : float
        Decoupled, λ; of matrices only.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        parameters = list(parameters)
        self._matrices = [p for p in parameters if p.ndim >= 2]
        self._momenta = [torch.zeros_like(p.detach().flatten(1)) for p in self._matrices]
        self._weight_decay = weight_decay
        rest = [p for p in parameters if p.ndim < 2]
        self._adamw = torch.optim.AdamW(rest, lr=lr, weight_decay=0.0, fused=True) if rest else None
        own: dict[str, object] = {"lr": lr}
        self.param_groups = [own, *(self._adamw.param_groups if self._adamw else [])]

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters from their gradients."""
        lr = float(self.param_groups[0]["lr"])
        for parameter, momentum in zip(self._matrices, self._momenta, strict=True):
            if parameter.grad is None:
                continue
            gradient = parameter.grad.flatten(1)
            momentum.lerp_(gradient, 1 - _MOMENTUM)
            update = orthogonalised(gradient.lerp(momentum, _MOMENTUM))
            parameter.mul_(1 - lr * self._weight_decay)
            size = 0.2 * math.sqrt(max(update.shape))
            parameter.add_(update.view_as(parameter), alpha=-lr * size)
        if self._adamw is not None:
            self._adamw.step()


def orthogonalised(matrix: Tensor) -> Tensor:
    """U p(S) Vᵀ for matrix = U S Vᵀ / ‖matrix‖: every singular value that is not tiny comes near 1."""
    x = matrix.to(_precision(matrix))
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        polynomial = torch.addmm(gram, gram, gram, beta=_B, alpha=_C)
        x = torch.addmm(x, polynomial, x, beta=_A)
    return (x.T if tall else x).to(matrix.dtype)


def _precision(matrix: Tensor) -> torch.dtype:
    if matrix.numel() <= _SMALL:
        return matrix.dtype
    if matrix.device.type == "cpu":
        fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    else:
        fast = matrix.device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if fast else matrix.dtype
