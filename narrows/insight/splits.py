"""The evaluation split: rows to measure a fitted model on, and rows to fit the baselines on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from narrows.data import Rows
from narrows.training import fingerprint_of, row_hashes

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_CELLS = 4_000_000  # of each part, so that measuring takes seconds
_MAX_ROWS = 5000
_FEWEST = 2
_HOW = {"random": ", drawn at random", "groups": " as whole groups", "last": ", the last ones", "given": ""}


@dataclass(frozen=True, eq=False)
class EvaluationSplit:
    """Positions in the given rows, in an order that depends only on the values of the rows.

    The results are therefore the same for any order of the rows, and the first positions are a random sample.

    Parameters
    ----------
    measured : ndarray of int
        Rows to measure on: rows that training did not see, or half of them.
    known : ndarray of int
        Rows to fit the baselines on: the training rows, or the other half.
    known_is_training : bool
        Whether the model was trained on all of `known`.
    measured_is_unseen : bool
        Whether it is certain that the model was trained on none of `measured`.
    description : str
        The measured rows in words, after their number in `sentence`.
    n_measured : int
        Number of rows that could be measured; `measured` may be a sample of them.
    held_out_by : {"random", "groups", "last"} or None
        How `fit` chose the measured rows to hold them out; None for other rows.
    """

    measured: np.ndarray
    known: np.ndarray
    known_is_training: bool
    measured_is_unseen: bool
    description: str
    n_measured: int
    held_out_by: str | None = None

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, *, seed: int = 0) -> EvaluationSplit:
        """Split all rows; `sampled` then limits their number."""
        hashes = row_hashes(model.schema_.encode(rows, who=type(model).__name__))
        order = np.argsort(hashes, kind="stable")
        same = fingerprint_of(hashes) == model.fingerprint_
        is_held, is_trained = _memberships(model, hashes, same)
        noun = row_noun(model)
        held, trained, fresh = (order[mask[order]] for mask in (is_held & ~is_trained, is_trained, ~is_trained))
        if same and len(held) >= _FEWEST:
            by = model.validation_
            return cls(held, trained, True, True, f"{noun}s that fit had held out{_HOW[by]}", len(held), by)
        if len(trained) and (same or len(fresh) < _FEWEST):
            held_out = f"only one {noun}" if len(held) else "none"
            because = f"training {noun}s, because fit held out {held_out}"
            text = because if same else f"{noun}s, which the model was trained on"
            return cls(trained, trained, True, False, f"{text}: these figures are optimistic", len(trained))
        if len(trained) >= len(fresh) or (len(trained) and len(fresh) < 2 * _FEWEST):
            text = f"{noun}s that training did not see"
            text += f"; PCA was fitted on the other {len(trained):,}, the training {noun}s"
            return cls(fresh, trained, True, True, text, len(fresh))
        halves = np.random.default_rng([seed, 0]).permutation(len(fresh))
        n = max(1, len(fresh) // 2)
        measured, known = fresh[np.sort(halves[:n])], fresh[np.sort(halves[n:])]
        known = np.concatenate([known, trained])
        unsure = model.training_hashes_ is None
        text = f"{noun}s, half of those given" + (" that training did not see" if len(trained) else "")
        text += ", assuming that none was used in training" if unsure else ""
        return cls(measured, known, False, not unsure, f"{text}; PCA was fitted on the other half", n)

    @staticmethod
    def seen(model: Autoencoder, rows: Rows) -> np.ndarray:
        """Return which rows the model was trained on, bool (n,); all False if that is not known."""
        hashes = row_hashes(model.schema_.encode(rows, who=type(model).__name__))
        return _memberships(model, hashes, fingerprint_of(hashes) == model.fingerprint_)[1]

    def sampled(self, n_floats: int, *, seed: int = 0) -> EvaluationSplit:
        """Return a copy with at most as many rows of each part as can be measured within seconds."""
        most = max(200, min(_MAX_ROWS, _MAX_CELLS // max(1, n_floats)))
        rng = np.random.default_rng([seed, 1])
        return replace(self, measured=at_most(self.measured, most, rng), known=at_most(self.known, most, rng))

    @property
    def sentence(self) -> str:
        """The measured rows, as a sentence."""
        n = len(self.measured)
        taken = f"a sample of {n:,} of {self.n_measured:,}" if n < self.n_measured else f"{n:,}"
        return f"Measured on {taken} {self.description}."


def row_noun(model: Autoencoder) -> str:
    """Return what a row of the data of a fit is called: "image" or "row"."""
    return "row" if model.schema_.image_shape is None else "image"


def rows_were_dropped(rows: Rows) -> bool:
    """Return whether rows were dropped on reading, so that positions are not those of the file."""
    return rows.n_dropped > 0


def _memberships(model: Autoencoder, hashes: np.ndarray, same: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return two masks (n,): the rows that the fit held out, and those that it trained on."""
    if model.validation_hashes_ is None:  # a model of an earlier version, which saved positions alone
        held = np.zeros(len(hashes), bool)
        held[model.validation_rows_ if same else []] = True
    else:
        held = np.isin(hashes, model.validation_hashes_)
    if model.training_hashes_ is None:
        return held, ~held if same else np.zeros(len(hashes), bool)
    return held, np.isin(hashes, model.training_hashes_)


def at_most(positions: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return positions, or `most` random ones of them in their order."""
    if len(positions) <= most:
        return positions
    return positions[np.sort(rng.choice(len(positions), most, replace=False))]
