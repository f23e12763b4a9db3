"""What every finding looks at: the model's answers for the same rows, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.insight.baselines import PCABaseline
from narrows.insight.measure import n_active, observed, reconstruct_floats, squared_error, squared_errors

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_MAX_COMPONENTS = 500  # beyond them, finding out how many PCA needs costs more than it tells


@dataclass(frozen=True, eq=False)
class Evidence:
    """A fitted model and encoded rows.

    Parameters
    ----------
    model : Autoencoder
    held_out : ndarray of shape (n, d)
        The rows that are measured, float32, encoded: where there are some, rows that training did not see.
    known : ndarray of shape (m, d)
        Rows that yardsticks may learn from: the training rows where they are at hand, otherwise other rows.
    known_is_training : bool
    is_unseen : bool
        Whether training saw none of `held_out`.
    seed : int
        Of the probes.
    """

    model: Autoencoder
    held_out: np.ndarray
    known: np.ndarray
    known_is_training: bool
    is_unseen: bool = True
    seed: int = 0

    def setting(self, name: str) -> Any:
        """The parameter of the fit, whatever was set since for the next one."""
        return self.model.fitted_params_[name]

    def rebuilt(self, floats: np.ndarray) -> np.ndarray:
        """The model's reconstruction of encoded rows (n, d)."""
        return reconstruct_floats(self.model, floats)

    def error(self, floats: np.ndarray) -> np.ndarray:
        """Squared error of each encoded row, summed over floats (n,), float64."""
        return squared_error(self.model, floats)

    def rng(self, stream: int) -> np.random.Generator:
        """Random numbers of a probe's own."""
        return np.random.default_rng([self.seed, stream])

    @cached_property
    def squared_errors(self) -> np.ndarray:
        """Squared error of every held-out float (n, d), float64."""
        return squared_errors(self.model, self.held_out)

    @cached_property
    def observed(self) -> np.ndarray | None:
        """Which of the held-out floats count (n, d); None where all do."""
        return observed(self.model, self.held_out)

    @cached_property
    def errors(self) -> np.ndarray:
        """Squared error of every held-out row (n,)."""
        return self.squared_errors.sum(axis=1)

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of the held-out rows (n, k)."""
        from narrows.estimators.inference import map_floats

        return map_floats(self.held_out, self.model.network_.codes, self.model.device_)

    @cached_property
    def statistics(self) -> np.ndarray:
        """What the encoder says of each held-out row: codes (n, k), or means and log-variances (n, 2k)."""
        from narrows.estimators.inference import map_floats

        return map_floats(self.held_out, self.model.network_.encode, self.model.device_)

    @cached_property
    def wide_pca(self) -> PCABaseline:
        """PCA of the known rows, with as many components as any finding asks for."""
        return PCABaseline.fit(self.known, min(max(_MAX_COMPONENTS, self.k), self.d))

    def pca(self, n_components: int) -> PCABaseline:
        """The same with its first components alone."""
        wide = self.wide_pca
        return PCABaseline(wide.mean, wide.components[:n_components], wide.n_rows)

    @property
    def d(self) -> int:
        """Floats in a row."""
        return self.held_out.shape[1]

    @property
    def k(self) -> int:
        """Components of the code."""
        return self.model.n_components_

    @property
    def n_active(self) -> int:
        """Numbers that travel from the encoder to the decoder: of a top-k code only the active ones."""
        return n_active(self.model)
