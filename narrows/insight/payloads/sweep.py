"""What a sweep found, as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.payloads.payload import Payload

if TYPE_CHECKING:
    from narrows.insight.sweep import Sweep


def sweep_curve(sweep: Sweep) -> Payload:
    """The errors of a sweep over what was varied.

    Returns
    -------
    Payload
        Arrays of shape (points,): "value"; "held_out" and "training", means over seeds of the squared error per row;
        "lowest" and "highest", the held-out extremes over seeds; "pca" and "mean_row". `about`: "over", "axis" and
        "labels" in words, "knee" (a value or None), "unit", "n_seeds".
    """
    points = sweep.points
    return Payload(
        "sweep_curve",
        {
            "over": sweep.over,
            "axis": sweep.axis,
            "labels": [point.label for point in points],
            "knee": sweep.knee,
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
