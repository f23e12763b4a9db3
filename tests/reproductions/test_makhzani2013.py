from __future__ import annotations

import numpy as np
import pytest

from narrows import SparseAutoencoder
from narrows.reproductions.makhzani2013 import PAPER, features, k_schedule
from tests.reproductions.made import results


@pytest.mark.usefixtures("made_mnist")
def test_raw_pixels_and_k_sparse_features_are_judged_beside_the_papers_numbers():
    raw, sparse = results("makhzani2013")
    assert (raw.paper, sparse.paper) == (7.20, 1.35)
    assert all(0 <= r.ours <= 100 for r in (raw, sparse))


@pytest.mark.parametrize("k", [1, 3, 9])
def test_exactly_k_activations_are_kept_and_they_are_the_largest(k):
    x = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    model = SparseAutoencoder(
        penalty=None, code="top-k", k=2, n_components=9, hidden_layer_sizes=(), epochs=5, random_state=0, scale="none"
    ).fit(x)
    assert ((model.transform(x) != 0).sum(axis=1) == 2).all()
    found, dense = features(model, x, k), features(model, x, 9)
    assert ((found != 0).sum(axis=1) == k).all()
    np.testing.assert_array_equal(np.sort(found, axis=1)[:, :9], np.sort(np.where(found != 0, dense, 0), axis=1))
    least_kept = np.where(found != 0, dense, np.inf).min(axis=1)
    assert (np.where(found == 0, dense, -np.inf).max(axis=1) <= least_kept).all()
    assert features(model, x, 1000).shape == (50, 9)


@pytest.mark.parametrize("k", [*PAPER, 1, 100, 400])
def test_k_falls_to_its_value_from_above(k):
    stages = k_schedule(k)
    assert stages == sorted(set(stages), reverse=True)
    assert all(k < n <= 100 for n in stages)
    assert bool(stages) == (k < 100)
