"""Codes inside a graph: one emitter for each code, equal to its `point`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from narrows.errors import SettingError
from narrows.export.graph import Graph
from narrows.model import Code, GaussianCode, PointCode, TopK


def emit_code(g: Graph, code: Code, h: str, n_components: int) -> str:
    """Return the codes (n, n_components) of the encoder's output h; SettingError for a code without an emitter."""
    if type(code) not in CODES:
        raise SettingError(
            f"{type(code).__name__} is a code without an emitter, so the model cannot be exported to ONNX; enter one "
            "in narrows.export.CODES."
        )
    return CODES[type(code)](g, code, h, n_components)


def _top_k(g: Graph, code: TopK, h: str, n_components: int) -> str:
    # Of equal activations both ONNX and we keep the lower-numbered component.
    kept, places = g.ops("TopK", h, g.constant([code.k], np.int64), n=2)
    return g.op("ScatterElements", g.op("Mul", h, g.constant(0.0, np.float32)), places, kept, axis=1)


def _mean(g: Graph, code: GaussianCode, h: str, n_components: int) -> str:
    return g.columns(h, range(n_components))


CODES: dict[type[Code], Callable[[Graph, Any, str, int], str]] = {
    PointCode: lambda g, code, h, n_components: h,
    TopK: _top_k,
    GaussianCode: _mean,
}
"""Emitter of each code by its class."""
