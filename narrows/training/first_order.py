"""Elementwise optimizers, each one call over the flat vector of all parameters.

The updates are those of `torch.optim`, whose classes are not used: the first one takes most of a second to
construct (it loads torch's compiler), and its groups and hooks cost more than the products of a small network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from narrows.training.run_state import copies, overwrite

_DECAY_OF_SQUARES = 0.99  # RMSprop's
_EPSILON = 1e-8
_STEPS_BETWEEN_FLUSHES = 256


class DenormalFlush:
    """Set vanishing running averages to 0 every few steps.

    The averages of a dead unit, whose gradient is exactly 0, shrink step by step until they are denormal numbers,
    with which processors compute up to a hundred times more slowly. An update by them is lost in rounding long before.
    """

    def __init__(self, *averages: Tensor) -> None:
        self._averages, self.n_calls = averages, 0

    def __call__(self) -> None:
        self.n_calls += 1
        if self.n_calls % _STEPS_BETWEEN_FLUSHES == 0:
            for average in self._averages:
                average.masked_fill_(average.abs() < 1e-30, 0.0)


class _FirstOrder:
    """Saves and restores an optimizer: its running averages, and the number of its steps, which times the flushes."""

    _flush: DenormalFlush

    def _averages(self) -> dict[str, Tensor]:
        raise NotImplementedError

    def state(self) -> dict[str, Tensor]:
        """Return copies of the running averages and counts."""
        return {**copies(self._averages()), "n_calls": torch.tensor(self._flush.n_calls)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()`; KeyError or ValueError where it is of another network or optimizer."""
        rest = dict(state)
        self._flush.n_calls = int(rest.pop("n_calls"))
        overwrite(self._averages(), rest)


class Adam(_FirstOrder):
    """Adam (Kingma & Ba 2015), beta 0.9 and 0.999; weight decay as an L2 term, or decoupled as in AdamW.

    values, gradients : Tensor of shape (n,)
    """

    def __init__(self, values: Tensor, gradients: Tensor, *, weight_decay: float, decoupled: bool) -> None:
        self._tensors = [[values], [gradients], [torch.zeros_like(values)], [torch.zeros_like(values)]]
        self._n_steps = torch.zeros((), device=values.device)
        self._one = torch.ones_like(self._n_steps)
        self._flush = DenormalFlush(*self._tensors[2], *self._tensors[3])
        # Called through torch itself: `torch.ops` takes twice as long for a small network.
        update = torch._fused_adamw_ if decoupled else torch._fused_adam_  # pyright: ignore[reportPrivateImportUsage]
        self._update: Callable[..., object] = update
        self._settings = {
            "beta1": 0.9,
            "beta2": 0.999,
            "eps": _EPSILON,
            "weight_decay": weight_decay,
            "amsgrad": False,
            "maximize": False,
        }

    @torch.inference_mode()
    def step(self, rate: float) -> None:
        self._n_steps.add_(self._one)  # in half of the time that adding a number takes
        self._flush()
        self._update(*self._tensors, [], [self._n_steps], lr=rate, **self._settings)

    def _averages(self) -> dict[str, Tensor]:
        return {"mean": self._tensors[2][0], "square": self._tensors[3][0], "n_steps": self._n_steps}


class SGD(_FirstOrder):
    """Stochastic gradient descent with Nesterov's momentum; weight decay as an L2 term. Parameters as for `Adam`."""

    def __init__(self, values: Tensor, gradients: Tensor, *, momentum: float, weight_decay: float) -> None:
        self._tensors = [[values], [gradients], [torch.zeros_like(values)] if momentum > 0 else []]
        self._settings = {
            "weight_decay": weight_decay,
            "momentum": momentum,
            "dampening": 0.0,
            "nesterov": momentum > 0,
            "maximize": False,
        }
        self._is_first = True
        self._flush = DenormalFlush(*self._tensors[2])

    @torch.inference_mode()
    def step(self, rate: float) -> None:
        self._flush()
        torch._fused_sgd_(  # pyright: ignore[reportPrivateImportUsage]
            *self._tensors, lr=rate, is_first_step=self._is_first, **self._settings
        )
        self._is_first = False

    def _averages(self) -> dict[str, Tensor]:
        return {f"velocity.{i}": velocity for i, velocity in enumerate(self._tensors[2])}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()`; the very first step sets the velocity, later ones add to it."""
        super().load(state)
        self._is_first = self._flush.n_calls == 0


class RMSprop(_FirstOrder):
    """RMSprop (Tieleman & Hinton 2012) with momentum; weight decay as an L2 term. Parameters as for `Adam`."""

    def __init__(self, values: Tensor, gradients: Tensor, *, momentum: float, weight_decay: float) -> None:
        self._values, self._gradients = values, gradients
        self._squares, self._velocity = torch.zeros_like(values), torch.zeros_like(values)
        self._momentum, self._weight_decay = momentum, weight_decay
        self._flush = DenormalFlush(self._squares, self._velocity)

    @torch.inference_mode()
    def step(self, rate: float) -> None:
        self._flush()
        gradients = self._gradients
        if self._weight_decay:
            gradients.add_(self._values, alpha=self._weight_decay)
        self._squares.mul_(_DECAY_OF_SQUARES).addcmul_(gradients, gradients, value=1 - _DECAY_OF_SQUARES)
        self._velocity.mul_(self._momentum).addcdiv_(gradients, self._squares.sqrt().add_(_EPSILON))
        self._values.add_(self._velocity, alpha=-rate)

    def _averages(self) -> dict[str, Tensor]:
        return {"square": self._squares, "velocity": self._velocity}
