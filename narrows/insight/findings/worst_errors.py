"""Find the columns and rows with the largest errors."""

from __future__ import annotations

import numpy as np

from narrows.insight.findings.evidence import Evidence
from narrows.insight.findings.finding import Finding
from narrows.insight.intervals import bootstrap, interval_text

_N_NAMED = 5
_NOT_LEARNED = 0.05  # R² of a column, up to which it is not learned
_LOPSIDED = 0.5  # share of one column in the error


def column_errors(evidence: Evidence, *, may_widen: bool = True) -> Finding:
    """Return R² of each column (or pixel), those that are not learned first, and their shares of the error.

    R² is the share of the squared deviation from the mean of the other rows that is explained: 1 for a perfect
    reconstruction, 0 for the mean, below 0 if worse than the mean.

    may_widen : whether to advise a wider code; not for a model whose code should be narrower.
    """
    schema = evidence.model.schema_
    errors = schema.sum_by_column(evidence.squared_errors)
    spread = np.square(evidence.measured - evidence.known.mean(axis=0, dtype=np.float64))
    spread = schema.sum_by_column(spread if evidence.observed is None else spread * evidence.observed)
    total, around_mean = errors.sum(axis=0), spread.sum(axis=0)
    shares = total / max(float(total.sum()), 1e-300)
    varies = around_mean > 0
    r2 = np.where(varies, 1 - total / np.where(varies, around_mean, 1), total == 0)
    values: dict[str, float | list[float]] = {
        "error_by_column": errors.mean(axis=0).tolist(),
        "r2_by_column": r2.tolist(),
    }
    missed = [int(i) for i in np.argsort(r2) if varies[i] and r2[i] <= _NOT_LEARNED]
    if schema.image_shape is not None:  # single pixels, such as those of a background, may hardly vary
        missed = []
    largest = [int(i) for i in np.argsort(shares)[::-1] if varies[i] and i not in set(missed)]
    named = (missed + largest)[:_N_NAMED]
    names = schema.feature_names if schema.image_shape is None else _pixel_names(schema.image_shape)
    figure = ", ".join(
        f"{names[i]} (R² {r2[i]:.2f}, {_interval_of(evidence, errors[:, i], spread[:, i])}; "
        f"{shares[i]:.0%} of the error)"
        for i in named
    )
    name = "Which columns are hardest?"
    if not named:
        return Finding(name, "good", "no column varies", "There is nothing to reconstruct.", "", values)
    worse = [i for i in missed if _is_positive(errors[:, i] - spread[:, i])]
    advice = f"{'Use a wider code if they matter, or leave' if may_widen else 'Leave'} out what is pure noise."
    if worse and varies.sum() > 1:
        verb = "is" if len(worse) == 1 else "are"
        meaning = f"{len(worse)} of {varies.sum()} columns {verb} reconstructed worse than by the mean."
        if schema.bounded and len(worse) > varies.sum() / 4:
            advice = "Narrow columns hardly count where all share one unit; scale='standard' gives all the same weight."
        return Finding(name, "watch", figure, meaning, advice, values)
    if missed and varies.sum() > 1:
        verb = "is" if len(missed) == 1 else "are"
        listed = ", ".join(names[i] for i in missed[:_N_NAMED]) + ", ..." * (len(missed) > _N_NAMED)
        meaning = f"{len(missed)} of {varies.sum()} columns {verb} not learned: {listed}."
        return Finding(name, "watch", figure, meaning, advice, values)
    hardest = int(np.argmax(shares))
    if shares[hardest] > _LOPSIDED and schema.n_columns > 2:
        meaning = f"{names[hardest]} has more than half of the error, so the others hardly count."
        advice = "Look at that column: is it an outlier, an identifier or pure noise? Leave it out or transform it."
        return Finding(name, "watch", figure, meaning, advice, values)
    return Finding(name, "good", figure, "Every column is learned; those named have most of the error.", "", values)


def _pixel_names(shape: tuple[int, int, int]) -> list[str]:
    """Return the name of each value of an image of a shape (height, width, channels): its place from the top left."""
    height, width, channels = shape
    colours = {1: [""], 3: [" red", " green", " blue"]}.get(channels, [f" channel {c + 1}" for c in range(channels)])
    return [f"pixel x={x + 1}, y={y + 1}{c}" for y in range(height) for x in range(width) for c in colours]


def _is_positive(values: np.ndarray) -> bool:
    """Return whether the mean is above 0 by more than two standard errors."""
    return len(values) > 1 and bool(values.mean() > 2 * values.std(ddof=1) / np.sqrt(len(values)))


def _interval_of(evidence: Evidence, errors: np.ndarray, spread: np.ndarray) -> str:
    def r2(sample: np.ndarray) -> float:
        total, around_mean = sample.sum(axis=0)
        return float(1 - total / max(around_mean, 1e-300))

    return interval_text(bootstrap(r2, np.column_stack([errors, spread]), seed=evidence.seed), ".2f")


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
