"""Many small images on one sheet."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.rows import Rows
from narrows.data.schema.pixel_range import natural_white

if TYPE_CHECKING:
    from PIL import Image

_GAP = 4  # pixels between images, and around them
_SMALL = 56  # images shorter than this are enlarged by a whole factor


def montage(images: np.ndarray, *, columns: int | None = None, scale: int | None = None) -> Image.Image:
    """Return images (n, h, w) or (n, h, w, c) in a nearly square grid on white, with the channels of `visible`.

    Pixels are uint8, or floats in [0, 1] (clipped). ``scale`` enlarges by a whole
    factor with sharp edges; by default small images are enlarged to about 56 pixels.
    """
    pixels = _sharp(visible(to_uint8(images)), scale)
    n, height, width, _ = pixels.shape
    return _to_pil(tile(pixels, columns=min(n, columns or ceil(sqrt(n * height / width))), gap=_GAP, margin=_GAP))


def tile(images: np.ndarray, *, columns: int, gap: int, margin: int = 0) -> np.ndarray:
    """Return images (n, h, w, c), uint8 or floats in [0, 1], as one image (H, W, c) with white between them.

    columns : images in a line. gap, margin : pixels between images, and around all of them.
    """
    n, height, width, channels = images.shape
    lines = ceil(n / columns)
    size = (lines * (height + gap) - gap + 2 * margin, columns * (width + gap) - gap + 2 * margin, channels)
    grid = np.full(size, 255 if images.dtype == np.uint8 else 1, images.dtype)
    for i, image in enumerate(images):
        y, x = margin + i // columns * (height + gap), margin + i % columns * (width + gap)
        grid[y : y + height, x : x + width] = image
    return grid


def to_uint8(images: np.ndarray, pixel_range: tuple[float, float] | None = None) -> np.ndarray:
    """Return images as uint8 (n, h, w, c).

    ``pixel_range`` : values of black and white. Default: 0 and the largest uint8; for uint16, 0 and the largest value
    of as few bits as hold the pixels; else 0 and 1.
    """
    images = np.asarray(images)
    images = images[..., None] if images.ndim == 3 else images
    if images.dtype == np.uint8 and pixel_range in (None, (0.0, 255.0)):
        return images
    dark, bright = pixel_range or default_pixel_range(images)
    scaled = (images.astype(np.float64) - dark) * (255 / (bright - dark))
    return np.rint(np.nan_to_num(scaled, nan=0.0)).clip(0, 255).astype(np.uint8)


def default_pixel_range(images: np.ndarray) -> tuple[float, float]:
    """Return the default values of black and white."""
    if images.dtype == np.uint16:
        return 0.0, natural_white(float(images.max(initial=0)))
    return 0.0, 255.0 if images.dtype == np.uint8 else 1.0


def visible(images: np.ndarray) -> np.ndarray:
    """Return images (..., c) with 1 or 3 channels: uint8, or floats in [0, 1].

    Two channels are shown as the grey of their mean, four as colours whose transparent parts are white, and of more the
    first three.
    """
    n_channels = images.shape[-1]
    if n_channels == 2:
        mean = images.mean(axis=-1, keepdims=True)
        return np.rint(mean).astype(np.uint8) if images.dtype == np.uint8 else mean
    if n_channels == 4:
        white = 255 if images.dtype == np.uint8 else 1
        cover = images[..., 3:] / white
        blended = images[..., :3] * cover + white * (1 - cover)
        return np.rint(blended).astype(np.uint8) if white == 255 else blended.astype(images.dtype)
    return images if n_channels in (1, 3) else images[..., :3]


def as_rgb(images: np.ndarray) -> np.ndarray:
    """Return images (..., c) with 3 channels: those of `visible`, grey three times."""
    seen = visible(images)
    return np.repeat(seen, 3, axis=-1) if seen.shape[-1] == 1 else seen


def as_images(rows: Rows) -> np.ndarray:
    """Return the rows of images as (n, h, w, c), whatever their layout."""
    assert rows.image_shape is not None
    return rows.block().reshape(-1, *rows.image_shape)


def _sharp(pixels: np.ndarray, scale: int | None) -> np.ndarray:
    factor = scale or max(1, round(_SMALL / max(pixels.shape[1:3])))
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def _to_pil(sheet: np.ndarray) -> Image.Image:
    from PIL import Image

    return Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet)
