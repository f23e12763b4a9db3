from __future__ import annotations

import torch
from torch.nn import functional

from narrows.model import CellNetwork
from narrows.training import train_masked
from narrows.training.masked import _losses


def test_the_loss_of_a_cell_is_the_cross_entropy_of_its_column() -> None:
    network = CellNetwork((3, 4), 5, torch.Generator().manual_seed(0))
    codes, values, visible = torch.tensor([[0, 5], [2, 3]]), torch.zeros(2, 2), torch.ones(2, 2)
    members = torch.tensor([[1.0, 0]] * 3 + [[0.0, 1]] * 4)
    found = _losses(network, members, codes, values, visible)
    logits = network.logits(codes, values, visible)
    for j, (start, size) in enumerate(zip(network.starts, network.sizes, strict=True)):
        expected = functional.cross_entropy(logits[:, start : start + size], codes[:, j] - start, reduction="none")
        assert torch.allclose(found[:, j], expected, atol=1e-5)


def test_it_learns_a_column_that_another_determines_and_the_shares_of_one_that_none_does() -> None:
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(4, (500,), generator=generator)
    alone = (torch.rand(500, generator=generator) < 0.25).long()
    codes = torch.stack([first, 3 - first + 4, alone + 8], dim=1)
    network = CellNetwork((4, 4, 2), 16, generator)
    train_masked(
        network,
        codes,
        torch.zeros(500, 3),
        steps=150,
        batch_size=64,
        learning_rate=1e-2,
        hidden_share=0.3,
        generator=generator,
    )
    with torch.inference_mode():
        found = network.alone(codes, torch.zeros(500, 3))
    assert (found[1].argmax(dim=1) == codes[:, 1] - 4).all()
    share = alone.float().mean()
    assert abs(float(found[2].exp()[:, 1].mean() - share)) < 0.08
