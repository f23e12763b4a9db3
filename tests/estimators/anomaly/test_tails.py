from __future__ import annotations

import numpy as np
import pytest
import torch

from narrows.estimators.anomaly.tails import MergedTails, ScaledParts

RNG = np.random.default_rng(0)
PARTS = RNG.exponential(size=(4000, 2))


def saved(tails: MergedTails) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in tails.arrays().items()}


@pytest.fixture(scope="module")
def tails() -> MergedTails:
    return MergedTails.of(PARTS, np.array([1.0, 3.0]), 1.0)


def test_the_surprise_of_a_part_is_minus_log_of_the_share_of_rows_with_at_least_its_value(tails: MergedTails) -> None:
    found = tails.surprise(PARTS)
    shares = (PARTS[:, None, 0] <= PARTS[None, :200, 0]).mean(axis=0)  # of the rows below
    assert found[:200, 0] == pytest.approx(-np.log(1 - shares + 1 / 4000), abs=0.1)
    # -log of the tail of an exponential distribution is the value itself.
    some = np.array([[1.0, 2.0], [3.0, 0.5]])
    assert tails.surprise(some) == pytest.approx(some, abs=0.15)


def test_beyond_the_largest_value_it_grows_without_end_and_slowly(tails: MergedTails) -> None:
    far = tails.surprise(np.array([[20.0, 20], [1e3, 1e3], [1e9, 1e9]]))[:, 0]
    assert np.log(4000) < far[0] < far[1] < far[2] < 40


def test_exponent_one_is_the_weighted_harmonic_mean_of_p_values(tails: MergedTails) -> None:
    p = np.exp(-tails.surprise(PARTS[:50]))
    assert tails.combined(PARTS[:50]) == pytest.approx(-np.log(1 / (0.25 / p[:, 0] + 0.75 / p[:, 1])))


def test_a_small_exponent_comes_near_the_geometric_mean() -> None:
    tails = MergedTails.of(PARTS, np.array([1.0, 1.0]), 1e-6)
    assert tails.combined(PARTS[:50]) == pytest.approx(tails.surprise(PARTS[:50]).mean(axis=1), abs=1e-4)


def test_a_row_that_is_larger_in_a_part_never_has_a_smaller_score(tails: MergedTails) -> None:
    grid = np.column_stack([np.linspace(-1, 30, 500), np.full(500, 1.0)])
    assert (np.diff(tails.combined(grid)) >= 0).all()


def test_parts_of_one_value_have_finite_scores() -> None:
    tails = MergedTails.of(np.zeros((50, 2)), np.ones(2), 1.0)
    assert tails.combined(np.zeros((1, 2)))[0] == pytest.approx(0)
    assert 10 < tails.combined(np.ones((1, 2)))[0] < 100


def test_the_strongest_part_counts_its_weight(tails: MergedTails) -> None:
    assert tails.strongest(np.array([[5.0, 1.0], [1.0, 5.0], [2.0, 2.0]])).tolist() == [0, 1, 1]


def test_they_are_restored_from_their_arrays_and_nonsense_is_refused(tails: MergedTails) -> None:
    assert np.array_equal(MergedTails.restore(saved(tails), 2).combined(PARTS), tails.combined(PARTS))
    with pytest.raises(ValueError, match="does not fit the rest"):
        MergedTails.restore(saved(tails), 3)


def test_scaled_parts_are_the_largest_in_its_unit() -> None:
    scaled = ScaledParts(np.array([[1.0, 0.0], [2.0, 10.0]]), linear=0.0)
    assert scaled.combined(np.array([[5.0, 10.0], [1.0, 30.0]])).tolist() == [2.0, 3.0]
