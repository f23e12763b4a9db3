import pytest
import torch
from torch import nn

from narrows.training import OPTIMIZERS, make_optimizer
from tests.training.building import settings


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_a_quadratic(name):
    target = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    parameter = nn.Parameter(torch.zeros(3, 3))
    optimizer = make_optimizer([parameter], settings(name, learning_rate=0.02, weight_decay=0.0))
    start = float(target.square().sum())
    for _ in range(200):
        parameter.grad = None
        (parameter - target).square().sum().backward()
        optimizer.step()
    assert float((parameter.detach() - target).square().sum()) < 0.5 * start
