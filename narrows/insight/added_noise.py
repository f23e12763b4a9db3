"""The noise of a denoising model, applied to rows to see how it removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from narrows.errors import SettingError
from narrows.estimators.parameters.resolution import corruption_for
from narrows.model import Corruption
from narrows.model.corruption import CORRUPTIONS, NoiseControl

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def corrupted(
    model: Autoencoder,
    floats: np.ndarray,
    *,
    seed: int,
    corruption: str | Corruption | None = None,
    level: float | None = None,
    default: float | None = None,
) -> np.ndarray:
    """Return encoded rows (n, n_floats) with noise.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"}, Corruption or None, default=None
        Default: that of the training.
    level : float or None, default=None
        Default: that of the training.
    default : float or None, default=None
        For a model trained without corruption: the level of gaussian noise to add.

    Raises
    ------
    SettingError
        The model was trained without corruption, and neither `corruption` nor `default` is given.
    """
    kind = model.fitted_params_["corruption"] if corruption is None else corruption
    amount = model.fitted_params_["level"] if level is None else level
    if kind is None and default is not None:
        kind, amount = "gaussian", default if level is None else level
    noise = corruption_for(model.schema_, kind, amount)
    if noise is None:
        raise SettingError("The model was trained without corruption; fit a DenoisingAutoencoder.")
    noisy = noise(torch.from_numpy(floats), torch.Generator().manual_seed(seed)).numpy()
    return noisy if model.network_.compresses else noisy.clip(0, 1)  # as image files hold it


def noise_controls(*, images: bool) -> dict[str, NoiseControl]:
    """Return how a view offers each kind of noise, by the name of the corruption, for images or else for tables."""
    controls = {name: entry.images if images else entry.tables for name, entry in CORRUPTIONS.items()}
    return {name: control for name, control in controls.items() if control is not None}
