"""Export of fitted models to ONNX, built node by node: no tracing, and no package but `onnx`.

`graph` is the graph under construction; `ports` the inputs and outputs; `encoding` and `decoding_floats` have one
emitter for each column kind; `module_emitters`, `code_emitters` and `loss_emitters` one for each layer, code and
likelihood; `score_emitters` those of anomaly scores; `whole_model` puts them together, `page_networks` the network
alone.
"""

from __future__ import annotations

from narrows.export.code_emitters import CODES
from narrows.export.encoding import changed_constants, unknown_levels, with_rare_levels
from narrows.export.graph import ROWS, Graph
from narrows.export.loss_emitters import LOSSES, emit_losses
from narrows.export.module_emitters import EMITTERS, check_network, emit_module
from narrows.export.neighbour_emitters import (
    arcsinh_floats,
    blurred,
    contrast,
    distance_and_density,
    edges,
    neighbour_distance,
    rounded,
    worst_errors,
)
from narrows.export.page_networks import PixelScale, decoder_in_page, network_in_page
from narrows.export.ports import Dates
from narrows.export.score_emitters import (
    column_losses,
    combined,
    mahalanobis,
    mean_of,
    surprise,
    weighted_sum,
)
from narrows.export.sorted_lookup import interpolated
from narrows.export.table_score_emitters import CellPlan, cell_surprise, isolation, merged_tails
from narrows.export.whole_model import ModelGraph, Pass, emit_autoencoder, emit_network

__all__ = [
    "CODES",
    "EMITTERS",
    "LOSSES",
    "ROWS",
    "CellPlan",
    "Dates",
    "Graph",
    "ModelGraph",
    "Pass",
    "PixelScale",
    "arcsinh_floats",
    "blurred",
    "cell_surprise",
    "changed_constants",
    "check_network",
    "column_losses",
    "combined",
    "contrast",
    "decoder_in_page",
    "distance_and_density",
    "edges",
    "emit_autoencoder",
    "emit_losses",
    "emit_module",
    "emit_network",
    "interpolated",
    "isolation",
    "mahalanobis",
    "mean_of",
    "merged_tails",
    "neighbour_distance",
    "network_in_page",
    "rounded",
    "surprise",
    "unknown_levels",
    "weighted_sum",
    "with_rare_levels",
    "worst_errors",
]
