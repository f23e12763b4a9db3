"""The interface of scorers, which `table_scorer`, `default_scorer` (images) and `estimator_scorer` implement.

`AnomalyDetector` fits one of them, and `detector_folder.read_detector` restores it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from narrows.estimators.anomaly.tails import Combination
from narrows.estimators.autoencoder import Autoencoder


class Scorer(Protocol):
    """A fitted anomaly score of encoded rows, which has one or several parts."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        ...

    @property
    def models(self) -> Sequence[Autoencoder]:
        """The user's fitted autoencoders; empty for the default scorer."""
        ...

    @property
    def references(self) -> np.ndarray | None:
        """Encoded training rows (m, d) that new rows are compared with, or None."""
        ...

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the parts of the score of encoded rows (n, d): (n, p)."""
        ...

    def combination(self, parts: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> Combination:
        """Return how the parts are combined into one score, from the parts (n, p) of training rows.

        floats : ndarray of shape (m, d)
            Some of these rows, encoded.
        weight : ndarray of shape (n,), optional
        """
        ...

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return expected floats (n, d) of encoded rows, and the contribution of each column (n, n_columns).

        columns : ndarray of shape (d,)
            The column of each float.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """Return the JSON values to save."""
        ...

    def card_note(self) -> str:
        """Return a paragraph for the card of a saved detector; may be empty."""
        ...
