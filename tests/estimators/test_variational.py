import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_iris
from torch.distributions import MultivariateNormal

from narrows import Autoencoder, VariationalAutoencoder
from narrows.errors import DataRangeError, SettingError
from narrows.model import Binarised

DIGITS = load_digits().images / 16
IRIS = load_iris().data


def linear_gaussian(*, exact_posterior: bool) -> tuple[VariationalAutoencoder, MultivariateNormal]:
    """A VAE whose weights are set to p(z) = N(0, I), p(x|z) = N(Wz + b, D), and the density of its x.

    The columns of W are orthogonal under D⁻¹, so that the posterior factorises and the encoder can hold it.
    """
    X = np.random.default_rng(0).normal(size=(60, 5))
    vae = VariationalAutoencoder(
        n_components=2, hidden_layer_sizes=(), loss="gaussian", scale="none", epochs=1, random_state=0
    ).fit(X)
    generator = torch.Generator().manual_seed(0)
    variance = torch.tensor([0.5, 1.0, 0.2, 0.8, 0.4])
    columns = torch.linalg.qr(torch.randn(5, 2, generator=generator)).Q
    W = variance.sqrt()[:, None] * columns * torch.tensor([1.5, 0.7])
    b = torch.randn(5, generator=generator)
    posterior_variance = 1 / (1 + (W.square() / variance[:, None]).sum(dim=0))
    to_mean = posterior_variance[:, None] * W.T / variance
    log_variance = posterior_variance.log() + (0.0 if exact_posterior else 0.6)
    network = vae.network_
    with torch.no_grad():
        (decoder,) = network.decoder.layers
        decoder.weight.copy_(W)
        decoder.bias.copy_(b)
        (encoder,) = network.encoder.layers
        encoder.weight.copy_(torch.cat([to_mean, torch.zeros_like(to_mean)]))
        raw = 10 * torch.atanh(log_variance / 10)
        encoder.bias.copy_(torch.cat([-to_mean @ b, raw]))
        network.likelihood.raw_log_variance.copy_(10 * torch.atanh(variance.log() / 10))
    return vae, MultivariateNormal(b, W @ W.T + torch.diag(variance))


ROWS = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)


def test_with_the_exact_posterior_one_draw_gives_the_exact_likelihood():
    vae, density = linear_gaussian(exact_posterior=True)
    expected = density.log_prob(torch.from_numpy(ROWS)).numpy()
    np.testing.assert_allclose(vae.log_likelihood(ROWS, k=1), expected, atol=2e-4)
    np.testing.assert_allclose(vae.elbo(ROWS, n_draws=2000), expected, atol=0.15)


@pytest.mark.slow
def test_with_a_wrong_posterior_the_bound_rises_to_the_exact_likelihood():
    vae, density = linear_gaussian(exact_posterior=False)
    expected = float(density.log_prob(torch.from_numpy(ROWS)).mean())
    elbo = float(vae.elbo(ROWS, n_draws=2000).mean())
    few, many = (float(vae.log_likelihood(ROWS, k=k).mean()) for k in (5, 5000))
    assert elbo < few < many
    assert elbo < expected - 0.1
    assert many == pytest.approx(expected, abs=0.02)


def test_the_kl_of_the_wrong_posterior_is_the_gap_of_the_elbo():
    # log p(x) - ELBO = KL(q || p(z|x)), here the KL of two gaussians with equal means and known variances.
    vae, density = linear_gaussian(exact_posterior=False)
    gap = density.log_prob(torch.from_numpy(ROWS)).numpy() - vae.elbo(ROWS, n_draws=4000)
    expected = 2 * 0.5 * (math.exp(0.6) - 1 - 0.6)
    assert gap.mean() == pytest.approx(expected, rel=0.1)


def test_a_row_has_the_same_score_in_every_call_and_in_every_company():
    vae = VariationalAutoencoder(n_components=4, epochs=3, random_state=0).fit(DIGITS)
    for score in (vae.elbo, vae.log_likelihood, vae.reconstruction_error, vae.transform):
        alone, again, together = score(DIGITS[7:8]), score(DIGITS[7:8]), score(DIGITS[::-1])[-8]
        assert np.array_equal(alone, again)
        np.testing.assert_allclose(alone[0], together, rtol=1e-4, atol=1e-5)
    assert vae.score(DIGITS) == vae.score(DIGITS)


def test_codes_are_posterior_means():
    vae = VariationalAutoencoder(n_components=4, epochs=2, random_state=0).fit(IRIS)
    x = torch.from_numpy(vae.schema_.encode(vae.rows_of(IRIS)))
    assert np.array_equal(vae.transform(IRIS), vae.network_.encode(x)[:, :4].detach().numpy())


