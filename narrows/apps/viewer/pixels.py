"""Encoded rows in the form that is sent to a page: images as uint8, rows of a table as float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def page_values(model: Autoencoder, floats: np.ndarray, *, like: np.ndarray | None = None) -> np.ndarray:
    """Return encoded rows as a page draws them: uint8 (n, height, width, channels) of images, else float32 (n, d).

    like : encoded images whose darkest and brightest values become black and white; for images in other units.
    """
    from narrows.insight.payloads import as_pictures

    values = as_pictures(model, floats, like=like)
    return values.astype(np.float32) if model.schema_.image_shape is None else to_uint8(values)


def to_uint8(brightness: np.ndarray) -> np.ndarray:
    """Convert brightness in [0, 1] to uint8; values outside are clipped."""
    return np.rint(np.clip(brightness, 0, 1) * 255).astype(np.uint8)
