import pytest
import torch
from torch import nn

from narrows.training.first_order import SGD, Adam, RMSprop
from narrows.training.optimizers import clip_gradient


def drawn(seed: int, n: int = 1003) -> torch.Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(seed))


CASES = {
    "adam": (
        lambda v, g, decay: Adam(v, g, weight_decay=decay, decoupled=False),
        lambda p, decay: torch.optim.Adam(p, weight_decay=decay),
    ),
    "adamw": (
        lambda v, g, decay: Adam(v, g, weight_decay=decay, decoupled=True),
        lambda p, decay: torch.optim.AdamW(p, weight_decay=decay),
    ),
    "rmsprop": (
        lambda v, g, decay: RMSprop(v, g, momentum=0.0, weight_decay=decay),
        lambda p, decay: torch.optim.RMSprop(p, weight_decay=decay),
    ),
    "rmsprop with momentum": (
        lambda v, g, decay: RMSprop(v, g, momentum=0.9, weight_decay=decay),
        lambda p, decay: torch.optim.RMSprop(p, momentum=0.9, weight_decay=decay),
    ),
    "sgd": (
        lambda v, g, decay: SGD(v, g, momentum=0.0, weight_decay=decay),
        lambda p, decay: torch.optim.SGD(p, lr=1e-3, weight_decay=decay),
    ),
    "sgd with momentum": (
        lambda v, g, decay: SGD(v, g, momentum=0.9, weight_decay=decay),
        lambda p, decay: torch.optim.SGD(p, lr=1e-3, momentum=0.9, nesterov=True, weight_decay=decay),
    ),
}


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", CASES)
def test_the_updates_are_those_of_torch_at_every_rate(name, decay):
    ours, theirs = CASES[name]
    values, gradients = drawn(0), torch.zeros(1003)
    parameter = nn.Parameter(values.clone())
    optimizer, reference = ours(values, gradients, decay), theirs([parameter], decay)
    for step in range(20):
        rate = 0.01 * (step + 1)
        gradients.copy_(drawn(step + 1))
        parameter.grad = drawn(step + 1)
        reference.param_groups[0]["lr"] = rate
        optimizer.step(rate)
        reference.step()
    torch.testing.assert_close(values, parameter.detach())


def test_the_averages_of_a_dead_unit_do_not_end_as_denormal_numbers():
    values, gradients = torch.zeros(4), torch.full((4,), 1e-5)
    optimizer = Adam(values, gradients, weight_decay=0.0, decoupled=False)
    optimizer.step(1e-3)
    gradients[2:] = 0
    for _ in range(1100):
        optimizer.step(1e-3)
    (average,) = optimizer._tensors[2]
    assert (average[2:] == 0).all()
    assert (average[:2] > 1e-6).all()


def test_sweeping_changes_no_update_of_a_unit_that_lives():
    values, gradients = drawn(0), 1e-8 * drawn(1)
    parameter = nn.Parameter(values.clone())
    parameter.grad = gradients.clone()
    optimizer, reference = Adam(values, gradients, weight_decay=0.0, decoupled=False), torch.optim.Adam([parameter])
    for _ in range(600):
        optimizer.step(1e-3)
        reference.step()
    torch.testing.assert_close(values, parameter.detach())


@pytest.mark.parametrize("norm", [0.5, 1000.0])
def test_clipping_is_that_of_torch(norm):
    gradients, parameter = drawn(0), nn.Parameter(drawn(1))
    parameter.grad = gradients.clone()
    clip_gradient(gradients, norm)
    nn.utils.clip_grad_norm_([parameter], norm)
    torch.testing.assert_close(gradients, parameter.grad)


def test_without_a_bound_the_gradient_stays():
    gradients = drawn(0)
    clip_gradient(gradients, None)
    assert torch.equal(gradients, drawn(0))


@pytest.mark.parametrize(
    ("optimizer", "averages"),
    [
        (lambda v, g: SGD(v, g, momentum=0.9, weight_decay=0.0), lambda o: o._tensors[2]),
        (lambda v, g: RMSprop(v, g, momentum=0.9, weight_decay=0.0), lambda o: [o._velocity]),
    ],
)
def test_no_momentum_of_a_dead_unit_ends_as_a_denormal_number(optimizer, averages):
    values, gradients = torch.zeros(4), torch.full((4,), 1e-3)
    made = optimizer(values, gradients)
    made.step(1e-3)
    gradients[2:] = 0
    for _ in range(1100):
        made.step(1e-3)
    for average in averages(made):
        assert (average[2:] == 0).all()
        assert (average[:2].abs() > 1e-9).all()
