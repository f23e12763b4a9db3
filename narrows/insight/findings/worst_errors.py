"""Find the columns and rows with the largest errors."""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding

_N_NAMED = 5


def column_errors(evidence: Evidence) -> Finding:
    """Rank the columns (or pixels) by their share of the error."""
    schema = evidence.model.schema_
    errors = schema.sum_by_column(evidence.squared_errors.mean(axis=0))
    shares = errors / max(float(errors.sum()), 1e-300)
    worst = np.argsort(shares)[::-1][:_N_NAMED]
    names = ", ".join(f"{schema.feature_names[i]} ({shares[i]:.0%})" for i in worst)
    lopsided = bool(shares[worst[0]] > 0.5 and schema.n_columns > 2)
    return Finding(
        "Which columns are hardest?",
        "watch" if lopsided else "good",
        names,
        "One column causes more than half of the error; the others hardly count in training."
        if lopsided
        else "These columns cause most of the error.",
        "Look at that column: is it an outlier, an identifier or pure noise? Leave it out or transform it."
        if lopsided
        else "",
        {"error_by_column": errors.tolist()},
    )


def worst_rows(evidence: Evidence, positions: np.ndarray, *, rows_dropped: bool = False) -> Finding:
    """Find the ten rows with the largest errors; `positions` (n,) are those of the held-out rows in the data.

    rows_dropped : whether rows with missing values were dropped when the data were read, so that positions differ.
    """
    errors = evidence.errors
    order = np.argsort(errors)[::-1][:10]
    usual = float(np.median(errors))
    counted = "of the rows kept, counting from 0" if rows_dropped else "counting from 0"
    times = float(errors[order[0]] / max(usual, 1e-12))
    return Finding(
        "Which rows are most anomalous?",
        "good",
        f"rows {', '.join(str(int(positions[i])) for i in order)} ({counted})",
        f"These rows are reconstructed worst; the first has {times:.1f} times the median error.",
        "",
        {"rows": [float(positions[i]) for i in order], "errors": errors[order].tolist(), "median": usual},
    )
