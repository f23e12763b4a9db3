"""The linear path: PCA, and layers whose part is scaled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from narrows.model import SquaredError
from tests.model.test_initialization import MIXED, RNG, X, build, start_at_pca


def shaken(**options):
    """A network with a path at PCA and layers that say something, and that PCA."""
    network = build(linear_path=True, **options)
    pca = start_at_pca(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return network, pca


@torch.no_grad()
def codes_and_rows(network) -> tuple[np.ndarray, np.ndarray]:
    x = torch.from_numpy(X)
    return network.codes(x).numpy(), network.reconstruct(x).numpy()


def test_without_a_share_the_network_is_pca():
    network, pca = shaken()
    network.path.share.fill_(0)
    codes, rows = codes_and_rows(network)
    np.testing.assert_allclose(codes, pca.transform(X), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rows, pca.inverse_transform(pca.transform(X)), rtol=1e-4, atol=1e-4)


def test_with_a_share_the_layers_add_to_pca():
    network, pca = shaken()
    network.path.share.fill_(0.5)
    codes, rows = codes_and_rows(network)
    with torch.no_grad():
        z = pca.transform(X) + 0.5 * network.encoder(torch.from_numpy(X)).numpy()
        expected = pca.mean_ + z @ pca.components_ + 0.5 * network.decoder(torch.from_numpy(z).float()).numpy()
    np.testing.assert_allclose(codes, z, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_taking_the_share_into_the_layers_changes_no_answer(share):
    network, _ = shaken()
    network.path.share.fill_(share)
    before = codes_and_rows(network)
    network.take_share_into_layers()
    assert network.path.share == 1
    for found, expected in zip(codes_and_rows(network), before, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_pca_answers_within_the_bounds_of_the_data_where_there_are_some():
    unit = (X - X.min(0)) / (X.max(0) - X.min(0))
    network = build(linear_path=True, likelihood=SquaredError(bounded=True))
    pca = PCA(2).fit(unit)
    network.path.begin(pca.mean_, pca.components_)
    network.path.share.fill_(0)
    with torch.no_grad():
        found = network.reconstruct(torch.from_numpy(unit))
    np.testing.assert_allclose(found, pca.inverse_transform(pca.transform(unit)).clip(0, 1), atol=2e-4)


def test_where_outputs_are_bounded_layers_with_the_whole_share_stand_alone():
    with_path, without = (build(linear_path=on, likelihood=SquaredError(bounded=True)) for on in (True, False))
    with_path.path.begin(RNG.normal(size=9), np.linalg.qr(RNG.normal(size=(9, 2)))[0].T)
    for found, expected in zip(codes_and_rows(with_path), codes_and_rows(without), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("likelihood", [SquaredError(), SquaredError(bounded=True), MIXED])
def test_raw_is_the_inverse_of_mean(likelihood):
    mean = torch.from_numpy(RNG.uniform(0.1, 0.9, (5, 9)))
    mean[:, 6:] /= mean[:, 6:].sum(1, keepdim=True)
    torch.testing.assert_close(likelihood.mean(likelihood.raw(mean)), mean)


def test_the_path_is_no_parameter_but_is_saved():
    network = build(linear_path=True)
    assert network.n_parameters == build().n_parameters
    assert {"path.directions", "path.centre", "path.offset", "path.share"} <= network.state_dict().keys()
