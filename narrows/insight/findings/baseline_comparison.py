"""Is it better than what costs nothing?"""

from __future__ import annotations

import numpy as np

from narrows.insight.baselines import PCABaseline, mean_baseline
from narrows.insight.findings.denoising import denoising
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.model import GaussianCode, TopK

_NAME = "Better than the simple methods?"
_WORSE, _MUCH_WORSE = 1.02, 1.5  # times PCA's error


def beside_pca(evidence: Evidence) -> Finding:
    """The error beside PCA's with as many components, and how many PCA needs to reach it."""
    ours = float(evidence.errors.mean())
    mean = float(mean_baseline(evidence.known, evidence.held_out, evidence.observed).mean())
    code = evidence.model.network_.code
    k = evidence.n_active
    curve = pca_curve(evidence.wide_pca, evidence.held_out)
    theirs = float(curve[min(k, len(curve) - 1)])
    if evidence.observed is not None:
        theirs = float(evidence.pca(k).squared_error(evidence.held_out, evidence.observed).mean())
    reached = np.flatnonzero(curve <= ours)
    needed = int(reached[0]) if len(reached) else None
    values: dict[str, float | list[float]] = {
        "squared_error": ours,
        "pca_squared_error": theirs,
        "mean_squared_error": mean,
        "components_pca_needs": float("nan") if needed is None else float(needed),
    }
    name = _NAME
    needs = (
        f"PCA needs {needed} component{'s' * (needed != 1)}"
        if needed is not None
        else f"PCA needs more than {len(curve) - 1} components"
    )
    if (evidence.known == evidence.known[:1]).all():
        return Finding(
            name,
            "watch",
            "every row is the same",
            "There is nothing to learn from rows that are all alike.",
            "Check the data: columns of numbers that differ from row to row are needed.",
            values,
        )
    if ours >= 0.95 * mean:
        return Finding(
            name,
            "bad",
            f"squared error {ours:.4g} per row, {mean:.4g} for answering every row with the average row",
            "The model knows next to nothing about a single row: its answers are no better than the average row.",
            "Train longer or with a higher learning rate; for a variational model, lower beta.",
            values,
        )
    if evidence.k >= evidence.d and not isinstance(code, TopK):
        return Finding(
            name,
            "watch",
            f"a code of {evidence.k} numbers for rows of {evidence.d}",
            "The code is as wide as the data: copying is possible, PCA makes no error at all, nothing is compressed.",
            "Set n_components well below the number of columns.",
            values,
        )
    figure = f"squared error {ours:.4g} per row, {theirs:.4g} for PCA with as many components"
    if isinstance(code, TopK):
        figure += f" as units are active ({k})"
    cleaned = denoising(evidence) if ours > _WORSE * theirs else None
    if cleaned is not None and cleaned.number("model") < cleaned.number("pca"):
        return Finding(
            name,
            "watch",
            figure,
            "PCA rebuilds clean rows better, but this model takes noise out of rows better than PCA does.",
            "Where clean rows are what matters, use less corruption.",
            values,
        )
    if ours > _WORSE * theirs and isinstance(code, GaussianCode):
        return Finding(
            name,
            "watch",
            figure,
            "PCA rebuilds these rows better. A variational model pays with coarser reconstructions for a code that new "
            "rows can be drawn from.",
            "If the reconstructions matter more than new rows, lower beta, or fit a plain autoencoder.",
            values,
        )
    if ours > _WORSE * theirs:
        return Finding(
            name,
            "bad" if ours > _MUCH_WORSE * theirs else "watch",
            figure,
            f"PCA, which takes a moment and has nothing to tune, rebuilds these rows better ({needs} to do as well).",
            "Train longer, use wider hidden layers, or use PCA.",
            values,
        )
    if ours > 0.98 * theirs or (needed is not None and needed <= k) or _is_linear(evidence):
        return Finding(
            name,
            "good",
            figure,
            "The model is as good as PCA, and no better: what it has learned, straight lines catch too.",
            "",
            values,
        )
    return Finding(
        name,
        "good",
        figure,
        f"The model has learned structure that straight lines do not catch: {needs} to do as well with {k}.",
        "",
        values,
    )


def is_behind_pca(finding: Finding) -> bool:
    """Whether a finding is that PCA with as many components rebuilds the rows better."""
    return (
        finding.name == _NAME
        and finding.verdict != "good"
        and finding.number("squared_error") > _WORSE * finding.number("pca_squared_error")
    )


def _is_linear(evidence: Evidence) -> bool:
    """Whether the network can do no more than PCA."""
    model, setting = evidence.model, evidence.setting
    if setting("network") != "mlp" or setting("encoder") is not None or setting("decoder") is not None:
        return False
    straight = setting("activation") == "linear" or not model.hidden_layer_sizes_
    output = setting("output_activation")
    bounded = output == "sigmoid" or (output == "auto" and model.schema_.bounded)
    return straight and not bounded and model.code_activation_ == "linear" and not isinstance(model.network_.code, TopK)


def pca_curve(pca: PCABaseline, floats: np.ndarray) -> np.ndarray:
    """Mean squared error per row of `floats` (n, d) under the first 0, 1, 2, ... components (k + 1,)."""
    centred = floats - pca.mean
    total = float(np.square(centred).sum(axis=1).mean())
    kept = np.square(centred @ pca.components.T).mean(axis=0)
    return np.maximum(total - np.concatenate([[0.0], np.cumsum(kept)]), 0.0)
