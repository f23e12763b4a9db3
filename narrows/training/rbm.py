"""The restricted Boltzmann machine: its conditionals, contrastive divergence, and the exact numbers of small ones.

p(v, h) = exp(-E(v, h)) / Z, with a quadratic term for each gaussian unit (of unit variance) and none for binary ones:

    E(v, h) = -h W v  - b v  [or + ‖v - b‖²/2]  - c h  [or + ‖h - c‖²/2]

Hinton 2002, "Training products of experts by minimizing contrastive divergence"; Hinton & Salakhutdinov 2006.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import softplus

from narrows.errors import SettingError
from narrows.model.generator_noise import normal, uniform

Units = Literal["binary", "gaussian"]

_MOST_ENUMERATED = 20  # a million states
_CHUNK = 1 << 14


class Gradient(NamedTuple):
    """A direction for each parameter of an RBM, in which the likelihood of the rows rises."""

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    error: Tensor
    """Mean squared error per row between the rows and their first reconstruction; 0 where there is none."""


@dataclass(frozen=True, eq=False)
class RBM:
    """Visible and hidden units that are independent of each other given the other layer.

    Parameters
    ----------
    weight : Tensor of shape (n_hidden, n_visible)
        Laid out as in a linear layer. May be of a lower precision than the biases: products then run in it.
    visible_bias, hidden_bias : Tensor of shape (n_visible,), (n_hidden,)
        b and c.
    visible, hidden : {"binary", "gaussian"}
        Type of the units: 0 or 1 with a logistic probability, or normal with variance 1 around a linear mean.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    visible: Units = "binary"
    hidden: Units = "binary"

    @classmethod
    def drawn(
        cls,
        n_visible: int,
        n_hidden: int,
        *,
        generator: torch.Generator,
        visible: Units = "binary",
        hidden: Units = "binary",
        scale: float = 0.1,
    ) -> RBM:
        """Draw normal weights of standard deviation `scale`, and biases of zero, on the generator's device."""
        weight = torch.randn(n_hidden, n_visible, generator=generator, device=generator.device).mul_(scale)
        return cls(weight, weight.new_zeros(n_visible), weight.new_zeros(n_hidden), visible, hidden)

    def hidden_mean(self, v: Tensor) -> Tensor:
        """Return E[h | v]: (n, n_visible) -> (n, n_hidden)."""
        return _mean(_affine(v, self.weight.t(), self.hidden_bias), self.hidden)

    def visible_mean(self, h: Tensor) -> Tensor:
        """Return E[v | h]: (n, n_hidden) -> (n, n_visible)."""
        return _mean(_affine(h, self.weight, self.visible_bias), self.visible)

    def contrast(
        self,
        v: Tensor,
        generator: torch.Generator,
        *,
        k: int = 1,
        sample_visible: bool = False,
        row_weight: Tensor | None = None,
    ) -> Gradient:
        """Return the contrastive divergence: statistics of the rows less those after k steps of Gibbs sampling.

        Parameters
        ----------
        v : Tensor of shape (n, n_visible)
        k : int
            Steps of the chain, CD-k.
        sample_visible : bool
            Whether visible units are drawn; as in the paper they are their means. Only with draws does the chain
            converge to the model's own distribution, and CD-k to the gradient of the likelihood.
        row_weight : Tensor of shape (n,) or None
            With mean 1.
        """
        data = v
        positive = hidden = self.hidden_mean(v)
        first = v
        for step in range(k):
            v = self.visible_mean(_sample(hidden, self.hidden, generator))
            first = v if step == 0 else first
            if sample_visible:
                v = _sample(v, self.visible, generator)
            hidden = self.hidden_mean(v)
        # One product for both: the rows that the chain ended in count as -1.
        share = torch.full((len(v), 1), 1 / len(v), dtype=v.dtype, device=v.device)
        if row_weight is not None:
            share *= row_weight[:, None]
        statistics = torch.cat([positive * share, -hidden * share])
        return Gradient(
            _product(statistics.t(), torch.cat([data, v]), self.weight.dtype),
            ((data - v) * share).sum(0),
            statistics.sum(0),
            (data - first).square().sum(1).mean(),
        )

    def free_energy(self, v: Tensor) -> Tensor:
        """Return F(v) = -log Σ_h exp(-E(v, h)), an integral for gaussian units: (n, n_visible) -> (n,)."""
        return _free_energy(v, self.visible_bias, self.visible, v @ self.weight.t(), self.hidden_bias, self.hidden)

    def hidden_free_energy(self, h: Tensor) -> Tensor:
        """Return -log Σ_v exp(-E(v, h)): (n, n_hidden) -> (n,)."""
        return _free_energy(h, self.hidden_bias, self.hidden, h @ self.weight, self.visible_bias, self.visible)

    def log_partition(self) -> Tensor:
        """Return log Z, exactly, by enumerating the binary layer with fewer units.

        Raises SettingError where that layer has more than 20 units, or no layer is binary.
        """
        _, energy = self._enumerated()
        return torch.logsumexp(-energy, 0)

    def log_likelihood(self, v: Tensor) -> Tensor:
        """Return log p(v) in nats: (n, n_visible) -> (n,); only small machines have it, see `log_partition`."""
        return -self.free_energy(v) - self.log_partition()

    def exact_gradient(self, v: Tensor) -> Gradient:
        """Return the gradient of the mean log-likelihood of rows v (n, n_visible), see `log_partition`."""
        states, energy = self._enumerated()
        p = torch.softmax(-energy, 0)[:, None]
        if self._enumerates_visible:
            model_v, model_h = states, self.hidden_mean(states)
        else:
            model_v, model_h = self.visible_mean(states), states
        h = self.hidden_mean(v)
        return Gradient(
            h.t() @ v / len(v) - (p * model_h).t() @ model_v,
            v.mean(0) - (p * model_v).sum(0),
            h.mean(0) - (p * model_h).sum(0),
            v.new_zeros(()),
        )

    @property
    def _enumerates_visible(self) -> bool:
        n_hidden, n_visible = self.weight.shape
        return self.visible == "binary" and (self.hidden != "binary" or n_visible <= n_hidden)

    def _enumerated(self) -> tuple[Tensor, Tensor]:
        """Return every state of the layer that is enumerated (2ⁿ, n), and its free energy (2ⁿ,)."""
        if self.visible == self.hidden == "gaussian":
            raise SettingError("An RBM with no binary layer cannot be enumerated; give it binary hidden units.")
        n = self.weight.shape[1 if self._enumerates_visible else 0]
        if n > _MOST_ENUMERATED:
            raise SettingError(f"An RBM with {n} units in its smaller layer cannot be enumerated; the most is 20.")
        numbers = torch.arange(2**n, device=self.weight.device)[:, None]
        states = (numbers >> torch.arange(n, device=self.weight.device) & 1).to(self.weight.dtype)
        energy = self.free_energy if self._enumerates_visible else self.hidden_free_energy
        return states, torch.cat([energy(part) for part in states.split(_CHUNK)])


