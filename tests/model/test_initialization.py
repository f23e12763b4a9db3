"""Networks that begin at PCA, or at the mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from narrows.model import AutoencoderNetwork, PointCode, SquaredError, build_network, make_mixed, start_at_mean
from narrows.model import start_at_pca as begin

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


def start_at_pca(network: AutoencoderNetwork, n_components: int = 2) -> PCA:
    pca = PCA(n_components).fit(X)
    begin(network, pca.mean_, pca.components_, pca.explained_variance_**0.5)
    return pca


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("activation", ["silu", "tanh", "relu", "linear"])
@pytest.mark.parametrize("hidden", [(), (4,), (16, 8), (32, 16, 8)])
def test_a_network_with_a_linear_path_begins_as_pca(activation, hidden, tied):
    network = build(activation=activation, hidden_layer_sizes=hidden, tied_weights=tied, linear_path=True)
    pca = start_at_pca(network)
    with torch.no_grad():
        codes, rebuilt = network.codes(torch.from_numpy(X)), network.reconstruct(torch.from_numpy(X))
    np.testing.assert_allclose(codes, pca.transform(X), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rebuilt, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


def test_fewer_directions_than_components_leave_the_others_without_effect():
    network = build(n_components=4, linear_path=True)
    pca = start_at_pca(network, 1)
    with torch.no_grad():
        codes, rebuilt = network.codes(torch.from_numpy(X)), network.reconstruct(torch.from_numpy(X))
    assert not codes[:, 1:].any()
    np.testing.assert_allclose(rebuilt, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


def test_the_decoder_begins_on_components_of_unit_variance():
    network, plain = build(linear_path=True), build()
    pca = start_at_pca(network)
    first, drawn = network.decoder.first.weight, plain.decoder.first.weight
    codes = torch.from_numpy(pca.transform(X) / pca.explained_variance_**0.5).float()
    torch.testing.assert_close(torch.from_numpy(pca.transform(X)).float() @ first.T, codes @ drawn.T)


MIXED = make_mixed(
    [("square", 0, 4), ("binary", 4, 6), ("softmax", 6, 9)],
    shares=[1.0] * 9,
    gap_floats=[-1] * 9,
    unknown=[0.0] * 9,
    density=False,
)


def test_outputs_begin_near_the_mean():
    mean = RNG.random(9)
    mean[6:] /= mean[6:].sum()
    for network in (build(likelihood=SquaredError(bounded=True)), build(), build(likelihood=MIXED)):
        start_at_mean(network, mean)
        raw = network.decoder.layers[-1].bias.detach()[None]
        np.testing.assert_allclose(network.likelihood.mean(raw)[0], mean, rtol=1e-5)


def test_a_mean_at_the_end_of_the_interval_has_a_finite_logit():
    network = build(likelihood=SquaredError(bounded=True))
    start_at_mean(network, np.array([0.0, 1.0] + [0.5] * 7))
    assert torch.isfinite(network.decoder.layers[-1].bias).all()
