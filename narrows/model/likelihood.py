"""Likelihoods: how far an output is from the row it should be, per row and feature."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from narrows.errors import SettingError
from narrows.model.code import bound_log_variance
from narrows.model.generator_noise import normal

LEAST_SHARE = 1e-4  # of a probability whose logit is taken


@dataclass(eq=False, repr=False)
class Likelihood(nn.Module):
    """The loss of a raw decoder output, and the reconstruction it stands for. Subclass it to define another.

    bounded : whether the data lie in [0, 1]. If so, the output is a logit and the reconstruction its sigmoid;
        otherwise the output is the reconstruction.
    """

    bounded: bool = False

    name: ClassVar[str] = "loss"
    unit: ClassVar[str] = "loss"
    is_density: ClassVar[bool] = False  # whether the loss is a negative log-likelihood, in nats
    needs_unit_interval: ClassVar[bool] = False  # whether the loss is defined for data in [0, 1] alone

    def __init_subclass__(cls) -> None:
        # A gradient written out belongs to one loss; where another loss comes first, it goes back to autograd.
        first = next(base for base in cls.__mro__ if {"loss", "mean", "loss_and_gradient"} & vars(base).keys())
        if "loss_and_gradient" not in vars(first):
            cls.loss_and_gradient = Likelihood.loss_and_gradient

    def __post_init__(self) -> None:
        nn.Module.__init__(self)

    @classmethod
    def of_rows(cls, bounded: bool, n_floats: int) -> Likelihood:
        """Return the likelihood of rows of `n_floats` floats, which lie in [0, 1] where they are `bounded`."""
        return cls(bounded)

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        """Return the loss (n, d) of each row and feature from the raw output (n, d) and clean rows (n, d)."""
        raise NotImplementedError

    def mean(self, output: Tensor) -> Tensor:
        """Return the reconstruction (n, d) of a raw output (n, d)."""
        return torch.sigmoid(output) if self.bounded else output

    def raw(self, mean: Tensor) -> Tensor:
        """Return the raw output (..., d) whose reconstruction is `mean`, with probabilities kept off 0 and 1."""
        return torch.logit(mean, LEAST_SHARE) if self.bounded else mean

    def loss_and_gradient(
        self, output: Tensor, x: Tensor, share: Tensor, scratch: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of each row (n,), and the gradient (n, d) of share · loss with respect to `output`.

        share : the weight of each row (n,). scratch : memory like `output`, which like `output` itself may be
        overwritten and returned. Gradients of learned parameters are added to their `grad`. By autograd, unless a
        subclass writes its gradient out for speed.
        """
        with torch.enable_grad():
            output = output.detach().requires_grad_()
            loss = self.loss(output, x).sum(1)
            loss.backward(share)
        assert output.grad is not None
        return loss.detach(), output.grad


