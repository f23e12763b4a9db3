"""How much of the result is luck?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from narrows.insight.findings.finding import Finding

_WIDE = 0.1  # standard deviation over mean, above which one fit says little about the settings


def spread(errors: Sequence[float], own: float | None) -> Finding:
    """The spread of the held-out error over seeds.

    errors : the squared error per row of each copy, at least two.
    own : that of the model itself, where it was trained on the same rows as the copies.
    """
    errors_ = np.asarray(errors, float)
    mean, deviation = float(errors_.mean()), float(errors_.std(ddof=1))
    relative = deviation / max(mean, 1e-12)
    steady = relative <= _WIDE
    return Finding(
        "Does another seed come to the same?",
        "good" if steady else "watch",
        f"squared error {errors_.min():.4g} to {errors_.max():.4g} per row over {len(errors_)} seeds, on average "
        f"{mean:.4g} give or take {deviation:.2g}" + ("" if own is None else f"; this model's is {own:.4g}"),
        "Other seeds come to about the same error: the result is not luck."
        if steady
        else "Other seeds come to rather different errors: part of the result is luck.",
        "" if steady else "Compare settings over several seeds only; more rows or more epochs make fits alike.",
        {"errors": errors_.tolist(), "mean": mean, "deviation": deviation, **({} if own is None else {"own": own})},
    )
