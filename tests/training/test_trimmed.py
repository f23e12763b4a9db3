from __future__ import annotations

import torch

from narrows.model import StackedVariational
from narrows.training import train_trimmed

SETTINGS = {"steps": 150, "batch_size": 64, "learning_rate": 3e-3, "beta": 1.0}


def trained(x: torch.Tensor, trim: float) -> StackedVariational:
    generator = torch.Generator().manual_seed(0)
    network = StackedVariational(2, x.shape[1], (16,), 1, generator)
    train_trimmed(network, x, trim=trim, generator=generator, **SETTINGS)
    return network


def errors(network: StackedVariational, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return (network.reconstruct(x) - x).square().sum(dim=2).mean(dim=0)


def test_rows_that_are_left_out_of_every_batch_are_not_learned() -> None:
    torch.manual_seed(0)
    line = torch.randn(400, 1) @ torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])
    strange = 4 * torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, -1.0]) + 0.1 * torch.randn(40, 6)
    x = torch.cat([line, strange])
    learned, spared = errors(trained(x, 0.0), strange).mean(), errors(trained(x, 0.15), strange).mean()
    assert spared > 3 * learned
    assert errors(trained(x, 0.15), line).mean() < 0.7 * line.square().sum(dim=1).mean()


def test_members_train_alone_and_the_same_generator_gives_the_same_weights() -> None:
    x = torch.randn(100, 4, generator=torch.Generator().manual_seed(1))
    first, second = trained(x, 0.2), trained(x, 0.2)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a[0], a[1])


def test_fewer_rows_than_a_batch_are_enough() -> None:
    assert torch.isfinite(errors(trained(torch.randn(2, 3), 0.2), torch.randn(5, 3))).all()
