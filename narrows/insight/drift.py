"""Drift: changes of the distributions of columns and scores since the fit."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import as_numbers, as_rows, is_missing
from narrows.errors import DataError, SettingError
from narrows.estimators import AnomalyDetector, benjamini_hochberg
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.weights import median
from narrows.formatting import counted

if TYPE_CHECKING:
    from narrows.data import Rows, Schema
    from narrows.estimators import Autoencoder

_ALPHA = 0.01
_LEAST = 0.1  # KS statistic; with many rows, tiny differences are significant
_MOST = 20_000


@dataclass(frozen=True)
class ColumnDrift:
    """Change of one column.

    Parameters
    ----------
    column : str
    statistic : float
        Kolmogorov-Smirnov statistic, from 0 to 1: the largest difference of the distribution functions.
    p_value : float
    drifted : bool
        Significant at a false discovery rate of 1 % over all columns, and a statistic of at least 0.1.
    then, now : number, text or None
        The median or the most frequent level before and after, in the user's units.
    n_unknown : int, default=0
        New rows with a level that no row of the fit has. More of them than chance explains are drift, however few.
    """

    column: str
    statistic: float
    p_value: float
    drifted: bool
    then: Any
    now: Any
    n_unknown: int = 0


@dataclass(frozen=True, repr=False)
class Drift:
    """Changes of all columns, the largest first.

    Parameters
    ----------
    n_then, n_now : int
        Rows compared.
    columns : tuple of ColumnDrift
    scores : ColumnDrift
        Change of the anomaly scores (of an autoencoder, the reconstruction errors); also detects changes of the
        dependence between columns.
    """

    n_then: int
    n_now: int
    columns: tuple[ColumnDrift, ...]
    scores: ColumnDrift

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the columns that changed."""
        return tuple(column.column for column in self.columns if column.drifted)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return {**asdict(self), "drifted": list(self.drifted)}

    def __str__(self) -> str:
        n = len(self.columns)
        if self.drifted:
            words = f"The distribution changed in {len(self.drifted)} of {n} columns: {', '.join(self.drifted)}."
        elif self.scores.drifted:
            words = "No single column changed, but together they did: the distribution of the scores differs."
        else:
            words = f"No change was found in {self.n_now:,} rows."
        lines = [*textwrap.wrap(words, 100), ""]
        for column in (self.scores, *[c for c in self.columns if c.drifted]):
            p = "p < 0.0001" if column.p_value < 1e-4 else f"p = {column.p_value:.4f}"
            change = f"typical value {_text(column.then)} before, {_text(column.now)} now"
            if column.n_unknown:
                change += f", and {counted(column.n_unknown, 'row')} with a level that no row of the fit has"
            lines.append(f"{column.column}: KS statistic {column.statistic:.2f}, {p}, {change}")
        return "\n".join(lines)

    __repr__ = __str__


def drift(model: Autoencoder | AnomalyDetector, X: Any, *, reference: Any = None) -> Drift:
    """Compare new rows with those of the fit, column by column and by their scores.

    Parameters
    ----------
    model : AnomalyDetector or Autoencoder
        Fitted.
    X : like that of `fit`, or Rows
        New rows; of more than 20,000, a sample is used.
    reference : like X, or None
        Rows from the time of the fit. The default detector stores some; every other model needs them.

    Raises
    ------
    SettingError
        The model stores no rows, and `reference` is not given.
    DataError
        Fewer than five rows on either side.
    """
    schema = model.schema_
    rows_now = as_rows(X).sampled(_MOST)
    encode = (
        model.encode_rows if isinstance(model, AnomalyDetector) else partial(schema.encode, who=type(model).__name__)
    )
    now = encode(rows_now)
    scores_now = _scores(model, rows_now, now)
    if reference is not None:
        rows_then = as_rows(reference).sampled(_MOST)
        then = encode(rows_then)
        calibration = Calibration.of(_scores(model, rows_then, then), None)
    else:
        then, calibration = own_rows(model)
        rows_then = schema.decode_rows(then)
    if min(len(then), len(now)) < 5:
        raise DataError("Drift needs at least 5 rows of the fit and 5 new rows; give more.")
    found = [
        _column(schema, i, then, now, then_value=_typical(rows_then, i), now_value=_typical(rows_now, i))
        for i in schema.learned_columns
    ]
    (constant, changed_then), (_, changed_now) = schema.changed_constants(rows_then), schema.changed_constants(rows_now)
    found += [
        replace(
            _compared(schema.feature_names[i], changed_then[:, k], changed_now[:, k]),
            then=_typical(rows_then, i),
            now=_typical(rows_now, i),
        )
        for k, i in enumerate(constant.tolist())
    ]
    found, p_unknown = _with_unknown(found, schema, rows_now)
    significant = benjamini_hochberg(np.array([column.p_value for column in found]), _ALPHA)
    columns = [
        replace(column, drifted=bool(is_one and (column.statistic >= _LEAST or p <= _ALPHA)))
        for column, is_one, p in zip(found, significant, p_unknown, strict=True)
    ]
    columns.sort(key=lambda column: -column.statistic)
    scores = _compared("the scores", calibration.scores, scores_now, calibration.weight)
    is_drift = scores.p_value <= _ALPHA and scores.statistic >= _LEAST
    return Drift(len(then), len(now), tuple(columns), replace(scores, drifted=is_drift))


