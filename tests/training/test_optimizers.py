import pytest
import torch
from torch import nn

from narrows.training import OPTIMIZERS, Muon, make_optimizer
from tests.training.building import settings


def filled(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_muon_updates_matrices_as_torch_does_and_the_rest_as_adamw():
    ours = [nn.Parameter(filled((6, 4), 0)), nn.Parameter(filled((4,), 1))]
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    muon = torch.optim.Muon(theirs[:1], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(theirs[1:], lr=0.01, weight_decay=0.0)
    optimizer = Muon(ours, lr=0.01, weight_decay=0.1)
    for step in range(5):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            a.grad = filled(tuple(a.shape), 10 * step + i)
            b.grad = a.grad.clone()
        optimizer.step()
        muon.step()
        adamw.step()
    assert torch.equal(ours[0], theirs[0])
    torch.testing.assert_close(ours[1], theirs[1])


def test_muon_takes_a_kernel_as_the_matrix_of_its_output_channels():
    kernel, matrix = nn.Parameter(filled((5, 3, 2, 2), 0)), nn.Parameter(filled((5, 3, 2, 2), 0).flatten(1))
    for parameter in (kernel, matrix):
        parameter.grad = filled((5, 3, 2, 2), 1).view(parameter.shape)
        Muon([parameter], lr=0.1, weight_decay=0.0).step()
    assert torch.equal(kernel.flatten(1), matrix)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_a_quadratic(name):
    target = filled((3, 3), 0)
    parameter = nn.Parameter(torch.zeros(3, 3))
    optimizer = make_optimizer([parameter], settings(name, learning_rate=0.02, weight_decay=0.0))
    start = float(target.square().sum())
    for _ in range(200):
        parameter.grad = None
        (parameter - target).square().sum().backward()
        optimizer.step()
    assert float((parameter.detach() - target).square().sum()) < 0.5 * start
