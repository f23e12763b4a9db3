"""Check whether errors on unseen rows are those on training rows."""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import OVERFITS, Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import bootstrap, interval_text

NAME = "Does it hold for new rows?"
_BADLY = 2.0  # error on unseen rows divided by that on training rows
_FEW = 0.01  # share of the rows, at least one
_MOST_OF_IT = 0.5  # of the error, in these few rows

_CLAIMS = {
    "random": "The model generalises to new rows like these: rows held out at random are reconstructed about as well "
    "as training rows.",
    "groups": "The model generalises to new groups: those held out are reconstructed about as well as the others.",
    "last": "The model generalises to later rows: the last ones, which were held out, are reconstructed about as well "
    "as those before them.",
    None: "The model generalises to the given rows that it was not trained on: they are reconstructed about as well as "
    "its training rows.",
}


def overfitting(evidence: Evidence, *, may_claim: bool = True) -> Finding | None:
    """Compare the errors on held-out and on training rows; None where one of the two is missing.

    The ratio of the means decides, and that of the medians where the worst hundredth of the rows has more than half
    of the error.

    may_claim : whether equal errors mean that the model generalises. They do not if the measured rows cannot stand for
        new ones, or if the model has learned nothing.
    """
    seen, unseen = evidence.training_errors, evidence.errors
    if seen is None or not evidence.is_unseen:
        return None
    few_rows_rule = _is_top_heavy(seen) or _is_top_heavy(unseen)
    centre = np.median if few_rows_rule else np.mean
    ratio = float(centre(unseen) / max(centre(seen), 1e-12))
    low, high = bootstrap(lambda a, b: float(centre(b) / max(centre(a), 1e-12)), seen, unseen, seed=evidence.seed)
    values: dict[str, float | list[float]] = {
        "training": float(seen.mean()),
        "held_out": float(unseen.mean()),
        "training_median": float(np.median(seen)),
        "held_out_median": float(np.median(unseen)),
        "ratio": ratio,
        "ratio_interval": [low, high],
    }
    figure = (
        f"squared error {seen.mean():.4g} per row (median {np.median(seen):.4g}) on training rows, {unseen.mean():.4g} "
        f"(median {np.median(unseen):.4g}) on unseen rows, {ratio:.2f} times ({interval_text((low, high))}) by the "
        f"{'median' if few_rows_rule else 'mean'}"
    )
    if ratio <= OVERFITS:
        return Finding(NAME, "good", figure, _holds(evidence, few_rows_rule, may_claim), "", values)
    if low <= 1:
        meaning = "The error on unseen rows is larger, but by no more than these rows could show by chance."
        return Finding(NAME, "unknown", figure, meaning, "Hold out more rows (validation_fraction).", values)
    badly = ratio > _BADLY
    meaning = (
        "The model overfits: it reconstructs new rows much worse than its training rows."
        if badly
        else "The model reconstructs its training rows somewhat better than new ones."
    )
    return Finding(NAME, "bad" if badly else "watch", figure, meaning, _advice(evidence), values, narrower=True)


def _holds(evidence: Evidence, few_rows_rule: bool, may_claim: bool) -> str:
    meaning = "The measured rows are reconstructed about as well as training rows."
    if may_claim:
        meaning = _CLAIMS.get(evidence.held_out_by, _CLAIMS[None])
    if few_rows_rule:
        meaning += " A few rows have most of the error, so the mean says little, and the median is compared."
    return meaning


def _advice(evidence: Evidence) -> str:
    if evidence.fault == "overfits":
        return (
            "Use more rows, fewer or no hidden layers (hidden_layer_sizes=()), a narrower code, fewer epochs, or "
            "corruption."
        )
    return "Use more rows or a narrower code; PCA with as many components loses as much on new rows."


def _is_top_heavy(errors: np.ndarray) -> bool:
    n = max(1, int(len(errors) * _FEW))
    return bool(np.sort(errors)[-n:].sum() > _MOST_OF_IT * errors.sum() > 0)
