import pytest
import torch
from torch import nn

from narrows.training import OPTIMIZERS, make_optimizer
from narrows.training.flat_parameters import FlatParameters
from tests.training.building import settings


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "lbfgs"])  # which searches: test_line_search
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


REFERENCES = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.02, momentum=0.8, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_every_name_means_an_optimizer_of_torch_with_the_decay_and_momentum_of_the_settings(name):
    start = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    flat = FlatParameters([ours])
    optimizer, reference = (
        make_optimizer(flat, settings(name, weight_decay=0.1, momentum=0.8)),
        REFERENCES[name]([theirs]),
    )
    with flat.attached():
        for step in range(5):
            gradient = torch.randn(5, 3, generator=torch.Generator().manual_seed(step + 1))
            ours.grad.copy_(gradient)
            theirs.grad = gradient
            optimizer.step(0.02)
            reference.step()
    torch.testing.assert_close(ours, theirs)


def test_every_optimizer_has_a_reference():
    elsewhere = {"muon", "lbfgs"}  # test_muon, test_line_search
    assert REFERENCES.keys() | elsewhere == OPTIMIZERS.keys()


def test_the_automatic_rate_and_decay_are_those_of_the_registry():
    for name, entry in OPTIMIZERS.items():
        resolved = settings(name)
        assert (resolved.learning_rate, resolved.weight_decay) == (entry.learning_rate, entry.weight_decay)


def test_the_decay_of_muon_is_that_of_the_settings_and_of_matrices_alone():
    matrix, vector = nn.Parameter(torch.ones(3, 4)), nn.Parameter(torch.ones(5))
    flat = FlatParameters([vector, matrix])
    optimizer = make_optimizer(flat, settings("muon", weight_decay=0.5))
    with flat.attached():
        optimizer.step(0.02)
    torch.testing.assert_close(matrix.detach(), torch.full((3, 4), 0.99))
    assert (vector == 1).all()
