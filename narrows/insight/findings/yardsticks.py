"""Is it better than what costs nothing?"""

from __future__ import annotations

import numpy as np

from narrows.insight.baselines import PCABaseline, mean_baseline
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.model import GaussianCode

_MAX_COMPONENTS = 500  # beyond them, finding out how many PCA needs costs more than it tells


def beside_pca(evidence: Evidence) -> Finding:
    """The error beside PCA's with as many components, and how many PCA needs to reach it."""
    ours = float(evidence.errors.mean())
    mean = float(mean_baseline(evidence.known, evidence.held_out, evidence.there).mean())
    wide = PCABaseline.fit(evidence.known, min(_MAX_COMPONENTS, evidence.d))
    curve = pca_curve(wide, evidence.held_out)
    theirs = float(curve[min(evidence.k, len(curve) - 1)])
    if evidence.there is not None:
        narrow = PCABaseline(wide.mean, wide.components[: evidence.k], wide.n_rows)
        theirs = float(narrow.squared_error(evidence.held_out, evidence.there).mean())
    reached = np.flatnonzero(curve <= ours)
    needed = int(reached[0]) if len(reached) else None
    values: dict[str, float | list[float]] = {
        "squared_error": ours,
        "pca_squared_error": theirs,
        "mean_squared_error": mean,
        "components_pca_needs": float("nan") if needed is None else float(needed),
    }
    name = "Better than the simple methods?"
    needs = (
        f"PCA needs {needed} components" if needed is not None else f"PCA needs more than {len(curve) - 1} components"
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
    if evidence.k >= evidence.d:
        return Finding(
            name,
            "watch",
            f"a code of {evidence.k} numbers for rows of {evidence.d}",
            "The code is as wide as the data: copying is possible, PCA makes no error at all, nothing is compressed.",
            "Set n_components well below the number of columns.",
            values,
        )
    if ours > 1.02 * theirs and isinstance(evidence.model.network_.code, GaussianCode):
        return Finding(
            name,
            "watch",
            f"squared error {ours:.4g} per row, {theirs:.4g} for PCA with as many components",
            "PCA rebuilds these rows better. A variational model pays with coarser reconstructions for a code that new "
            "rows can be drawn from.",
            "If the reconstructions matter more than new rows, lower beta, or fit a plain autoencoder.",
            values,
        )
    if ours > 1.02 * theirs:
        return Finding(
            name,
            "bad" if ours > 1.5 * theirs else "watch",
            f"squared error {ours:.4g} per row, {theirs:.4g} for PCA with as many components",
            f"PCA, which takes a moment and has nothing to tune, rebuilds these rows better ({needs} to do as well).",
            "Train longer, use wider hidden layers, or use PCA.",
            values,
        )
    return Finding(
        name,
        "good",
        f"squared error {ours:.4g} per row, {theirs:.4g} for PCA with as many components",
        f"The model has learned structure that straight lines do not catch: {needs} to do as well with {evidence.k}.",
        "",
        values,
    )


def pca_curve(pca: PCABaseline, floats: np.ndarray) -> np.ndarray:
    """Mean squared error per row of `floats` (n, d) under the first 0, 1, 2, ... components (k + 1,)."""
    centred = floats - pca.mean
    total = float(np.square(centred).sum(axis=1).mean())
    kept = np.square(centred @ pca.components.T).mean(axis=0)
    return np.maximum(total - np.concatenate([[0.0], np.cumsum(kept)]), 0.0)
