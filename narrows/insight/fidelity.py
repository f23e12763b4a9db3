"""Fidelity of synthetic rows: similarity to real ones, by columns and by pairs of columns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from narrows.data import Rows, as_numbers, as_rows
from narrows.errors import DataError
from narrows.insight.synthetic_rows import TrainedOnMade, closest_rows, distinguishability, trained_on_synthetic

_MOST_ROWS, _MOST_COLUMNS, _BINS = 20_000, 40, 10
_N_LOWEST = 5


@dataclass(frozen=True, repr=False)
class Fidelity:
    """Similarities from 0 to 1, where 1 means indistinguishable.

    Parameters
    ----------
    columns : dict of str to float
        For numbers and dates, 1 - the Kolmogorov-Smirnov statistic; for texts, 1 - the total variation distance.
        0 where only one side has values; a column without any is left out.
    gaps : dict of str to float
        1 - the difference of the shares of missing values.
    pairs : dict of (str, str) to float
        For two numeric columns, 1 - half the difference of their correlations; for others, 1 - the total variation
        distance of their joint levels, where numbers are cut into ten bins of equal width, each side over its range.
        0 where a column has values on one side only.
    n_real, n_synthetic : int
        Rows compared.
    spread : dict of str to float
        For numbers, the standard deviation of the synthetic rows divided by that of the real ones.
    auc : float or None
        Area under the ROC curve of boosted trees that tell real rows from synthetic ones, on rows that they did not
        learn from: 0.5 means that they cannot, 1 that they always can. None for fewer than 30 rows.
    closest_synthetic, closest_real : float
        Median distance of a synthetic row to the closest real row, and of a real row to the closest other real row,
        from 0 to 1 (Gower 1971). Where the first is much smaller, synthetic rows repeat real ones.
    trained : TrainedOnMade or None
        How well trees that learned from the synthetic rows predict the `target` of real ones.
    """

    columns: dict[str, float]
    gaps: dict[str, float]
    pairs: dict[tuple[str, str], float]
    n_real: int
    n_synthetic: int
    spread: dict[str, float] = field(default_factory=dict)
    auc: float | None = None
    closest_synthetic: float = float("nan")
    closest_real: float = float("nan")
    trained: TrainedOnMade | None = None

    @property
    def column_score(self) -> float:
        """Mean over columns."""
        return float(np.mean(list(self.columns.values())))

    @property
    def pair_score(self) -> float:
        """Mean over pairs; 1 if there is no pair."""
        return float(np.mean(list(self.pairs.values()))) if self.pairs else 1.0

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            **asdict(self),
            "column_score": self.column_score,
            "pair_score": self.pair_score,
            "pairs": [{"columns": list(pair), "score": score} for pair, score in self.pairs.items()],
        }

    def __str__(self) -> str:
        worst = sorted(self.columns.items(), key=lambda item: item[1])[:_N_LOWEST]
        pairs = sorted(self.pairs.items(), key=lambda item: item[1])[:_N_LOWEST]
        lines = [
            f"{self.n_synthetic:,} synthetic rows compared with {self.n_real:,} real ones; 1 means indistinguishable.",
            f"columns {self.column_score:.3f}; lowest: " + ", ".join(f"{name} {score:.2f}" for name, score in worst),
        ]
        if pairs:
            names = ", ".join(f"{a} with {b} {score:.2f}" for (a, b), score in pairs)
            lines.append(f"pairs {self.pair_score:.3f}; lowest: {names}")
        return "\n".join([*lines, *self._of_whole_rows()])

    def _of_whole_rows(self) -> list[str]:
        lines = []
        if self.spread:
            farthest = sorted(self.spread.items(), key=lambda item: -abs(np.log(max(item[1], 1e-9))))[:_N_LOWEST]
            median = float(np.median(list(self.spread.values())))
            names = ", ".join(f"{name} {ratio:.2f}" for name, ratio in farthest)
            lines.append(f"spread, as a share of the real one: median {median:.2f}; farthest from 1: {names}")
        if self.auc is not None:
            lines.append(f"trees tell real rows from synthetic ones with an AUC of {self.auc:.3f} (0.5: they cannot)")
        if np.isfinite(self.closest_real):
            lines.append(
                f"distance to the closest real row: {self.closest_synthetic:.3f} from a synthetic row, "
                f"{self.closest_real:.3f} from another real one"
            )
        if self.trained is not None:
            found = self.trained
            lines.append(
                f"{found.target} of real rows, {found.measure}: {found.on_made:.3f} trained on synthetic rows, "
                f"{found.on_real:.3f} on real ones"
            )
        return lines

    __repr__ = __str__


def fidelity(
    real: Any, synthetic: Any, *, target: str | None = None, real_or_made: bool = True, random_state: int = 0
) -> Fidelity:
    """Compare synthetic rows with real ones.

    Columns and pairs are compared as the quality report of sdmetrics does. Boosted trees try to tell real rows from
    synthetic ones, which sees what single pairs do not.

    Parameters
    ----------
    real, synthetic : arrays, frames or Rows
        With the same columns. Samples of at most 20,000 rows are compared (5,000 where trees are grown and distances
        measured), and pairs of the first 40 columns.
    target : str or None, default=None
        Column that trees learn to predict from synthetic rows and from real ones, tested on other real rows.
    real_or_made : bool, default=True
        Whether to grow the trees that tell real from synthetic rows, which takes seconds.
    random_state : int, default=0
        Seed of samples, folds and trees.

    Raises
    ------
    DataError
        The columns differ, no column has a value on both sides, or the target is not there.
    """
    real, synthetic = (as_rows(rows).sampled(_MOST_ROWS, seed=random_state) for rows in (real, synthetic))
    if real.feature_names != synthetic.feature_names:
        raise DataError("Real and synthetic rows must have the same columns in the same order.")
    names = real.feature_names
    compared, real_gaps, synthetic_gaps = {}, {}, {}
    for i, name in enumerate(names):
        pair = [_column(rows, i) for rows in (real, synthetic)]
        real_gaps[name], synthetic_gaps[name] = (float(_is_gap(values).mean()) for values in pair)
        compared[name] = _alike_if_empty(*pair)
    have_values = {name: [bool((~_is_gap(v)).any()) for v in pair] for name, pair in compared.items()}
    compared = {name: pair for name, pair in compared.items() if any(have_values[name])}
    if not any(all(have_values[name]) for name in compared):
        raise DataError("No column has values in both the real and the synthetic rows, so nothing can be compared.")
    few = list(compared)[:_MOST_COLUMNS]
    then, now = ([pair[side] for pair in compared.values()] for side in (0, 1))
    closest = closest_rows(then, now, seed=random_state)
    return Fidelity(
        {name: _similarity(*pair) for name, pair in compared.items()},
        {name: 1 - abs(real_gaps[name] - synthetic_gaps[name]) for name in names},
        {(a, b): _pair(compared[a], compared[b]) for a, b in combinations(few, 2)},
        len(real),
        len(synthetic),
        {name: float(np.nanstd(b) / np.nanstd(a)) for name, (a, b) in compared.items() if _varies(a, b)},
        distinguishability(then, now, seed=random_state) if real_or_made else None,
        *closest,
        None if target is None else trained_on_synthetic(then, now, list(compared), target, seed=random_state),
    )


def _alike_if_empty(then: np.ndarray, now: np.ndarray) -> list[np.ndarray]:
    """Return both sides of a column; an empty one has the type of the other, whatever its container gave it."""
    if then.dtype.kind != now.dtype.kind:
        then, now = (
            np.full(len(values), None if other.dtype.kind == "O" else np.nan, other.dtype)
            if _is_gap(values).all()
            else values
            for values, other in ((then, now), (now, then))
        )
    return [then, now]


def _similarity(then: np.ndarray, now: np.ndarray) -> float:
    from scipy.stats import ks_2samp

    then, now = then[~_is_gap(then)], now[~_is_gap(now)]
    if not len(then) or not len(now):
        return 0.0
    if then.dtype.kind == "f" and now.dtype.kind == "f":
        return 1 - float(ks_2samp(then, now, method="asymp").statistic)  # pyright: ignore[reportAttributeAccessIssue]
    return _overlap(then.astype(str), now.astype(str))


def _varies(then: np.ndarray, now: np.ndarray) -> bool:
    if then.dtype.kind != "f" or now.dtype.kind != "f" or np.isnan(then).all() or np.isnan(now).all():
        return False
    return bool(np.nanstd(then) > 0)


def _pair(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    if any(_is_gap(values).all() for values in (*a, *b)):
        return 0.0
    if all(values.dtype.kind == "f" for values in (*a, *b)):
        then, now = (_correlation(x, y) for x, y in zip(a, b, strict=True))
        return 1 - abs(then - now) / 2
    levels = [_levels(*values) for values in (a, b)]
    then, now = (np.char.add(np.char.add(x, "\0"), y) for x, y in zip(*levels, strict=True))
    return _overlap(then, now)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def _levels(then: np.ndarray, now: np.ndarray) -> list[np.ndarray]:
    """Return levels as text; numbers in ten equal bins over each side's own range, missing values as one level.

    So does sdmetrics, which thereby counts another range as a difference.
    """
    if then.dtype.kind != "f" or now.dtype.kind != "f":
        return [np.where(_is_gap(values), "", values.astype(str)).astype(str) for values in (then, now)]
    edges = [np.histogram_bin_edges(values[~np.isnan(values)], _BINS) for values in (then, now)]
    return [np.digitize(values, bins).astype(str) for values, bins in zip((then, now), edges, strict=True)]


def _overlap(then: np.ndarray, now: np.ndarray) -> float:
    """Return 1 - the total variation distance of two samples of levels."""
    levels, places = np.unique(np.concatenate([then, now]), return_inverse=True)
    p = np.bincount(places[: len(then)], minlength=len(levels)) / len(then)
    q = np.bincount(places[len(then) :], minlength=len(levels)) / len(now)
    return float(1 - 0.5 * np.abs(p - q).sum())


def _column(rows: Rows, i: int) -> np.ndarray:
    """Return numbers and dates as float64 with NaN for missing values, else objects with None."""
    values = as_numbers(rows, i)
    if values.dtype.kind == "M":
        seconds = values.astype("datetime64[s]").astype(np.float64)
        return np.where(np.isnat(values), np.nan, seconds)
    return values.astype(np.float64) if values.dtype.kind in "biuf" else values.astype(object)


def _is_gap(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.isnan(values)
    return np.array([value is None or value != value for value in values], dtype=bool)
