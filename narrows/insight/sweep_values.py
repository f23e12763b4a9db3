"""Which values a sweep tries, and what a depth means for a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import SettingError
from narrows.model import TopK, default_hidden_layer_sizes, make_code

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder

_FEWEST_ROWS, _WIDEST = 10, 64


def default_values(
    over: str, estimator: Autoencoder, training: np.ndarray, image_shape: tuple[int, int, int] | None
) -> tuple[float, ...]:
    """A sensible range for encoded training rows (n, d)."""
    n, d = training.shape
    if over == "n_components":
        code = make_code(estimator.code, estimator.k)
        least = code.k if isinstance(code, TopK) else 1  # no narrower code has so many active units
        return tuple(least * 2**i for i in range(7) if least * 2**i < d and least * 2**i <= _WIDEST) or (least,)
    if over == "depth":
        least = 1 if estimator.network == "conv" else 0
        return tuple(range(least, len(layers(estimator, d, image_shape, None)) + 2))
    return tuple(share for share in (0.05, 0.1, 0.25, 0.5, 1.0) if round(n * share) >= _FEWEST_ROWS) or (1.0,)


def checked_values(over: str, values: Sequence[float], n_rows: int) -> tuple[float, ...]:
    """The values that were asked for, in order; SettingError."""
    least = 1 if over == "n_components" else 0
    what = "shares up to 1" if over == "share" else f"whole numbers from {least}"
    for value in values:
        if not isinstance(value, int | float | np.number) or not math.isfinite(value):
            raise SettingError(f"{value} is no value of {over}; give {what}.")
    given = tuple(sorted(set(values)))
    if not given:
        raise SettingError("A sweep needs at least one value.")
    if over == "share":
        wrong = [share for share in given if not (0 < share <= 1 and round(n_rows * share) >= 2)]
        if wrong:
            raise SettingError(
                f"{wrong[0]:g} is no share of {n_rows:,} rows; give shares up to 1 that hold two rows or more."
            )
        return given
    wrong = [value for value in given if value != int(value) or value < least]
    if wrong:
        raise SettingError(f"{wrong[0]:g} is no value of {over}; give whole numbers from {least}.")
    return tuple(int(value) for value in given)


def settings_of(
    over: str, value: float, estimator: Autoencoder, n_floats: int, image_shape: tuple[int, int, int] | None
) -> dict[str, Any]:
    """The parameters that a value stands for."""
    if over == "n_components":
        return {"n_components": int(value)}
    if over == "depth":
        return {"hidden_layer_sizes": layers(estimator, n_floats, image_shape, int(value))}
    return {}


def layers(
    estimator: Autoencoder, n_floats: int, image_shape: tuple[int, int, int] | None, depth: int | None
) -> tuple[int, ...]:
    """The first `depth` hidden layers (None: all there are), continued by halving, or for channels by doubling."""
    sizes = estimator.hidden_layer_sizes
    if isinstance(sizes, str):
        sizes = default_hidden_layer_sizes(estimator.network, n_floats, image_shape)
    known = [int(size) for size in np.atleast_1d(sizes)]
    if depth is None:
        return tuple(known)
    while len(known) < depth:
        last = known[-1] if known else 256
        known.append(2 * last if estimator.network == "conv" else max(2, math.ceil(last / 2)))
    return tuple(known[:depth])
