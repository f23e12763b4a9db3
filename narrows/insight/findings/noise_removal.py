"""Check whether the model removes the noise that it was trained with."""

from __future__ import annotations

import numpy as np

from narrows.estimators import Autoencoder, DenoisingAutoencoder
from narrows.insight.added_noise import corrupted
from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding, Verdict
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
    is_behind = left > theirs and bootstrap(np.mean, ours - of_pca, seed=evidence.seed)[0] > 0
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
    verdict, meaning, advice = _answer(model, left / copied, theirs / copied, how if is_behind else None, may_widen)
    return Finding(NAME, verdict, figure, meaning, advice, values)


def _answer(
    model: Autoencoder, left: float, theirs: float, ahead: str | None, may_widen: bool
) -> tuple[Verdict, str, str]:
    """Return the verdict, the meaning and the advice.

    Parameters
    ----------
    left, theirs : float
        Error after denoising by the model and by PCA, as shares of that of the noisy rows.
    ahead : str or None
        Number of components with which PCA is better beyond chance; None if it is not.
    may_widen : bool
    """
    is_denoiser = isinstance(model, DenoisingAutoencoder)
    if left >= 1 and not is_denoiser:
        meaning = "Its code is too narrow to improve rows with so little noise; the corruption still prevents copying."
        return "good", meaning, ""
    if left >= 1:
        widen = may_widen and model.network_.compresses
        advice = "Use a wider code" if widen else "Use more rows, fewer hidden layers"
        return "bad", "The model makes noisy rows worse than they were.", f"{advice}, or less noise."
    if ahead is not None:
        advice = "wider hidden layers or another network" if may_widen else "more rows or fewer hidden layers"
        meaning = f"The model removes noise, but PCA with {ahead} removes more."
        return "bad" if is_denoiser else "watch", meaning, f"Use {advice}; or use PCA."
    if left > theirs:
        return "good", "The model removes about as much noise as PCA does.", ""
    return "good", "The model removes more noise than PCA does.", ""
