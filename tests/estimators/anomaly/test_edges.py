from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from narrows import AnomalyDetector, load
from narrows.estimators.anomaly.edges import N_CELLS, N_DIRECTIONS, edge_strengths


def by_definition(image: np.ndarray) -> np.ndarray:
    """The strengths of one image (h, w, c), with the filters of SciPy and the gradient of NumPy."""
    height, width, n_channels = image.shape
    total = np.zeros((N_DIRECTIONS, height, width))
    for channel in range(n_channels):
        smooth = gaussian_filter(image[..., channel], (height / 40, width / 40))
        down, across = np.gradient(smooth)
        for i in range(N_DIRECTIONS):
            angle = i * np.pi / 4
            total[i] += np.clip(np.cos(angle) * across + np.sin(angle) * down, 0, None) ** 4
    blurred = gaussian_filter(total, (0, height / 8, width / 8))
    rows, columns = (np.rint((np.arange(N_CELLS) + 0.5) * side / N_CELLS - 0.5).astype(int) for side in (height, width))
    return (blurred[:, rows][:, :, columns] ** (1 / 8)).ravel()


@pytest.mark.parametrize("shape", [(28, 28, 1), (8, 12, 3), (33, 20, 3)])
def test_the_strengths_are_pooled_powers_of_directional_derivatives(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).random((5, *shape))
    found = edge_strengths(images.reshape(5, -1), shape)
    assert found.shape == (5, N_DIRECTIONS * N_CELLS**2)
    assert found == pytest.approx(np.stack([by_definition(image) for image in images]), rel=1e-5)
    assert np.array_equal(edge_strengths(images[2:3].reshape(1, -1), shape), found[2:3])


def test_brightness_adds_nothing_and_contrast_is_a_factor() -> None:
    image = np.random.default_rng(0).random((1, 15 * 15)) / 4
    found = edge_strengths(image, (15, 15, 1))
    assert edge_strengths(image + 0.5, (15, 15, 1)) == pytest.approx(found, rel=1e-4)
    assert edge_strengths(4 * image, (15, 15, 1)) == pytest.approx(2 * found, rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 2, 1), (7, 1, 4)])
def test_images_of_few_pixels_and_of_one_colour_have_finite_strengths(shape: tuple[int, int, int]) -> None:
    images = np.stack([np.zeros(shape), np.ones(shape), np.random.default_rng(0).random(shape)])
    assert np.isfinite(edge_strengths(images.reshape(3, -1), shape)).all()
    assert edge_strengths(images[:2].reshape(2, -1), shape).max() < 1e-3


def test_other_digits_are_anomalous_among_the_images_of_one(tmp_path) -> None:
    digits = load_digits()
    ones = digits.images[digits.target == 1]
    detector = AnomalyDetector(random_state=0).fit(ones[:120])
    new = np.concatenate([ones[120:], digits.images[(digits.target != 1) & (digits.target != 8)][:300]])
    scores = -detector.score_samples(new)
    assert roc_auc_score(np.arange(len(new)) >= len(ones) - 120, scores) >= 0.98
    detector.save(tmp_path / "model")
    assert np.array_equal(-load(tmp_path / "model").score_samples(new), scores)
