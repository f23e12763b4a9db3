"""Anomaly scores inside a graph, from the statistics of the training rows that a detector keeps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narrows.data import Schema
from narrows.export.graph import Graph
from narrows.export.sorted_lookup import interpolated


def mean_of(g: Graph, values: Sequence[str]) -> str:
    """Return the mean of values of one shape, float64."""
    total = values[0]
    for value in values[1:]:
        total = g.op("Add", total, value)
    return total if len(values) == 1 else g.op_double("Div", total, float(len(values)))


def column_losses(g: Graph, schema: Schema, losses: str) -> tuple[str, list[int]]:
    """Return the losses (n, n_floats) summed over the floats of each learned column (n, c), and these columns."""
    columns = schema.learned_columns
    if np.array_equal(schema.float_columns, np.arange(schema.n_columns)):
        return losses, columns
    places = [np.flatnonzero(schema.float_columns == column) for column in columns]
    widest = max(map(len, places))
    if widest == 1:
        return g.columns(losses, [int(place[0]) for place in places]), columns
    # Each column's floats side by side, filled up with a zero behind the last.
    index = np.full((len(columns), widest), schema.n_floats)
    for row, place in zip(index, places, strict=True):
        row[: len(place)] = place
    padded = g.op("Pad", losses, g.constant([0, 0, 0, 1], np.int64))
    return g.sum(g.op("Gather", padded, g.constant(index, np.int64), axis=1), 2), columns


def surprise(g: Graph, losses: str, tails: np.ndarray) -> str:
    """Return -log of the share of training rows with at least the loss of each column, float64 (n, c).

    tails : (1 + c, m), the heights -log p, and for each column the losses that a share p of the rows exceeds.
    """
    spans = np.maximum(tails[1:, -1] - tails[1:, 0], 1e-9)
    return tail_surprise(g, losses, list(tails[1:]), tails[0], np.stack([tails[1:, -1], spans]))


def tail_surprise(g: Graph, values: str, grids: Sequence[np.ndarray], heights: np.ndarray, far: np.ndarray) -> str:
    """Return -log p of values, float64 (n, c), whose shares exp(-heights) exceed the numbers of each grid (m,).

    far : (2, c). Beyond the first row it grows with the logarithm of the excess in the unit of the second.
    """
    rising, steps = [], []
    for grid in grids:
        different, first = np.unique(grid, return_index=True)  # of equal values the largest share
        rising.append(different)
        steps.append(heights[first])
    beyond = g.op_double("Div", g.op_double("Sub", values, far[:1]), far[1:])
    return g.op("Add", interpolated(g, values, rising, steps), log1p_of_positive(g, beyond))


def log1p_of_positive(g: Graph, value: str) -> str:
    """Return log(1 + max(value, 0)), float64."""
    return g.op("Log", g.op_double("Add", g.op_double("Max", value, 0.0), 1.0))


def mahalanobis(g: Graph, codes: str, mean: np.ndarray, precision: np.ndarray) -> str:
    """Return the squared Mahalanobis distance of codes, float32 (n, k), from their mean: float64 (n, 1)."""
    away = g.op_double("Sub", g.cast(codes, np.float64), mean[None])
    return g.sum(g.op("Mul", g.op_double("MatMul", away, precision), away), 1, keep=True)


def combined(g: Graph, parts: str, scale: np.ndarray, linear: float) -> str:
    """Return the largest part of (n, p), centred on its median and divided by its unit, float64 (n, 1).

    scale : (2, p), medians and units. linear : units up to which a score grows linearly, beyond with their logarithm.
    """
    far = g.op_double("Div", g.op_double("Sub", parts, scale[0][None]), scale[1][None])
    far = g.op("ReduceMax", far, g.constant([1], np.int64), keepdims=1)
    return g.op_double("Mul", asinh(g, g.op_double("Div", far, linear)), linear) if linear else far


def asinh(g: Graph, value: str) -> str:
    """Return the area hyperbolic sine, float64; that of ONNX is for float32 in onnxruntime."""
    size = g.op("Abs", value)
    root = g.op("Sqrt", g.op_double("Add", g.op("Mul", size, size), 1.0))
    return g.op("Mul", g.op("Sign", value), g.op("Log", g.op("Add", size, root)))


def weighted_sum(g: Graph, masks: Sequence[str], weights: Sequence[float]) -> str:
    """Return the sum of the weights of those masks (n, 1) that are true: float64 (n, 1)."""
    return g.op_double("MatMul", g.cast(g.concat(masks), np.float64), np.array(weights)[:, None])
