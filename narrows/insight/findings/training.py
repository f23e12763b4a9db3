"""Did the training go well?"""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding

_MAX_ROWS = 5000
_FEW_EPOCHS = 5


def overfitting(evidence: Evidence) -> Finding | None:
    """Error on held-out rows over error on training rows; None where those are not at hand."""
    if not evidence.known_is_training:
        return None
    seen = float(evidence.error(evidence.known[:_MAX_ROWS]).mean())
    unseen = float(evidence.errors.mean())
    ratio = unseen / max(seen, 1e-12)
    values: dict[str, float | list[float]] = {"training": seen, "held_out": unseen, "ratio": ratio}
    figure = f"squared error {seen:.4g} per row on training rows, {unseen:.4g} on rows it never saw ({ratio:.2f} times)"
    name = "Does it hold for new rows?"
    if ratio < 1.3:
        return Finding(
            name, "good", figure, "New rows are rebuilt about as well as those it was trained on.", "", values
        )
    return Finding(
        name,
        "bad" if ratio > 2 else "watch",
        figure,
        "It knows its training rows by heart and rebuilds new ones much worse."
        if ratio > 2
        else "It rebuilds its training rows somewhat better than new ones.",
        "Give it more rows, a smaller network or narrower code, fewer epochs, or corruption.",
        values,
    )


def convergence(evidence: Evidence) -> Finding:
    """Whether the loss had stopped falling."""
    history = evidence.model.history_
    losses = np.array([epoch.loss if epoch.validation is None else epoch.validation for epoch in history])
    n = len(losses)
    name = "Was it trained long enough?"
    if n < _FEW_EPOCHS:
        return Finding(
            name,
            "bad" if n <= 2 else "watch",
            f"{n} {'epoch' if n == 1 else 'epochs'}",
            "It has seen each row only once or twice: what it could learn, it has hardly begun to."
            if n <= 2
            else "After so few passes over the rows nobody can tell whether more would help.",
            "Train for more epochs (the default chooses their number by the rows).",
            {"epochs": float(n)},
        )
    tail = max(2, n // 5)
    before, after = float(losses[-tail - 1 :][0]), float(losses.min())
    # Per epoch of the last fifth, as a share of the loss; densities can be negative, so of its whole fall.
    fall = max(float(losses.max() - losses.min()), 1e-12)
    still = max(before - after, 0.0) / fall
    values: dict[str, float | list[float]] = {
        "epochs": float(n),
        "fall_in_the_last_fifth": still,
        "losses": losses.tolist(),
    }
    worse = (float(losses[-1]) - after) / fall
    if worse > 0.1:
        return Finding(
            name,
            "watch",
            f"the held-out loss was lowest in epoch {int(losses.argmin()) + 1} of {n} and rose afterwards",
            "From there on it learned its training rows by heart; with early stopping the best weights are kept.",
            "Fewer epochs would do.",
            values,
        )
    if still > 0.1:
        return Finding(
            name,
            "watch",
            f"{still:.0%} of the whole fall of the loss came in the last fifth of {n} epochs",
            "The loss was still falling when training ended.",
            "Train for more epochs.",
            values,
        )
    return Finding(
        name, "good", f"{n} epochs; the last fifth brought {still:.1%} of the fall", "The loss had settled.", "", values
    )
