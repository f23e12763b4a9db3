"""Which of the given rows a fitted model is measured on, and which ones yardsticks may learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data import Rows
from narrows.training import fingerprint_of, row_hashes

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_CELLS = 4_000_000  # of each part that is measured: seconds, not minutes
_MAX_ROWS = 5000
_FEWEST = 2


@dataclass(frozen=True, eq=False)
class Parts:
    """Places in the given rows, in an order that depends on the rows' values alone.

    So another order of the same rows gives the same figures, and the first of them are as good as any.

    Parameters
    ----------
    measured : ndarray of int
        Rows to measure on: those that training did not see, or half of them.
    known : ndarray of int
        Rows for yardsticks to learn from: the rows of the training, or the other half.
    known_is_training : bool
        Whether the model was trained on all of `known`.
    measured_is_unseen : bool
        Whether the model is known to have trained on none of `measured`.
    what : str
        What the measured rows are, to follow their number in a sentence.
    n_measured : int
        How many there are to measure, of which `measured` may be a sample.
    """

    measured: np.ndarray
    known: np.ndarray
    known_is_training: bool
    measured_is_unseen: bool
    what: str
    n_measured: int

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, *, seed: int = 0) -> Parts:
        """All of the rows, parted."""
        hashes = row_hashes(model.schema_.encode(rows, who=type(model).__name__))
        order = np.argsort(hashes, kind="stable")
        same = fingerprint_of(hashes) == model.fingerprint_
        is_held, is_trained = _memberships(model, hashes, same)
        held, trained, fresh = (order[mask[order]] for mask in (is_held & ~is_trained, is_trained, ~is_trained))
        if same and len(held) >= _FEWEST:
            return cls(held, trained, True, True, "rows that fit had held out", len(held))
        if len(trained) and (same or len(fresh) < _FEWEST):
            what = "training rows, since fit held none out" if same else "rows, which the model was trained on"
            return cls(trained, trained, True, False, f"{what}: the figures flatter the model", len(trained))
        if len(trained) >= len(fresh) or (len(trained) and len(fresh) < 2 * _FEWEST):
            what = f"rows that training did not see; PCA learned from the other {len(trained):,}, training rows"
            return cls(fresh, trained, True, True, what, len(fresh))
        halves = np.random.default_rng([seed, 0]).permutation(len(fresh))
        n = max(1, len(fresh) // 2)
        measured, known = fresh[np.sort(halves[:n])], fresh[np.sort(halves[n:])]
        known = np.concatenate([known, trained])
        unsure = model.training_hashes_ is None
        what = "rows, half of those given" + (" that training did not see" if len(trained) else "")
        what += ", if none of them was trained on" if unsure else ""
        return cls(measured, known, False, not unsure, f"{what}; PCA learned from the other half", n)

    @staticmethod
    def seen(model: Autoencoder, rows: Rows) -> np.ndarray:
        """Which of the rows the model was trained on, bool (n,); none where that is not known."""
        hashes = row_hashes(model.schema_.encode(rows, who=type(model).__name__))
        return _memberships(model, hashes, fingerprint_of(hashes) == model.fingerprint_)[1]

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


def rows_were_dropped(rows: Rows) -> bool:
    """Return whether rows were dropped on reading, so that positions are not those of the file."""
    return rows.n_dropped > 0


def _memberships(model: Autoencoder, hashes: np.ndarray, same: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each row whether the fit held it out, and whether it trained on it."""
    if model.validation_hashes_ is None:  # an earlier version saved the model: the order of the fit is all we have
        held = np.zeros(len(hashes), bool)
        held[model.validation_rows_ if same else []] = True
    else:
        held = np.isin(hashes, model.validation_hashes_)
    if model.training_hashes_ is None:
        return held, ~held if same else np.zeros(len(hashes), bool)
    return held, np.isin(hashes, model.training_hashes_)


def _at_most(positions: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(positions) <= most:
        return positions
    return positions[np.sort(rng.choice(len(positions), most, replace=False))]
