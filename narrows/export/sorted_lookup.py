"""Places in sorted numbers, as `np.searchsorted` and `np.interp` find them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narrows.export.graph import Graph

_FEW = 64  # numbers that are all compared; of more, those of one block in two steps


def count_below(g: Graph, x: str, grids: Sequence[np.ndarray], *, or_equal: bool) -> str:
    """Return how many numbers of each column's grid are below x, or equal: int64 (n, c).

    x : float64 (n, c). grids : one rising array for each of the c columns. NaN has none below it.
    """
    most = max(map(len, grids))
    side = most if most <= _FEW else int(np.ceil(np.sqrt(most)))
    n_blocks = -(-most // side)
    padded = np.full((len(grids), n_blocks * side), np.inf)
    for row, grid in zip(padded, grids, strict=True):
        row[: len(grid)] = grid
    each = g.op_int("Unsqueeze", x, [2])
    compared = "LessOrEqual" if or_equal else "Less"

    def counted(numbers: str) -> str:
        return g.sum(g.cast(g.op(compared, numbers, each), np.int64), 2)

    if n_blocks == 1:
        count = counted(g.constant(padded))
    else:
        blocks = padded.reshape(len(grids), n_blocks, side)
        heads = counted(g.constant(blocks[:, :, 0].copy()))
        block = g.op_int("Max", g.op_int("Sub", heads, 1), 0)
        first = g.constant(np.arange(len(grids)) * n_blocks, np.int64)
        inside = g.op("Gather", g.constant(blocks.reshape(-1, side)), g.op("Add", block, first), axis=0)
        count = g.op("Add", g.op_int("Mul", block, side), counted(inside))
    return g.op("Min", count, g.constant([len(grid) for grid in grids], np.int64))


def taken(g: Graph, tables: Sequence[np.ndarray], places: str) -> str:
    """Return the entries of each column's table (m,) at places, int64 (n, c): (n, c)."""
    starts = np.cumsum([0, *map(len, tables)])[:-1]
    at = places if len(tables) == 1 else g.op_int("Add", places, starts)
    return g.op("Gather", g.constant(np.concatenate(tables)), at)


def interpolated(g: Graph, x: str, grids: Sequence[np.ndarray], heights: Sequence[np.ndarray]) -> str:
    """Return `np.interp` of each column of x, float64 (n, c), between its grid and the heights there: (n, c)."""
    inside = g.clip(x, [grid[0] for grid in grids], [grid[-1] for grid in grids])
    count = count_below(g, inside, grids, or_equal=True)
    place = g.op_int("Max", g.op_int("Sub", count, 1), 0)
    slopes = [np.append(np.diff(h) / np.diff(grid), 0.0) for grid, h in zip(grids, heights, strict=True)]
    way = g.op("Sub", inside, taken(g, grids, place))
    return g.op("Add", g.op("Mul", taken(g, slopes, place), way), taken(g, heights, place))
