import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from narrows.training import NeighbourPairs, neighbour_pairs
from narrows.training.neighbour_pairs import kernel_weights, neighbour_graph


def test_three_rows_on_a_line_have_the_weights_of_the_closed_form():
    # With three rows in a neighbourhood the nearer one has weight 1, so the other has log2(3) - 1.
    p = math.log2(3) - 1
    graph = neighbour_graph(np.array([[0.0], [1.0], [3.0]]), 3).toarray()
    # Rows 0 and 1 are each other's nearest; 0 and 2 are each other's second; 1 is the nearest to 2, 2 second to 1.
    expected = np.array([[0, 1, p + p - p * p], [1, 0, 1], [p + p - p * p, 1, 0]])
    np.testing.assert_allclose(graph, expected, rtol=1e-9)


def test_the_graph_is_that_of_umaps_equations_solved_by_a_root_finder():
    from scipy.optimize import brentq

    rows = np.random.default_rng(0).normal(size=(40, 3))
    k = 7
    distances, nearest = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(rows)
    directed = np.zeros((40, 40))
    for i in range(40):
        beyond = distances[i, 1:] - distances[i, 1]
        sigma = brentq(lambda s, beyond=beyond: np.exp(-beyond / s).sum() - math.log2(k), 1e-9, 1e9, xtol=1e-14)
        directed[i, nearest[i, 1:]] = np.exp(-beyond / sigma)
    expected = directed + directed.T - directed * directed.T
    np.testing.assert_allclose(neighbour_graph(rows, k).toarray(), expected, atol=1e-7)


def test_rows_that_are_equally_near_have_weight_one():
    np.testing.assert_array_equal(kernel_weights(np.full((2, 4), 3.0)), np.ones((2, 4)))


def test_pairs_are_drawn_in_proportion_to_their_weights():
    x = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    pairs = NeighbourPairs.of(x, 5)
    assert pairs is not None
    first, second = pairs.draw(200_000, torch.Generator().manual_seed(1))
    drawn = np.zeros((30, 30))
    np.add.at(drawn, (first.numpy(), second.numpy()), 1 / 200_000)
    graph = neighbour_graph(x.numpy(), 5).toarray()
    np.testing.assert_allclose(drawn, graph / graph.sum(), atol=5 * math.sqrt(0.01 / 200_000))
    assert (drawn[graph == 0] == 0).all()


def test_row_weights_make_the_mean_of_drawn_rows_that_of_all_rows():
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(50, 3, generator=generator), torch.rand(50, generator=generator) + 0.5
    pairs = NeighbourPairs.of(x, 6, weight)
    assert pairs is not None
    chance = np.bincount(pairs.first, np.diff(pairs.up_to, prepend=0), minlength=50)
    mean = (torch.from_numpy(chance)[:, None] * pairs.row_weight[:, None] * x).sum(0)
    torch.testing.assert_close(mean.float(), (weight / weight.sum()) @ x)


def test_a_heavier_row_is_drawn_more_often():
    x = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    heavy = torch.ones(20)
    heavy[3] = 5
    shares = [
        np.bincount(p.first, np.diff(p.up_to, prepend=0), minlength=20)[3]
        for p in (NeighbourPairs.of(x, 4), NeighbourPairs.of(x, 4, heavy))
        if p is not None
    ]
    assert shares[1] > 1.5 * shares[0]


def test_one_row_has_no_pairs_and_two_rows_have_one():
    assert NeighbourPairs.of(torch.zeros(1, 2), 15) is None
    pairs = NeighbourPairs.of(torch.tensor([[0.0, 0.0], [1.0, 1.0]]), 15)
    assert pairs is not None
    assert sorted(pairs.first.tolist()) == sorted(pairs.second.tolist()) == [0, 1]


def test_the_neighbours_among_many_rows_are_searched_in_blocks(monkeypatch):
    monkeypatch.setattr(neighbour_pairs, "_BLOCK_ROWS", 10)
    x = torch.randn(25, 2, generator=torch.Generator().manual_seed(0))
    pairs = NeighbourPairs.of(x, 4)
    assert pairs is not None
    blocks = np.repeat([0, 1, 2], [9, 8, 8])
    np.testing.assert_array_equal(blocks[pairs.first], blocks[pairs.second])
    assert set(pairs.first.tolist()) == set(range(25))


@pytest.mark.parametrize("n_floats", [60, 400])
def test_neighbours_of_wide_rows_are_those_of_their_principal_components(n_floats):
    generator = torch.Generator().manual_seed(0)
    narrow = torch.randn(80, 3, generator=generator)
    directions, _ = torch.linalg.qr(torch.randn(n_floats, 3, generator=generator))
    wide, of_narrow = NeighbourPairs.of(narrow @ directions.T, 5), NeighbourPairs.of(narrow, 5)
    assert wide is not None
    assert of_narrow is not None
    assert set(zip(wide.first.tolist(), wide.second.tolist(), strict=True)) == set(
        zip(of_narrow.first.tolist(), of_narrow.second.tolist(), strict=True)
    )
