from __future__ import annotations

import torch
from torch.nn import functional

from narrows.model import VAEEnsemble


def test_each_member_is_a_network_of_its_own() -> None:
    network = VAEEnsemble(3, 5, (7, 4), 2, torch.Generator().manual_seed(0))
    x = torch.randn(6, 5)
    mean, log_variance = network.encode(x.expand(3, 6, 5))
    assert mean.shape == log_variance.shape == (3, 6, 2)
    for member in range(3):
        h = x
        for i in range(3):
            h = h @ network.encoder[2 * i][member] + network.encoder[2 * i + 1][member]
            h = functional.silu(h) if i < 2 else h
        assert torch.allclose(mean[member], h[:, :2], atol=1e-5)
    assert not torch.allclose(mean[0], mean[1])
    assert network.reconstruct(x).shape == (3, 6, 5)


def test_the_same_generator_draws_the_same_members_and_none_draws_nothing() -> None:
    first, second = (VAEEnsemble(2, 4, (3,), 1, torch.Generator().manual_seed(1)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    with torch.device("meta"):
        assert VAEEnsemble(2, 4, (3,), 1, None).encoder[0].is_meta
