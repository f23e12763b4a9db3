"""What a detector needs of a scorer; `default_scorer` and `estimator_scorer` have one each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from narrows.estimators.autoencoder import Autoencoder


class Scorer(Protocol):
    """A fitted measure of the strangeness of encoded rows, made of one or several parts."""

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
        """Parts of the score of encoded rows (n, d): (n, p)."""
        ...

    def units(self, spread: np.ndarray, floats: np.ndarray) -> np.ndarray:
        """Unit of each part (p,), from the spread of the parts (p,) over training rows (n, d)."""
        ...

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Expected floats (n, d) of encoded rows, and each column's share of their strangeness (n, n_columns).

        columns : ndarray of shape (d,)
            The column of each float.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Tensors to save."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """JSON values to save."""
        ...

    def card_note(self) -> str:
        """A paragraph for the card of a saved detector; may be empty."""
        ...
