"""What is worth knowing about a model: baselines, the summary of a fit, and the diagnosis."""

from __future__ import annotations

from narrows.insight.baselines import PCABaseline, mean_baseline, pca_reconstruction_error, psnr
from narrows.insight.diagnosis import Diagnosis, diagnose
from narrows.insight.findings import Finding
from narrows.insight.noise import corrupted
from narrows.insight.sheet import image_sheet
from narrows.insight.summary import FitSummary, passage, squared_error, summarise

__all__ = [
    "Diagnosis",
    "Finding",
    "FitSummary",
    "PCABaseline",
    "corrupted",
    "diagnose",
    "image_sheet",
    "mean_baseline",
    "passage",
    "pca_reconstruction_error",
    "psnr",
    "squared_error",
    "summarise",
]
