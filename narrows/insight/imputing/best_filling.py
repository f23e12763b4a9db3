"""Imputation that measures itself: the method for each column is the one that fills hidden cells best."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from narrows.data import Rows, as_rows, fill_missing, is_missing, materialize, with_numbers
from narrows.errors import DataError, SettingError
from narrows.estimators import Autoencoder, VariationalAutoencoder
from narrows.insight.imputing import methods, multiple_draws
from narrows.insight.imputing.multiple_draws import Filling
from narrows.insight.imputing.plain_table import Answers, PlainTable
from narrows.insight.imputing.report import ImputationReport, cells_score, hidden_cells, imputation_report

_SHARE = 0.1
_FEWEST_ROWS = 20
_MOST_CHECKED = 2_000
_FEWEST_OF_PATTERN = 30  # hidden cells


@dataclass(frozen=True, eq=False)
class Imputation:
    """A filled table, and the measured quality of the filling.

    Parameters
    ----------
    filled : like X
        X with its missing cells filled; all other cells are the same.
    draws : list of tables like X
        Multiple imputations: the filling with drawn errors, see `impute`; empty for ``n_draws=0``.
    report : ImputationReport
    model : VariationalAutoencoder
        The network, which was fitted without the hidden cells.
    """

    filled: Any
    draws: list[Any]
    report: ImputationReport
    model: VariationalAutoencoder


def impute(X: Any, *, n_draws: int = 0, random_state: int = 0, **settings: Any) -> Imputation:
    """Fill the missing cells of a table, each column by the method that fills hidden cells best.

    A tenth of the known cells is hidden. A variational model that trains to fill masked cells, the nearest rows,
    chained regressions, trees, and the mean of these four fill them; so do the best of them for rows with other
    missing cells and the best for rows without. Where none is clearly better than the mean or mode of a column, that
    fills the column.

    Parameters
    ----------
    X : array, DataFrame, Rows or path
        A table of at least 20 rows with missing cells.
    n_draws : int, default=0
        Number of multiple imputations (Rubin 1987): tables whose missing cells are the filling and an error that its
        method made on a hidden cell of the same kind, and levels drawn by their chances.
    random_state : int, default=0
        Seed of hidden cells, network and draws.
    **settings
        Parameters of the `VariationalAutoencoder`, such as `epochs` or `device`.

    Returns
    -------
    Imputation

    Raises
    ------
    DataError
        Images, or fewer than 20 rows.
    SettingError
        A parameter that is unknown or out of range.
    """
    if isinstance(n_draws, bool) or not isinstance(n_draws, Integral) or n_draws < 0:
        raise SettingError(f"n_draws must be a whole number of at least 0, got {n_draws!r}.")
    X = materialize(X)
    rows = as_rows(X)
    found = impute_rows(rows, n_draws=int(n_draws), random_state=random_state, **settings)
    return Imputation(
        fill_missing(X, rows, found.filled), [fill_missing(X, rows, d) for d in found.draws], found.report, found.model
    )


def impute_rows(rows: Rows, *, n_draws: int = 0, random_state: int = 0, **settings: Any) -> Imputation:
    """Return `impute` of Rows, with Rows in it."""
    if rows.image_shape is not None:
        raise DataError("Images have no missing cells to fill; give a table.")
    if len(rows) < _FEWEST_ROWS:
        raise DataError(f"{rows.source} has {len(rows)} rows; filling needs at least {_FEWEST_ROWS} to learn from.")
    rows = with_numbers(rows, settings.get("categorical", ()))
    known = [i for i in range(rows.n_columns) if not is_missing(rows.column(i)).all()]
    masked, hidden = hidden_cells(rows, known, share=_SHARE, seed=random_state)
    first = PlainTable.of(masked, known)
    model = methods.fit_network(first, seed=random_state, **settings)
    learned = [i for i in model.schema_.learned_columns if i in known]
    truth, table = PlainTable.of(rows, learned), PlainTable.of(masked, learned)
    table = _in_the_levels_of(truth, table)
    hidden = {i: hidden[i] for i in learned if i in hidden}
    found, final = answers(table, model, random_state), answers(truth, model, random_state)
    if len(found) > 1:
        found[methods.BY_PATTERN], final[methods.BY_PATTERN] = _by_pattern(truth, table, hidden, found, final)
    report = imputation_report(truth, hidden, found)
    scores = {i: report.columns.get(rows.feature_names[i]) for i in learned}
    chosen = {i: methods.CONSTANT if score is None else score.chosen for i, score in scores.items()}
    best: Answers = {i: final[chosen[i]][i] for i in learned}
    drawn: list[Answers] = []
    if n_draws:
        hidden = {i: at for i, at in hidden.items() if scores[i] is not None}
        before, after = (Filling(each, of_methods) for each, of_methods in ((table, found), (truth, final)))
        drawn, coverage = multiple_draws.drawn(before, after, hidden, n_draws, seed=random_state)
        report = report.with_coverage({rows.feature_names[i]: share for i, share in coverage.items()})
    return Imputation(truth.filled(best), [truth.filled(each) for each in drawn], report, model)


def check_imputing(model: Autoencoder, rows: Rows, *, seed: int = 0) -> ImputationReport:
    """Return how well a fitted model fills hidden cells, compared with mean or mode, neighbours and regression.

    At most 2,000 rows are used. Cells that the model was fitted to count too, so that new rows may be filled worse.
    """
    rows = with_numbers(rows.sampled(_MOST_CHECKED, seed=seed), model.categorical)
    columns = [i for i in model.schema_.learned_columns if not is_missing(rows.column(i)).all()]
    truth = PlainTable.of(rows, columns)
    masked, hidden = hidden_cells(rows, columns, share=_SHARE, seed=seed)
    if not hidden:
        return ImputationReport({})
    table = _in_the_levels_of(truth, PlainTable.of(masked, columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns without missing cells in the fit
        filled = model.impute_rows(masked)
    found = {
        methods.CONSTANT: methods.by_constant(table),
        methods.NEIGHBOURS: methods.by_neighbours(table, seed=seed),
        methods.REGRESSION: methods.by_regression(table),
        "this model": truth.as_answers(PlainTable.of(filled, columns)),
    }
    return imputation_report(truth, hidden, found)


def answers(table: PlainTable, model: VariationalAutoencoder, seed: int) -> dict[str, Answers]:
    """Return the answers of every method, by its name; of one column, only its mean or mode."""
    if len(table.places()) == 1:  # there are no others to learn from
        return {methods.CONSTANT: methods.by_constant(table)}
    parts = {
        methods.NEIGHBOURS: methods.by_neighbours(table, seed=seed),
        methods.REGRESSION: methods.by_regression(table),
        methods.TREES: methods.by_trees(table, seed=seed),
        methods.NETWORK: methods.by_network(model, table, seed=seed),
    }
    return {methods.CONSTANT: methods.by_constant(table), **parts, methods.BLEND: methods.blend(list(parts.values()))}


def _by_pattern(
    truth: PlainTable,
    table: PlainTable,
    hidden: Mapping[int, np.ndarray],
    found: Mapping[str, Answers],
    final: Mapping[str, Answers],
) -> tuple[Answers, Answers]:
    """Return the answers of the best method for rows with other missing cells, and of the best for rows without.

    Few rows with several missing cells, which no method fills well, would otherwise decide on all. The answers are
    those for `table`, with hidden cells, and for `truth`; rows of a kind with fewer than 30 hidden cells count as the
    others.
    """
    first: Answers = dict(found[methods.CONSTANT])
    second: Answers = dict(final[methods.CONSTANT])
    for i, at in hidden.items():
        kinds = [_has_others_missing(each, i) for each in (table, truth)]
        counts = [(at & (kinds[0] == kind)).sum() for kind in (False, True)]
        for kind in (False, True):
            cells = at & (kinds[0] == kind) if min(counts) >= _FEWEST_OF_PATTERN else at
            score = {name: cells_score(truth, i, cells, each[i]) for name, each in found.items()}
            name = min(score, key=lambda name: score[name]) if i in truth.numbers else max(score, key=score.__getitem__)
            for answer, each, rows in zip((first, second), (found, final), kinds, strict=True):
                answer[i] = np.where((rows == kind).reshape(-1, *[1] * (answer[i].ndim - 1)), each[name][i], answer[i])
    return first, second


def _has_others_missing(table: PlainTable, i: int) -> np.ndarray:
    """Return which rows lack a cell of another column than `i`, bool (n,)."""
    return np.any([table.missing(j) for j in table.places() if j != i], axis=0)


def _in_the_levels_of(truth: PlainTable, table: PlainTable) -> PlainTable:
    """Return a table whose levels have the numbers that they have in another one."""
    levels = {i: truth.level_numbers(table, i) for i in table.names}
    return PlainTable(table.rows, table.numbers, levels, truth.names)
