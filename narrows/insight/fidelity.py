"""How like real rows are made-up ones: column by column, and two columns at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from narrows.data import Rows, as_rows
from narrows.errors import DataError

_MOST_ROWS, _MOST_COLUMNS, _BINS = 20_000, 40, 10
_SHOWN = 5


@dataclass(frozen=True, repr=False)
class Fidelity:
    """Every figure from 0 to 1, where 1 is indistinguishable.

    Parameters
    ----------
    columns : dict of str to float
        Of numbers and dates 1 - the largest gap between both distribution functions (Kolmogorov-Smirnov), of texts 1 -
        the share of rows that would have to change their level (total variation).
    gaps : dict of str to float
        1 - the difference of the shares of missing cells.
    pairs : dict of (str, str) to float
        Of two columns of numbers 1 - half the difference of their correlations, of others 1 - the total variation
        between the tables of their levels, numbers cut into ten by the real rows.
    n_real, n_synthetic : int
        Rows compared.
    """

    columns: dict[str, float]
    gaps: dict[str, float]
    pairs: dict[tuple[str, str], float]
    n_real: int
    n_synthetic: int

    @property
    def column_score(self) -> float:
        """The mean over columns."""
        return float(np.mean(list(self.columns.values())))

    @property
    def pair_score(self) -> float:
        """The mean over pairs; 1 where there is none."""
        return float(np.mean(list(self.pairs.values()))) if self.pairs else 1.0

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            **asdict(self),
            "column_score": self.column_score,
            "pair_score": self.pair_score,
            "pairs": [{"columns": list(pair), "score": score} for pair, score in self.pairs.items()],
        }

    def __str__(self) -> str:
        worst = sorted(self.columns.items(), key=lambda item: item[1])[:_SHOWN]
        pairs = sorted(self.pairs.items(), key=lambda item: item[1])[:_SHOWN]
        lines = [
            f"{self.n_synthetic:,} made-up rows beside {self.n_real:,} real ones; 1 is indistinguishable.",
            f"columns {self.column_score:.3f}; least like: "
            + ", ".join(f"{name} {score:.2f}" for name, score in worst),
        ]
        if pairs:
            told = ", ".join(f"{a} with {b} {score:.2f}" for (a, b), score in pairs)
            lines.append(f"pairs {self.pair_score:.3f}; least like: {told}")
        return "\n".join(lines)

    __repr__ = __str__


def fidelity(real: Any, synthetic: Any, *, random_state: int = 0) -> Fidelity:
    """Compare made-up rows with real ones, as sdmetrics' quality report does.

    Parameters
    ----------
    real, synthetic : arrays, frames or Rows
        With the same columns. Of more than 20,000 rows a sample is compared, and pairs of the first 40 columns.
    random_state : int, default=0
        Of the samples.

    Raises
    ------
    DataError
        Other columns, or a column without any value.
    """
    from scipy.stats import ks_2samp

    real, synthetic = (as_rows(rows).sampled(_MOST_ROWS, seed=random_state) for rows in (real, synthetic))
    if real.feature_names != synthetic.feature_names:
        raise DataError("Real and made-up rows must have the same columns in the same order to be compared.")
    names = real.feature_names
    there, then_gaps, now_gaps = {}, {}, {}
    for i, name in enumerate(names):
        pair = [_column(rows, i) for rows in (real, synthetic)]
        then_gaps[name], now_gaps[name] = (float(_is_gap(values).mean()) for values in pair)
        if all((~_is_gap(values)).any() for values in pair):
            there[name] = pair
    if not there:
        raise DataError("No column has a value on both sides, so nothing can be compared.")
    columns = {}
    for name, (then, now) in there.items():
        then, now = then[~_is_gap(then)], now[~_is_gap(now)]
        if then.dtype.kind == "f" and now.dtype.kind == "f":
            columns[name] = 1 - float(ks_2samp(then, now, method="asymp").statistic)  # pyright: ignore[reportAttributeAccessIssue]
        else:
            columns[name] = _overlap(then.astype(str), now.astype(str))
    few = list(there)[:_MOST_COLUMNS]
    pairs = {(a, b): _pair(there[a], there[b]) for a, b in combinations(few, 2)}
    gaps = {name: 1 - abs(then_gaps[name] - now_gaps[name]) for name in names}
    return Fidelity(columns, gaps, pairs, len(real), len(synthetic))


def _pair(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    if all(values.dtype.kind == "f" for values in (*a, *b)):
        then, now = (_correlation(x, y) for x, y in zip(a, b, strict=True))
        return 1 - abs(then - now) / 2
    levels = [_levels(values) for values in (a, b)]
    then, now = (np.char.add(np.char.add(x, "\0"), y) for x, y in zip(*levels, strict=True))
    return _overlap(then, now)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if len(x) < 2 or x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def _levels(pair: list[np.ndarray]) -> list[np.ndarray]:
    """Levels as text; numbers are cut at the real rows' tenths, gaps are a level of their own."""
    if pair[0].dtype.kind != "f" or pair[1].dtype.kind != "f":
        return [np.where(_is_gap(values), "", values.astype(str)).astype(str) for values in pair]
    edges = np.unique(np.nanquantile(pair[0], np.linspace(0, 1, _BINS + 1)[1:-1]))
    return [np.where(np.isnan(x), "", np.searchsorted(edges, x, side="right").astype(str)).astype(str) for x in pair]


def _overlap(then: np.ndarray, now: np.ndarray) -> float:
    """1 - the total variation between two samples of levels."""
    levels, places = np.unique(np.concatenate([then, now]), return_inverse=True)
    p = np.bincount(places[: len(then)], minlength=len(levels)) / len(then)
    q = np.bincount(places[len(then) :], minlength=len(levels)) / len(now)
    return float(1 - 0.5 * np.abs(p - q).sum())


def _column(rows: Rows, i: int) -> np.ndarray:
    """Numbers and dates as float64 with NaN for gaps; everything else as objects with None."""
    values = rows.column(i)
    if values.dtype.kind == "M":
        days = values.astype("datetime64[s]").astype(np.float64)
        return np.where(np.isnat(values), np.nan, days)
    return values.astype(np.float64) if values.dtype.kind in "biuf" else values.astype(object)


def _is_gap(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.isnan(values)
    return np.array([value is None or value != value for value in values], dtype=bool)
