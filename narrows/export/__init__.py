"""Export of fitted models to ONNX, built node by node: no tracing, and no package but `onnx`.

`graph` is the graph under construction; `ports` the inputs and outputs; `encoding` and `decoding_floats` have one
emitter for each column kind; `module_emitters`, `code_emitters` and `loss_emitters` one for each layer, code and
likelihood; `score_emitters` those of anomaly scores; `whole_model` puts them together.
"""

from __future__ import annotations

from narrows.export.code_emitters import CODES
from narrows.export.encoding import changed_constants
from narrows.export.graph import ROWS, Graph
from narrows.export.loss_emitters import LOSSES, emit_losses
from narrows.export.module_emitters import EMITTERS, check_network, emit_module
from narrows.export.neighbour_emitters import (
    arcsinh_floats,
    blurred,
    contrast,
    neighbour_distance,
    worst_errors,
)
from narrows.export.ports import Dates
from narrows.export.score_emitters import (
    column_losses,
    combined,
    mahalanobis,
    mean_of,
    surprise,
    weighted_count,
)
from narrows.export.whole_model import ModelGraph, Pass, emit_autoencoder, emit_network

__all__ = [
    "CODES",
    "EMITTERS",
    "LOSSES",
    "ROWS",
    "Dates",
    "Graph",
    "ModelGraph",
    "Pass",
    "arcsinh_floats",
    "blurred",
    "changed_constants",
    "check_network",
    "column_losses",
    "combined",
    "contrast",
    "emit_autoencoder",
    "emit_losses",
    "emit_module",
    "emit_network",
    "mahalanobis",
    "mean_of",
    "neighbour_distance",
    "surprise",
    "weighted_count",
    "worst_errors",
]
