"""The noise of a denoising model, to show what it does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from narrows.errors import SettingError
from narrows.estimators.resolution import corruption_for
from narrows.model import Corruption

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
    """Encoded rows (n, n_floats) under noise.

    Parameters
    ----------
    corruption : {"gaussian", "masking", "salt-and-pepper"}, Corruption or None, default=None
        None is what `model` was trained with.
    level : float or None, default=None
        None is that of the training.
    default : float or None, default=None
        For a model trained without corruption: the level of the gaussian noise to add all the same.

    Raises
    ------
    SettingError
        The model was trained without corruption, and neither `corruption` nor `default` is given.
    """
    kind = model.fitted_params_["corruption"] if corruption is None else corruption
    amount = model.fitted_params_["level"] if level is None else level
    if kind is None and default is not None:
        kind, amount = "gaussian", default if level is None else level
    made = corruption_for(model.schema_, kind, amount)
    if made is None:
        raise SettingError("The model was trained without corruption; fit a denoising one.")
    return made(torch.from_numpy(floats), torch.Generator().manual_seed(seed)).numpy()
