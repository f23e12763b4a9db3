"""The varied setting of a sweep: its values, and the parameters and the label of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from narrows.errors import SettingError
from narrows.estimators.parameters.resolution import hidden_layer_sizes
from narrows.model import TopK, make_code

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

Over = Literal["n_components", "depth", "share"]

_FEWEST_ROWS, _WIDEST = 10, 64  # of the default shares and code sizes


def default_values(
    over: str, estimator: Autoencoder, training: np.ndarray, image_shape: tuple[int, int, int] | None
) -> tuple[float, ...]:
    """Return the default values for encoded training rows (n, d)."""
    n, d = training.shape
    if over == "n_components":
        code = make_code(estimator.code, estimator.k)
        least = code.k if isinstance(code, TopK) else 1  # a narrower code cannot have k active units
        return tuple(least * 2**i for i in range(7) if least * 2**i < d and least * 2**i <= _WIDEST) or (least,)
    if over == "depth":
        least = 1 if estimator.network == "conv" else 0
        return tuple(range(least, len(_layers(estimator, d, image_shape, None)) + 2))
    return tuple(share for share in (0.05, 0.1, 0.25, 0.5, 1.0) if round(n * share) >= _FEWEST_ROWS) or (1.0,)


def checked_values(over: str, values: Sequence[float], n_rows: int) -> tuple[float, ...]:
    """Return the given values in order; SettingError if one cannot be used."""
    values = list(values)  # an iterator gives them once
    least = 1 if over == "n_components" else 0
    allowed = "shares up to 1" if over == "share" else f"whole numbers from {least}"
    for value in values:
        if not isinstance(value, int | float | np.number) or not math.isfinite(value):
            raise SettingError(f"{value} is not a value of {over}; give {allowed}.")
    given = tuple(sorted(set(values)))
    if not given:
        raise SettingError("A sweep needs at least one value.")
    if over == "share":
        wrong = [share for share in given if not (0 < share <= 1 and round(n_rows * share) >= 2)]
        if wrong:
            raise SettingError(
                f"{wrong[0]:g} is not a share of {n_rows:,} rows; give shares up to 1 that make at least 2 rows."
            )
        return given
    wrong = [value for value in given if value != int(value) or value < least]
    if wrong:
        raise SettingError(f"{wrong[0]:g} is not a value of {over}; give whole numbers from {least}.")
    return tuple(int(value) for value in given)


def settings_of(
    over: str, value: float, estimator: Autoencoder, n_floats: int, image_shape: tuple[int, int, int] | None
) -> dict[str, Any]:
    """Return the parameters of the estimator for a value."""
    if over == "n_components":
        return {"n_components": int(value)}
    if over == "depth":
        return {"hidden_layer_sizes": _layers(estimator, n_floats, image_shape, int(value))}
    return {}


def _layers(
    estimator: Autoencoder, n_floats: int, image_shape: tuple[int, int, int] | None, depth: int | None
) -> tuple[int, ...]:
    """Return the first `depth` hidden layers (None: all), further ones half as wide, or with twice the channels."""
    sizes = hidden_layer_sizes(estimator.get_params(deep=False), n_floats, image_shape)
    known = [int(size) for size in np.atleast_1d(sizes)]
    if depth is None:
        return tuple(known)
    while len(known) < depth:
        last = known[-1] if known else 256
        known.append(2 * last if estimator.network == "conv" else max(2, math.ceil(last / 2)))
    return tuple(known[:depth])


def label_of(over: Over, value: float, model: Autoencoder) -> str:
    """Return the value as text; `model` is fitted with it."""
    if over == "share":
        return f"{value:.3g}" if value < 0.01 else f"{value:.0%}"
    if over == "depth":
        return ", ".join(map(str, model.hidden_layer_sizes_)) or "none"
    return str(int(value))
