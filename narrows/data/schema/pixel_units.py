"""Checks that images are in the units of the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data.rows import Rows
from narrows.data.schema.layout import SchemaLayout
from narrows.data.schema.pixel_range import n_odd_places
from narrows.errors import SchemaMismatchError, warn

_MANY = 20  # images, not all of which are dark by chance
_FAR = 10  # times as dark or bright


def check_pixel_units(schema: SchemaLayout, rows: Rows) -> None:
    """Raise SchemaMismatchError for images in other units than during fit, such as 0 to 1 and 0 to 255.

    Warns of many images that are all far darker than those of the fit: they may be in other units, or dark.
    """
    if schema.pixel_range is None:
        return
    dark, bright = schema.pixel_range
    given, white = _Given.of(rows), max(abs(dark), abs(bright))
    if given.are_in_another_unit(np.dtype(schema.dtypes[0]), white):
        raise SchemaMismatchError(
            f"{rows.source} has pixels up to {given.largest:.4g}, but the model was fitted on pixels from "
            f"{dark:.4g} to {bright:.4g}; convert them to the same units."
        )
    # The white of pixels that stay as they are is 1, whether they use it or not.
    was_used = schema.bounded or not schema.floats_are_pixels
    if was_used and len(rows) >= _MANY and given.largest > 0 and given.magnitude < white / _FAR:
        warn(
            f"{rows.source} has pixels up to {given.largest:.4g}, and the model was fitted on pixels from "
            f"{dark:.4g} to {bright:.4g}; if they are in other units, convert them to the same."
        )


@dataclass(frozen=True)
class _Given:
    """Facts of the pixels of new images."""

    dtype: np.dtype
    largest: float
    magnitude: float
    """The largest without its sign."""
    usual: float
    """The largest without those of a few places, which may be broken."""
    mean: float
    has_fractions: bool

    @classmethod
    def of(cls, rows: Rows) -> _Given:
        highs, total, has_fractions = np.full(rows.n_columns, -np.inf), 0.0, False
        lowest = np.inf
        for chunk in rows.chunks():
            block = rows.block(rows=chunk)
            highs = np.fmax(highs, np.fmax.reduce(block, axis=0))
            lowest = min(lowest, float(np.fmin.reduce(block, axis=None)))
            total += float(np.nansum(block, dtype=np.float64))
            if block.dtype.kind == "f" and not has_fractions:
                has_fractions = bool((np.nan_to_num(block) % 1 != 0).any())
        n_odd = n_odd_places(rows.n_columns)
        usual = float(np.partition(highs, -n_odd - 1)[-n_odd - 1])
        dtype = np.result_type(*(np.dtype(name) for name in set(rows.dtypes)))
        largest, mean = float(highs.max()), total / (len(rows) * rows.n_columns)
        return cls(dtype, largest, max(largest, -lowest), usual, mean, has_fractions)

    def are_in_another_unit(self, fitted: np.dtype, white: float) -> bool:
        """Return whether pixels must be in another unit; noisy or bright images may leave the range of the fit."""
        is_whole = self.dtype.kind in "iu"
        if self.largest <= 0:
            return False
        if self.magnitude <= 1 and not is_whole and (white >= 255 or (white >= 8 and self.has_fractions)):
            return True  # 0 to 1 where whole numbers were
        if white <= 1 and is_whole and self.usual > 1:
            return True
        if fitted == self.dtype and is_whole:  # a type of more than 8 bits may use some or all of them
            return fitted.itemsize > 1 and self.usual > 4 * white and self.mean > white
        if white > 255 and (self.dtype == np.uint8 or (127 < self.magnitude <= 255 and self.magnitude < white / _FAR)):
            return True  # 8 bits where more were
        return self.usual > _FAR * white or (white <= 255 and is_whole and self.usual > 255)
