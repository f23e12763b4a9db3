"""The denoising autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.whole_images import TILE, clean_array, encoder_of
from narrows.model import Corruption


@dataclass(eq=False, repr=False, kw_only=True)
class DenoisingAutoencoder(Autoencoder):
    """An autoencoder that reconstructs clean rows from corrupted ones (Vincent et al. 2008, 2010).

    `reconstruct` denoises its input: the input is not corrupted any further. With ``network="residual"`` `denoise`
    takes images of any size.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"} or Corruption, default="gaussian"
    level : float, default=0.3
        Standard deviation of gaussian noise in encoded units, or the share of features that is corrupted; with
        ``network="residual"`` the largest one, as each image of the training gets a level of its own.
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

    def denoise(self, images: Any, *, level: float | None = None, tile: int = TILE) -> Any:
        """Return images of any size without their noise, in their shapes and types; needs ``network="residual"``.

        Parameters
        ----------
        images : array of shape (height, width) or (height, width, channels), or a list of such arrays
            Unsigned whole numbers, or floats in the units of the fit. A fourth channel is transparency, which stays
            as it is. A model of grey images cleans each colour by itself.
        level : float or None, default=None
            Standard deviation of gaussian noise, where black is 0 and white 1; None estimates it from each image
            (Donoho & Johnstone 1994). Not for other kinds of noise, which the network finds in the pixels.
        tile : int, default=512
            Side of the squares into which large images are cut; memory grows with its square. The squares overlap,
            so that the result does not depend on it.

        Raises
        ------
        NotFittedError
        SettingError
            The network is another one, or `level` has no meaning.
        DataError
            An array is not an image, or has other channels than those of the fit.
        """
        state = self.state_
        encoder_of(state)
        if isinstance(images, list | tuple):
            return [clean_array(state, image, level=level, tile=tile) for image in images]
        if np.ndim(images) == 4:
            return np.stack([clean_array(state, image, level=level, tile=tile) for image in images])
        return clean_array(state, images, level=level, tile=tile)
