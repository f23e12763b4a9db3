from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.signal import convolve2d

from narrows.data import curves
from narrows.data.readers.synthetic_curves import _deposit, _spline, _stroke
from narrows.insight import mean_baseline, pca_reconstruction_error


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return curves(6000, random_state=0)


def test_curves_are_pictures_in_zero_to_one_and_the_first_do_not_depend_on_how_many(drawn):
    assert drawn.shape == (6000, 28, 28)
    assert drawn.dtype == np.float32
    assert (float(drawn.min()), float(drawn.max())) == (0, 1)
    assert np.array_equal(curves(10, random_state=0), drawn[:10])
    assert not np.array_equal(curves(10, random_state=1), drawn[:10])
    assert curves(0, random_state=0).shape == (0, 28, 28)


def test_pca_with_18_components_leaves_the_published_error(drawn):
    """5.90 in Fig. 2A; with 4,500 training rows PCA is a little worse on the rest."""
    rows = drawn.reshape(6000, -1)
    error = float(pca_reconstruction_error(rows[:4500], rows[4500:], 18).mean())
    assert error == pytest.approx(5.90, rel=0.03)
    assert float(mean_baseline(rows[:4500], rows[4500:]).mean()) == pytest.approx(16.5, rel=0.03)


def test_the_places_lie_on_scipys_natural_spline_and_add_up_to_its_length():
    rng = np.random.default_rng(0)
    x, y = np.sort(rng.uniform(2, 22, (20, 3))) + np.array([0, 2, 4]), rng.uniform(2, 26, (20, 3))
    across, up, length = _spline(x, y)
    for i in range(20):
        spline = CubicSpline(x[i], y[i], bc_type="natural")
        assert up[i] == pytest.approx(spline(across[i]), abs=0.02)  # midpoints of chords, not of the curve
        fine = np.linspace(x[i, 0], x[i, 2], 20_001)
        assert length[i].sum() == pytest.approx(np.hypot(np.diff(fine), np.diff(spline(fine))).sum(), rel=1e-3)
    assert length.max() < 0.5


def test_ink_is_neither_lost_nor_made_inside_the_picture():
    place = np.random.default_rng(0).uniform(1, 27, (2, 5, 30))
    laid = _deposit(place[0], place[1], np.ones((5, 30)))
    assert laid.sum(axis=(1, 2)) == pytest.approx(np.full(5, 0.6 * 30))
    centre = np.einsum("nij,i->n", laid, np.arange(28) + 0.5) / laid.sum(axis=(1, 2))
    assert centre == pytest.approx(place[1].mean(axis=1))


def test_ink_outside_is_lost():
    far = np.array([[-9.0, 40.0, 14.0]])
    assert _deposit(far, np.full((1, 3), 14.0), np.ones((1, 3))).sum() == pytest.approx(0.6)


def test_the_stroke_is_two_convolutions_with_the_published_kernel():
    ink = np.random.default_rng(0).uniform(0, 0.05, (2, 28, 28))
    a = 0.75
    kernel = (1 + a) * np.array([[a / 12, a / 6, a / 12], [a / 6, 1 - a, a / 6], [a / 12, a / 6, a / 12]])
    for image, one in zip(_stroke(ink), ink, strict=True):
        expected = convolve2d(convolve2d(one, kernel, "same"), kernel, "same")
        assert image == pytest.approx(np.minimum(expected, 1))
