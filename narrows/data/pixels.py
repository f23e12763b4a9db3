"""What black and white are in a set of images, and whether other images are in the same units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data.rows import Rows
from narrows.data.statistics import Statistics
from narrows.errors import SchemaMismatchError

if TYPE_CHECKING:
    from narrows.data.schema import Schema

_WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_FILLED = 0.5  # of the interval from black to white, which pixels must use
_FEW_PLACES = 0.01  # of an image, where pixels may be broken
_FAR = 4.0  # times the span of the other pixels
_LEAST_PLACES, _LEAST_IMAGES = 16, 20  # of fewer, an odd one says nothing


def pixel_range(rows: Rows, found: Statistics) -> tuple[float, float]:
    """The values that become 0 and 1: what the pixels use, whatever their type allows.

    That is 0 and the white of 8, 10, 12, 14 or 16 bits for unsigned pixels that use half of it; 0 and 1 for others that
    use half of that; the smallest and the largest pixel for all others. A few places that are far brighter or darker
    than all others (hot pixels) do not count, and lie outside.
    """
    low, high = _extent(rows, found)
    dtype = np.dtype(rows.dtypes[0])
    if dtype.name in ("uint8", "uint16"):
        white = 255.0 if dtype.name == "uint8" else natural_white(high)
    else:
        white = 1.0 if low >= 0 and high <= 1 else np.inf
    if high - low >= _FILLED * white or (high == low and 0 <= low <= white < np.inf):
        return 0.0, white
    return (low, high) if high > low else (low, low + 1.0)


def natural_white(largest: float) -> float:
    """The white of 8, 10, 12, 14 or 16 bits, the least that holds a pixel."""
    return next((white for white in _WHITES if largest <= white), _WHITES[-1])


def fills(low: float, high: float, dark: float, bright: float) -> bool:
    """Whether pixels from `low` to `high` lie between black and white, and use the half of that."""
    return dark <= low and high <= bright and high - low >= _FILLED * (bright - dark)


def _extent(rows: Rows, found: Statistics) -> tuple[float, float]:
    """The smallest and the largest pixel, without those of a few places far from all others."""
    low, high = float(found.low.min()), float(found.high.max())
    n_places = len(found.low)
    if n_places < _LEAST_PLACES or len(rows) < _LEAST_IMAGES:
        return low, high
    n_odd = max(1, int(_FEW_PLACES * n_places))
    # Where one place is odd at both ends it is left out of both.
    usual_low = float(np.partition(found.low, n_odd)[n_odd])
    usual_high = float(np.partition(found.high, -n_odd - 1)[-n_odd - 1])
    usual = usual_high - usual_low
    if usual <= 0 or high - low <= _FAR * usual:
        return low, high
    # One end may be as it should be.
    return (
        low if usual_low - low <= usual else usual_low,
        high if high - usual_high <= usual else usual_high,
    )


def check_pixel_units(schema: Schema, rows: Rows) -> None:
    """Refuse images in other units than at the fit: of 0 to 1, 0 to 255, 0 to 4095, 0 to 65535 two."""
    if schema.pixel_range is None:
        return
    dark, bright = schema.pixel_range
    largest, mean, has_fractions = _measured(rows)
    if _is_other_unit(
        max(abs(dark), abs(bright)),
        np.dtype(schema.dtypes[0]),
        np.result_type(*set(rows.dtypes)),
        largest,
        mean,
        has_fractions,
    ):
        raise SchemaMismatchError(
            f"{rows.source} has pixels up to {largest:.4g}, but the model was fitted on pixels from "
            f"{dark:.4g} to {bright:.4g}; bring them to the same units."
        )


def _is_other_unit(
    white: float, fitted: np.dtype, given: np.dtype, largest: float, mean: float, has_fractions: bool
) -> bool:
    """Noisy, dark and bright images may leave the range of the fit, so only what must be another scale is one."""
    is_whole = given.kind in "iu"
    if largest <= 0:
        return False
    if largest <= 1 and not is_whole and (white >= 255 or (white >= 8 and has_fractions)):
        return True  # 0 to 1 where whole numbers were
    if white <= 1 and is_whole and largest > 1:
        return True
    if fitted == given and is_whole:
        # The same type may have more bits; a hot pixel is no other unit, so the mean must say so too.
        return fitted.itemsize > 1 and largest > 4 * white and mean > white
    if white > 255 and (given == np.uint8 or (127 < largest <= 255 and largest < white / 10)):
        return True  # 8 bits where more were
    return largest > 10 * white or (white <= 255 and is_whole and largest > 255)


def _measured(rows: Rows) -> tuple[float, float, bool]:
    """The largest pixel, the mean, and whether any is no whole number."""
    largest, total, has_fractions = -np.inf, 0.0, False
    for chunk in rows.chunks():
        block = rows.block(rows=chunk)
        largest = max(largest, float(np.fmax.reduce(block, axis=None)))
        total += float(np.nansum(block, dtype=np.float64))
        if block.dtype.kind == "f" and not has_fractions:
            has_fractions = bool((np.nan_to_num(block) % 1 != 0).any())
    return largest, total / (len(rows) * rows.n_columns), has_fractions
