"""The numbers behind every picture: still figures, the report and the live page draw the same ones."""

from narrows.insight.payloads.architecture import architecture
from narrows.insight.payloads.code import CodePlane, codes, decoded_grid, has_prior, interpolation, samples
from narrows.insight.payloads.errors import detection_curves, error_by_column, error_histogram
from narrows.insight.payloads.history import training_curves
from narrows.insight.payloads.payload import Payload
from narrows.insight.payloads.rows import denoising, error_map, reconstructions
from narrows.insight.payloads.sweep import sweep_curve

__all__ = [
    "CodePlane",
    "Payload",
    "architecture",
    "codes",
    "decoded_grid",
    "denoising",
    "detection_curves",
    "error_by_column",
    "error_histogram",
    "error_map",
    "has_prior",
    "interpolation",
    "reconstructions",
    "samples",
    "sweep_curve",
    "training_curves",
]