def _free_energy(x: Tensor, bias: Tensor, units: Units, drive: Tensor, other_bias: Tensor, other: Units) -> Tensor:
    """Return the free energy of units x (n, d); the other layer, with input x W (n, m), is summed or integrated out."""
    own = -x @ bias if units == "binary" else (x - bias).square().sum(1) / 2
    if other == "binary":
        return own - softplus(drive + other_bias).sum(1)
    # ∫ exp(-(y - c)²/2 + a y) dy = √2π exp(a²/2 + a c)
    return own - (drive * (drive / 2 + other_bias)).sum(1) - len(other_bias) * math.log(2 * math.pi) / 2


def _affine(x: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    if matrix.dtype == bias.dtype:
        return torch.addmm(bias, x, matrix)
    return _product(x, matrix, matrix.dtype).add_(bias)


def _product(a: Tensor, b: Tensor, dtype: torch.dtype) -> Tensor:
    return (a.to(dtype) @ b.to(dtype)).to(torch.promote_types(dtype, a.dtype))


def _mean(u: Tensor, units: Units) -> Tensor:
    return torch.sigmoid_(u) if units == "binary" else u


def _sample(mean: Tensor, units: Units, generator: torch.Generator) -> Tensor:
    if units == "binary":
        return (uniform(mean, generator) < mean).to(mean.dtype)
    return mean + normal(mean, generator)
