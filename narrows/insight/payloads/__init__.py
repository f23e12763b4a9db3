"""Payloads: the numbers of each figure, for matplotlib, the report and the lab."""

from narrows.errors import warn
from narrows.insight.payloads.architecture import architecture
from narrows.insight.payloads.code_neighbours import code_neighbours
from narrows.insight.payloads.code_plane import CodePlane
from narrows.insight.payloads.codes import (
    codes,
    decoded_grid,
    has_prior,
    interpolation,
    path,
    pca_map,
    samples,
    similar,
)
from narrows.insight.payloads.curves import sweep_curve, training_curves
from narrows.insight.payloads.detector_scores import detector_scores
from narrows.insight.payloads.model_diagnosis import model_diagnosis
from narrows.insight.payloads.payload import Payload, as_pictures
from narrows.insight.payloads.reconstruction_errors import (
    detection_curves,
    error_by_column,
    error_histogram,
    scores,
    worst_columns,
)
from narrows.insight.payloads.row_activations import activations
from narrows.insight.payloads.single_rows import (
    DEFAULT_LEVELS,
    balanced_sample,
    denoised,
    denoising,
    denoising_curve,
    error_map,
    reconstructions,
)
from narrows.insight.payloads.step_on_a_row import training_step

__all__ = [
    "DEFAULT_LEVELS",
    "CodePlane",
    "Payload",
    "activations",
    "architecture",
    "as_pictures",
    "balanced_sample",
    "code_neighbours",
    "codes",
    "decoded_grid",
    "denoised",
    "denoising",
    "denoising_curve",
    "detection_curves",
    "detector_scores",
    "error_by_column",
    "error_histogram",
    "error_map",
    "has_prior",
    "interpolation",
    "model_diagnosis",
    "path",
    "pca_map",
    "reconstructions",
    "samples",
    "scores",
    "similar",
    "sweep_curve",
    "training_curves",
    "training_step",
    "worst_columns",
]


def __getattr__(name: str) -> object:
    """Return `balanced_sample` under its name before version 0.2, with a DeprecationWarning."""
    if name != "mixed":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn("narrows.insight.payloads.mixed is now balanced_sample.", DeprecationWarning)
    return balanced_sample
