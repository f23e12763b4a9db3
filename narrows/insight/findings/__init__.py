"""Checks of a fitted model, one module for each question."""

from narrows.insight.findings.baseline_comparison import NAME as COMPARISON
from narrows.insight.findings.baseline_comparison import is_worse_than_pca, pca_comparison
from narrows.insight.findings.code_use import collapse, dead_units, sensitivity, sparsity
from narrows.insight.findings.convergence import convergence
from narrows.insight.findings.copying import copying
from narrows.insight.findings.downstream import class_accuracy, neighbourhoods
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import SEVERITY, Finding, Verdict
from narrows.insight.findings.generalisation import NAME as GENERALISATION
from narrows.insight.findings.generalisation import overfitting
from narrows.insight.findings.independence import COPIES, ENOUGH, ORDER, file_order, is_dependent, near_copies, too_few
from narrows.insight.findings.noise_removal import NAME as NOISE_REMOVAL
from narrows.insight.findings.noise_removal import denoising
from narrows.insight.findings.seed_stability import NAME as SEED_STABILITY
from narrows.insight.findings.seed_stability import spread
from narrows.insight.findings.worst_errors import column_errors, worst_rows

__all__ = [
    "COMPARISON",
    "COPIES",
    "ENOUGH",
    "GENERALISATION",
    "NOISE_REMOVAL",
    "ORDER",
    "SEED_STABILITY",
    "SEVERITY",
    "Evidence",
    "Finding",
    "Verdict",
    "class_accuracy",
    "collapse",
    "column_errors",
    "convergence",
    "copying",
    "dead_units",
    "denoising",
    "file_order",
    "is_dependent",
    "is_worse_than_pca",
    "near_copies",
    "neighbourhoods",
    "overfitting",
    "pca_comparison",
    "sensitivity",
    "sparsity",
    "spread",
    "too_few",
    "worst_rows",
]
