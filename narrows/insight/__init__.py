"""Evaluation of fitted models: diagnosis, sweeps, drift, fidelity, figures and their payloads."""

from __future__ import annotations

from narrows.errors import warn
from narrows.insight.added_noise import corrupted, noise_controls
from narrows.insight.baselines import PCABaseline, mean_baseline, pca_reconstruction_error, psnr
from narrows.insight.classed_rows import classed_rows
from narrows.insight.detection_quality import DetectionQuality, detection_quality, quality_by_labels
from narrows.insight.diagnosis import Diagnosis, diagnose
from narrows.insight.drift import ColumnDrift, Drift, drift
from narrows.insight.fidelity import Fidelity, fidelity
from narrows.insight.findings import Finding, spread
from narrows.insight.image_sheet import image_sheet
from narrows.insight.imputing import Imputation, ImputationReport, check_imputing, impute, impute_rows
from narrows.insight.measure import reconstruct_floats, squared_error
from narrows.insight.refits import check_autoencoder, seed_errors
from narrows.insight.simple_denoising import DenoisingComparison
from narrows.insight.summary import FitSummary, summarise
from narrows.insight.sweep import Sweep, SweepPlan, SweepPoint, plan_sweep, sweep
from narrows.insight.synthetic_rows import TrainedOnMade

__all__ = [
    "ColumnDrift",
    "DenoisingComparison",
    "DetectionQuality",
    "Diagnosis",
    "Drift",
    "Fidelity",
    "Finding",
    "FitSummary",
    "Imputation",
    "ImputationReport",
    "PCABaseline",
    "Sweep",
    "SweepPlan",
    "SweepPoint",
    "TrainedOnMade",
    "check_autoencoder",
    "check_imputing",
    "classed_rows",
    "corrupted",
    "detection_quality",
    "diagnose",
    "drift",
    "fidelity",
    "image_sheet",
    "impute",
    "impute_rows",
    "mean_baseline",
    "noise_controls",
    "pca_reconstruction_error",
    "plan_sweep",
    "psnr",
    "quality_by_labels",
    "reconstruct_floats",
    "seed_errors",
    "spread",
    "squared_error",
    "summarise",
    "sweep",
]


def __getattr__(name: str) -> object:
    """Return `reconstruct_floats` under its name before version 0.2, with a DeprecationWarning."""
    if name != "passage":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warn("narrows.insight.passage is now reconstruct_floats.", DeprecationWarning)
    return reconstruct_floats
