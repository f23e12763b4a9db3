"""The model's results on one set of rows, computed once for all findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from narrows.insight.baselines import PCABaseline
from narrows.insight.measure import n_active, observed, reconstruct_floats, squared_error, squared_errors

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_COMPONENTS = 500  # PCA with more is too slow to be worth it
_MAX_KNOWN = 5000
_WORSE = 1.02  # times PCA's error
FEWEST_ROWS = 30
"""Fewer measured rows allow no verdict."""
OVERFITS = 1.3
"""Error on unseen rows divided by that on training rows, above which a model may overfit."""

Fault = Literal["overfits", "underfits", "neither", "unknown"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fitted model and encoded rows.

    Parameters
    ----------
    model : Autoencoder
    measured : ndarray of shape (n, d)
        The measured rows, float32, encoded; rows that training did not see, if there are any.
    known : ndarray of shape (m, d)
        Rows to fit the baselines on: the training rows if they are given, else other rows.
    known_is_training : bool
        Whether the model was trained on `known`.
    is_unseen : bool
        Whether training saw none of `measured`.
    seed : int
        Seed of random probes.
    held_out_by : {"random", "groups", "last"} or None
        How `fit` chose the measured rows to hold them out; None for other rows.
    positions : ndarray of shape (n + m,) or None
        Positions of `measured` and `known` in the file; None where they are not known.
    """

    model: Autoencoder
    measured: np.ndarray
    known: np.ndarray
    known_is_training: bool
    is_unseen: bool = True
    seed: int = 0
    held_out_by: str | None = None
    positions: np.ndarray | None = None

    def setting(self, name: str) -> Any:
        """Return the parameter of the fit, not a value that was set afterwards."""
        return self.model.fitted_params_[name]

    def reconstruct(self, floats: np.ndarray) -> np.ndarray:
        """Return the reconstructions (n, d) of encoded rows (n, d)."""
        return reconstruct_floats(self.model, floats)

    def error(self, floats: np.ndarray) -> np.ndarray:
        """Return the squared error of each encoded row, summed over floats: (n,), float64."""
        return squared_error(self.model, floats)

    def rng(self, stream: int) -> np.random.Generator:
        """Return a random generator; each `stream` is independent of the others."""
        return np.random.default_rng([self.seed, stream])

    @cached_property
    def squared_errors(self) -> np.ndarray:
        """Squared error of every held-out float (n, d), float64."""
        return squared_errors(self.model, self.measured)

    @cached_property
    def observed(self) -> np.ndarray | None:
        """Mask (n, d) of the held-out floats whose cells are not missing; None if none is missing."""
        return observed(self.model, self.measured)

    @cached_property
    def errors(self) -> np.ndarray:
        """Squared error of every held-out row (n,)."""
        return self.squared_errors.sum(axis=1)

    @property
    def is_small(self) -> bool:
        """Whether too few rows were measured for a verdict."""
        return len(self.measured) < FEWEST_ROWS

    @cached_property
    def training_errors(self) -> np.ndarray | None:
        """Squared error of training rows, at most 5000 of them (m,); None where they are not known."""
        return self.error(self.known[:_MAX_KNOWN]) if self.known_is_training else None

    @cached_property
    def fault(self) -> Fault:
        """Whether the model overfits or underfits these rows, compared with PCA with as many components.

        It overfits if its error on unseen rows is more than 1.3 times that on training rows, in the mean and in the
        median, and the ratio is larger than PCA's. It underfits if it is worse than PCA on the training rows, too.
        """
        seen = self.training_errors
        if seen is None or not self.is_unseen:
            return "unknown"
        pca = self.pca(self.n_active)
        known = self.known[: len(seen)]
        pca_seen = pca.squared_error(known, observed(self.model, known))
        pca_unseen = pca.squared_error(self.measured, self.observed)
        ratios = [_ratio(self.errors, seen, centre) for centre in (np.mean, np.median)]
        pca_ratios = [_ratio(pca_unseen, pca_seen, centre) for centre in (np.mean, np.median)]
        if min(ratios) > OVERFITS and all(ours > theirs for ours, theirs in zip(ratios, pca_ratios, strict=True)):
            return "overfits"
        return "underfits" if _ratio(seen, pca_seen, np.mean) > _WORSE else "neither"

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of the held-out rows (n, k)."""
        from narrows.estimators.inference import map_floats

        return map_floats(self.measured, self.model.network_.codes, self.model.device_)

    @cached_property
    def statistics(self) -> np.ndarray:
        """Outputs of the encoder for the held-out rows: codes (n, k), or means and log-variances (n, 2k)."""
        from narrows.estimators.inference import map_floats

        return map_floats(self.measured, self.model.network_.encode, self.model.device_)

    @cached_property
    def wide_pca(self) -> PCABaseline:
        """PCA of the known rows, with as many components as any finding needs."""
        k = self.k if self.model.network_.compresses else 0
        return PCABaseline.fit(self.known, min(max(_MAX_COMPONENTS, k), self.d))

    def pca(self, n_components: int) -> PCABaseline:
        """Return PCA of the known rows with the first `n_components`."""
        wide = self.wide_pca
        return PCABaseline(wide.mean, wide.components[:n_components], wide.n_rows)

    @property
    def d(self) -> int:
        """Number of floats of an encoded row."""
        return self.measured.shape[1]

    @property
    def k(self) -> int:
        """Number of components of the code."""
        return self.model.n_components_

    @property
    def n_active(self) -> int:
        """Number of active components of a code: k for a top-k code, else all."""
        return n_active(self.model)


def _ratio(errors: np.ndarray, others: np.ndarray, centre: Callable[[np.ndarray], Any]) -> float:
    return float(centre(errors)) / max(float(centre(others)), 1e-12)
