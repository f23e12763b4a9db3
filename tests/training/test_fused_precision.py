"""The fused step in bfloat16."""

import pytest
import torch
from torch import Tensor

from narrows.model import (
    GaussianCode,
    Objective,
    PointCode,
    make_likelihood,
)
from narrows.training import precision
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import FusedStep
from tests.training.gradients import D, N, network, rows, taken


def difference(gradients: dict[str, Tensor], exact: dict[str, Tensor]) -> float:
    """Relative to the norm of the whole gradient."""
    whole, expected = (torch.cat([g.flatten() for g in some.values()]) for some in (gradients, exact))
    return float((whole - expected).norm() / expected.norm())


@pytest.mark.parametrize("code", [PointCode(), GaussianCode()])
@pytest.mark.parametrize("likelihood", ["mse", "bce"])
def test_in_bfloat16_the_gradient_points_the_same_way_and_stays_float32(monkeypatch, code, likelihood):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)
    net = network(code=code, likelihood=make_likelihood(likelihood, True, D))
    _, low = taken(FusedStep, net, Objective(), rows(), precision="bfloat16")
    _, exact = taken(FusedStep, net, Objective(), rows())
    assert all(gradient.dtype == torch.float32 for gradient in low.values())
    assert 0 < difference(low, exact) < 0.02


def test_in_bfloat16_every_step_multiplies_by_the_weights_and_biases_of_now(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: True)
    net, noise = network(), torch.Generator()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, Objective(), flat, "bfloat16", N + 1)
    with flat.attached():
        step(rows(), noise, progress=0.0, weight=None)
        flat.values.add_(0.1)
        step(rows(), noise, progress=0.0, weight=None)
        gradients = {name: p.grad.clone() for name, p in net.named_parameters()}
    _, exact = taken(FusedStep, net, Objective(), rows())
    assert 0 < difference(gradients, exact) < 0.02


def test_layers_of_both_precisions_stand_in_one_network(monkeypatch):
    monkeypatch.setattr(precision, "is_large", lambda size, device: size >= (N + 1) * 10 * 7)
    net = network()
    flat = FlatParameters(list(net.parameters()))
    step = FusedStep(net, Objective(), flat, "bfloat16", N + 1)
    low, exact = torch.bfloat16, torch.float32
    assert step.dtypes == [low, low, exact, exact, low, low]
    _, gradients = taken(FusedStep, net, Objective(), rows(), precision="bfloat16")
    _, expected = taken(FusedStep, net, Objective(), rows())
    assert 0 < difference(gradients, expected) < 0.02
