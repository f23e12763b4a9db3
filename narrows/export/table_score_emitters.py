"""The further parts of the default anomaly score of tables inside a graph: isolation, cells, merged tails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from narrows.export.graph import Graph
from narrows.export.module_emitters import weights
from narrows.export.neighbour_emitters import arcsinh_floats
from narrows.export.score_emitters import tail_surprise
from narrows.export.sorted_lookup import count_below
from narrows.model import CellNetwork

_NEVER = -1e30  # logit of a code that a column does not have


def isolation(g: Graph, floats: str, columns: np.ndarray, bounds: np.ndarray, lengths: np.ndarray, unit: float) -> str:
    """Return the scores of an isolation forest for floats, float32 (n, d): float64 (n, 1).

    columns, bounds : (t, 2**k - 1), the float that each node compares, and the value above which a row goes right to
    node 2i + 2 instead of 2i + 1. lengths : (t, 2**k), of the paths to the last level. unit : their expected length.
    """
    n_trees, n_inner = columns.shape
    first = g.constant(np.arange(n_trees)[None] * n_inner)
    column_of, bound_of = g.constant(columns.ravel(), np.int64), g.constant(bounds.ravel())
    node = g.constant(np.zeros((1, n_trees)), np.int64)
    node = g.op("Add", node, g.op_int("Mul", g.cast(g.columns(floats, [0]), np.int64), 0))  # a row for each
    for _ in range((n_inner + 1).bit_length() - 1):
        at = g.op("Add", node, first)
        value = g.op("GatherElements", floats, g.op("Gather", column_of, at), axis=1)
        is_right = g.cast(g.op("Greater", value, g.op("Gather", bound_of, at)), np.int64)
        node = g.op("Add", g.op_int("Add", g.op_int("Mul", node, 2), 1), is_right)
    leaf = g.op_int("Add", node, np.arange(n_trees)[None] * (n_inner + 1) - n_inner)
    length = g.op("Gather", g.constant(lengths.ravel(), np.float64), leaf)
    length = g.op("ReduceMean", length, g.constant([1], np.int64), keepdims=1)
    return g.op("Pow", g.constant([[2.0]]), g.op_double("Div", g.op("Neg", length), max(unit, 1e-9)))


def merged_tails(
    g: Graph,
    parts: str,
    values: np.ndarray,
    heights: np.ndarray,
    far: np.ndarray,
    shares: np.ndarray,
    exponent: float,
) -> str:
    """Return minus the logarithm of the merged p-value of parts, float64 (n, p): (n, 1).

    values : (p, m), of each part, which shares exp(-heights) of the rows exceed.
    far : (2, p), where parts begin to grow with the logarithm of their excess, and its unit.
    shares : (p,), weights of the parts.
    """
    found = tail_surprise(g, parts, list(values), heights, far)
    powers = g.op_double("Mul", g.op("Exp", g.op_double("Mul", found, exponent)), shares[None])
    return g.op_double("Div", g.op("Log", g.sum(powers, 1, keep=True)), exponent)


@dataclass(frozen=True)
class CellPlan:
    """Rule that reads the code of one cell from the floats of its row.

    Parameters
    ----------
    first, n_levels : int
        Its first float, and the number of floats of levels; 0 for a number.
    masks : sequence of int
        Floats that are above 0.5 where the number does not count; the first of them decides.
    edges : ndarray
        Inner edges of the intervals of a number.
    """

    first: int
    n_levels: int
    masks: Sequence[int]
    edges: np.ndarray


def cell_surprise(g: Graph, floats: str, plans: Sequence[CellPlan], network: CellNetwork) -> str:
    """Return -log p of each cell of floats, float32 (n, d), given the other cells of its row: float64 (n, c)."""
    codes, numbers = _codes(g, floats, plans)
    counted = g.op_int("Add", codes, np.array(network.starts)[None])
    number = g.op("Unsqueeze", g.cast(numbers, np.float64), g.constant([2], np.int64))
    of_cell = g.op("Gather", _doubles(g, network.code), counted, axis=0)
    of_cell = g.op("Add", of_cell, g.op("Mul", number, _doubles(g, network.slope)))
    whole = g.op("Add", g.sum(of_cell, 1, keep=True), _doubles(g, network.bias))
    first = g.op("Add", g.op("Sub", whole, of_cell), _doubles(g, network.hidden))  # without the cell itself
    h = _silu(g, first)
    second = g.op("Add", g.op("MatMul", h, _doubles(g, network.weight)), _doubles(g, network.weight_bias))
    h = g.op("Transpose", g.op("Add", h, _silu(g, second)), perm=[1, 0, 2])
    output, bias = _by_column(network)
    logits = g.op("Add", g.op("MatMul", h, g.cast(g.constant(output), np.float64)), g.constant(bias, np.float64))
    log_p = g.op("LogSoftmax", logits, axis=2)
    own = g.op("Unsqueeze", g.op("Transpose", codes, perm=[1, 0]), g.constant([2], np.int64))
    surprise = g.op("Squeeze", g.op("GatherElements", log_p, own, axis=2), g.constant([2], np.int64))
    surprise = g.op("Neg", g.op("Transpose", surprise, perm=[1, 0]))
    return g.cast(g.cast(surprise, np.float32), np.float64)


def _by_column(network: CellNetwork) -> tuple[np.ndarray, np.ndarray]:
    """Return the output layer apart for each column, filled up to the most codes: (c, H, s) and (c, 1, s)."""
    weight, bias, most = weights(network.output), weights(network.output_bias), max(network.sizes)
    output = np.zeros((len(network.sizes), len(weight), most), np.float32)
    biases = np.full((len(network.sizes), 1, most), _NEVER, np.float32)
    for j, (start, size) in enumerate(zip(network.starts, network.sizes, strict=True)):
        output[j, :, :size] = weight[:, start : start + size]
        biases[j, 0, :size] = bias[start : start + size]
    return output, biases


def _codes(g: Graph, floats: str, plans: Sequence[CellPlan]) -> tuple[str, str]:
    """Return the codes int64 (n, c), counted within each column, and the numbers float32 (n, c)."""
    numbers = [j for j, plan in enumerate(plans) if not plan.n_levels]
    levels = [j for j, plan in enumerate(plans) if plan.n_levels]
    codes, values = [], []
    if numbers:
        code, value = _codes_of_numbers(g, floats, [plans[j] for j in numbers])
        codes.append(code)
        values.append(value)
    for j in levels:
        plan = plans[j]
        part = g.columns(floats, range(plan.first, plan.first + plan.n_levels))
        highest = g.op("ReduceMax", part, g.constant([1], np.int64), keepdims=1)
        is_known = g.op("Greater", highest, g.constant(0.5, np.float32))
        place = g.op("ArgMax", part, axis=1, keepdims=1)
        codes.append(g.where(is_known, place, g.constant([[plan.n_levels]], np.int64)))
        values.append(g.op("Mul", highest, g.constant(0.0, np.float32)))
    order = np.argsort([*numbers, *levels])
    return g.columns(g.concat(codes), order), g.columns(g.concat(values), order)


def _codes_of_numbers(g: Graph, floats: str, plans: Sequence[CellPlan]) -> tuple[str, str]:
    raw = g.columns(floats, [plan.first for plan in plans])
    code = count_below(g, g.cast(raw, np.float64), [plan.edges for plan in plans], or_equal=False)
    number = arcsinh_floats(g, raw)
    for k in reversed(range(max(len(plan.masks) for plan in plans))):
        has_mask = np.array([len(plan.masks) > k for plan in plans])
        places = [plan.masks[k] if len(plan.masks) > k else 0 for plan in plans]
        is_masked = g.op("Greater", g.columns(floats, places), g.constant(0.5, np.float32))
        is_masked = g.op("And", is_masked, g.constant(has_mask[None]))
        absent = np.array([len(plan.edges) + 1 + k for plan in plans])
        code = g.where(is_masked, g.constant(absent[None], np.int64), code)
        number = g.where(is_masked, g.constant([[0.0]], np.float32), number)
    return code, number


def _silu(g: Graph, value: str) -> str:
    return g.op("Mul", value, g.op("Sigmoid", value))


def _doubles(g: Graph, weight: Tensor) -> str:
    return g.cast(g.constant(weights(weight)), np.float64)
