"""Did it learn these rows, or to copy anything?"""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding

# Of what is left unexplained of rows that no training saw: below the first it copies, below the second it may.
_COPIES, _MAY_COPY = 0.25, 0.5
_KNOWS_NOTHING = 0.9  # of real rows
_ALIKE = 1.2  # times as large an error on rows that make no sense


def copying(evidence: Evidence) -> Finding | None:
    """How well it rebuilds what it never saw: columns shuffled apart, noise, and for images shuffled pixels.

    None where the rows are all the same.
    """
    if (evidence.held_out == evidence.held_out[:1]).all():
        return None
    real = _unexplained(evidence, evidence.held_out)
    probes = {name: _unexplained(evidence, floats) for name, floats in probe_rows(evidence).items()}
    easiest = min(probes, key=lambda name: probes[name])
    left, ratio = probes[easiest], probes[easiest] / max(real, 1e-12)
    values: dict[str, float | list[float]] = {"real": real, "ratio": ratio, **probes}
    name = "Does it only copy?"
    figure = (
        f"{max(0.0, 1 - left):.0%} of the variance of {easiest} is rebuilt, {max(0.0, 1 - real):.0%} of real rows' "
        f"(an error {ratio:.3g} times as large)"
    )
    if left < _COPIES:
        return Finding(
            name,
            "bad",
            figure,
            "The model rebuilds rows that make no sense almost as well as real ones. It passes its input through "
            "instead of knowing what is typical: its errors say little about anomalies, its code compresses nothing.",
            "Make the code narrower (n_components), or add corruption, sparsity or a contractive penalty."
            if evidence.k > 1
            else "One number is all that these rows need; give it more columns, or add corruption.",
            values,
        )
    if left < _MAY_COPY:
        return Finding(
            name,
            "watch",
            figure,
            "The model rebuilds a good part of rows that make no sense: its code has more room than these data need.",
            "Try a narrower code, or add corruption." if evidence.k > 1 else "Give it more columns, or add corruption.",
            values,
        )
    if real > _KNOWS_NOTHING or ratio < _ALIKE:
        return Finding(
            name,
            "watch",
            figure,
            "The model does not copy, but it rebuilds real rows hardly better than rows that make no sense: it has not "
            "learned what is typical, or nothing is.",
            "See first whether it is better than the simple methods.",
            values,
        )
    return Finding(
        name, "good", figure, "It fails on rows that make no sense, as it should: it knows what is typical.", "", values
    )


def probe_rows(evidence: Evidence) -> dict[str, np.ndarray]:
    """Rows with the columns' own distributions and none of what ties the columns together."""
    x = evidence.held_out
    rng = evidence.rng(1)
    probes = {"rows whose columns were shuffled": rng.permuted(x, axis=0)}
    noise = x.mean(axis=0) + x.std(axis=0) * rng.standard_normal(x.shape, dtype=np.float32)
    if evidence.model.schema_.bounded:
        noise = noise.clip(0, 1)
    probes["noise"] = noise.astype(np.float32)
    shape = evidence.model.schema_.image_shape
    if shape is not None:
        pixels = x.reshape(len(x), shape[0] * shape[1], shape[2])
        order = rng.permutation(pixels.shape[1])
        probes["images whose pixels were shuffled"] = np.ascontiguousarray(pixels[:, order]).reshape(x.shape)
    return probes


def _unexplained(evidence: Evidence, floats: np.ndarray) -> float:
    """Share of the variance of these rows that their reconstruction misses; 0 for a copy."""
    spread = np.square(floats - floats.mean(axis=0), dtype=np.float64).sum()
    return float(evidence.error(floats).sum() / max(spread, 1e-12))
