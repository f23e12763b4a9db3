from __future__ import annotations

import numpy as np
import pytest

from narrows.reproductions import Picture, reproduction
from narrows.reproductions.vincent2010 import add_background
from tests.reproductions.made import SETUP, results


@pytest.mark.usefixtures("made_mnist")
def test_three_beginnings_are_compared_on_two_sets():
    found = results("vincent2010")
    assert [r.paper for r in found] == [1.28, 1.40, None, 10.30, 11.28, None]
    assert all(0 <= r.ours <= 100 for r in found)
    assert {r.method for r in found if r.paper is None} == {"random weights"}
    assert all("not the paper's images" in r.note for r in found[3:])


@pytest.mark.usefixtures("made_mnist")
def test_the_first_layer_is_drawn_where_it_was_learned():
    names = [r.name for r in reproduction("vincent2010").run(SETUP, ["mnist"]) if isinstance(r, Picture)]
    assert names == ["mnist-denoising", "mnist-plain"]


def test_digits_stand_before_noise_that_differs_by_the_seed():
    x = np.zeros((300, 50), np.float32)
    x[:, :10] = 1
    noisy = add_background(x, 0)
    assert noisy.dtype == np.float32
    assert (noisy[:, :10] == 1).all()
    assert noisy[:, 10:].mean() == pytest.approx(0.5, abs=0.02)
    assert np.array_equal(noisy, add_background(x, 0))
    assert not np.array_equal(noisy, add_background(x, 1))
