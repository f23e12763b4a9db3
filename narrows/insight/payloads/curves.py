"""Curves: the loss over the epochs, and the errors of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.payloads.payload import Payload

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder
    from narrows.insight.sweep import Sweep


def training_curves(model: Autoencoder) -> Payload:
    """Return the training and held-out loss per row after every epoch, in total and by term.

    Returns
    -------
    Payload
        Arrays of shape (epochs,): "epoch", "training", "held out" (NaN if no rows were held out), and for every term
        of the loss "training: reconstruction", "held out: reconstruction", "held out: kl", ... `about`: "unit",
        "parts" and "best_epoch", that of the lowest held-out loss (None if no rows were held out).
    """
    model.check_is_fitted()
    history = model.history_
    arrays = {
        "epoch": np.array([epoch.number for epoch in history]),
        "training": np.array([epoch.loss for epoch in history], float),
        "held out": np.array([np.nan if e.validation is None else e.validation for e in history], float),
    }
    # A fit that was continued with other penalties has other terms.
    parts = list(dict.fromkeys(part for epoch in history for part in epoch.parts))
    for part in parts:
        arrays[f"training: {part}"] = np.array([epoch.parts.get(part, np.nan) for epoch in history], float)
        held_out = [epoch.validation_parts.get(part, np.nan) for epoch in history]
        arrays[f"held out: {part}"] = np.array(held_out, float)
    watched = arrays["held out"]
    best = None if not len(watched) or np.isnan(watched).all() else int(arrays["epoch"][np.nanargmin(watched)])
    return Payload("training_curves", {"unit": model.loss_unit_, "parts": parts, "best_epoch": best}, arrays)


def sweep_curve(sweep: Sweep) -> Payload:
    """Return the errors of a sweep over the varied setting.

    Returns
    -------
    Payload
        Arrays of shape (points,): "value"; "held_out" and "training", means over seeds of the squared error per row;
        "lowest" and "highest", the held-out extremes over seeds; "pca" and "mean_row". `about`: "over", "axis" and
        "labels" as text, "knee" (a value or None), "logarithmic" (whether errors are drawn so), "unit", "n_seeds".
    """
    points = sweep.points
    return Payload(
        "sweep_curve",
        {
            "over": sweep.over,
            "axis": sweep.axis,
            "labels": [point.label for point in points],
            "knee": sweep.knee,
            "logarithmic": sweep.is_logarithmic,
            "unit": "squared error per row",
            "n_seeds": max((len(point.held_out) for point in points), default=0),
        },
        {
            "value": np.array([point.value for point in points], float),
            "held_out": np.array([np.mean(point.held_out) for point in points]),
            "lowest": np.array([np.min(point.held_out) for point in points]),
            "highest": np.array([np.max(point.held_out) for point in points]),
            "training": np.array([np.mean(point.training) for point in points]),
            "pca": np.array([point.pca for point in points]),
            "mean_row": np.array([point.mean_row for point in points]),
        },
    )
