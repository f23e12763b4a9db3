"""What can be found out about a fitted model, one question a module."""

from narrows.insight.findings.baseline_comparison import beside_pca, is_behind_pca
from narrows.insight.findings.code_use import collapse, dead_units, sensitivity, sparsity
from narrows.insight.findings.convergence import HOLDS, convergence, overfitting
from narrows.insight.findings.copying import copying
from narrows.insight.findings.denoising import denoising
from narrows.insight.findings.downstream import neighbourhoods, with_labels
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import SEVERITY, Finding, Verdict
from narrows.insight.findings.seed_stability import spread
from narrows.insight.findings.worst_errors import by_column, worst_rows

__all__ = [
    "HOLDS",
    "SEVERITY",
    "Evidence",
    "Finding",
    "Verdict",
    "beside_pca",
    "by_column",
    "collapse",
    "convergence",
    "copying",
    "dead_units",
    "denoising",
    "is_behind_pca",
    "neighbourhoods",
    "overfitting",
    "sensitivity",
    "sparsity",
    "spread",
    "with_labels",
    "worst_rows",
]