@dataclass(eq=False, repr=False)
class SquaredError(Likelihood):
    """(x̂ - x)²."""

    name: ClassVar[str] = "mse"
    unit: ClassVar[str] = "squared error"

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return (self.mean(output) - x).square()

    @torch.no_grad()
    def loss_and_gradient(
        self, output: Tensor, x: Tensor, share: Tensor, scratch: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        mean = output.sigmoid_() if self.bounded else output
        error = torch.sub(mean, x, out=scratch[0])
        loss = torch.square(error, out=scratch[1]).sum(1)
        gradient = error.mul_((2 * share).unsqueeze(1))
        if self.bounded:
            torch.ops.aten.sigmoid_backward.grad_input(gradient, mean, grad_input=gradient)
        return loss, gradient


@dataclass(eq=False, repr=False)
class AbsoluteError(Likelihood):
    """``|x̂ - x|``."""

    name: ClassVar[str] = "mae"
    unit: ClassVar[str] = "absolute error"

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return (self.mean(output) - x).abs()


@dataclass(eq=False, repr=False)
class Huber(Likelihood):
    """(x̂ - x)²/2 up to an error of delta, ``delta (|x̂ - x| - delta/2)`` beyond it (Huber 1964)."""

    delta: float = 1.0

    name: ClassVar[str] = "huber"
    unit: ClassVar[str] = "Huber loss"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.delta < float("inf"):
            raise SettingError(f"delta={self.delta!r} must be above 0: the error at which Huber loss turns linear.")

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return functional.huber_loss(self.mean(output), x, reduction="none", delta=self.delta)


@dataclass(eq=False, repr=False)
class Bernoulli(Likelihood):
    """-x log x̂ - (1 - x) log(1 - x̂), in nats, computed from the logit; targets in [0, 1]."""

    bounded: bool = True

    name: ClassVar[str] = "bce"
    unit: ClassVar[str] = "nats"
    is_density: ClassVar[bool] = True
    needs_unit_interval: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.bounded:
            raise SettingError(
                'loss="bce" needs a sigmoid output and data in [0, 1]; use loss="mse" or scale="minmax".'
            )

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(output, x, reduction="none")

    @torch.no_grad()
    def loss_and_gradient(
        self, output: Tensor, x: Tensor, share: Tensor, scratch: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        gradient = torch.sigmoid(output, out=scratch[0]).sub_(x).mul_(share[:, None])
        return self.loss(output, x).sum(1), gradient


@dataclass(eq=False, repr=False)
class Gaussian(Likelihood):
    """-log N(x; x̂, σ²), in nats, with one variance per feature, learned with the network.

    The log-variance stays within ±10, so that a feature that is reproduced exactly has a finite density.
    """

    n_floats: int = 0

    name: ClassVar[str] = "gaussian"
    unit: ClassVar[str] = "nats"
    is_density: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_floats < 1:
            raise SettingError("Gaussian needs n_floats, the number of floats in a row.")
        # Near the spread of the data to begin with: 0.2 for pixels, 1 for standard scores.
        start = 2 * math.log(0.2) if self.bounded else 0.0
        self.raw_log_variance = nn.Parameter(torch.full((self.n_floats,), start, dtype=torch.float32))

    @classmethod
    def of_rows(cls, bounded: bool, n_floats: int) -> Gaussian:
        return cls(bounded, n_floats)

    @property
    def log_variance(self) -> Tensor:
        """log σ² of each feature (d,)."""
        return bound_log_variance(self.raw_log_variance)

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        log_variance = self.log_variance
        scaled = (x - self.mean(output)).square() * torch.exp(-log_variance)
        return 0.5 * (scaled + log_variance + math.log(2 * math.pi))

    def draw(self, output: Tensor, generator: torch.Generator) -> Tensor:
        """Draw rows (n, d) from the density of a raw output (n, d)."""
        return self.mean(output) + torch.exp(0.5 * self.log_variance) * normal(output, generator)


LIKELIHOODS: dict[str, type[Likelihood]] = {
    "mse": SquaredError,
    "bce": Bernoulli,
    "mae": AbsoluteError,
    "huber": Huber,
    "gaussian": Gaussian,
}
"""Every likelihood by its name. The table of parameters reads the names from this source."""


def make_likelihood(loss: str | Likelihood, bounded: bool, n_floats: int) -> Likelihood:
    """Return the likelihood with a name of `LIKELIHOODS`.

    bounded : whether the output passes a sigmoid. n_floats : the number of floats in a row.
    An instance of Likelihood is copied, with its learned parameters, and keeps its `bounded`.
    """
    if isinstance(loss, Likelihood):
        return copy.deepcopy(loss)
    if not isinstance(loss, str) or loss not in LIKELIHOODS:
        names = ", ".join(f'"{name}"' for name in LIKELIHOODS)
        raise SettingError(f"loss={loss!r} is not known; choose {names} or a Likelihood of your own.")
    return LIKELIHOODS[loss].of_rows(bounded, n_floats)


def needs_unit_interval(loss: object) -> bool:
    """Return whether the likelihood with this name is defined for data in [0, 1] alone."""
    return isinstance(loss, str) and loss in LIKELIHOODS and LIKELIHOODS[loss].needs_unit_interval
