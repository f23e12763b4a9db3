"""Check whether the model removes the noise that it was trained with."""

from __future__ import annotations

import numpy as np

from narrows.estimators import DenoisingAutoencoder
from narrows.insight.added_noise import corrupted
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding


def denoising(evidence: Evidence) -> Finding | None:
    """Compare the error after denoising with that of the noisy rows and of PCA; None for a model without corruption."""
    model, clean = evidence.model, evidence.measured
    if evidence.setting("corruption") is None:
        return None
    noisy = corrupted(model, clean, seed=evidence.seed)
    copied = float(np.square(noisy - clean, dtype=np.float64).sum(axis=1).mean())
    if copied == 0:
        return None
    left = float(np.square(evidence.reconstruct(noisy) - clean, dtype=np.float64).sum(axis=1).mean())
    pca = evidence.pca(evidence.n_active)
    projected = (noisy - pca.mean) @ pca.components.T @ pca.components + pca.mean
    theirs = float(np.square(projected - clean).sum(axis=1).mean())
    values: dict[str, float | list[float]] = {"copied": copied, "model": left, "pca": theirs}
    gain = 10 * float(np.log10(copied / max(left, 1e-300)))
    figure = f"squared error {copied:.4g} per row before, {left:.4g} after ({gain:+.1f} dB), {theirs:.4g} with PCA"
    name = "Does it remove the noise?"
    if left >= copied and not isinstance(model, DenoisingAutoencoder):
        return Finding(
            name,
            "good",
            figure,
            "Its code is too narrow to improve rows with so little noise; the corruption still prevents copying.",
            "",
            values,
        )
    if left >= copied:
        return Finding(
            name,
            "bad",
            figure,
            "The model makes noisy rows worse than they were.",
            "Train longer, use a wider code, or add less noise.",
            values,
        )
    if left > theirs:
        return Finding(
            name,
            "watch",
            figure,
            "The model removes noise, but PCA with as many components removes more.",
            "Train longer or with wider hidden layers.",
            values,
        )
    return Finding(name, "good", figure, "The model removes more noise than PCA does.", "", values)
