"""Whole images through a network that learned from small ones: tile by tile, in bounded memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.data import natural_white
from narrows.errors import DataError, SettingError
from narrows.estimators.state import FittedState
from narrows.model import ResidualEncoder, noise_level

TILE = 512


@dataclass(frozen=True, eq=False)
class CleanImage:
    """A denoised image.

    Parameters
    ----------
    floats : ndarray of shape (height, width, channels)
        float32 in [0, 1].
    level : float or None
        Standard deviation of gaussian noise, given or estimated, in [0, 1]; None for other kinds of noise.
    """

    floats: np.ndarray
    level: float | None


def encoder_of(state: FittedState) -> ResidualEncoder:
    """Return the layers that take images of any size; SettingError if the model has none."""
    encoder = state.network.encoder
    if not isinstance(encoder, ResidualEncoder):
        raise SettingError(
            "This model takes images of one size alone; fit it with network='residual' (--network residual), or use "
            "reconstruct."
        )
    return encoder


@torch.inference_mode()
def clean_image(
    state: FittedState, floats: np.ndarray, *, level: float | None = None, tile: int = TILE, name: str = "the image"
) -> CleanImage:
    """Denoise one image of any size.

    The image is cut into tiles that overlap by as many pixels as have an influence on each other, so that the result
    is the same as without tiles up to rounding. A model of grey images cleans each colour by itself.

    Parameters
    ----------
    state : FittedState
        With network="residual".
    floats : ndarray of shape (height, width, channels)
        In [0, 1].
    level : float or None, default=None
        Standard deviation of gaussian noise, in [0, 1]; None estimates it.
    tile : int, default=512
        Largest height and width of a tile without its margins; memory grows with its square.
    name : str
        Of the image, for error messages.

    Raises
    ------
    DataError
        The image has other channels than those of the fit.
    SettingError
        The level is not a number from 0, or the model was fitted with other noise.
    """
    encoder = encoder_of(state)
    _check_level(encoder, level)
    images = torch.from_numpy(np.ascontiguousarray(floats, np.float32)).permute(2, 0, 1)[None]
    wanted = encoder.image_shape[2]
    if wanted == 1:
        images = images.transpose(0, 1)  # each channel is an image
    elif images.shape[1] != wanted:
        raise DataError(
            f"{name} has {images.shape[1]} channels and the images of the fit had {wanted}; fit a model on such "
            "images, or on grey ones, which cleans each channel by itself."
        )
    if min(images.shape[2:]) < 1:
        raise DataError(f"{name} has no pixels.")
    levels = None
    if encoder.sees_level:
        levels = noise_level(images.clamp(0, 1)) if level is None else torch.full((len(images),), float(level))
    clean = _in_tiles(encoder, images, levels, tile, state.device)
    clean = clean.transpose(0, 1) if wanted == 1 else clean
    return CleanImage(clean[0].permute(1, 2, 0).clamp(0, 1).numpy(), None if levels is None else float(levels.mean()))


def clean_array(state: FittedState, image: Any, *, level: float | None, tile: int) -> np.ndarray:
    """Denoise an array (height, width[, channels]), and return one of its shape and type.

    A fourth channel, or a second one, is transparency and stays as it is.
    """
    given = np.asarray(image)
    if given.ndim not in (2, 3) or given.dtype.kind not in "uf" or given.size == 0:
        raise DataError(
            f"An image must be an array (height, width) or (height, width, channels) of unsigned whole numbers or "
            f"floats, got the shape {given.shape} of {given.dtype}."
        )
    if not np.isfinite(given).all():
        raise DataError("The image has pixels that are NaN or infinite; replace them.")
    pixels = given[..., None] if given.ndim == 2 else given
    n_colours = pixels.shape[2] - (pixels.shape[2] in (2, 4))
    low, high = _black_and_white(state, given)
    floats = (pixels[..., :n_colours] - np.float32(low)) / np.float32(high - low)
    clean = clean_image(state, floats, level=level, tile=tile).floats * (high - low) + low
    found = pixels.copy()
    found[..., :n_colours] = np.rint(clean) if given.dtype.kind == "u" else clean
    return found.reshape(given.shape)


def _black_and_white(state: FittedState, image: np.ndarray) -> tuple[float, float]:
    """Return the values of black and white of an array: those of its bits, or for floats those of the fit."""
    known = state.schema.pixel_range
    if image.dtype.kind == "u":
        largest = float(image.max())
        same = image.dtype == np.dtype(state.schema.dtypes[0])
        return 0.0, max(natural_white(largest), known[1] if known is not None and same else 0.0)
    low, high = (0.0, 1.0) if known is None else known
    if float(image.max()) > high + 0.5 * (high - low):
        raise DataError(f"The image has pixels up to {float(image.max()):g}, and white was {high:g} in the fit.")
    return low, high


def _check_level(encoder: ResidualEncoder, level: float | None) -> None:
    if level is None:
        return
    if not encoder.sees_level:
        raise SettingError(
            f"A noise level describes gaussian noise, and this model removes {encoder.noise} noise, found in the "
            "pixels; leave the level out."
        )
    if isinstance(level, bool | str) or not 0 <= level < math.inf:
        raise SettingError(f"level={level!r} must be a number from 0, the standard deviation of noise in [0, 1].")


def _in_tiles(encoder: ResidualEncoder, images: Tensor, levels: Tensor | None, tile: int, device: str) -> Tensor:
    """Return the clean images (n, c, h, w)."""
    if isinstance(tile, bool) or not hasattr(tile, "__index__") or tile < 2:
        raise SettingError(f"tile={tile!r} must be a number of pixels from 2.")
    tile, margin = tile - tile % 2, encoder.margin  # even, so that the 2 x 2 blocks are the same in every tile
    height, width = images.shape[2:]
    clean = torch.empty_like(images)
    levels = None if levels is None else levels.to(device)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            above, before = min(top, margin), min(left, margin)
            part = images[..., top - above : top + tile + margin, left - before : left + tile + margin]
            found = encoder.clean(part.to(device), levels).cpu()
            clean[..., top : top + tile, left : left + tile] = found[..., above : above + tile, before : before + tile]
    return clean
