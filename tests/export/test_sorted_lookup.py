from __future__ import annotations

import numpy as np
import pytest

from narrows.export import Graph, sorted_lookup
from tests.export.running import run_graph

RNG = np.random.default_rng(0)
DOUBLE, INT = np.dtype(np.float64), np.dtype(np.int64)


def grids(sizes: tuple[int, ...]) -> list[np.ndarray]:
    return [np.unique(RNG.normal(size=n).round(3)) for n in sizes]


def cells(tables: list[np.ndarray]) -> np.ndarray:
    """Numbers between, on, below and above the numbers of each grid."""
    return np.column_stack(
        [np.concatenate([RNG.choice(t, 200), RNG.normal(size=200), [-9, 9, t[0], t[-1]]]) for t in tables]
    )


@pytest.mark.parametrize("sizes", [(2,), (64,), (65,), (1000,), (2, 300, 70), (5, 9)])
@pytest.mark.parametrize("or_equal", [False, True])
def test_counts_are_those_of_searchsorted(sizes, or_equal):
    tables = grids(sizes)
    x = cells(tables)
    g = Graph()
    put = g.input("x", DOUBLE, ["rows", len(sizes)], "")
    g.output("n", sorted_lookup.count_below(g, put, tables, or_equal=or_equal), INT, ["rows", len(sizes)], "")
    side = "right" if or_equal else "left"
    wanted = np.column_stack([np.searchsorted(t, column, side) for t, column in zip(tables, x.T, strict=True)])
    np.testing.assert_array_equal(run_graph(g, x=x)["n"], wanted)


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf])
def test_no_number_leads_out_of_a_grid(x):
    g = Graph()
    put = g.input("x", DOUBLE, ["rows", 1], "")
    g.output("n", sorted_lookup.count_below(g, put, [np.arange(100.0)], or_equal=True), INT, ["rows", 1], "")
    assert run_graph(g, x=np.array([[x]]))["n"].tolist() == [[100 if x == np.inf else 0]]


@pytest.mark.parametrize("sizes", [(2,), (1000,), (3, 256, 40)])
def test_interpolation_is_that_of_numpy(sizes):
    tables = grids(sizes)
    heights = [RNG.normal(size=len(t)) for t in tables]
    x = cells(tables)
    g = Graph()
    put = g.input("x", DOUBLE, ["rows", len(sizes)], "")
    g.output("y", sorted_lookup.interpolated(g, put, tables, heights), DOUBLE, ["rows", len(sizes)], "")
    wanted = [np.interp(column, t, h) for t, h, column in zip(tables, heights, x.T, strict=True)]
    np.testing.assert_allclose(run_graph(g, x=x)["y"], np.column_stack(wanted), rtol=1e-12, atol=1e-12)
