"""Lines of images with captions, such as originals above their reconstructions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.image_grid import as_rgb, tile

if TYPE_CHECKING:
    from PIL.Image import Image

_PAPER, _INK, _FRAME = (255, 255, 255), (40, 40, 48), (222, 222, 228)
_LEAST_SIDE = 64  # pixels; smaller images are enlarged by a whole factor


def image_sheet(lines: Mapping[str, np.ndarray], *, title: str | None = None, columns: int | None = None) -> Image:
    """Return lines of images below each other, each with its caption on the left, as one image.

    Parameters
    ----------
    lines : mapping of str to np.ndarray (n, height, width, channels)
        Caption -> images in [0, 1] (other values are clipped).
    title : str or None
        Title above the images.
    columns : int or None
        Images per line; longer lines are wrapped. None does not wrap.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = next(iter(lines.values())).shape[1:3]
    zoom = max(1, math.ceil(_LEAST_SIDE / max(height, width)))
    cell_h, cell_w = height * zoom, width * zoom
    gap, margin = max(4, cell_w // 16), max(16, cell_w // 3)
    font = ImageFont.load_default(size=17)
    title_font = ImageFont.load_default(size=21)
    caption_w = max((math.ceil(font.getlength(caption)) for caption in lines), default=0)
    left = margin + (caption_w + margin // 2 if caption_w else 0)
    top = margin + (34 if title else 0)
    n_across = {caption: min(len(images), columns or len(images)) for caption, images in lines.items()}
    heights = [math.ceil(len(images) / n_across[name]) * (cell_h + gap) - gap for name, images in lines.items()]
    sheet_w = left + max(n_across.values()) * (cell_w + gap) - gap + margin
    if title:
        sheet_w = max(sheet_w, 2 * margin + math.ceil(title_font.getlength(title)))
    sheet_h = top + sum(heights) + 2 * gap * (len(heights) - 1) + margin

    sheet = Image.new("RGB", (sheet_w, sheet_h), _PAPER)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((margin, margin - 6), title, font=title_font, fill=_INK)
    y = top
    for (caption, images), line_height in zip(lines.items(), heights, strict=True):
        framed = np.stack([_framed(image, zoom) for image in images])
        # A frame lies in the gap, one pixel on each side of its image.
        grid = tile(framed, columns=n_across[caption], gap=gap - 2)
        sheet.paste(Image.fromarray(grid), (left - 1, y - 1))
        draw.text((left - margin // 2, y + line_height / 2), caption, font=font, fill=_INK, anchor="rm")
        y += line_height + 2 * gap
    return sheet


def _framed(image: np.ndarray, zoom: int) -> np.ndarray:
    """Return an image in [0, 1] as uint8 RGB, enlarged by a whole factor and framed."""
    pixels = as_rgb(np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8))
    height, width = (side * zoom for side in pixels.shape[:2])
    framed = np.full((height + 2, width + 2, 3), _FRAME, np.uint8)
    framed[1:-1, 1:-1] = pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return framed
