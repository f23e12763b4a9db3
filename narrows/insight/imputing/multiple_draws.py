"""Multiple imputations: fillings with errors that were measured on hidden cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from narrows.insight.imputing.methods import CONSTANT, regressed
from narrows.insight.imputing.plain_table import Answers, PlainTable

_TREES, _LEAF, _MOST_MEASURED, _FEW_PREDICTORS = 60, 12, 5_000, 30
_INTERVAL = (0.05, 0.95)
_MOST_TOGETHER = 100  # missing cells of a row that are drawn jointly
_SMALLEST = 1e-4  # eigenvalue of the correlations


@dataclass(frozen=True, eq=False)
class Filling:
    """A table, and the answers of each method for it."""

    table: PlainTable
    found: Mapping[str, Answers]

    def predictors(self, i: int, method: str, floats: np.ndarray) -> np.ndarray:
        """Return what the size of a method's error may depend on, (n, k), from `floats` (n, d), the filled table.

        These are its answer, the spread of the methods' answers, the gaps in other columns, and their values.
        """
        places = self.table.places()
        gaps = [self.table.missing(j) for j in places if j != i]
        spread = np.std([answers[i] for answers in self.found.values()], axis=0)
        others = np.delete(floats, places[i], axis=1)
        return np.column_stack([self.found[method][i], spread, *gaps, others])


def drawn(
    before: Filling, after: Filling, hidden: Mapping[int, np.ndarray], n_draws: int, *, seed: int
) -> tuple[list[Answers], dict[int, float]]:
    """Draw whole answers, and measure how many hidden cells are in the intervals of such draws.

    A number is its filling and an error of the same method on a hidden cell for which trees expect errors of the same
    size (Doove 2014). A level has the chances of the method whose chances fit hidden cells best. The cells of one row
    are drawn together, with the correlations of the columns given the known cells (a Gaussian copula).

    Parameters
    ----------
    before, after : Filling
        Of the table with hidden cells, and of the whole one.
    hidden : dict of int to bool ndarray of shape (n,)
        Column -> its hidden cells; the other columns draw from their known cells.
    n_draws, seed : int

    Returns
    -------
    answers : list of Answers
        One for each draw; true at missing cells, and arbitrary at the known ones.
    coverage : dict of int to float
        Column of numbers -> share of the hidden cells within the interval that should hold 90 % of them.
    """
    rng = np.random.default_rng(seed)
    table = after.table
    ranks = joint_ranks(table, n_draws, rng)
    floats = [regressed(each.table)[0] for each in (before, after)]
    found: list[Answers] = [{} for _ in range(n_draws)]
    coverage: dict[int, float] = {}
    for i in table.places():
        at = table.missing(i)
        if i in table.levels:
            drawn_cells = _drawn_levels(before, after, hidden.get(i), i, ranks[i])
        else:
            method = _closest(before, after, hidden.get(i), i)
            errors, sample = _errors(before, after, hidden.get(i), i, method, floats, rng)
            if errors is not None:
                coverage[i] = _covered(*errors, rng)
            drawn_cells = _drawn_numbers(after, i, method, sample, ranks[i])
        for answers, cells in zip(found, drawn_cells, strict=True):
            answers[i] = np.zeros((len(at), *cells.shape[1:]))
            answers[i][at] = cells
    return found, coverage


def joint_ranks(table: PlainTable, n_draws: int, rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Draw the rank of each missing cell among its possible values: column -> (n_draws, missing cells), from 0 to 1.

    For a column of levels, a high rank is the most common level.
    """
    from scipy.special import ndtr

    columns = list(table.places())
    missing = np.column_stack([table.missing(i) for i in columns])
    count = missing.sum(axis=1)
    several = np.flatnonzero((count > 1) & (count <= _MOST_TOGETHER))
    patterns, of_row = np.unique(missing[several], axis=0, return_inverse=True)
    rows_of = np.split(several[np.argsort(of_row, kind="stable")], np.cumsum(np.bincount(of_row))[:-1])
    factors = _factors(table, patterns) if len(patterns) else []
    ranks: dict[int, list[np.ndarray]] = {i: [] for i in columns}
    for _ in range(n_draws):
        normal = rng.standard_normal(missing.shape)
        for pattern, rows, factor in zip(patterns, rows_of, factors, strict=False):
            place = np.ix_(rows, np.flatnonzero(pattern))
            normal[place] = normal[place] @ factor.T
        for k, i in enumerate(columns):
            ranks[i].append(ndtr(normal[missing[:, k], k]))
    return {i: np.stack(each) for i, each in ranks.items()}


def _factors(table: PlainTable, patterns: np.ndarray) -> list[np.ndarray]:
    """Return for each pattern of missing cells a root of their correlations, given the known cells."""
    firsts = [place.start for place in table.places().values()]
    floats = table.floats()[:, firsts]
    known = (~np.isnan(floats)).astype(np.float64)
    floats = np.nan_to_num((floats - np.nanmean(floats, axis=0)) / np.maximum(np.nanstd(floats, axis=0), 1e-12))
    n, width = floats.shape
    pairs = (floats.T @ floats) / np.maximum(known.T @ known, 1)
    values, vectors = np.linalg.eigh(pairs * (n / (n + width)) + np.eye(width) * (width / (n + width)))
    precision = (vectors / np.maximum(values, _SMALLEST)) @ vectors.T
    factors = []
    for pattern in patterns:
        covariance = np.linalg.inv(precision[np.ix_(pattern, pattern)])
        scale = np.sqrt(np.diag(covariance))
        factors.append(np.linalg.cholesky(covariance / np.outer(scale, scale) + 1e-9 * np.eye(len(scale))))
    return factors


