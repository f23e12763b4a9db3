"""A penalty, a corruption, a likelihood and two networks of a user, for the models that are saved with some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from narrows.model import Corruption, Penalty, SquaredError


@dataclass(frozen=True)
class Decorrelate(Penalty):
    """Squares of the covariances between code units."""

    weight: float = 1.0
    name: ClassVar[str] = "decorrelate"

    def __call__(self, forward):
        covariance = torch.cov(forward.z.T)
        return self.weight * (covariance - torch.diag(covariance.diagonal())).square().sum()


@dataclass(frozen=True)
class Shrink(Corruption):
    """Rows multiplied by a random factor from 1 - most to 1."""

    most: float = 0.5

    def __call__(self, x, generator):
        return x * (1 - self.most * torch.rand(len(x), 1, generator=generator))


class LowCostsDouble(SquaredError):
    """Squared error, doubled where the reconstruction is too low."""

    def loss(self, output, x):
        error = self.mean(output) - x
        return error.square() * torch.where(error < 0, 2.0, 1.0)


CLASSES = (Decorrelate, Shrink, LowCostsDouble)


def modules() -> dict[str, nn.Module]:
    """Untrained networks from 5 features to 2 components and back."""
    return {
        "encoder": nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 2)),
        "decoder": nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 5)),
    }
