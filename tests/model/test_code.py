from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from narrows.errors import SettingError
from narrows.model import Code, GaussianCode, PointCode, TopK, kl_to_standard_normal, log_normal, make_code


@pytest.fixture
def h(generator):
    return 3 * torch.randn(200, 8, generator=generator)


def test_a_point_code_is_what_the_encoder_says(h, generator):
    assert torch.equal(PointCode().point(h), h)
    assert torch.equal(PointCode().draw(h, generator), h)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_top_k_keeps_the_k_largest_of_each_row(h, k):
    z = TopK(k).point(h).numpy()
    expected = np.where(np.argsort(np.argsort(-h.numpy(), axis=1), axis=1) < k, h.numpy(), 0)
    np.testing.assert_array_equal(z, expected)
    assert ((z != 0).sum(1) == k).all()


def test_top_k_breaks_ties_by_position():
    z = TopK(2).point(torch.tensor([[1.0, 5.0, 1.0, 1.0]]))
    assert z.tolist() == [[1.0, 5.0, 0.0, 0.0]]


def test_top_k_passes_gradients_only_to_what_it_kept(h):
    h.requires_grad_()
    z = TopK(3).point(h)
    z.sum().backward()
    assert torch.equal(h.grad, (z != 0).float())


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "2"])
def test_top_k_refuses_what_is_no_count(k):
    with pytest.raises(SettingError, match="must be a whole number from 1"):
        TopK(k)


def test_a_gaussian_code_is_its_mean_and_scatters_with_its_variance(generator):
    h = torch.tensor([[1.0, -2.0, 0.0, math.log(0.25)]]).repeat(200_000, 1)
    code = GaussianCode()
    mean, log_variance = code.mean_and_log_variance(h)
    z = code.draw(h, generator)
    assert torch.equal(code.point(h), mean)
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.01, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0, rtol=0.02)
    torch.testing.assert_close(log_variance[0].exp(), torch.tensor([1.0, 0.25]), atol=0, rtol=0.02)


def test_the_same_generator_draws_the_same_codes(h):
    one, same = (GaussianCode().draw(h, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, same)


@pytest.mark.parametrize("runaway", [1e6, -1e6, 1e30, -1e30])
def test_a_log_variance_that_runs_away_stays_finite(generator, runaway):
    h = torch.tensor([[0.5, runaway]], requires_grad=True)
    mean, log_variance = GaussianCode().mean_and_log_variance(h)
    loss = kl_to_standard_normal(mean, log_variance).sum() + GaussianCode().draw(h, generator).square().sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(h.grad).all()
    assert log_variance.abs().max() <= 10


def test_the_kl_to_the_prior_is_that_of_torch_distributions(h):
    mean, log_variance = GaussianCode().mean_and_log_variance(h.double())
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), expected)


def test_the_log_density_is_that_of_torch_distributions(h):
    mean, log_variance = GaussianCode().mean_and_log_variance(h.double())
    z = mean.flip(0)
    torch.testing.assert_close(log_normal(z, mean, log_variance), Normal(mean, (log_variance / 2).exp()).log_prob(z))
    torch.testing.assert_close(log_normal(z, 0.0, 0.0), Normal(0.0, 1.0).log_prob(z))


def test_codes_are_made_by_name(h):
    assert make_code("point") == PointCode()
    assert make_code("gaussian") == GaussianCode()
    assert make_code("top-k", 3) == TopK(3)
    with pytest.raises(SettingError, match="needs k"):
        make_code("top-k")
    with pytest.raises(SettingError, match='choose "point", "top-k", "gaussian"'):
        make_code("discrete")


def test_a_code_of_ones_own_is_one_small_class(build, digits, generator):
    @dataclass(frozen=True)
    class Rounded(Code):
        def point(self, h):
            return h + (h.round() - h).detach()

    network = build(code=make_code(Rounded()))
    z = network.codes(digits)
    torch.testing.assert_close(z, z.round())
    assert torch.equal(network.code.draw(z, generator), network.code.point(z))
