"""Measurements of a fitted model on encoded rows: reconstructions and squared errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.data import Numeric
from narrows.model import TopK

if TYPE_CHECKING:
    from narrows.data import Schema
    from narrows.estimators import Autoencoder


def reconstruct_floats(model: Autoencoder, floats: np.ndarray) -> np.ndarray:
    """Return the reconstructions (n, d) of encoded rows (n, d), still encoded."""
    from narrows.estimators.inference import map_floats

    rebuilt = map_floats(floats, model.network_.reconstruct, model.device_)
    places, values = _constants(model.schema_)
    rebuilt[:, places] = values
    return rebuilt


def n_active(model: Autoencoder) -> int:
    """Return the number of active components of a code: k for a top-k code, else all."""
    code = model.network_.code
    return code.k if isinstance(code, TopK) else model.n_components_


def squared_errors(model: Autoencoder, floats: np.ndarray, rebuilt: np.ndarray | None = None) -> np.ndarray:
    """Return the squared error of each encoded float, 0 where its cell is missing: (n, d), float64.

    rebuilt : the reconstructions (n, d), if they are computed already.
    """
    found = np.square((reconstruct_floats(model, floats) if rebuilt is None else rebuilt) - floats, dtype=np.float64)
    counted = observed(model, floats)
    return found if counted is None else found * counted


def squared_error(model: Autoencoder, floats: np.ndarray, rebuilt: np.ndarray | None = None) -> np.ndarray:
    """Return the squared error of each encoded row (n, d), summed over the floats: (n,)."""
    return squared_errors(model, floats, rebuilt).sum(axis=1)


def observed(model: Autoencoder, floats: np.ndarray) -> np.ndarray | None:
    """Return a mask (n, d) of the floats whose cells are not missing; None if none is missing."""
    schema = model.schema_
    return schema.observed(floats) if (schema.mask_indices >= 0).any() else None


def _constants(schema: Schema) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and values of the floats of constant columns, which are reconstructed exactly."""
    places, values, start = [np.zeros(0, int)], [np.zeros(0)], 0
    for kind in schema.kinds:
        if isinstance(kind, Numeric):
            places.append(start + np.flatnonzero(kind.constant))
            values.append(((kind.fill - kind.offset) / kind.scale)[kind.constant])
        start += len(kind.float_columns)
    return np.concatenate(places), np.concatenate(values)
