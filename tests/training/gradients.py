"""The gradients of one step, written out and by autograd."""

import torch
from torch import Tensor

from narrows.model import (
    AutoencoderNetwork,
    Objective,
    PointCode,
    SquaredError,
    build_network,
)
from narrows.training.autograd_step import AutogradStep
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep, can_fuse

N, D = 9, 12


def network(**others) -> AutoencoderNetwork:
    given = {
        "n_floats": D,
        "n_components": 4,
        "hidden_layer_sizes": (10, 7),
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | others))


def rows(n: int = N, seed: int = 1) -> Tensor:
    return torch.rand(n, D, generator=torch.Generator().manual_seed(seed))


# Only over all rows is the mean of weights 1; over a batch it is not.
WEIGHT = torch.linspace(0.5, 2.5, N + 1)


def taken(
    kind: type[FusedStep] | type[AutogradStep], net: AutoencoderNetwork, objective: Objective, x: Tensor, **others
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Terms and gradients of one step."""
    flat = FlatParameters(list(net.parameters()))
    step = kind(net, objective, flat, others.get("precision", "float32"), N + 1)
    noise = torch.Generator().manual_seed(2)
    with flat.attached():
        terms = step(x, noise, progress=0.5, weight=others.get("weight"), pairs=others.get("pairs"))
        gradients = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    return terms, gradients


def assert_as_autograd(
    net: AutoencoderNetwork,
    objective: Objective,
    x: Tensor,
    weight: Tensor | None = None,
    pairs: Tensor | None = None,
) -> None:
    assert can_fuse(net, objective)
    terms, gradients = taken(FusedStep, net, objective, x, weight=weight, pairs=pairs)
    expected_terms, expected = taken(AutogradStep, net, objective, x, weight=weight, pairs=pairs)
    assert gradients.keys() == expected.keys() == dict(net.named_parameters()).keys()
    for name, gradient in gradients.items():
        assert torch.equal(gradient, expected[name]), name
    assert terms.keys() == expected_terms.keys()
    for name, term in terms.items():
        torch.testing.assert_close(term, expected_terms[name])
