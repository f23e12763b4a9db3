"""Unfitted copies of a model, for fits that are to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sklearn.base import clone

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def unscaled_copy(model: Autoencoder, *, image_shape: tuple[int, ...] | None, **settings: Any) -> Autoencoder:
    """The model's settings with some others, to be fitted to rows that are encoded already.

    One encoding for all copies gives their errors one unit.
    """
    copy = cast("Autoencoder", clone(model))
    copy.set_params(scale="none", image_shape=image_shape, warm_start=False, verbose=0, **settings)
    return copy
