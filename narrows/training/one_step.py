"""One training step of a copy of a network, with the gradients and the terms before and after it."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, Objective
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.line_search import LBFGS
from narrows.training.optimizers import clip_gradient, make_optimizer
from narrows.training.settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class OneStep:
    """A step that was taken.

    Parameters
    ----------
    network : AutoencoderNetwork
        The copy after the step.
    x_tilde : Tensor of shape (n, n_floats)
        The corrupted rows, the input of the encoder.
    gradients, changes : dict of Tensor
        The gradient of the objective per feature, and what the step added, for each parameter by its name.
    before, after : dict of float
        The terms of the objective, means over the rows, with the same noise.
    rebuilt : Tensor of shape (n, n_floats)
        The output before the step.
    rebuilt_after : Tensor of shape (n, n_floats)
    """

    network: AutoencoderNetwork
    x_tilde: Tensor
    gradients: dict[str, Tensor]
    changes: dict[str, Tensor]
    before: dict[str, float]
    after: dict[str, float]
    rebuilt: Tensor
    rebuilt_after: Tensor


def one_step(
    network: AutoencoderNetwork,
    objective: Objective,
    settings: TrainingSettings,
    x: Tensor,
    *,
    seed: int = 0,
    progress: float = 0.0,
) -> OneStep:
    """Take one step on the rows x (n, n_floats), in float32 at the peak rate; `network` itself does not change.

    The optimizer is new: it has no averages of earlier batches. As in every training, a linear path has no share.

    Parameters
    ----------
    seed : int, default=0
        Seed of the noise, which is the same before and after the step.
    progress : float, default=0.0
        Number of epochs so far.
    """
    network = copy.deepcopy(network).eval()
    if network.path is not None:
        network.path.share.fill_(1)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    flat = FlatParameters([p for p in network.parameters() if p.requires_grad])
    optimizer = make_optimizer(flat, settings)
    step = AutogradStep(network, objective, flat, "float32", len(x))

    def terms() -> dict[str, float]:
        """Return the terms, and leave their gradient in the flat vector."""
        found = step(x, _noise(x, seed), progress=progress, weight=None)
        return {name: float(term) for name, term in found.items()}

    with flat.attached():
        before, (rebuilt, x_tilde) = terms(), _output(network, objective, x, seed)
        gradients = _named(flat, flat.gradients, names)
        values = flat.values.clone()
        if isinstance(optimizer, LBFGS):
            optimizer.search(lambda: sum(terms().values()) / network.n_floats, settings.learning_rate)
        else:
            clip_gradient(flat.gradients, settings.clip_norm)
            optimizer.step(settings.learning_rate)
        changes = _named(flat, flat.values - values, names)
        after, (rebuilt_after, _) = terms(), _output(network, objective, x, seed)
    return OneStep(network, x_tilde, gradients, changes, before, after, rebuilt, rebuilt_after)


def _noise(x: Tensor, seed: int) -> torch.Generator:
    return torch.Generator(device=x.device).manual_seed(seed)


@torch.no_grad()
def _output(network: AutoencoderNetwork, objective: Objective, x: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Return the reconstructions of the rows, with the noise of `seed`, and the corrupted rows."""
    generator = _noise(x, seed)
    x_tilde = objective.draw(x, generator)[1]
    z = network.code.draw(network.encode(x_tilde), generator)
    return network.decode(z), x_tilde


def _named(flat: FlatParameters, vector: Tensor, names: dict[int, str]) -> dict[str, Tensor]:
    """Return copies of the parts of a flat vector by the names of their parameters."""
    parts = zip(flat.parameters, flat.ranges, strict=True)
    return {names[id(p)]: vector[start:end].view(p.shape).clone() for p, (start, end) in parts}
