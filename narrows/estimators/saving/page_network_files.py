"""The network of a fitted model as ONNX files for a page, which has encoded rows and draws decoded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data import Numeric
from narrows.errors import SettingError
from narrows.export import PixelScale, decoder_in_page, network_in_page

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder


def network_files(model: Autoencoder, pixels: PixelScale | None) -> tuple[bytes, bytes]:
    """Return the whole network and the decoder of a model as ONNX files.

    Raises
    ------
    SettingError
        A part of the network has no ONNX form.
    """
    made = (make(model.network_, pixels) for make in (network_in_page, decoder_in_page))
    whole, decoder = (one.SerializeToString() for one in made)
    return whole, decoder


def pixel_scale(model: Autoencoder, like: np.ndarray | None) -> PixelScale | None:
    """Return how encoded floats of an image become brightness as a page draws it; None for tables.

    like : encoded images whose extremes are black and white, where pixels have no unit.

    Raises
    ------
    SettingError
        The floats of the image are not shifted and scaled pixels.
    """
    schema = model.schema_
    if schema.image_shape is None:
        return None
    if schema.floats_are_pixels:
        return PixelScale(np.ones(schema.n_floats), np.zeros(schema.n_floats))
    (kind,) = schema.kinds if len(schema.kinds) == 1 else (None,)
    if not isinstance(kind, Numeric):
        raise SettingError("These images are not encoded pixel by pixel.")
    low, high = _black_and_white(model, like)
    width = high - low or 1.0
    gain = np.where(kind.constant, 0.0, kind.scale) / width
    bias = (np.where(kind.constant, kind.fill, kind.offset) - low) / width
    return PixelScale(gain, bias)


def _black_and_white(model: Autoencoder, like: np.ndarray | None) -> tuple[float, float]:
    schema = model.schema_
    if schema.pixel_range is not None:
        return schema.pixel_range
    assert like is not None
    block = schema.decode_rows(like).block()
    return float(block.min()), float(block.max())
