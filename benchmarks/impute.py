"""How well are gaps filled? A tenth of the cells of a table is hidden, filled, and compared with what was there.

    python -m benchmarks.impute penguins.csv

Prints, for each model and for column means and modes, the root mean squared error of hidden numbers in standard
deviations and the share of hidden levels that come back, as means over three seeds.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

import narrows

_HIDDEN, _SEEDS = 0.1, 3

Filler = Callable[[pd.DataFrame, int], pd.DataFrame]


def measured(table: pd.DataFrame, fill: Filler, seed: int) -> tuple[float, float]:
    """Error of hidden numbers and share of hidden levels that are right, for one choice of cells."""
    hidden = (np.random.default_rng(seed).random(table.shape) < _HIDDEN) & table.notna().to_numpy()
    filled = fill(table.mask(hidden), seed)
    errors, right = [], []
    for i, name in enumerate(table.columns):
        truth, answer = table[name][hidden[:, i]], filled[name][hidden[:, i]]
        if pd.api.types.is_numeric_dtype(table[name]):
            errors.append((answer - truth) / table[name].std())
        else:
            right.append(answer == truth)
    return float(np.sqrt(np.square(pd.concat(errors)).mean())), float(pd.concat(right).mean())


def by_means_and_modes(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What costs nothing."""
    usual = {c: table[c].mean() if pd.api.types.is_numeric_dtype(table[c]) else table[c].mode()[0] for c in table}
    return table.fillna(usual)


def by_model(make: Callable[[int], narrows.Autoencoder]) -> Filler:
    """Fitted to the table with the gaps that it is to fill."""
    return lambda table, seed: make(seed).fit(table).impute(table)


CONTENDERS: dict[str, Filler] = {
    "column means and modes": by_means_and_modes,
    "Autoencoder()": by_model(lambda seed: narrows.Autoencoder(random_state=seed)),
    'DenoisingAutoencoder(corruption="masking")': by_model(
        lambda seed: narrows.DenoisingAutoencoder(corruption="masking", random_state=seed)
    ),
    "VariationalAutoencoder()": by_model(lambda seed: narrows.VariationalAutoencoder(random_state=seed)),
}


def main(path: str) -> None:
    warnings.simplefilter("ignore")  # of columns without a gap of their own
    table = pd.read_csv(path)
    numbers = [name for name in table if pd.api.types.is_numeric_dtype(table[name])]
    table[numbers] = table[numbers].astype(float)
    for name, fill in CONTENDERS.items():
        error, right = np.mean([measured(table, fill, seed) for seed in range(_SEEDS)], axis=0)
        print(f"{name:<45} error {error:.3f}  right {right:.1%}")


if __name__ == "__main__":
    main(sys.argv[1])
