"""Where are the errors?"""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding

_SHOWN = 5


def by_column(evidence: Evidence) -> Finding:
    """Which columns (or pixels) are rebuilt worst, as shares of the whole error."""
    schema = evidence.model.schema_
    errors = schema.sum_by_column(evidence.squared_errors.mean(axis=0))
    shares = errors / max(float(errors.sum()), 1e-300)
    worst = np.argsort(shares)[::-1][:_SHOWN]
    names = ", ".join(f"{schema.feature_names[i]} ({shares[i]:.0%})" for i in worst)
    lopsided = bool(shares[worst[0]] > 0.5 and schema.n_columns > 2)
    return Finding(
        "Which columns are hardest?",
        "watch" if lopsided else "good",
        names,
        "One column makes more than half of the error; the others hardly count in training."
        if lopsided
        else "The columns that make most of the error.",
        "Look at that column: an outlier, an identifier or pure noise? Leave it out or transform it."
        if lopsided
        else "",
        {"error_by_column": errors.tolist()},
    )


def worst_rows(evidence: Evidence, positions: np.ndarray, *, after_gaps: bool = False) -> Finding:
    """The ten rows that are rebuilt worst; `positions` (n,) are the places of the held-out rows in the data.

    after_gaps : whether rows with gaps were left out before they were counted.
    """
    errors = evidence.errors
    order = np.argsort(errors)[::-1][:10]
    usual = float(np.median(errors))
    counted = "of the rows kept, counting from 0" if after_gaps else "counting from 0"
    times = float(errors[order[0]] / max(usual, 1e-12))
    return Finding(
        "Which rows are strangest?",
        "good",
        f"rows {', '.join(str(int(positions[i])) for i in order)} ({counted})",
        f"The rows that are rebuilt worst; the first has {times:.1f} times the median error.",
        "",
        {"rows": [float(positions[i]) for i in order], "errors": errors[order].tolist(), "median": usual},
    )
