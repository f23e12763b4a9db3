"""Check whether training was long enough."""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.model import GaussianCode

_FEW_EPOCHS = 5
_MOST_PER_EPOCH = 0.02  # of the loss itself, that it may still fall in each of the last epochs
_LONG_ENOUGH = "Was it trained long enough?"


def convergence(evidence: Evidence) -> Finding:
    """Check whether the loss had stopped falling when training ended."""
    history = evidence.model.history_
    # While beta rises, the loss rises with it.
    warmup = evidence.setting("kl_warmup") if isinstance(evidence.model.network_.code, GaussianCode) else 0
    compared = [epoch for epoch in history if epoch.number > warmup]
    n = len(compared)
    if n < _FEW_EPOCHS:
        return _too_few(len(history), n)
    watched = all(epoch.validation is not None for epoch in compared)
    losses = np.array([epoch.validation if watched else epoch.loss for epoch in compared], float)
    numbers = [epoch.number for epoch in compared]
    tail = losses[-max(2, n // 5) - 1 :]
    # Relative to the total decrease, since a negative log-density has no natural zero.
    fall = max(float(losses.max() - losses.min()), 1e-12)
    still = float(tail[0] - tail.min()) / fall
    lows = np.minimum.accumulate(losses)[-len(tail) :]
    steady = float(lows[0] - lows[-1]) / max(float(lows[-1]), 1e-12) / (len(tail) - 1)
    # A density has no zero, so that a share of it says little.
    has_zero = not evidence.model.network_.likelihood.is_density and float(losses.min()) > 0
    values: dict[str, float | list[float]] = {
        "epochs": float(len(history)),
        "fall_in_the_last_fifth": still,
        "fall_per_epoch": steady,
        "losses": losses.tolist(),
    }
    if float(losses[-1] - losses.min()) / fall > 0.1:
        best = f"epoch {numbers[int(losses.argmin())]}"
        which = "held-out" if watched else "training"
        figure = f"the {which} loss was lowest in {best} of {numbers[-1]} and rose afterwards"
        return _rose(figure, best, watched, kept=watched and evidence.setting("early_stopping"), values=values)
    if still > 0.1 or (has_zero and steady > _MOST_PER_EPOCH):
        overfits = evidence.fault == "overfits"
        return Finding(
            _LONG_ENOUGH,
            "watch",
            f"{still:.0%} of the total decrease of the loss came in the last fifth of {n} epochs"
            if still > 0.1
            else f"in each of the last {len(tail) - 1} of {n} epochs the loss still fell by {steady:.1%} of itself",
            "The loss was still falling when training ended."
            + (" The model overfits already, so longer training alone would not help." if overfits else ""),
            "" if overfits else "Train for more epochs.",
            values,
        )
    figure = f"{n} epochs; {still:.1%} of the decrease of the loss came in the last fifth"
    return Finding(_LONG_ENOUGH, "good", figure, "The loss had stopped falling.", "", values)


def _too_few(n_epochs: int, n_compared: int) -> Finding:
    figure = f"{n_epochs} {'epoch' if n_epochs == 1 else 'epochs'}"
    if n_compared < n_epochs:
        figure += f", {n_compared} of them after the warm-up of beta"
    if n_epochs == 0:
        meaning = "Training was interrupted before the model had seen each row once: it is hardly better than chance."
    elif n_epochs <= 2:
        meaning = "The model has seen each row only once or twice, too few times to learn much."
    else:
        meaning = "After so few epochs it is not clear whether more would help."
    return Finding(
        _LONG_ENOUGH,
        "bad" if n_epochs <= 2 else "watch",
        figure,
        meaning,
        "Train for more epochs (the default number depends on the number of rows).",
        {"epochs": float(n_epochs)},
    )


def _rose(figure: str, best: str, watched: bool, *, kept: bool, values: dict[str, float | list[float]]) -> Finding:
    if kept:
        meaning = f"The held-out loss was lowest in {best}, and early stopping kept the weights of that epoch."
        return Finding(_LONG_ENOUGH, "good", figure, meaning, "", values)
    if watched:
        meaning = f"After {best} the model overfitted: it got worse on held-out rows."
        return Finding(
            _LONG_ENOUGH, "watch", figure, meaning, "Train for fewer epochs, or with early stopping.", values
        )
    meaning = f"After {best} training made the model worse: its steps were too large."
    return Finding(_LONG_ENOUGH, "watch", figure, meaning, "Lower the learning rate.", values)
