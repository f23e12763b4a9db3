from __future__ import annotations

import numpy as np
import pytest

from narrows.reproductions import Picture, reproduction
from narrows.reproductions.burda2015 import active_units, binarise
from tests.reproductions.made import SETUP, results


@pytest.mark.usefixtures("made_mnist")
@pytest.mark.slow
def test_the_likelihood_lies_between_the_bound_and_nothing():
    likelihood, bound, active = results("burda2015")
    assert (likelihood.paper, active.paper) == (86.76, 19)
    assert 0 < likelihood.ours < bound.ours
    assert active.ours in range(51)
    assert "40 of 60,000" in likelihood.note
    assert "2 epochs of Muon" in likelihood.note


@pytest.mark.slow
@pytest.mark.usefixtures("made_mnist")
def test_it_draws_active_units_and_samples_and_repeats_itself():
    one, two = (list(reproduction("burda2015").run(SETUP)) for _ in range(2))
    assert [r.name for r in one if isinstance(r, Picture)] == ["activity", "samples"]
    assert [getattr(r, "ours", None) for r in one] == [getattr(r, "ours", None) for r in two]


def test_pixels_are_drawn_by_how_light_they_are_and_alike_for_one_seed():
    x = np.repeat(np.float32([[0, 0.25, 0.75, 1]]), 20_000, axis=0)
    drawn = binarise(x, 3)
    assert drawn.dtype == np.float32
    assert set(np.unique(drawn)) == {0, 1}
    np.testing.assert_allclose(drawn.mean(axis=0), [0, 0.25, 0.75, 1], atol=0.015)
    assert np.array_equal(drawn, binarise(x, 3))
    assert not np.array_equal(drawn, binarise(x, 4))


def test_a_unit_is_active_that_differs_between_images():
    still, faint, alive = np.zeros(1000), np.full(1000, 0.09), np.full(1000, 0.11)
    signs = np.where(np.arange(1000) % 2, 1, -1)
    codes = np.stack([still + 5, signs * faint, signs * alive, signs * 2], axis=1)
    assert active_units(codes) == 2  # variances 0, 0.0081, 0.0121 and 4
