from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from narrows.model import PointCode, SquaredError, build_network


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def digits():
    """300 digits (300, 64) in [0, 1], 8x8 pixels."""
    return torch.from_numpy(load_digits().data[:300] / 16).float()


@pytest.fixture
def build(generator):
    """build_network with small defaults."""

    def build(**settings):
        defaults = {
            "n_floats": 64,
            "image_shape": (8, 8, 1),
            "n_components": 5,
            "hidden_layer_sizes": (12, 9),
            "code": PointCode(),
            "likelihood": SquaredError(bounded=True),
            "generator": generator,
        }
        return build_network(**(defaults | settings))

    return build