def _with_unknown(found: list[ColumnDrift], schema: Schema, rows: Rows) -> tuple[list[ColumnDrift], list[float]]:
    """Return the columns with their unknown levels, and the probability of so many of them without drift."""
    levels = schema.unknown_levels(rows)
    names = [schema.feature_names[i] for i in levels.columns]
    counts = dict(zip(names, levels.found.sum(axis=0).tolist(), strict=True))
    p = {name: float(one) for name, one in zip(names, levels.p_values(), strict=True) if counts[name]}
    columns = [
        replace(
            column,
            n_unknown=counts.get(column.column, 0),
            p_value=min(column.p_value, min(1.0, 2 * p.get(column.column, 1.0))),
        )
        for column in found
    ]
    return columns, [p.get(column.column, 1.0) for column in found]


def column_statistics(schema: Schema, then: np.ndarray, now: np.ndarray) -> dict[str, float]:
    """Return the Kolmogorov-Smirnov statistic of each learned column from encoded rows (n, d) before and now.

    As in `drift`, it is that of the float of the column that changed most.
    """
    return {
        schema.feature_names[i]: max(
            statistic(then[:, j], now[:, j]) for j in np.flatnonzero(schema.float_columns == i)
        )
        for i in schema.learned_columns
    }


def statistic(then: np.ndarray, now: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the Kolmogorov-Smirnov statistic of two samples (n,), (m,); `weight` (n,) is that of the first."""
    return _compared("", then, now, weight).statistic


def own_rows(model: Autoencoder | AnomalyDetector) -> tuple[np.ndarray, Calibration]:
    """Return the encoded rows of the fit (n, d) that a detector stores, and the scores of its calibration rows.

    Raises
    ------
    SettingError
        The model stores no rows.
    """
    references = model.scorer_.references if isinstance(model, AnomalyDetector) else None
    if not isinstance(model, AnomalyDetector) or references is None:
        raise SettingError("This model stores no rows of its fit; give some as reference (in the shell: --reference).")
    return references, model.state_.calibration


def _scores(model: Autoencoder | AnomalyDetector, rows: Rows, floats: np.ndarray) -> np.ndarray:
    if isinstance(model, AnomalyDetector):
        return model.state_.scoring.scores(rows, floats)
    from narrows.insight.measure import squared_error

    return squared_error(model, floats)


def _column(
    schema: Schema, i: int, then: np.ndarray, now: np.ndarray, *, then_value: Any, now_value: Any
) -> ColumnDrift:
    """Return the change of a column, that of its float with the largest statistic."""
    places = np.flatnonzero(schema.float_columns == i)
    name = schema.feature_names[i]
    worst = max((_compared(name, then[:, j], now[:, j]) for j in places), key=lambda column: column.statistic)
    return replace(worst, p_value=min(1.0, worst.p_value * len(places)), then=then_value, now=now_value)


def _typical(rows: Rows, i: int) -> Any:
    """Return the median of a column of numbers or dates, else the most frequent level; None if all are missing."""
    values = as_numbers(rows, i)
    values = values[~is_missing(values)]
    if not len(values):
        return None
    if values.dtype.kind in "iuf":
        return float(np.median(values))
    if values.dtype.kind == "M":
        return str(np.sort(values)[len(values) // 2])
    levels, counts = np.unique(values.astype(str), return_counts=True)
    return str(levels[counts.argmax()])


def _compared(name: str, then: np.ndarray, now: np.ndarray, weight: np.ndarray | None = None) -> ColumnDrift:
    """Return the change between two samples (n,), (m,), the first with weights (n,) or None."""
    from scipy.stats import ks_2samp

    if weight is None:
        result = ks_2samp(then, now, method="asymp")
        found, p = float(result.statistic), float(result.pvalue)  # pyright: ignore[reportAttributeAccessIssue]
    else:
        found, p = _weighted_ks(then, weight, now)
    return ColumnDrift(name, found, p, False, float(median(then, weight)), float(np.median(now)))


def _weighted_ks(then: np.ndarray, weight: np.ndarray, now: np.ndarray) -> tuple[float, float]:
    """Return the statistic and the p-value of Kolmogorov and Smirnov, with weights (n,) of the first sample (n,).

    It counts as many rows as its weights say (Kish 1965), and no more than their sum, the number of groups where each
    calibration group counts as one.
    """
    from scipy.stats import kstwo

    order = np.argsort(then, kind="stable")
    shares = np.concatenate([[0.0], np.cumsum(weight[order])]) / weight.sum()
    values = np.concatenate([then, now])
    of_then = shares[np.searchsorted(then[order], values, side="right")]
    of_now = np.searchsorted(np.sort(now), values, side="right") / len(now)
    found = float(np.abs(of_then - of_now).max())
    n = min(weight.sum(), weight.sum() ** 2 / np.square(weight).sum())
    return found, float(kstwo.sf(found, max(1, round(n * len(now) / (n + len(now))))))


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
