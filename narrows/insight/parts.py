"""Which of the given rows a fitted model is measured on, and which ones yardsticks may learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data import Rows

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_CELLS = 4_000_000  # of each part that is measured: seconds, not minutes
_MAX_ROWS = 5000


@dataclass(frozen=True, eq=False)
class Parts:
    """Places in the given rows.

    Parameters
    ----------
    measured : ndarray of int
        Rows to measure on: those that the fit held out, or half of rows that are not those of the fit.
    known : ndarray of int
        Rows for yardsticks to learn from: the rows of the training, or the other half.
    known_is_training : bool
    what : str
        What the measured rows are, to follow their number in a sentence.
    n_measured : int
        How many there are to measure, of which `measured` may be a sample.
    """

    measured: np.ndarray
    known: np.ndarray
    known_is_training: bool
    what: str
    n_measured: int

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, *, seed: int = 0) -> Parts:
        """All of the rows, parted."""
        held, everything = model.validation_rows_, np.arange(len(rows))
        same = model.was_fitted_on(rows)
        if same and len(held) >= 2:
            measured, known, what = held, np.setdiff1d(everything, held), "rows that fit had held out"
        elif same:
            measured, known = everything, everything
            what = "training rows, since fit held none out: the figures flatter the model"
        else:
            order = np.random.default_rng([seed, 0]).permutation(len(rows))
            measured, known = np.sort(order[: len(rows) // 2]), np.sort(order[len(rows) // 2 :])
            what = "rows, half of those given; PCA learned from the other half"
        return cls(measured, known, same, what, len(measured))

    def sampled(self, n_floats: int, *, seed: int = 0) -> Parts:
        """At most as many of each as can be measured within seconds."""
        most = max(200, min(_MAX_ROWS, _MAX_CELLS // max(1, n_floats)))
        rng = np.random.default_rng([seed, 1])
        return replace(self, measured=_at_most(self.measured, most, rng), known=_at_most(self.known, most, rng))

    @property
    def sentence(self) -> str:
        """Which rows are measured."""
        n = len(self.measured)
        taken = f"a sample of {n:,} of {self.n_measured:,}" if n < self.n_measured else f"{n:,}"
        return f"Measured on {taken} {self.what}."


def _at_most(positions: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(positions) <= most:
        return positions
    return np.sort(rng.choice(positions, most, replace=False))
