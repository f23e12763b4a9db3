"""What black and white are in a set of images, and how its pixels become floats."""

from __future__ import annotations

import numpy as np

from narrows.data.kinds.number_summary import FREE
from narrows.data.kinds.numeric import Numeric, ValueRange
from narrows.data.rows import Rows
from narrows.data.schema.column_statistics import Statistics
from narrows.errors import DataRangeError

PIXELS = "pixels in [0, 1]"
FROM_MEAN = "standard deviations of the pixels"
OWN = "the data's own units"

_WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_FILLED = 0.5  # of the interval from black to white, which pixels must use
_FEW_PLACES = 0.01  # of an image, where pixels may be broken
_FAR = 4.0  # times the span of the other pixels
_LEAST_PLACES, _LEAST_IMAGES = 16, 20  # of fewer, an odd one says nothing
_LEAST_SPREAD = 0.1  # of the interval: with less, a sigmoid hardly learns
_TINY = np.finfo(np.float64).tiny
_BINARY = 0.9  # share of the spread that pixels of nothing but black and white have at their means


def learn_pixels(rows: Rows, found: Statistics, *, as_is: bool, columns: np.ndarray) -> tuple[Numeric, str]:
    """Pixels as one kind, and what one unit of a float is.

    They are scaled so that black is 0 and white is 1, or where they are to stay as they are, not at all. Where they
    differ little from the mean image by that measure, floats are the differences, in units of their standard deviation.
    """
    low, high = float(found.low.min()), float(found.high.max())
    dark, bright = (0.0, 1.0) if as_is else pixel_range(rows, found)
    if not np.isfinite(high - low):
        raise DataRangeError(f"The pixels of {rows.source} span more than 64-bit floats can express.")
    offset, width = np.full(rows.n_columns, dark), np.full(rows.n_columns, max(bright - dark, _TINY))
    kept = {
        "columns": columns,
        "fill": found.mean,
        "constant": np.zeros(rows.n_columns, bool),  # a border pixel that was black in training may be lit later
    }
    if as_is:
        bounded = low >= 0 and high <= 1 and high - low >= _FILLED
        unit = PIXELS if low >= 0 and high <= 1 else OWN
        return Numeric(offset=offset, scale=width, bounded=bounded, **kept), unit
    odd = (found.low < dark) | (found.high > bright)  # a hot pixel has a black and a white of its own
    offset[odd] = found.low[odd]
    width[odd & ~found.constant] = (found.high - found.low)[odd & ~found.constant]
    spread = float(np.sqrt(np.mean((found.spread / width) ** 2)))
    if spread >= _LEAST_SPREAD or spread == 0 or _is_binary((found.mean - offset) / width, found.spread / width):
        return Numeric(offset=offset, scale=width, bounded=True, **kept), PIXELS
    n = rows.n_columns
    extent = ValueRange(np.minimum(dark, found.low), np.maximum(bright, found.high), np.full(n, FREE), (None,) * n)
    scale = np.maximum(spread * width, _TINY)
    return Numeric(offset=found.mean, scale=scale, bounded=False, extent=extent, **kept), FROM_MEAN


def pixel_range(rows: Rows, found: Statistics) -> tuple[float, float]:
    """The values that become 0 and 1: what the pixels use, whatever their type allows.

    That is 0 and the white of 8, 10, 12, 14 or 16 bits for unsigned pixels that use half of it; 0 and 1 for others that
    use half of that; the smallest and the largest pixel for all others. A few places that are far brighter or darker
    than all others (hot pixels) do not count.
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


def n_odd_places(n_places: int) -> int:
    """How many places of an image may hold broken pixels."""
    return max(1, int(_FEW_PLACES * n_places)) if n_places >= _LEAST_PLACES else 0


def _extent(rows: Rows, found: Statistics) -> tuple[float, float]:
    """The smallest and the largest pixel, without those of a few places far from all others."""
    low, high = float(found.low.min()), float(found.high.max())
    n_odd = n_odd_places(len(found.low))
    if not n_odd or len(rows) < _LEAST_IMAGES:
        return low, high
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


def _is_binary(mean: np.ndarray, spread: np.ndarray) -> bool:
    """Whether pixels in [0, 1] are (nearly) all 0 or 1, and so spread as far as their means allow."""
    return float((spread**2).sum()) >= _BINARY * float((mean * (1 - mean)).sum())
