"""The denoising autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from narrows.estimators.autoencoder import Autoencoder
from narrows.model import Corruption


@dataclass(eq=False, repr=False, kw_only=True)
class DenoisingAutoencoder(Autoencoder):
    """An autoencoder that reconstructs clean rows from corrupted ones (Vincent et al. 2008, 2010).

    `reconstruct` denoises its input: the input is not corrupted any further.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"} or Corruption, default="gaussian"
    level : float, default=0.3
        Standard deviation of gaussian noise in encoded units, or the share of features that is corrupted.
    **others
        Parameters of `Autoencoder`.

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
