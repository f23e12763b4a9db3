"""The content of a figure: plain values and named arrays; and samples of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data import Rows, as_rows
from narrows.errors import DataError
from narrows.insight.labels import classes_of

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


@dataclass(frozen=True, eq=False)
class Payload:
    """Content of one figure.

    Parameters
    ----------
    view : str
        Name of the function that computed it.
    about : mapping of str
        Plain values for JSON: titles, units, names, single numbers.
    arrays : mapping of str to ndarray
        The data to draw.
    """

    view: str
    about: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the array of this name."""
        return self.arrays[name]


@dataclass(frozen=True, eq=False)
class EncodedSample:
    """Rows of a figure, and the same rows encoded.

    Parameters
    ----------
    rows : Rows
        In the user's units.
    positions : ndarray of shape (n,)
        Their positions in X.
    floats : ndarray of shape (n, d)
        The encoded rows.
    """

    rows: Rows
    positions: np.ndarray
    floats: np.ndarray


def sample_encoded(model: Autoencoder, X: Any, *, most: int, seed: int = 0, positions: Any = None) -> EncodedSample:
    """Return X, or a sample of at most `most` of its rows in their order, encoded by `model`.

    positions : positions in X of the rows to take instead, in this order.
    """
    rows, positions = sample_rows(model, X, most=most, seed=seed, positions=positions)
    return EncodedSample(rows, positions, model.schema_.encode(rows, who=type(model).__name__))


def sample_rows(
    model: Autoencoder, X: Any, *, most: int, seed: int = 0, positions: Any = None
) -> tuple[Rows, np.ndarray]:
    """Return a sample of rows and their positions in X; DataError for a position that X does not have."""
    model.check_is_fitted()
    rows = as_rows(X, image_shape=model.image_shape)
    rows = replace(rows, labels=classes_of(rows.labels))
    if positions is not None:
        wanted = np.atleast_1d(np.asarray(positions, dtype=np.int64))
        wrong = wanted[(wanted < 0) | (wanted >= len(rows))]
        if len(wrong):
            raise DataError(f"There is no row {wrong[0]}: {rows.source} has rows 0 to {len(rows) - 1}.")
        return rows.take(wanted), wanted
    chosen = np.arange(len(rows))
    if len(rows) > most:
        chosen = np.sort(np.random.default_rng([seed, most]).choice(len(rows), most, replace=False))
        rows = rows.take(chosen)
    return rows, chosen


def as_pictures(model: Autoencoder, floats: np.ndarray, *, like: np.ndarray | None = None) -> np.ndarray:
    """Return encoded rows (n, d) as images (n, height, width, channels) in [0, 1]; rows of a table unchanged.

    like : encoded rows whose extremes are black and white, for images whose values have no fixed range. Default:
        `floats`.
    """
    schema = model.schema_
    if schema.image_shape is None:
        return floats
    if not schema.floats_are_pixels:
        values = schema.decode_rows(floats).block().astype(np.float64)
        low, high = schema.pixel_range or _extent(values if like is None else schema.decode_rows(like).block())
        floats = (values - low) / (high - low or 1.0)
    return np.clip(floats, 0, 1).astype(np.float32).reshape(-1, *schema.image_shape)


def _extent(block: np.ndarray) -> tuple[float, float]:
    return float(block.min()), float(block.max())
