from __future__ import annotations

import pytest
import torch

from narrows.model import VAEEnsemble, kl_to_standard_normal
from narrows.training import train_trimmed
from narrows.training.flat_parameters import FlatParameters
from narrows.training.trimmed import TrimmedStep

SETTINGS = {"steps": 150, "batch_size": 64, "learning_rate": 3e-3, "beta": 1.0}


def trained(x: torch.Tensor, trim: float) -> VAEEnsemble:
    generator = torch.Generator().manual_seed(0)
    network = VAEEnsemble(2, x.shape[1], (16,), 1, generator)
    train_trimmed(network, x, trim=trim, generator=generator, **SETTINGS)
    return network


def errors(network: VAEEnsemble, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return (network.reconstruct(x) - x).square().sum(dim=2).mean(dim=0)


def test_rows_that_are_left_out_of_every_batch_are_not_learned() -> None:
    torch.manual_seed(0)
    line = torch.randn(400, 1) @ torch.tensor([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]])
    anomalous = 4 * torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, -1.0]) + 0.1 * torch.randn(40, 6)
    x = torch.cat([line, anomalous])
    learned, spared = errors(trained(x, 0.0), anomalous).mean(), errors(trained(x, 0.15), anomalous).mean()
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


@pytest.mark.parametrize("n_kept", [9, 6])
def test_loss_and_gradient_are_those_of_automatic_differentiation(n_kept: int) -> None:
    generator = torch.Generator().manual_seed(3)
    network = VAEEnsemble(3, 5, (8, 7), 2, generator)
    for bias in network.encoder[1::2]:
        torch.nn.init.normal_(bias, generator=generator)
    batch, noise = torch.randn(3, 9, 5, generator=generator), torch.randn(3, 9, 2, generator=generator)

    mean, log_variance = network.encode(batch)
    error = (network.decode(mean + torch.exp(0.5 * log_variance) * noise) - batch).square().sum(dim=2)
    loss = error + 4 * kl_to_standard_normal(mean, log_variance).sum(dim=2)
    kept = loss.sort(dim=1).values[:, :n_kept]
    (kept.mean(dim=1).sum() / 5).backward()
    expected = [parameter.grad for parameter in network.parameters()]

    flat = FlatParameters(list(network.parameters()))
    with flat.attached(), torch.inference_mode():
        flat.gradients.fill_(torch.nan)
        result = TrimmedStep(network, flat, 9, beta=4.0, n_kept=n_kept).on(batch, noise)
        assert result.item() == pytest.approx(kept.mean().item(), rel=1e-5)
        for parameter, gradient in zip(network.parameters(), expected, strict=True):
            torch.testing.assert_close(flat.view(parameter)[1], gradient, rtol=1e-4, atol=1e-6)
