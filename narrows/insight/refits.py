"""Unfitted copies of a model, for fits that are to be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sklearn.base import clone

from narrows.errors import SettingError

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def check_autoencoder(model: object) -> None:
    """SettingError unless it is an autoencoder, fitted or not."""
    from narrows.estimators import Autoencoder

    if not isinstance(model, Autoencoder):
        raise SettingError(f"A narrows autoencoder is needed here, got {type(model).__name__}.")


def fresh_copy(model: Autoencoder, **settings: Any) -> Autoencoder:
    """The model's settings with some others, to be fitted with a schema that is there already.

    One schema for all copies gives their errors one unit.
    """
    copy = cast("Autoencoder", clone(model))
    copy.set_params(warm_start=False, verbose=0, **settings)
    return copy
