"""The loss over the epochs, in its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.payloads.payload import Payload

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def training_curves(model: Autoencoder) -> Payload:
    """Training and held-out loss per row after every epoch, whole and in parts.

    Returns
    -------
    Payload
        Arrays of shape (epochs,): "epoch", "training", "held out" (NaN where nothing was held out), and of every part
        of the loss, "training: reconstruction", "held out: reconstruction", "held out: kl", ... `about`: "unit",
        "parts" and "best_epoch", that of the lowest held-out loss (None where nothing was held out).
    """
    model.check_is_fitted()
    history = model.history_
    arrays = {
        "epoch": np.array([epoch.number for epoch in history]),
        "training": np.array([epoch.loss for epoch in history], float),
        "held out": np.array([np.nan if e.validation is None else e.validation for e in history], float),
    }
    # A fit that went on with other penalties has other parts.
    parts = list(dict.fromkeys(part for epoch in history for part in epoch.parts))
    for part in parts:
        arrays[f"training: {part}"] = np.array([epoch.parts.get(part, np.nan) for epoch in history], float)
        held_out = [epoch.validation_parts.get(part, np.nan) for epoch in history]
        arrays[f"held out: {part}"] = np.array(held_out, float)
    watched = arrays["held out"]
    best = None if not len(watched) or np.isnan(watched).all() else int(arrays["epoch"][np.nanargmin(watched)])
    return Payload("training_curves", {"unit": model.loss_unit_, "parts": parts, "best_epoch": best}, arrays)
