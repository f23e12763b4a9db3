from __future__ import annotations

import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_squared_error
from torch import distributions

from narrows.errors import SettingError
from narrows.model import (
    AbsoluteError,
    Bernoulli,
    Gaussian,
    Huber,
    Likelihood,
    SquaredError,
    make_likelihood,
)


@pytest.fixture
def output(generator):
    return 2 * torch.randn(50, 7, generator=generator)


@pytest.fixture
def x(generator):
    return torch.rand(50, 7, generator=generator)


def test_a_bounded_output_is_a_logit(output):
    assert torch.equal(SquaredError(bounded=True).mean(output), torch.sigmoid(output))
    assert torch.equal(SquaredError(bounded=False).mean(output), output)


@pytest.mark.parametrize("bounded", [True, False])
def test_squared_and_absolute_errors_are_those_of_scikit_learn(output, x, bounded):
    for likelihood, metric in (
        (SquaredError(bounded), mean_squared_error),
        (AbsoluteError(bounded), mean_absolute_error),
    ):
        loss = likelihood.loss(output, x)
        assert loss.shape == x.shape
        expected = metric(x.numpy(), likelihood.mean(output).numpy(), multioutput="raw_values")
        torch.testing.assert_close(loss.mean(0), torch.from_numpy(expected), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("delta", [0.1, 1.0, 3.0])
def test_huber_is_square_inside_delta_and_straight_beyond(output, x, delta):
    error = (output - x).abs()
    expected = torch.where(error <= delta, error**2 / 2, delta * (error - delta / 2))
    torch.testing.assert_close(Huber(False, delta).loss(output, x), expected)


def test_bce_is_the_negative_log_likelihood_of_a_bernoulli(output, x):
    expected = -distributions.Bernoulli(logits=output, validate_args=False).log_prob(x)
    torch.testing.assert_close(Bernoulli().loss(output, x), expected)


def test_bce_is_finite_for_any_logit():
    logits = torch.tensor([[1e6, -1e6]], requires_grad=True)
    loss = Bernoulli().loss(logits, torch.tensor([[0.0, 1.0]]))
    loss.sum().backward()
    assert loss.tolist() == [[1e6, 1e6]]
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("bounded", [True, False])
def test_gaussian_is_the_negative_log_density_of_a_normal(output, x, bounded):
    likelihood = Gaussian(bounded, 7)
    with torch.no_grad():
        likelihood.raw_log_variance.copy_(torch.linspace(-3, 3, 7))
    normal = distributions.Normal(likelihood.mean(output), (likelihood.log_variance / 2).exp())
    torch.testing.assert_close(likelihood.loss(output, x), -normal.log_prob(x))


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("name", ["mse", "bce", "mae", "huber", "gaussian"])
def test_the_gradient_is_that_of_the_share_of_each_row_in_the_loss(output, x, name, bounded):
    if name == "bce" and not bounded:
        pytest.skip("Bernoulli needs a bounded output")
    likelihood = make_likelihood(name, bounded, 7)
    share = torch.linspace(0.1, 3, 50)
    wanted = [output.clone().requires_grad_(), *likelihood.parameters()]
    expected_loss = likelihood.loss(wanted[0], x).sum(1)
    expected = torch.autograd.grad(expected_loss @ share, wanted)
    scratch = (torch.empty_like(output), torch.empty_like(output))
    loss, gradient = likelihood.loss_and_gradient(output, x, share, scratch)
    torch.testing.assert_close(loss, expected_loss.detach())
    for found, truth in zip([gradient, *(p.grad for p in likelihood.parameters())], expected, strict=True):
        torch.testing.assert_close(found, truth)


def test_a_gradient_written_out_beside_a_loss_of_ones_own_is_kept(output, x):
    class Straight(SquaredError):
        def loss(self, output, x):
            return (output - x).abs()

        def loss_and_gradient(self, output, x, share, scratch):
            return self.loss(output, x).sum(1), torch.full_like(output, 9)

    class Capped(Straight):
        def loss(self, output, x):
            return (output - x).abs().clamp(max=1)

    share = torch.ones(50)
    _, straight = Straight().loss_and_gradient(output, x, share, (output, output))
    _, capped = Capped().loss_and_gradient(output, x, share, (output, output))
    assert (straight == 9).all()
    assert torch.equal(capped, torch.sign(output - x) * ((output - x).abs() <= 1))


def test_gaussian_learns_the_variance_of_each_feature(generator):
    errors = torch.randn(2000, 3, generator=generator) * torch.tensor([0.1, 1.0, 2.0])
    likelihood = Gaussian(False, 3)
    optimizer = torch.optim.Adam(likelihood.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        likelihood.loss(torch.zeros_like(errors), errors).mean(0).sum().backward()
        optimizer.step()
    torch.testing.assert_close(likelihood.log_variance.detach().exp(), errors.square().mean(0), rtol=0.02, atol=0)


@pytest.mark.parametrize("raw", [-1e6, 1e6])
def test_a_learned_variance_cannot_run_away(raw):
    likelihood = Gaussian(False, 1)
    with torch.no_grad():
        likelihood.raw_log_variance.fill_(raw)
    loss = likelihood.loss(torch.zeros(1, 1), torch.ones(1, 1)).sum()
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(likelihood.raw_log_variance.grad).all()


@pytest.mark.parametrize(
    ("name", "kind", "unit", "is_density"),
    [
        ("mse", SquaredError, "squared error", False),
        ("bce", Bernoulli, "nats", True),
        ("mae", AbsoluteError, "absolute error", False),
        ("huber", Huber, "Huber loss", False),
        ("gaussian", Gaussian, "nats", True),
    ],
)
def test_likelihoods_are_made_by_name_and_state_their_unit(name, kind, unit, is_density):
    likelihood = make_likelihood(name, True, 7)
    assert type(likelihood) is kind
    assert (likelihood.name, likelihood.unit, likelihood.is_density) == (name, unit, is_density)
    assert likelihood.bounded


def test_impossible_likelihoods_are_named():
    with pytest.raises(SettingError, match='choose "mse", "bce"'):
        make_likelihood("hinge", True, 7)
    with pytest.raises(SettingError, match="needs a sigmoid output"):
        make_likelihood("bce", False, 7)
    with pytest.raises(SettingError, match="delta=0 must be above 0"):
        Huber(True, 0)
    with pytest.raises(SettingError, match="needs n_floats"):
        Gaussian(True)


def test_a_likelihood_of_ones_own_is_copied_with_what_it_learned():
    class Quartic(Likelihood):
        name, unit = "quartic", "fourth power of the error"

        def loss(self, output, x):
            return (self.mean(output) - x) ** 4

    own = Quartic(bounded=False)
    made = make_likelihood(own, True, 7)
    assert made is not own
    assert not made.bounded
    assert made.loss(torch.tensor([[2.0]]), torch.tensor([[0.0]])).item() == 16
