"""Check whether the model removes the noise that it was trained with."""

from __future__ import annotations

import numpy as np

from narrows.estimators import DenoisingAutoencoder
from narrows.insight.added_noise import corrupted
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import bootstrap, interval_text
from narrows.insight.simple_denoising import best_rank, project

NAME = "Does it remove the noise?"


def denoising(evidence: Evidence, *, may_widen: bool = True) -> Finding | None:
    """Compare the error after denoising with that of the noisy rows and of PCA; None for a model without corruption.

    may_widen : whether to advise a wider code or layers; not for a model whose code should be narrower.
    """
    model, clean = evidence.model, evidence.measured
    if evidence.setting("corruption") is None:
        return None
    noisy = corrupted(model, clean, seed=evidence.seed)
    copied = float(np.square(noisy - clean, dtype=np.float64).sum(axis=1).mean())
    if copied == 0:
        return None
    ours = np.square(evidence.reconstruct(noisy) - clean, dtype=np.float64).sum(axis=1)
    left = float(ours.mean())
    pca, how = evidence.pca(evidence.n_active), "as many components"
    if not model.network_.compresses:
        pca = best_rank(evidence.wide_pca, noisy, clean)
        how = f"its best number of components, {len(pca.components)}"
    of_pca = np.square(project(pca, noisy) - clean).sum(axis=1)
    theirs = float(of_pca.mean())
    interval = bootstrap(np.mean, ours, seed=evidence.seed)
    values: dict[str, float | list[float]] = {
        "copied": copied,
        "model": left,
        "model_interval": list(interval),
        "pca": theirs,
    }
    gain = 10 * float(np.log10(copied / max(left, 1e-300)))
    figure = (
        f"squared error {copied:.4g} per row before, {left:.4g} ({interval_text(interval)}) after ({gain:+.1f} dB), "
        f"{theirs:.4g} with PCA"
    )
    name = NAME
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
            "Use a wider code, or less noise."
            if may_widen and model.network_.compresses
            else "Use more rows, fewer hidden layers, or less noise.",
            values,
        )
    if left > theirs and bootstrap(np.mean, ours - of_pca, seed=evidence.seed)[0] > 0:
        return Finding(
            name,
            "bad" if isinstance(model, DenoisingAutoencoder) else "watch",
            figure,
            f"The model removes noise, but PCA with {how} removes more.",
            "Use wider hidden layers or another network; or use PCA."
            if may_widen
            else "Use more rows or fewer hidden layers; or use PCA.",
            values,
        )
    meaning = "The model removes more noise than PCA does."
    if left > theirs:
        meaning = "The model removes about as much noise as PCA does."
    return Finding(name, "good", figure, meaning, "", values)
