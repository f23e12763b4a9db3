"""The sparse autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from narrows.estimators.autoencoder import Autoencoder
from narrows.model import Penalty


@dataclass(eq=False, repr=False, kw_only=True)
class SparseAutoencoder(Autoencoder):
    """An autoencoder whose codes have few active units for each row.

    Parameters
    ----------
    penalty : {"l1", "kl"} or Penalty, default="l1"
        "l1" with rectified codes, "kl" with sigmoid codes whose mean activity is kept near `rho` (Ng 2011).
        For exactly k active units use ``penalty=None, code="top-k", k=...`` (Makhzani & Frey 2013).
    penalty_weight : float, default=0.1
    rho : float, default=0.05
    **others
        Parameters of `Autoencoder`.

    Examples
    --------
    >>> from narrows import SparseAutoencoder, read
    >>> digits = read("digits")
    >>> model = SparseAutoencoder(penalty=None, code="top-k", k=5, n_components=64, epochs=3, random_state=0)
    >>> int((model.fit_transform(digits) != 0).sum(axis=1).max())
    5
    """

    penalty: str | Penalty | list[str | Penalty] | None = "l1"

    variant: ClassVar[str] = "sparse"
