"""Networks that begin at PCA, or at the mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from narrows.estimators.likelihood_bounds import importance_weighted_bound
from narrows.model import (
    AutoencoderNetwork,
    Gaussian,
    GaussianCode,
    PointCode,
    ProbabilisticPCA,
    SquaredError,
    build_network,
    can_start_linear,
    can_start_probabilistic,
    make_mixed,
    start_at_mean,
    start_linear,
    start_probabilistic,
)

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 9)) + RNG.normal(size=9)).astype(np.float32)


def build(**options) -> AutoencoderNetwork:
    given = {
        "n_floats": 9,
        "n_components": 2,
        "hidden_layer_sizes": (16, 8),
        "code": PointCode(),
        "likelihood": SquaredError(),
        "generator": torch.Generator().manual_seed(0),
    }
    return build_network(**(given | options))


@pytest.mark.parametrize("activation", ["silu", "gelu", "relu", "linear"])
@pytest.mark.parametrize("hidden", [(), (4,), (16, 8), (32, 16, 8)])
def test_a_network_that_begins_linear_answers_as_pca_does(activation, hidden):
    network = build(activation=activation, hidden_layer_sizes=hidden)
    assert can_start_linear(network)
    pca = PCA(2).fit(X)
    start_linear(network, pca.mean_, pca.components_)
    with torch.no_grad():
        codes, rebuilt = network.codes(torch.from_numpy(X)), network.reconstruct(torch.from_numpy(X))
    np.testing.assert_allclose(codes, pca.transform(X), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rebuilt, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


def test_fewer_directions_than_components_leave_the_others_without_effect():
    network = build(n_components=4)
    pca = PCA(1).fit(X)
    start_linear(network, pca.mean_, pca.components_)
    with torch.no_grad():
        rebuilt = network.reconstruct(torch.from_numpy(X))
    np.testing.assert_allclose(rebuilt, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "tanh"},
        {"hidden_layer_sizes": (16, 3)},
        {"code_activation": "relu"},
        {"tied_weights": True},
        {"likelihood": SquaredError(bounded=True)},
    ],
)
def test_other_networks_cannot_begin_linear(options):
    assert not can_start_linear(build(**options))


def test_outputs_begin_near_the_mean():
    mean = RNG.random(9)
    bounded, linear = build(likelihood=SquaredError(bounded=True)), build()
    blocks = [("square", 0, 4), ("binary", 4, 6), ("softmax", 6, 9)]
    mixed = build(
        likelihood=make_mixed(blocks, shares=[1.0] * 9, gap_floats=[-1] * 9, unknown=[0.0] * 9, density=False)
    )
    mean[6:] /= mean[6:].sum()
    for network in (bounded, linear, mixed):
        start_at_mean(network, mean)
        raw = network.decoder.layers[-1].bias.detach()[None]
        np.testing.assert_allclose(network.likelihood.mean(raw)[0], mean, rtol=1e-5)


def test_a_mean_at_the_end_of_the_interval_has_a_finite_logit():
    network = build(likelihood=SquaredError(bounded=True))
    start_at_mean(network, np.array([0.0, 1.0] + [0.5] * 7))
    assert torch.isfinite(network.decoder.layers[-1].bias).all()


NOISY = (X + 0.5 * RNG.normal(size=X.shape)).astype(np.float32)


def probabilistic(n_components: int, r: int, **options) -> tuple[AutoencoderNetwork, PCA]:
    """A network that begins as probabilistic PCA with r components, and scikit-learn's."""
    network = build(n_components=n_components, code=GaussianCode(), likelihood=Gaussian(n_floats=9), **options)
    assert can_start_probabilistic(network)
    pca = PCA(r, svd_solver="full").fit(NOISY)
    start_probabilistic(
        network, ProbabilisticPCA(pca.mean_, pca.components_, pca.explained_variance_, float(pca.noise_variance_))
    )
    return network, pca


@pytest.mark.parametrize("activation", ["silu", "relu"])
@pytest.mark.parametrize("hidden", [(), (16, 8)])
@pytest.mark.parametrize(("n_components", "r"), [(2, 2), (4, 2), (1, 0)])
def test_a_variational_network_begins_with_the_likelihood_of_probabilistic_pca(activation, hidden, n_components, r):
    network, pca = probabilistic(n_components, r, activation=activation, hidden_layer_sizes=hidden)
    # With the exact posterior a single draw gives the exact likelihood.
    with torch.no_grad():
        found = importance_weighted_bound(network, torch.from_numpy(NOISY), k=1)
    np.testing.assert_allclose(found, pca.score_samples(NOISY), rtol=1e-3, atol=1e-3)


def test_networks_without_a_gaussian_code_and_output_cannot_begin_as_probabilistic_pca():
    assert not can_start_probabilistic(build())
    assert not can_start_probabilistic(build(code=GaussianCode()))
    bounded = build(code=GaussianCode(), likelihood=Gaussian(bounded=True, n_floats=9))
    assert not can_start_probabilistic(bounded)
