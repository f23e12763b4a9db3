"""Check how much the result depends on the random seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narrows.insight.findings.finding import Finding

NAME = "Do other seeds give the same result?"

_WIDE = 0.1  # standard deviation / mean; above it, one fit is not enough to compare settings


def spread(errors: Sequence[float], own: float | None) -> Finding:
    """Judge the spread of the held-out error over seeds.

    errors : the squared error per row of each refit, at least two.
    own : that of the model itself, if it was trained on the same rows as the refits; else None.
    """
    errors_ = np.asarray(errors, float)
    mean, deviation = float(errors_.mean()), float(errors_.std(ddof=1))
    relative = deviation / max(mean, 1e-12)
    steady = relative <= _WIDE
    return Finding(
        NAME,
        "good" if steady else "watch",
        f"squared error {errors_.min():.4g} to {errors_.max():.4g} per row over {len(errors_)} seeds, mean {mean:.4g}, "
        f"standard deviation {deviation:.2g}" + ("" if own is None else f"; this model's is {own:.4g}"),
        "Other seeds give about the same error: the result does not depend on luck."
        if steady
        else "Other seeds give rather different errors: part of the result is luck.",
        "" if steady else "Compare settings over several seeds; more rows or more epochs make the fits more alike.",
        {"errors": errors_.tolist(), "mean": mean, "deviation": deviation, **({} if own is None else {"own": own})},
    )
