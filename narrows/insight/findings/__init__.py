"""What can be found out about a fitted model, one question a module."""

from narrows.insight.findings.code_use import collapse, dead_units, sensitivity, sparsity
from narrows.insight.findings.denoising import denoising
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import SEVERITY, Finding, Verdict
from narrows.insight.findings.identity import copying
from narrows.insight.findings.stability import spread
from narrows.insight.findings.training import HOLDS, convergence, overfitting
from narrows.insight.findings.usefulness import neighbourhoods, with_labels
from narrows.insight.findings.where import by_column, worst_rows
from narrows.insight.findings.yardsticks import beside_pca, is_behind_pca

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
