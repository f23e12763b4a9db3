"""The noise of a denoising model, to show what it does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from narrows.errors import SettingError
from narrows.model import make_corruption

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def corrupted(model: Autoencoder, floats: np.ndarray, *, seed: int) -> np.ndarray:
    """Encoded rows (n, n_floats) under the corruption that `model` was trained with.

    Raises
    ------
    SettingError
        The model was trained without corruption.
    """
    corruption = make_corruption(model.corruption, model.level, bounded=model.schema_.bounded)
    if corruption is None:
        raise SettingError("The model was trained without corruption; fit a denoising one.")
    return corruption(torch.from_numpy(floats), torch.Generator().manual_seed(seed)).numpy()
