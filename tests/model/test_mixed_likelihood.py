"""The likelihood of a mixed table against closed forms, autograd and the entropies of what it is fed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from narrows.model import make_mixed

# Two squares, a truth value, the masks of the first square and of the choice, and a choice of three.
BLOCKS = (("square", 0, 2), ("binary", 2, 5), ("softmax", 5, 8))
GAPS = [3, -1, -1, -1, -1, 4, 4, 4]
UNKNOWN = [0.0] * 5 + [math.log(101) / 3] * 3


def mixed(density=False, shares=(1.0,) * 8):
    return make_mixed(BLOCKS, shares=shares, gap_floats=GAPS, unknown=UNKNOWN, density=density)


def rows(n=64, seed=0):
    r = np.random.default_rng(seed)
    x = np.zeros((n, 8), np.float32)
    x[:, :2] = r.normal(size=(n, 2))
    x[:, 2:5] = r.random((n, 3)) < 0.3
    x[np.arange(n), r.integers(5, 8, n)] = 1
    x[x[:, 3] == 1, 0] = 0
    x[x[:, 4] == 1, 5:] = 0
    return torch.from_numpy(x)


def outputs(n=64, seed=1):
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))


def test_each_block_has_the_loss_of_its_kind():
    x, output = rows(), outputs()
    loss = mixed().loss(output, x).double().numpy()
    o, t = output.double().numpy(), x.double().numpy()
    there = [1 - t[:, 3], 1 - t[:, 4]]
    np.testing.assert_allclose(loss[:, 0], (o[:, 0] - t[:, 0]) ** 2 * there[0], rtol=1e-5)
    np.testing.assert_allclose(loss[:, 1], (o[:, 1] - t[:, 1]) ** 2, rtol=1e-5)
    p = 1 / (1 + np.exp(-o[:, 2:5]))
    np.testing.assert_allclose(loss[:, 2:5], -np.log(np.where(t[:, 2:5] == 1, p, 1 - p)), rtol=1e-4)
    q = np.exp(o[:, 5:]) / np.exp(o[:, 5:]).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss[:, 5:].sum(axis=1), -np.log((q * t[:, 5:]).sum(1) + (there[1] == 0)), rtol=1e-4)


def test_what_is_missing_costs_nothing_and_teaches_nothing():
    x, output = rows(), outputs().requires_grad_()
    for density in (False, True):
        loss = mixed(density).loss(output, x)
        (gradient,) = torch.autograd.grad(loss.sum(), output)
        assert not loss[x[:, 3] == 1, 0].any()
        assert not gradient[x[:, 3] == 1, 0].any()
        assert not gradient[x[:, 4] == 1, 5:].any()
        assert gradient[:, 3:5].all()


def test_a_level_that_training_never_met_costs_as_one_row_in_all_and_teaches_nothing():
    x, output = rows(), outputs().requires_grad_()
    x[:, 4:] = 0
    loss = mixed().loss(output, x)
    np.testing.assert_allclose(loss[:, 5:].sum(dim=1).detach(), math.log(101), rtol=1e-6)
    assert not torch.autograd.grad(loss[:, 5:].sum(), output)[0].any()


@pytest.mark.parametrize("density", [False, True])
def test_the_gradient_written_out_is_autograds(density):
    likelihood = mixed(density, shares=[0.5, 1, 2, 0.5, 3, 3, 3, 3] if not density else (1.0,) * 8)
    for parameter in likelihood.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(3))
    x, output = rows(), outputs()
    share = torch.rand(64, generator=torch.Generator().manual_seed(2))
    leaf = output.clone().requires_grad_()
    expected = likelihood.loss(leaf, x).sum(1)
    expected.backward(share)
    learned = [p.grad.clone() for p in likelihood.parameters() if p.grad is not None]
    likelihood.zero_grad()
    scratch = (torch.empty(64, 8), torch.empty(64, 8))
    losses, gradient = likelihood.loss_and_gradient(output.clone(), x, share, scratch)
    assert leaf.grad is not None
    torch.testing.assert_close(losses, expected.detach(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, leaf.grad, rtol=1e-5, atol=1e-6)
    for parameter, slope in zip(likelihood.parameters(), learned, strict=True):
        torch.testing.assert_close(parameter.grad, slope, rtol=1e-4, atol=1e-5)
    assert len(learned) == density


def test_the_mean_holds_probabilities():
    mean = mixed().mean(outputs())
    torch.testing.assert_close(mean[:, :2], outputs()[:, :2])
    torch.testing.assert_close(mean[:, 2:5], torch.sigmoid(outputs()[:, 2:5]))
    torch.testing.assert_close(mean[:, 5:].sum(1), torch.ones(64))


def test_the_density_is_normal_for_squares_and_sums_to_one_over_levels():
    likelihood = mixed(density=True)
    log_variance = torch.tensor([0.7, -1.2])
    torch.nn.init.zeros_(likelihood.raw_log_variance)
    with torch.no_grad():
        likelihood.raw_log_variance += log_variance
    bounded = 10 * np.tanh(log_variance.numpy() / 10)
    x, output = rows(), outputs()
    loss = likelihood.loss(output, x).detach().numpy()
    expected = -stats.norm.logpdf(x[:, 1].numpy(), output[:, 1].numpy(), np.exp(bounded[1] / 2))
    np.testing.assert_allclose(loss[:, 1], expected, rtol=1e-4)
    total = np.zeros(64)
    for level in range(3):
        y = x.clone()
        y[:, 4:] = 0
        y[:, 5 + level] = 1
        total += np.exp(-likelihood.loss(output, y)[:, 5:].sum(1).detach().numpy())
    np.testing.assert_allclose(total, 1, rtol=1e-5)


def test_draws_have_the_shares_and_the_spread_of_the_density():
    likelihood = mixed(density=True)
    torch.nn.init.constant_(likelihood.raw_log_variance, math.log(4))
    output = torch.tensor([[3.0, -1, 0.5, -2, 1, 0, 1, 2]]).expand(40_000, 8)
    with torch.no_grad():
        drawn = likelihood.draw(output, torch.Generator().manual_seed(0))
    spread = math.exp(0.5 * 10 * math.tanh(math.log(4) / 10))
    np.testing.assert_allclose(drawn[:, 0].mean(), 3, atol=0.05)
    np.testing.assert_allclose(drawn[:, 0].std(), spread, rtol=0.02)
    np.testing.assert_allclose(drawn[:, 2:].mean(0), likelihood.mean(output)[0, 2:].detach(), atol=0.01)
    assert (drawn[:, 5:].sum(1) == 1).all()


def test_a_table_of_levels_alone_has_a_density_too():
    likelihood = make_mixed((("softmax", 0, 2),), shares=[1, 1], gap_floats=[-1, -1], unknown=[1.0, 1.0], density=True)
    x, output = torch.eye(2), torch.zeros(2, 2)
    losses, _ = likelihood.loss_and_gradient(output, x, torch.ones(2), (torch.empty(2, 2), torch.empty(2, 2)))
    np.testing.assert_allclose(losses, math.log(2), rtol=1e-6)
