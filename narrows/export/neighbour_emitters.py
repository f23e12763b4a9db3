"""The parts of the default anomaly score inside a graph: reconstruction by an ensemble, distance to training rows.

All of it is computed in float64, as by the scorer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from narrows.export.graph import Graph
from narrows.export.module_emitters import weights
from narrows.export.score_emitters import asinh
from narrows.model import VAEEnsemble

_SAME = 1e-12  # squared difference of a float, up to which a row is a reference itself


def arcsinh_floats(g: Graph, floats: str) -> str:
    """Return asinh of floats, float32 (n, d)."""
    return g.cast(asinh(g, g.cast(floats, np.float64)), np.float32)


def blurred(g: Graph, floats: str, image_shape: tuple[int, int, int], sigma: float) -> str:
    """Return images float32 (n, h * w * c) blurred as `scipy.ndimage.gaussian_filter` does."""
    from scipy.ndimage import gaussian_filter1d

    height, width, _ = image_shape
    down, across = (gaussian_filter1d(np.eye(side), sigma, axis=0) for side in (height, width))
    images = g.op("Transpose", g.reshape(g.cast(floats, np.float64), image_shape), perm=[0, 3, 1, 2])
    images = g.op_double("MatMul", g.op("MatMul", g.constant(down), images), across.T.copy())
    return g.cast(g.reshape(g.op("Transpose", images, perm=[0, 2, 3, 1]), [-1]), np.float32)


class SideMaps(Protocol):
    """Linear maps of one side of an image, of s pixels: `smooth` and `slope` (s, s), and `pool` (cells, s)."""

    @property
    def smooth(self) -> np.ndarray: ...

    @property
    def slope(self) -> np.ndarray: ...

    @property
    def pool(self) -> np.ndarray: ...


def edges(
    g: Graph,
    x: str,
    image_shape: tuple[int, int, int],
    maps: Sequence[SideMaps],
    directions: np.ndarray,
    *,
    power: int,
    root: float,
) -> str:
    """Return strengths of edges, float32 (n, directions * cells), of images float32 (n, h * w * c).

    maps : of the height and of the width. Each direction (2,) is a sum of the derivatives across and down.
    """
    down, across = maps
    images = g.op("Transpose", g.reshape(g.cast(x, np.float64), image_shape), perm=[0, 3, 1, 2])

    def mapped(left: np.ndarray, values: str, right: np.ndarray) -> str:
        return g.op_double("MatMul", g.op("MatMul", g.constant(left), values), right.T.copy())

    by_x, by_y = mapped(down.smooth, images, across.slope), mapped(down.slope, images, across.smooth)
    found = []
    for right, low in directions:
        along = g.op("Add", g.op_double("Mul", by_x, float(right)), g.op_double("Mul", by_y, float(low)))
        strength = g.sum(g.op_double("Pow", g.op("Relu", along), float(power)), 1)
        found.append(g.reshape(mapped(down.pool, strength, across.pool), [-1]))
    return g.cast(g.op_double("Pow", g.concat(found), root), np.float32)


def worst_errors(g: Graph, network: VAEEnsemble, x: str, n_worst: int) -> str:
    """Return the mean squared error of each row, float32 (n, d), over the members with the largest ones: (n, 1)."""
    x = g.cast(x, np.float64)
    h = _passed(g, [weights(w) for w in network.encoder], g.op("Unsqueeze", x, g.constant([0], np.int64)))
    mean = g.op("Gather", h, g.constant(np.arange(network.n_components)), axis=2)
    apart = g.op("Sub", _passed(g, [weights(w) for w in network.decoder], mean), x)
    each = g.sum(g.op("Mul", apart, apart), 2)
    largest, _ = g.ops("TopK", each, g.constant([min(n_worst, network.n_members)], np.int64), n=2, axis=0)
    error = g.op("ReduceMean", largest, g.constant([0], np.int64), keepdims=0)
    return g.column(g.cast(g.cast(error, np.float32), np.float64))


def neighbour_distance(g: Graph, x: str, references: np.ndarray, n_near: int) -> str:
    """Return the mean squared distance of rows, float32 (n, d), to the nearest references (m, d): float64 (n, 1).

    A row that is a reference itself is not its own neighbour. One more than the nearest are found by a matrix product,
    and then compared exactly.
    """
    nearest, _, _ = _nearest(g, x, references, n_near)
    return g.op("ReduceMean", nearest, g.constant([1], np.int64), keepdims=1)


def distance_and_density(
    g: Graph, x: str, references: np.ndarray, reach: np.ndarray, n_near: int, *, same: float, least: float
) -> tuple[str, str]:
    """Return the squared distance of rows, float32 (n, d), to the nearest reference, and a relative distance.

    That is the distance to the n-th nearest reference relative to the mean `reach` (m,) of the neighbours, which is at
    least `least`. References at the same distance up to the factor 1 + `same` are neighbours too. float64 (n, 1) each.
    """
    if len(references) == 1:
        nearest, _, _ = _nearest(g, x, references, 1)
        return nearest, g.op_double("Div", g.op("Sqrt", nearest), max(float(reach[0]), least))
    nearest, is_own, place = _nearest(g, x, references, n_near)
    kth = g.columns(nearest, [n_near - 1])
    rows = g.cast(x, np.float64)
    all_squares = g.op("Add", _apart(g, rows, references), g.sum(g.op("Mul", rows, rows), 1, keep=True))
    counts = g.cast(g.op("LessOrEqual", all_squares, g.op_double("Mul", kth, 1 + same)), np.float64)
    # The row itself is at no distance, so it is counted, and is taken off again.
    own = g.cast(is_own, np.float64)
    reaches = g.constant(np.column_stack([reach, np.ones(len(reach))]))
    of_own = g.op("Gather", reaches, g.flat(place), axis=0)
    sums = g.op("Sub", g.op("MatMul", counts, reaches), g.op("Mul", of_own, own))
    mean = g.op("Div", g.columns(sums, [0]), g.op_double("Max", g.columns(sums, [1]), 1.0))
    return g.columns(nearest, [0]), g.op("Div", g.op("Sqrt", kth), g.op_double("Max", mean, least))


def rounded(g: Graph, values: str) -> str:
    """Return float64 values rounded to float32."""
    return g.cast(g.cast(values, np.float32), np.float64)


def _nearest(g: Graph, x: str, references: np.ndarray, n_near: int) -> tuple[str, str, str]:
    """Return the squared distances of rows, float32 (n, d), to their nearest references: float64 (n, n_near).

    And whether the row is a reference itself (n, 1), which is not its own neighbour, and the place of the nearest one,
    itself included (n, 1).
    """
    m, d = references.shape
    rows, known = g.cast(x, np.float64), g.cast(g.constant(references.astype(np.float32)), np.float64)
    n_near = max(1, min(n_near, m - 1))
    n_found = min(n_near + 1, m)
    apart = _apart(g, rows, references)
    _, places = g.ops("TopK", apart, g.constant([n_found], np.int64), n=2, largest=0)
    difference = g.op("Sub", g.op("Gather", known, places, axis=0), g.op("Unsqueeze", rows, g.constant([1], np.int64)))
    exact = g.sum(g.op("Mul", difference, difference), 2)
    exact, order = g.ops("TopK", exact, g.constant([n_found], np.int64), n=2, largest=0)
    is_own = g.op_double("Less", g.columns(exact, [0]), _SAME * d)
    place = g.op("GatherElements", places, g.columns(order, [0]), axis=1)
    if n_found == 1:
        return exact, is_own, place
    nearest, others = g.columns(exact, range(n_near)), g.columns(exact, range(1, n_found))
    return g.where(is_own, others, nearest), is_own, place


def _apart(g: Graph, rows: str, references: np.ndarray) -> str:
    """Return the squared distances of rows, float64 (n, d), to references, without the squares of the rows: (n, m)."""
    known = g.cast(g.constant(references.astype(np.float32)), np.float64)
    product = g.op("MatMul", rows, g.op("Transpose", known, perm=[1, 0]))
    squares = np.square(references.astype(np.float64)).sum(axis=1)
    return g.op("Sub", g.constant(squares[None]), g.op_double("Mul", product, 2.0))


def contrast(g: Graph, x: str) -> str:
    """Return the sum of squared deviations of each image, float32 (n, d), from its median: float64 (n, 1).

    It is at least a thousandth of the median of the images of one call.
    """
    middle = g.op("Unsqueeze", median(g, x), g.constant([1], np.int64))
    away = g.cast(g.op("Sub", x, middle), np.float64)
    squares = g.sum(g.op("Mul", away, away), 1)
    typical = median(g, g.op("Unsqueeze", squares, g.constant([0], np.int64)))
    least = g.op_double("Add", g.op_double("Mul", typical, 1e-3), 1e-12)
    return g.column(g.op("Max", squares, least))


def median(g: Graph, x: str) -> str:
    """Return the median of each row of (n, d): (n,)."""
    n = g.op("Gather", g.op("Shape", x), g.constant([1], np.int64))
    ascending, _ = g.ops("TopK", x, n, n=2, largest=0)
    low = g.op("Gather", ascending, g.op_int("Div", g.op_int("Sub", n, 1), 2), axis=1)
    high = g.op("Gather", ascending, g.op_int("Div", n, 2), axis=1)
    both = g.op("Add", low, high)
    return g.flat(g.op("Div", both, g.op("CastLike", g.constant(2.0), both)))


def _passed(g: Graph, layers: list[np.ndarray], h: str) -> str:
    """Return what layers of weights and biases, each (E, in, out) and (E, 1, out), make of (E, n, in)."""
    for i in range(0, len(layers), 2):
        h = g.op("Add", g.op("MatMul", h, g.cast(g.constant(layers[i]), np.float64)), g.constant(layers[i + 1], float))
        if i < len(layers) - 2:
            h = g.op("Mul", h, g.op("Sigmoid", h))
    return h
