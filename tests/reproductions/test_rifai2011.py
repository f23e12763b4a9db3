from __future__ import annotations

import numpy as np
import pytest
import torch

from narrows.reproductions.greedy import sigmoid_layer
from narrows.reproductions.rifai2011 import METHODS, jacobian_norms, saturation
from tests.reproductions.made import results


@pytest.mark.usefixtures("made_mnist")
def test_every_method_has_an_error_a_norm_and_a_saturation_beside_the_papers():
    found = results("rifai2011")
    assert len(found) == 3 * len(METHODS)
    assert [r.paper for r in found[::3]] == [1.78, 1.68, 1.57, 1.18, 1.14]
    assert [r.paper for r in found[2::3]] == [49.9, 13.0, 68.2, 17.8, 86.4]
    assert found[1].ours == found[1].paper == 1
    assert all(np.isfinite(r.ours) and r.ours >= 0 for r in found)
    contractive = {r.method: r.ours for r in found[1::3]}["contractive"]
    assert contractive < 1


def test_the_norm_of_the_jacobian_is_that_of_autograd():
    x = np.random.default_rng(0).random((20, 7), np.float32)
    model = sigmoid_layer(5, epochs=20, random_state=0).fit(x)
    expected = [
        torch.autograd.functional.jacobian(model.network_.encode, torch.from_numpy(row[None])).norm().item()
        for row in x
    ]
    np.testing.assert_allclose(jacobian_norms(model, x), expected, rtol=1e-5)


def test_a_sigmoid_is_saturated_near_its_ends():
    assert saturation(np.float32([[0.01, 0.2, 0.96, 0.5], [0.049, 0.06, 0.94, 1.0]])) == 50
