"""What one picture shows, ready for anyone who draws: some plain words and numbers, and named arrays."""

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
    """One picture's content.

    Parameters
    ----------
    view : str
        Which function made it.
    about : mapping of str
        Plain values, as JSON holds them: titles, units, names, single numbers.
    arrays : mapping of str to ndarray
        What is drawn.
    """

    view: str
    about: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """The array of this name."""
        return self.arrays[name]


@dataclass(frozen=True, eq=False)
class EncodedSample:
    """Rows that a picture is about.

    Parameters
    ----------
    rows : Rows
        In the user's own units.
    positions : ndarray of shape (n,)
        Their places in what was given.
    floats : ndarray of shape (n, d)
        Encoded.
    """

    rows: Rows
    positions: np.ndarray
    floats: np.ndarray


def sample_encoded(model: Autoencoder, X: Any, *, most: int, seed: int = 0, positions: Any = None) -> EncodedSample:
    """X, or a sample of at most `most` of its rows in their order, encoded by `model`.

    positions : the places in X of the rows to show instead, in this order.
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
    places = np.arange(len(rows))
    if len(rows) > most:
        places = np.sort(np.random.default_rng([seed, most]).choice(len(rows), most, replace=False))
        rows = rows.take(places)
    return rows, places


def as_pictures(model: Autoencoder, floats: np.ndarray, *, like: np.ndarray | None = None) -> np.ndarray:
    """Encoded rows (n, d) as one looks at them: images (n, height, width, channels) in [0, 1]; a table's stay floats.

    like : encoded rows whose darkest and brightest values are black and white, where the model's own unit is no
        pixel; `floats` themselves where it is None.
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
