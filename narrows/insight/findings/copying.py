"""Check whether the model copies any input instead of learning what is typical."""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import bootstrap, interval_text

# Bounds on the unexplained share of the variance of meaningless rows.
_COPIES, _MAY_COPY = 0.25, 0.5
_KNOWS_NOTHING = 0.9  # the same of real rows
_ALIKE = 1.2  # the error on meaningless rows over that on real rows


def copying(evidence: Evidence) -> Finding | None:
    """Compare the errors on real rows and on meaningless ones: shuffled columns, noise, and images' shuffled pixels.

    Returns None where all rows are equal.
    """
    if (evidence.measured == evidence.measured[:1]).all():
        return None
    real = _unexplained(evidence, evidence.measured)
    probes = {name: _unexplained(evidence, floats) for name, floats in probe_rows(evidence).items()}
    easiest = min(probes, key=lambda name: probes[name])
    left, ratio = probes[easiest], probes[easiest] / max(real, 1e-12)
    x = evidence.measured
    spread = np.square(x - x.mean(axis=0), dtype=np.float64).sum(axis=1)
    explained = bootstrap(_explained, np.column_stack([evidence.error(x), spread]), seed=evidence.seed)
    values: dict[str, float | list[float]] = {"real": real, "ratio": ratio, **probes}
    name = "Does it only copy?"
    figure = (
        f"{max(0.0, 1 - left):.0%} of the variance of {easiest} is reconstructed, "
        f"{max(0.0, 1 - real):.0%} ({interval_text(explained, '.0%')}) of that of real rows (the error is {ratio:.3g} "
        "times as large)"
    )
    if left < _COPIES:
        return Finding(
            name,
            "bad",
            figure,
            "The model reconstructs meaningless rows almost as well as real ones. It passes its input through instead "
            "of learning what is typical: its errors say little about anomalies, and its code compresses nothing.",
            "Make the code narrower (n_components), or add corruption, sparsity or a contractive penalty."
            if evidence.k > 1
            else "One number is enough for these rows; add more columns, or add corruption.",
            values,
            narrower=evidence.k > 1,
        )
    if left < _MAY_COPY:
        return Finding(
            name,
            "watch",
            figure,
            "The model reconstructs meaningless rows in part: its code has more capacity than these data need.",
            "Try a narrower code, or add corruption." if evidence.k > 1 else "Add more columns, or add corruption.",
            values,
            narrower=evidence.k > 1,
        )
    if real > _KNOWS_NOTHING or ratio < _ALIKE:
        return Finding(
            name,
            "watch",
            figure,
            "The model does not copy, but it reconstructs real rows hardly better than meaningless ones: it has not "
            "learned what is typical, or the rows have no structure.",
            "First check whether it is better than the simple methods.",
            values,
        )
    meaning = "It reconstructs meaningless rows badly, as it should: it learned what is typical."
    return Finding(name, "good", figure, meaning, "", values)


def probe_rows(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return meaningless rows by name: the distribution of each column is kept, their dependence is not."""
    x = evidence.measured
    rng = evidence.rng(1)
    shape = evidence.model.schema_.image_shape
    mixed = "rows whose columns were shuffled" if shape is None else "images whose pixels come from different images"
    probes = {mixed: rng.permuted(x, axis=0)}
    noise = x.mean(axis=0) + x.std(axis=0) * rng.standard_normal(x.shape, dtype=np.float32)
    if evidence.model.schema_.bounded:
        noise = noise.clip(0, 1)
    probes["noise"] = noise.astype(np.float32)
    if shape is not None:
        pixels = x.reshape(len(x), shape[0] * shape[1], shape[2])
        order = rng.permutation(pixels.shape[1])
        probes["images whose pixels were shuffled"] = np.ascontiguousarray(pixels[:, order]).reshape(x.shape)
    return probes


def _explained(errors_and_spread: np.ndarray) -> float:
    errors, spread = errors_and_spread.sum(axis=0)
    return max(0.0, float(1 - errors / max(spread, 1e-12)))


def _unexplained(evidence: Evidence, floats: np.ndarray) -> float:
    """Return the share of the variance of these rows that their reconstructions miss; 0 for a copy."""
    spread = np.square(floats - floats.mean(axis=0), dtype=np.float64).sum()
    return float(evidence.error(floats).sum() / max(spread, 1e-12))
