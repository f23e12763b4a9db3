import pytest
import torch
from torch import nn

from narrows.training import OPTIMIZERS, make_optimizer
from narrows.training.flat import FlatParameters
from tests.training.building import settings


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("shape", [(3, 3), (9,)])
def test_every_optimizer_lowers_a_quadratic(name, shape):
    target = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    parameter = nn.Parameter(torch.zeros(shape))
    flat = FlatParameters([parameter])
    optimizer = make_optimizer(flat, settings(name, weight_decay=0.0))
    start = float(target.square().sum())
    with flat.attached():
        for _ in range(200):
            flat.gradients.zero_()
            (parameter - target).square().sum().backward()
            optimizer.step(0.02)
    assert float((parameter.detach() - target).square().sum()) < 0.5 * start
