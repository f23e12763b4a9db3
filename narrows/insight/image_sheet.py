"""A sheet of images with captions: originals over reconstructions, noisy over denoised, samples in a square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.image_grid import visible

if TYPE_CHECKING:
    from PIL.Image import Image

_PAPER, _INK, _FRAME = (255, 255, 255), (40, 40, 48), (222, 222, 228)
_LEAST_SIDE = 64  # pixels; smaller images are enlarged by a whole factor, so that their pixels stay square


def image_sheet(lines: Mapping[str, np.ndarray], *, title: str | None = None, columns: int | None = None) -> Image:
    """Draw lines of images under each other, each with its caption on the left.

    Parameters
    ----------
    lines : mapping of str to np.ndarray (n, height, width, channels)
        Captions and images with values in [0, 1] (others are clipped).
    title : str or None
        Drawn above.
    columns : int or None
        Images per line; a longer line is broken. None keeps each in one line.
    """
    from PIL import Image, ImageDraw, ImageFont

    height, width = next(iter(lines.values())).shape[1:3]
    zoom = max(1, math.ceil(_LEAST_SIDE / max(height, width)))
    cell_h, cell_w = height * zoom, width * zoom
    gap, margin = max(4, cell_w // 16), max(16, cell_w // 3)
    font = ImageFont.load_default(size=17)
    title_font = ImageFont.load_default(size=21)
    blocks = {caption: _blocks(images, columns) for caption, images in lines.items()}
    caption_w = max((math.ceil(font.getlength(caption)) for caption in lines), default=0)
    left = margin + (caption_w + margin // 2 if caption_w else 0)
    top = margin + (34 if title else 0)
    n_across = max(len(line) for block in blocks.values() for line in block)
    sizes = [len(block) * (cell_h + gap) - gap for block in blocks.values()]
    sheet_w = left + n_across * (cell_w + gap) - gap + margin
    if title:
        sheet_w = max(sheet_w, 2 * margin + math.ceil(title_font.getlength(title)))
    sheet_h = top + sum(sizes) + 2 * gap * (len(sizes) - 1) + margin

    sheet = Image.new("RGB", (sheet_w, sheet_h), _PAPER)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((margin, margin - 6), title, font=title_font, fill=_INK)
    y = top
    for caption, block in blocks.items():
        for line in block:
            for i, image in enumerate(line):
                x = left + i * (cell_w + gap)
                sheet.paste(_picture(image, zoom), (x, y))
                draw.rectangle((x - 1, y - 1, x + cell_w, y + cell_h), outline=_FRAME)
            y += cell_h + gap
        middle = y - gap - (len(block) * (cell_h + gap) - gap) / 2
        draw.text((left - margin // 2, middle), caption, font=font, fill=_INK, anchor="rm")
        y += gap
    return sheet


def _blocks(images: np.ndarray, columns: int | None) -> list[np.ndarray]:
    step = columns or max(1, len(images))
    return [images[start : start + step] for start in range(0, len(images), step)]


def _picture(image: np.ndarray, zoom: int) -> Image:
    from PIL import Image

    pixels = visible(np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8))
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Image.fromarray(pixels.repeat(zoom, axis=0).repeat(zoom, axis=1))
