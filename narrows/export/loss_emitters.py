"""Likelihoods inside a graph: for each one emitter of `mean` and one of `loss`.

Losses are computed in float64: float32 has not enough digits for log(1 + exp(-30)), and cross-entropies are written
out as max(o, 0) - o x + log(1 + exp(-|o|)), which no logit makes infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from narrows.errors import SettingError
from narrows.export.graph import Graph
from narrows.export.module_emitters import weights
from narrows.model import (
    AbsoluteError,
    Bernoulli,
    Gaussian,
    Huber,
    Likelihood,
    MixedDensity,
    MixedError,
    SquaredError,
)
from narrows.model.code import bound_log_variance


def emit_mean(g: Graph, likelihood: Likelihood, output: str) -> str:
    """Return the reconstructed floats (n, d) of the raw output (n, d), float32."""
    _check(likelihood)
    if not isinstance(likelihood, MixedError):
        return g.op("Sigmoid", output) if likelihood.bounded else output
    means: dict[str, Callable[[str], str]] = {
        "square": lambda o: o,
        "binary": lambda o: g.op("Sigmoid", o),
        "softmax": lambda o: g.op("Softmax", o, axis=1),
    }
    parts = g.split(output, [last - first for _, first, last in likelihood.blocks])
    return g.concat([means[kind](part) for (kind, _, _), part in zip(likelihood.blocks, parts, strict=True)])


def emit_losses(g: Graph, likelihood: Likelihood, output: str, x: str) -> str:
    """Return the loss of each float, float64 (n, d), from the raw output and the encoded rows, float32 (n, d)."""
    _check(likelihood)
    return LOSSES[type(likelihood)](g, likelihood, g.cast(output, np.float64), g.cast(x, np.float64))


def _check(likelihood: Likelihood) -> None:
    if type(likelihood) not in LOSSES:
        raise SettingError(
            f"{type(likelihood).__name__} is a loss without an emitter, so the model cannot be exported to ONNX; enter "
            "one in narrows.export.LOSSES."
        )


def _difference(g: Graph, likelihood: Likelihood, output: str, x: str) -> str:
    return g.op("Sub", g.op("Sigmoid", output) if likelihood.bounded else output, x)


def _squared(g: Graph, likelihood: SquaredError, output: str, x: str) -> str:
    return _square(g, _difference(g, likelihood, output, x))


def _absolute(g: Graph, likelihood: AbsoluteError, output: str, x: str) -> str:
    return g.op("Abs", _difference(g, likelihood, output, x))


def _huber(g: Graph, likelihood: Huber, output: str, x: str) -> str:
    delta = float(likelihood.delta)
    size = g.op("Abs", _difference(g, likelihood, output, x))
    near = g.op_double("Mul", _square(g, size), 0.5)
    far = g.op_double("Mul", g.op_double("Sub", size, delta / 2), delta)
    return g.where(g.op_double("LessOrEqual", size, delta), near, far)


def _cross_entropy(g: Graph, output: str, x: str) -> str:
    tail = g.op("Log", g.op_double("Add", g.op("Exp", g.op("Neg", g.op("Abs", output))), 1.0))
    return g.op("Add", g.op("Sub", g.op_double("Max", output, 0.0), g.op("Mul", output, x)), tail)


def _gaussian(g: Graph, likelihood: Gaussian, output: str, x: str) -> str:
    return _density(g, _difference(g, likelihood, output, x), likelihood.log_variance)


def _density(g: Graph, difference: str, log_variance: Tensor) -> str:
    """Return -log N(difference; 0, variance) with variances (d,), in nats."""
    each = weights(log_variance.double())[None]
    scaled = g.op_double("Mul", _square(g, difference), np.exp(-each))
    return g.op_double("Mul", g.op_double("Add", scaled, each + math.log(2 * math.pi)), 0.5)


def _mixed(g: Graph, likelihood: MixedError, output: str, x: str) -> str:
    widths = [last - first for _, first, last in likelihood.blocks]
    first_square = min((first for kind, first, _ in likelihood.blocks if kind == "square"), default=0)
    losses = []
    for (kind, first, last), o, t in zip(likelihood.blocks, g.split(output, widths), g.split(x, widths), strict=True):
        if kind == "square" and isinstance(likelihood, MixedDensity):
            raw = likelihood.raw_log_variance[first - first_square : last - first_square]
            losses.append(_density(g, g.op("Sub", t, o), bound_log_variance(raw)))
        elif kind == "square":
            losses.append(_square(g, g.op("Sub", o, t)))
        elif kind == "binary":
            losses.append(_cross_entropy(g, o, t))
        else:
            losses.append(_choice(g, o, t, np.array(likelihood.unknown[first:last], np.float32)))
    counted = g.constant(np.array(likelihood.shares, np.float32)[None], np.float64)
    places = np.array(likelihood.gap_floats)
    if (places >= 0).any():
        masks = g.op_double("Mul", g.columns(x, np.maximum(places, 0)), (places >= 0)[None])
        counted = g.op("Mul", g.op("Sub", g.constant(1.0), masks), counted)
    return g.op("Mul", g.concat(losses), counted)


def _choice(g: Graph, output: str, x: str, unknown: np.ndarray) -> str:
    """Return the loss of one category (n, width); a target that is none of its levels costs `unknown`."""
    of_level = g.op("Mul", x, g.op("LogSoftmax", output, axis=1))
    is_unknown = g.op("Sub", g.constant(1.0), g.sum(x, 1, keep=True))
    return g.op("Sub", g.op_double("Mul", is_unknown, unknown[None]), of_level)


def _square(g: Graph, value: str) -> str:
    return g.op("Mul", value, value)


LOSSES: dict[type[Likelihood], Callable[[Graph, Any, str, str], str]] = {
    SquaredError: _squared,
    AbsoluteError: _absolute,
    Huber: _huber,
    Bernoulli: lambda g, likelihood, output, x: _cross_entropy(g, output, x),
    Gaussian: _gaussian,
    MixedError: _mixed,
    MixedDensity: _mixed,
}
"""Emitter of each likelihood by its class: losses (n, d) from the raw output and the rows, all float64."""
