"""Matplotlib figures after scikit-learn's Display convention, one class for each payload."""

from narrows.insight.figures.architecture import ArchitectureDisplay
from narrows.insight.figures.codes import CodesDisplay, DecodedGridDisplay, InterpolationDisplay, SamplesDisplay
from narrows.insight.figures.curves import SweepDisplay, TrainingCurvesDisplay
from narrows.insight.figures.display import Display
from narrows.insight.figures.reconstruction_errors import (
    ColumnErrorDisplay,
    DetectionCurvesDisplay,
    ErrorHistogramDisplay,
)
from narrows.insight.figures.single_rows import DenoisingDisplay, ErrorMapDisplay, ReconstructionDisplay
from narrows.insight.figures.style import COLOURS, as_svg

__all__ = [
    "COLOURS",
    "ArchitectureDisplay",
    "CodesDisplay",
    "ColumnErrorDisplay",
    "DecodedGridDisplay",
    "DenoisingDisplay",
    "DetectionCurvesDisplay",
    "Display",
    "ErrorHistogramDisplay",
    "ErrorMapDisplay",
    "InterpolationDisplay",
    "ReconstructionDisplay",
    "SamplesDisplay",
    "SweepDisplay",
    "TrainingCurvesDisplay",
    "as_svg",
]
