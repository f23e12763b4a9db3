"""The RBM against sums over every state, and contrastive divergence against the exact gradient."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.training import RBM

KINDS = [("binary", "binary"), ("gaussian", "binary"), ("binary", "gaussian")]


def machine(visible: str = "binary", hidden: str = "binary", *, n_visible: int = 5, n_hidden: int = 3) -> RBM:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int, scale: float = 0.7) -> Tensor:
        return scale * torch.randn(*shape, generator=generator, dtype=torch.float64)

    return RBM(draw(n_hidden, n_visible), draw(n_visible), draw(n_hidden), visible, hidden)


def energy(rbm: RBM, v: Tensor, h: Tensor) -> float:
    """E(v, h), written down from its definition."""
    own = -(v @ rbm.visible_bias) if rbm.visible == "binary" else (v - rbm.visible_bias).square().sum() / 2
    other = -(h @ rbm.hidden_bias) if rbm.hidden == "binary" else (h - rbm.hidden_bias).square().sum() / 2
    return float(own + other - h @ rbm.weight @ v)


def states(n: int) -> list[Tensor]:
    return [torch.tensor(bits, dtype=torch.float64) for bits in itertools.product((0, 1), repeat=n)]


def rows(rbm: RBM, n: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(n, rbm.weight.shape[1], generator=generator, dtype=torch.float64)
    return (x > 0.5).double() if rbm.visible == "binary" else 2 * x - 1


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_free_energy_is_minus_the_log_of_the_sum_over_hidden_states(visible):
    rbm = machine(visible)
    v = rows(rbm)
    expected = [-math.log(sum(math.exp(-energy(rbm, row, h)) for h in states(3))) for row in v]
    assert rbm.free_energy(v).tolist() == pytest.approx(expected)


def test_the_free_energy_under_gaussian_hidden_units_is_an_integral():
    rbm = machine("binary", "gaussian", n_visible=4, n_hidden=1)
    grid = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    for v in rows(rbm):
        values = torch.tensor([math.exp(-energy(rbm, v, h[None])) for h in grid])
        assert float(rbm.free_energy(v[None])) == pytest.approx(
            -math.log(float(torch.trapezoid(values, grid))), rel=1e-6
        )


@pytest.mark.parametrize(("n_visible", "n_hidden"), [(5, 3), (3, 5)])
def test_the_partition_function_is_the_sum_over_both_layers(n_visible, n_hidden):
    rbm = machine(n_visible=n_visible, n_hidden=n_hidden)
    total = sum(math.exp(-energy(rbm, v, h)) for v in states(n_visible) for h in states(n_hidden))
    assert float(rbm.log_partition()) == pytest.approx(math.log(total))


def test_both_ways_to_enumerate_agree_whatever_the_layers_are():
    # One gaussian visible unit: the density integrates to one.
    rbm = machine("gaussian", "binary", n_visible=1)
    grid = torch.linspace(-15, 15, 4001, dtype=torch.float64)[:, None]
    assert float(torch.trapezoid(rbm.log_likelihood(grid).exp(), grid[:, 0])) == pytest.approx(1, rel=1e-6)
    # Gaussian hidden units: the probabilities of all visible states sum to one.
    rbm = machine("binary", "gaussian")
    assert float(rbm.log_likelihood(torch.stack(states(5))).exp().sum()) == pytest.approx(1)


@pytest.mark.parametrize("visible", ["binary", "gaussian"])
def test_the_conditionals_are_those_of_the_joint_distribution(visible):
    rbm = machine(visible)
    for v, mean in zip(rows(rbm), rbm.hidden_mean(rows(rbm)), strict=True):
        weights = [math.exp(-energy(rbm, v, h)) for h in states(3)]
        expected = sum(w * h for w, h in zip(weights, states(3), strict=True)) / sum(weights)
        torch.testing.assert_close(mean, expected)
    for h in states(3):
        # Of a gaussian unit the energy is lowest at its mean.
        mean = rbm.visible_mean(h[None])[0].requires_grad_()
        if visible == "gaussian":
            steepness = torch.func.grad(lambda v, h=h: (v - rbm.visible_bias).square().sum() / 2 - h @ rbm.weight @ v)
            torch.testing.assert_close(steepness(mean.detach()), torch.zeros(5, dtype=torch.float64))


@pytest.mark.parametrize(("visible", "hidden"), KINDS)
def test_the_exact_gradient_is_that_of_the_log_likelihood(visible, hidden):
    rbm = machine(visible, hidden)
    v = rows(rbm)
    parameters = [p.requires_grad_() for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias)]
    expected = torch.autograd.grad(rbm.log_likelihood(v).mean(), parameters)
    with torch.no_grad():
        found = rbm.exact_gradient(v)
    for ours, theirs in zip(found[:3], expected, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("visible", "hidden"), KINDS)
def test_a_long_chain_gives_the_exact_gradient_on_average(visible, hidden):
    rbm = machine(visible, hidden)
    if hidden == "gaussian":
        rbm.weight.mul_(0.5)
    v = rows(rbm).repeat(10_000, 1)
    generator = torch.Generator().manual_seed(2)
    exact = rbm.exact_gradient(v)
    errors = {}
    for k in (1, 60):
        found = rbm.contrast(v, generator, k=k, sample_visible=True)
        errors[k] = max(float((a - b).abs().max()) for a, b in zip(found[:3], exact[:3], strict=True))
    assert errors[60] < 0.02
    assert errors[60] < 0.3 * errors[1]


def test_one_step_with_means_is_the_update_of_the_paper():
    rbm = machine()
    v = rows(rbm)
    found = rbm.contrast(v, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    p = torch.sigmoid(v @ rbm.weight.t() + rbm.hidden_bias)
    h = (torch.rand(p.shape, generator=generator, dtype=torch.float64) < p).double()
    v1 = torch.sigmoid(h @ rbm.weight + rbm.visible_bias)
    p1 = torch.sigmoid(v1 @ rbm.weight.t() + rbm.hidden_bias)
    torch.testing.assert_close(found.weight, (p.t() @ v - p1.t() @ v1) / 4)
    torch.testing.assert_close(found.visible_bias, (v - v1).mean(0))
    torch.testing.assert_close(found.hidden_bias, (p - p1).mean(0))
    torch.testing.assert_close(found.error, (v - v1).square().sum(1).mean())


def test_a_weight_counts_as_copies_of_its_row():
    rbm = machine()
    v = rows(rbm, 2)
    state = torch.tensor([[1.0, 0, 1]], dtype=torch.float64)

    class Fixed(RBM):
        """Hidden units that never move, so that copies have the same chain."""

        def hidden_mean(self, v: Tensor) -> Tensor:
            return state.expand(len(v), 3)

    fixed = Fixed(rbm.weight, rbm.visible_bias, rbm.hidden_bias)
    weighted = fixed.contrast(v, torch.Generator(), row_weight=torch.tensor([0.5, 1.5], dtype=torch.float64))
    copies = fixed.contrast(v[[0, 1, 1, 1]], torch.Generator())
    torch.testing.assert_close(weighted.weight, copies.weight)
    torch.testing.assert_close(weighted.visible_bias, copies.visible_bias)


def test_large_machines_and_those_without_a_binary_layer_have_no_exact_numbers():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(SettingError, match="the most is 20"):
        RBM.drawn(30, 21, generator=generator).log_partition()
    with pytest.raises(SettingError, match="no binary layer"):
        RBM.drawn(3, 3, visible="gaussian", hidden="gaussian", generator=generator).log_partition()


def test_weights_are_drawn_as_the_paper_draws_them():
    rbm = RBM.drawn(400, 300, generator=torch.Generator().manual_seed(0))
    assert float(rbm.weight.std()) == pytest.approx(0.1, rel=0.01)
    assert not rbm.visible_bias.any()
    assert not rbm.hidden_bias.any()
