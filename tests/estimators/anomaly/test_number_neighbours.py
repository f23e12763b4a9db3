from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from narrows.estimators.anomaly import number_neighbours
from narrows.estimators.anomaly.number_neighbours import LEAST_REACH, NumberNeighbours


def fitted(rows: np.ndarray) -> NumberNeighbours:
    return NumberNeighbours.fit(rows, rows)


def by_definition(references: np.ndarray, x: np.ndarray, *, is_own: bool) -> np.ndarray:
    """The distance to the fifth-nearest reference over the mean of that of all references up to there, row by row."""
    apart = np.sqrt(np.square(x[:, None].astype(float) - references[None].astype(float)).sum(axis=2))
    among = np.sqrt(np.square(references[:, None].astype(float) - references[None].astype(float)).sum(axis=2))
    np.fill_diagonal(among, np.inf)
    k = max(1, min(5, len(references) - 1))
    reach = np.sort(among, axis=1)[:, k - 1]
    if is_own:
        np.fill_diagonal(apart, np.inf)
    kth = np.sort(apart, axis=1)[:, k - 1]
    means = [reach[row <= far * (1 + 5e-7)].mean() for row, far in zip(apart, kth, strict=True)]
    return kth / np.maximum(means, LEAST_REACH)


@pytest.mark.parametrize("d", [3, 20])
def test_the_distances_are_those_of_scikit_learn_and_no_row_is_its_own_neighbour(d: int) -> None:
    rng = np.random.default_rng(0)
    rows, new = rng.standard_normal((300, d)).astype(np.float32), rng.standard_normal((40, d)).astype(np.float32)
    near = fitted(rows)
    tree = NearestNeighbors(n_neighbors=2).fit(rows)
    ranked = NearestNeighbors(n_neighbors=2).fit(near.ranks(rows))
    for x, place in ((new, 0), (rows, 1)):
        distance, density, ranks = near.parts(x).T
        assert distance == pytest.approx(tree.kneighbors(x)[0][:, place] ** 2, rel=1e-4)
        assert ranks == pytest.approx(ranked.kneighbors(near.ranks(x))[0][:, place] ** 2, rel=1e-4)
        assert density == pytest.approx(by_definition(rows, x, is_own=place == 1), rel=1e-4)


def test_ranks_are_shares_of_the_rows_below_and_do_not_stretch() -> None:
    values = np.random.default_rng(0).lognormal(sigma=3, size=(2001, 2)).astype(np.float32)
    ranks = fitted(values).ranks(values)
    assert ranks[:, 0] == pytest.approx((rankdata(values[:, 0]) - 1) / 2000, abs=0.011)
    assert fitted(values).ranks(np.array([[0, 1e9]])).tolist() == [[0, 1]]


def test_equal_values_share_the_middle_of_their_ranks() -> None:
    flags = np.repeat([0, 1], [70, 30]).astype(np.float32)[:, None]
    assert fitted(flags).ranks(np.array([[0.0], [1.0]])).ravel() == pytest.approx([0.35, 0.85], abs=0.01)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**16), m=st.integers(1, 60), d=st.sampled_from([1, 2, 14]), n_values=st.sampled_from([1, 2, 4])
)
def test_equally_near_rows_all_count_so_that_the_density_does_not_depend_on_their_order(seed, m, d, n_values) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, n_values, (m, d)).astype(np.float32)
    new = rng.integers(0, n_values + 1, (20, d)).astype(np.float32) + 0.25
    near = fitted(rows)
    found = near.parts(new)
    order = rng.permutation(m)
    assert np.array_equal(NumberNeighbours.fit(rows[order], rows).parts(new), found)
    assert np.array_equal(near.parts(new[3:4]), found[3:4])
    if m > 1:
        assert found[:, 1] == pytest.approx(by_definition(rows, new, is_own=False), rel=1e-4)
    assert np.isfinite(near.parts(rows)).all()


def test_many_equally_near_rows_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_neighbours, "CELLS", 50)
    corners = np.array(np.meshgrid(*[[-1, 1]] * 7)).reshape(7, -1).T.astype(np.float32)
    near = fitted(corners)
    middle = np.zeros((3, 7), np.float32)
    assert near.parts(middle)[:, 1] == pytest.approx(np.sqrt(7) / 2, rel=1e-6)  # each corner is 2 from its neighbours


def test_it_is_restored_as_it_was_saved_and_refused_where_it_contradicts_itself() -> None:
    rows = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    near = fitted(rows)
    tensors = near.tensors()
    assert np.array_equal(NumberNeighbours.restore(tensors, 3).parts(rows), near.parts(rows))
    for name, value in {
        "reach": torch.full((50,), -1.0, dtype=torch.float64),
        "quantiles": tensors["quantiles"].flip(0),
        "rows": torch.zeros(0, 3),
    }.items():
        with pytest.raises(ValueError, match=r"negative|no reference"):
            NumberNeighbours.restore(tensors | {name: value}, 3)
    with pytest.raises((KeyError, ValueError)):
        NumberNeighbours.restore(tensors, 4)
