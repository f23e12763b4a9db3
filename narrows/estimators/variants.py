"""The named variants: an `Autoencoder` with other defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from narrows.estimators.autoencoder import Autoencoder
from narrows.model import Corruption, Penalty


@dataclass(eq=False, repr=False, kw_only=True)
class DenoisingAutoencoder(Autoencoder):
    """Learns to rebuild clean rows from noisy ones (Vincent et al. 2008, 2010).

    `reconstruct` denoises: its input is taken to be noisy as it is, nothing is added.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"} or Corruption, default="gaussian"
    level : float, default=0.3
        Standard deviation of gaussian noise in encoded units, or the share of features hit.
    **others
        Those of `Autoencoder`.

    Examples
    --------
    >>> from narrows import DenoisingAutoencoder, read
    >>> digits = read("digits")
    >>> model = DenoisingAutoencoder(level=0.2, n_components=16, epochs=3, random_state=0).fit(digits)
    >>> model.reconstruct(digits).shape
    (1797, 8, 8)
    """

    corruption: str | Corruption | None = "gaussian"

    variant: ClassVar[str] = "denoising"


@dataclass(eq=False, repr=False, kw_only=True)
class SparseAutoencoder(Autoencoder):
    """Describes every row by a few active code units.

    Parameters
    ----------
    penalty : {"l1", "kl"} or Penalty, default="l1"
        "l1" with rectified codes, "kl" with sigmoid codes whose mean activity is drawn to `rho` (Ng 2011).
        For exactly k active units use ``penalty=None, code="top-k", k=...`` (Makhzani & Frey 2013).
    penalty_weight : float, default=0.1
    rho : float, default=0.05
    **others
        Those of `Autoencoder`.

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


@dataclass(eq=False, repr=False, kw_only=True)
class ContractiveAutoencoder(Autoencoder):
    """Codes that hardly move when the input moves a little (Rifai et al. 2011).

    The weights are tied: with a free decoder the encoder could evade the penalty by shrinking its
    weights while the decoder grows.

    Parameters
    ----------
    penalty : "contractive" or Contractive, default="contractive"
        Weight times the squared Frobenius norm of the Jacobian of the code with respect to the input.
    tied_weights : bool, default=True
    **others
        Those of `Autoencoder`.

    Examples
    --------
    >>> from narrows import ContractiveAutoencoder, read
    >>> digits = read("digits")
    >>> model = ContractiveAutoencoder(hidden_layer_sizes=(), n_components=32, epochs=3, random_state=0)
    >>> model.fit_transform(digits).shape
    (1797, 32)
    """

    penalty: str | Penalty | list[str | Penalty] | None = "contractive"
    tied_weights: bool = True

    variant: ClassVar[str] = "contractive"
