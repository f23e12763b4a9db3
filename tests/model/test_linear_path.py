"""The linear path: PCA beside the layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from narrows.model import AutoencoderNetwork, SquaredError, make_mixed
from tests.model.test_initialization import RNG, X, build

PCA_2 = PCA(2).fit(X)
MIXED = make_mixed(
    [("square", 0, 4), ("binary", 4, 6), ("softmax", 6, 9)],
    shares=[1.0] * 9,
    gap_floats=[-1] * 9,
    unknown=[0.0] * 9,
    density=False,
)


def at_pca(share: float, **options) -> AutoencoderNetwork:
    network = build(linear_path=True, **options)
    network.path.set_to(PCA_2.mean_, PCA_2.components_)
    network.path.share.fill_(share)
    return network


@torch.no_grad()
def codes_and_rows(network: AutoencoderNetwork, x: np.ndarray = X) -> tuple[np.ndarray, np.ndarray]:
    return network.codes(torch.from_numpy(x)).numpy(), network.reconstruct(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("options", [{}, {"tied_weights": True}, {"activation": "tanh"}])
def test_without_a_share_of_the_layers_the_network_is_pca(options):
    codes, rows = codes_and_rows(at_pca(0, **options))
    np.testing.assert_allclose(codes, PCA_2.transform(X), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rows, PCA_2.inverse_transform(PCA_2.transform(X)), rtol=1e-4, atol=1e-4)


def test_a_share_blends_pca_and_the_layers():
    network = at_pca(0.25)
    codes, rows = codes_and_rows(network)
    with torch.no_grad():
        z = 0.75 * PCA_2.transform(X) + 0.25 * network.encoder(torch.from_numpy(X)).numpy()
        of_layers = network.decoder(torch.from_numpy(z).float()).numpy()
    np.testing.assert_allclose(codes, z, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rows, 0.75 * PCA_2.inverse_transform(z) + 0.25 * of_layers, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("likelihood", [SquaredError(), SquaredError(bounded=True), MIXED])
def test_with_the_whole_share_the_layers_answer_alone_to_the_bit(likelihood):
    with_path, without = at_pca(1, likelihood=likelihood), build(likelihood=likelihood)
    for found, expected in zip(codes_and_rows(with_path), codes_and_rows(without), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_fewer_directions_than_components_leave_the_others_zero():
    network = build(n_components=4, linear_path=True)
    pca = PCA(1).fit(X)
    network.path.set_to(pca.mean_, pca.components_)
    network.path.share.fill_(0)
    codes, rows = codes_and_rows(network)
    assert not codes[:, 1:].any()
    np.testing.assert_allclose(rows, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


def test_pca_answers_within_the_bounds_of_the_data_where_there_are_some():
    unit = (X - X.min(0)) / (X.max(0) - X.min(0))
    network = build(linear_path=True, likelihood=SquaredError(bounded=True))
    pca = PCA(2).fit(unit)
    network.path.set_to(pca.mean_, pca.components_)
    network.path.share.fill_(0)
    _, rows = codes_and_rows(network, unit)
    np.testing.assert_allclose(rows, pca.inverse_transform(pca.transform(unit)).clip(0, 1), atol=2e-4)


@pytest.mark.parametrize("likelihood", [SquaredError(), SquaredError(bounded=True), MIXED])
def test_raw_is_the_inverse_of_mean(likelihood):
    mean = torch.from_numpy(RNG.uniform(0.1, 0.9, (5, 9)))
    mean[:, 6:] /= mean[:, 6:].sum(1, keepdim=True)
    torch.testing.assert_close(likelihood.mean(likelihood.raw(mean)), mean)


def test_the_path_is_no_parameter_but_is_saved():
    network = build(linear_path=True)
    assert network.n_parameters == build().n_parameters
    assert {"path.directions", "path.centre", "path.offset", "path.share"} <= network.state_dict().keys()
