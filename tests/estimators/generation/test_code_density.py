from __future__ import annotations

import numpy as np
import pytest

from narrows.errors import SettingError
from narrows.estimators.generation.code_density import CodeDensity


def two_heaps(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n, 2) around (-4, 0) and (4, 0), a quarter of them around the first, and which heap they are of."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) > 0.25).astype(int)
    return rng.normal(size=(n, 2)) * [0.5, 1.0] + np.where(label, 4.0, -4.0)[:, None] * [1, 0], label


def test_draws_have_the_moments_of_the_codes_and_their_heaps():
    codes, _ = two_heaps(2_000, 0)
    drawn = CodeDensity.fit(codes).draw(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.2)
    assert (drawn[:, 0] < 0).mean() == pytest.approx((codes[:, 0] < 0).mean(), abs=0.02)
    assert (np.abs(drawn[:, 0]) < 2).mean() < 0.01  # as between the heaps there is nothing


def test_of_one_normal_density_one_component_is_kept():
    codes = np.random.default_rng(0).normal(size=(600, 3))
    assert len(CodeDensity.fit(codes).weights) == 1


def test_a_label_draws_from_its_class_alone():
    codes, label = two_heaps(600, 0)
    density = CodeDensity.fit(codes, np.array(["left", "right"])[label])
    assert (density.draw(300, np.random.default_rng(0), label="left")[:, 0] < 0).all()
    assert (density.draw(300, np.random.default_rng(0), label="right")[:, 0] > 0).all()
    with pytest.raises(SettingError, match="labels are left, right"):
        density.draw(1, np.random.default_rng(0), label="up")


@pytest.mark.parametrize("n", [1, 3, 12])
def test_few_rows_and_wide_codes_have_a_density_too(n: int):
    codes = np.random.default_rng(0).normal(size=(n, 8))
    assert np.isfinite(CodeDensity.fit(codes).draw(50, np.random.default_rng(0))).all()


def test_it_comes_back_from_its_arrays_and_nonsense_is_refused():
    codes, label = two_heaps(300, 0)
    density = CodeDensity.fit(codes, label)
    again = CodeDensity.restore(density.classes, density.arrays(), 2)
    drawn = [d.draw(9, np.random.default_rng(0), label=1) for d in (density, again)]
    np.testing.assert_array_equal(*drawn)
    for broken in ({"weights": -density.weights}, {"means": density.means[:, :1]}, {"class_of": density.class_of + 7}):
        with pytest.raises(ValueError, match="density of the codes"):
            CodeDensity.restore(density.classes, density.arrays() | broken, 2)
