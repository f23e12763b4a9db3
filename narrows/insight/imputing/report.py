"""The error of filled cells: known cells are hidden, filled by each method, and compared with their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from narrows.data import Rows, is_missing
from narrows.insight.imputing.methods import CONSTANT
from narrows.insight.imputing.plain_table import Answers, PlainTable

_MARGIN = 0.98  # of the constant's error, that a method must reach to be trusted with a column


@dataclass(frozen=True)
class ColumnScores:
    """Errors of each method on the hidden cells of one column.

    Parameters
    ----------
    measure : {"rmse", "right"}
        "rmse" is the root mean squared error in standard deviations of the column; "right" the share of right levels.
    n_hidden : int
    scores : dict of str to float
        Method -> its score.
    chosen : str
        The method that fills the column: the best one, or "mean or mode" where none is clearly better than that.
    coverage : float or None, default=None
        Share of the hidden numbers within the interval that should hold 90 % of the draws; None without draws.
    """

    measure: str
    n_hidden: int
    scores: dict[str, float]
    chosen: str
    coverage: float | None = None


@dataclass(frozen=True, repr=False)
class ImputationReport:
    """Scores by column, and over all hidden cells."""

    columns: dict[str, ColumnScores]

    @property
    def methods(self) -> list[str]:
        """The methods that were compared."""
        return list(next(iter(self.columns.values())).scores) if self.columns else []

    def rmse(self, method: str | None = None) -> float:
        """Return the root mean squared error over all hidden numbers, in standard deviations; NaN without numbers.

        None is that of the chosen methods.
        """
        found = [(c.scores[method or c.chosen] ** 2, c.n_hidden) for c in self.columns.values() if c.measure == "rmse"]
        return float(np.sqrt(_weighted(found)))

    def right(self, method: str | None = None) -> float:
        """Return the share of hidden levels that are right; NaN without levels. None is that of the chosen methods."""
        return _weighted(
            [(c.scores[method or c.chosen], c.n_hidden) for c in self.columns.values() if c.measure == "right"]
        )

    def with_coverage(self, shares: Mapping[str, float]) -> ImputationReport:
        """Return the report with the coverage of some columns by their names."""
        return ImputationReport(
            {name: replace(c, coverage=shares.get(name, c.coverage)) for name, c in self.columns.items()}
        )

    @property
    def coverage(self) -> float:
        """Share of all hidden numbers within the interval that should hold 90 % of the draws; NaN without draws."""
        shares = [(c.coverage, c.n_hidden) for c in self.columns.values() if c.coverage is not None]
        return _weighted([(share, n) for share, n in shares if np.isfinite(share)])

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {
            "columns": {name: asdict(scores) for name, scores in self.columns.items()},
            "rmse": {method: self.rmse(method) for method in self.methods},
            "right": {method: self.right(method) for method in self.methods},
            "chosen": {"rmse": self.rmse(), "right": self.right()},
        }

    def __str__(self) -> str:
        if not self.columns:
            return "There were too few cells to hide some and measure how well they are filled."
        n = sum(c.n_hidden for c in self.columns.values())
        lines = [f"{n:,} known cells were hidden and filled: error of numbers in standard deviations, right levels."]
        for method in (*self.methods, None):
            parts = [f"{self.rmse(method):.3f}"] if np.isfinite(self.rmse(method)) else []
            parts += [f"{self.right(method):.1%}"] if np.isfinite(self.right(method)) else []
            lines.append(f"  {method or 'chosen by column':<17} {'  '.join(parts)}")
        if np.isfinite(self.coverage):
            lines.append(f"The interval of 90 % of the draws holds {self.coverage:.0%} of the hidden numbers.")
        constant = [name for name, c in self.columns.items() if c.chosen == CONSTANT]
        if constant and len(self.methods) > 1:
            lines.append("No method is clearly better than the mean or mode for " + ", ".join(constant) + ".")
        return "\n".join(lines)

    __repr__ = __str__


def hidden_cells(rows: Rows, columns: list[int], *, share: float, seed: int) -> tuple[Rows, dict[int, np.ndarray]]:
    """Return rows in which a share of the known cells of these columns is missing, and where, bool (n,) each.

    Columns that cannot hold missing cells, whole numbers and truth values, become floats.
    """
    rng = np.random.default_rng(seed)
    values = [rows.column(i) for i in range(rows.n_columns)]
    hidden: dict[int, np.ndarray] = {}
    for i in columns:
        at = (rng.random(len(rows)) < share) & ~is_missing(values[i])
        if at.sum() == 0 or (~is_missing(values[i])).sum() - at.sum() < 2:
            continue
        values[i] = _emptied(values[i], at)
        hidden[i] = at
    types = None if rows.types is None else tuple(None if i in hidden else t for i, t in enumerate(rows.types))
    whole = isinstance(rows.values, tuple)
    return replace(rows, values=tuple(values) if whole else np.column_stack(values), types=types), hidden


def imputation_report(truth: PlainTable, hidden: Mapping[int, np.ndarray], found: Mapping[str, Answers]) -> Any:
    """Compare the answers of methods with the true cells, column by column; see `ImputationReport`."""
    names = truth.rows.feature_names
    columns = {}
    for i, at in hidden.items():
        measure = "rmse" if i in truth.numbers else "right"
        scores = {method: cells_score(truth, i, at, answers[i]) for method, answers in found.items()}
        if np.isfinite(list(scores.values())).all():
            columns[names[i]] = ColumnScores(measure, int(at.sum()), scores, _chosen(measure, scores))
    return ImputationReport(columns)


def cells_score(truth: PlainTable, i: int, at: np.ndarray, answer: np.ndarray) -> float:
    """Return the error of the cells `at`, bool (n,), of a column in standard deviations, or the share of right levels.

    answer : of a method, see `Answers`.
    """
    if i in truth.levels:
        return float((answer[at].argmax(axis=1) == truth.levels[i][at]).mean())
    spread = float(np.nanstd(truth.numbers[i])) or 1.0
    return float(np.sqrt(np.square((answer[at] - truth.numbers[i][at]) / spread).mean()))


def _chosen(measure: str, scores: Mapping[str, float]) -> str:
    constant = scores.get(CONSTANT, np.nan)
    if measure == "rmse":
        best = min(scores, key=lambda method: scores[method])
        return best if CONSTANT not in scores or scores[best] < _MARGIN * constant else CONSTANT
    best = max(scores, key=lambda method: scores[method])
    return best if CONSTANT not in scores or 1 - scores[best] < _MARGIN * (1 - constant) else CONSTANT


def _emptied(column: np.ndarray, at: np.ndarray) -> np.ndarray:
    if column.dtype.kind in "biu":
        column = column.astype(np.float64)
    column = column.copy()
    column[at] = None if column.dtype.kind == "O" else np.datetime64("NaT") if column.dtype.kind == "M" else np.nan
    return column


def _weighted(found: list[tuple[float, int]]) -> float:
    return float(np.average([s for s, _ in found], weights=[n for _, n in found])) if found else float("nan")