def test_samples_repeat_by_seed_and_come_in_the_users_shape_and_units():
    vae = VariationalAutoencoder(n_components=4, epochs=20, random_state=0).fit(load_iris(as_frame=True).data)
    samples = vae.sample(500, random_state=0)
    assert samples.equals(vae.sample(500, random_state=0))
    assert not samples.equals(vae.sample(500, random_state=1))
    assert not vae.sample(500).equals(vae.sample(500))
    assert list(samples.columns) == list(load_iris(as_frame=True).data.columns)
    assert samples.mean().to_numpy() == pytest.approx(IRIS.mean(axis=0), abs=0.5)
    with pytest.raises(SettingError, match="n_samples"):
        vae.sample(0)


@pytest.mark.slow
def test_a_heavier_beta_leaves_less_information_in_the_code():
    kl = [
        VariationalAutoencoder(n_components=8, beta=beta, epochs=5, random_state=0)
        .fit(DIGITS)
        .history_[-1]
        .validation_parts["kl_to_prior"]
        / beta
        for beta in (0.5, 1.0, 20.0)
    ]
    assert kl[0] > kl[1] > 5 * kl[2]


@pytest.mark.slow
def test_warm_up_starts_without_kl_and_free_bits_keep_some():
    vae = VariationalAutoencoder(n_components=8, kl_warmup=5, epochs=8, random_state=0, early_stopping=False)
    weights = [e.parts["kl_to_prior"] / e.validation_parts["kl_to_prior"] for e in vae.fit(DIGITS).history_]
    assert weights[0] < 0.3
    assert weights[-1] == pytest.approx(1, abs=0.15)
    free = VariationalAutoencoder(n_components=8, beta=50, free_bits=0.5, epochs=5, random_state=0).fit(DIGITS)
    assert free.history_[-1].validation_parts["kl_to_prior"] / 50 > 1.0


def test_a_log_variance_that_runs_away_is_bounded():
    vae = VariationalAutoencoder(n_components=2, epochs=2, random_state=0).fit(IRIS)
    with torch.no_grad():
        vae.network_.encoder.layers[-1].bias[2:] = 1e8
    assert np.isfinite(vae.elbo(IRIS)).all()
    assert np.isfinite(vae.partial_fit(IRIS).history_[-1].loss)


def test_without_a_density_there_is_no_likelihood_but_a_score():
    vae = VariationalAutoencoder(loss="mse", n_components=2, epochs=20, random_state=0).fit(IRIS)
    with pytest.raises(SettingError, match="density"):
        vae.elbo(IRIS)
    assert 0 < vae.score(IRIS) <= 1
    with pytest.raises(SettingError, match="k must be"):
        VariationalAutoencoder(n_components=2, epochs=1).fit(IRIS).log_likelihood(IRIS, k=0)


def test_any_variant_takes_a_gaussian_code():
    model = Autoencoder(code="gaussian", n_components=2, epochs=2, random_state=0).fit(IRIS)
    assert "kl_to_prior" in model.history_[-1].parts


def test_without_a_gaussian_code_there_is_a_score_but_no_likelihood():
    model = VariationalAutoencoder(code="point", n_components=2, epochs=2, random_state=0).fit(IRIS)
    assert model.score(IRIS) <= 1
    with pytest.raises(SettingError, match="gaussian code"):
        model.log_likelihood(IRIS)


def test_rows_drawn_black_or_white_cannot_come_from_outside_0_to_1():
    with pytest.raises(DataRangeError, match=r"corruption=Binarised\(\) needs values from 0 to 1"):
        VariationalAutoencoder(n_components=2, epochs=1, corruption=Binarised()).fit(IRIS)


def test_of_black_and_white_rows_the_bound_rises_to_the_integral_over_the_code():
    # With one latent unit p(x) = ∫ p(x|z) N(z; 0, 1) dz is a sum over a fine grid.
    x = (np.random.default_rng(2).random((30, 12)) < np.linspace(0.1, 0.9, 12)).astype(np.float32)
    vae = VariationalAutoencoder(
        n_components=1, hidden_layer_sizes=(8,), activation="tanh", corruption=Binarised(), epochs=30, random_state=0
    ).fit(x)
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64)[:, None]
    with torch.no_grad():
        logits = vae.network_.output(z.float()).double()
    log_p = torch.from_numpy(x).double() @ logits.T - torch.nn.functional.softplus(logits).sum(1)
    prior = -0.5 * z[:, 0].square() - 0.5 * math.log(2 * math.pi)
    expected = torch.logsumexp(log_p + prior + math.log(18 / 4000), dim=1).numpy()
    found = vae.log_likelihood(x, k=5000)
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert found.mean() == pytest.approx(expected.mean(), abs=0.01)