def _closest(before: Filling, after: Filling, at: np.ndarray | None, i: int) -> str:
    """Return the method with the least mean absolute error on hidden cells, which a few hard cells do not decide."""
    if at is None:
        return CONSTANT
    loss = {name: np.abs(answers[i] - after.table.numbers[i])[at].mean() for name, answers in before.found.items()}
    return min(loss, key=lambda name: loss[name])


def _errors(
    before: Filling,
    after: Filling,
    at: np.ndarray | None,
    i: int,
    method: str,
    floats: list[np.ndarray],
    rng: np.random.Generator,
) -> tuple[tuple[np.ndarray, np.ndarray] | None, np.ndarray]:
    """Return predictors and errors of the hidden cells, None if there are none, and sorted errors for missing cells."""
    missing, numbers = after.table.missing(i), after.table.numbers[i]
    if at is None:
        known = numbers[~np.isnan(numbers)]
        return None, _quantiles(known - known.mean(), int(missing.sum()))
    cells = rng.permutation(np.flatnonzero(at))[:_MOST_MEASURED]
    errors = (numbers - before.found[method][i])[cells]
    predictors = before.predictors(i, method, floats[0])[cells]
    wanted = after.predictors(i, method, floats[1])[missing]
    return (predictors, errors), _sampled_errors(predictors, errors, wanted, rng)


def _sampled_errors(
    predictors: np.ndarray, errors: np.ndarray, wanted: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return errors of measured cells that are like the wanted ones (m, k): sorted, (m, trees).

    Trees divide measured cells by the size of their errors; each tree gives one error of the leaf of a wanted cell.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    if len(errors) < 2 * _LEAF or not len(wanted) or not errors.any():
        return _quantiles(errors, len(wanted))
    most: Any = 1.0 if predictors.shape[1] <= _FEW_PREDICTORS else "sqrt"
    trees = ExtraTreesRegressor(
        _TREES, min_samples_leaf=_LEAF, max_features=most, random_state=int(rng.integers(2**31))
    ).fit(predictors, np.abs(errors))
    own, leaves = trees.apply(predictors), trees.apply(wanted)
    found = np.empty(leaves.shape)
    for k in range(leaves.shape[1]):
        order = np.argsort(own[:, k], kind="stable")
        first, end = (np.searchsorted(own[order, k], leaves[:, k], side) for side in ("left", "right"))
        found[:, k] = errors[order[first + (rng.random(len(wanted)) * (end - first)).astype(np.intp)]]
    return np.sort(found, axis=1)


def _quantiles(errors: np.ndarray, n: int) -> np.ndarray:
    """Return evenly spaced quantiles of errors for n cells: (n, trees)."""
    return np.tile(np.quantile(errors, np.linspace(0, 1, _TREES)), (n, 1))


def _covered(predictors: np.ndarray, errors: np.ndarray, rng: np.random.Generator) -> float:
    """Return the share of errors within the interval that the other half of the hidden cells gives."""
    half = np.arange(len(errors)) % 2 == 0
    inside = []
    for part in (half, ~half):
        if part.all() or not part.any():
            return float("nan")
        sample = _sampled_errors(predictors[part], errors[part], predictors[~part], rng)
        low, high = np.quantile(sample, _INTERVAL, axis=1)
        inside.append((low <= errors[~part]) & (errors[~part] <= high))
    return float(np.concatenate(inside).mean())


def _drawn_numbers(after: Filling, i: int, method: str, sample: np.ndarray, ranks: np.ndarray) -> list[np.ndarray]:
    """Return the filling of missing cells with the error of each rank, between neighbours of the sorted sample."""
    numbers = after.table.numbers[i]
    known = numbers[~np.isnan(numbers)]
    answer = after.found[method][i][after.table.missing(i)]
    found = []
    for rank in ranks:
        place = rank * (sample.shape[1] - 1)
        low = np.minimum(place.astype(np.intp), sample.shape[1] - 2)[:, None]
        below, above = (np.take_along_axis(sample, low + step, axis=1)[:, 0] for step in (0, 1))
        found.append(np.clip(answer + below + (place - low[:, 0]) * (above - below), known.min(), known.max()))
    return found


def _drawn_levels(before: Filling, after: Filling, at: np.ndarray | None, i: int, ranks: np.ndarray) -> list:
    """Return one level with the chance 1 for each missing cell and rank."""
    method = CONSTANT
    if at is not None:
        right = after.table.levels[i][at, None] == np.arange(len(after.table.names[i]))
        loss = {name: np.square(answers[i][at] - right).sum(axis=1).mean() for name, answers in before.found.items()}
        method = min(loss, key=lambda name: loss[name])
    chances = after.found[method][i][after.table.missing(i)].cumsum(axis=1)
    places = ((1 - rank)[:, None] > chances / chances[:, -1:] for rank in ranks)
    return [np.eye(chances.shape[1])[place.sum(axis=1).clip(max=chances.shape[1] - 1)] for place in places]
