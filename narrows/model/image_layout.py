"""Rows of floats as images, and back: channels last in a row, channels first for convolutions."""

from __future__ import annotations

from torch import Tensor

ImageShape = tuple[int, int, int]  # (height, width, channels)


def rows_to_images(x: Tensor, image_shape: ImageShape) -> Tensor:
    """Return rows (n, height * width * channels) as (n, channels, height, width), a channels-last view."""
    return x.reshape(-1, *image_shape).permute(0, 3, 1, 2)


def images_to_rows(images: Tensor) -> Tensor:
    """Return images (n, channels, height, width) as rows (n, height * width * channels)."""
    return images.permute(0, 2, 3, 1).flatten(1)
