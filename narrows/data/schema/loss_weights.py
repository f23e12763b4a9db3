"""Loss of each float of a mixed table, and its weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data.kinds import Category, CommonValue, Loss, MissingMask
from narrows.data.schema.layout import SchemaLayout


@dataclass(frozen=True, eq=False)
class LossWeights:
    """Losses and weights of the floats of a schema.

    Parameters
    ----------
    blocks : tuple of (loss, first float, float after the last)
        Squared errors first, then binary cross-entropies, then a block for each category.
    shares : ndarray of shape (n_floats,)
        One divided by the column's loss under the best constant prediction, so that each column costs 1 where
        nothing is known of a row.
    mask_indices : ndarray of int of shape (n_floats,)
        Index of the mask under which the loss ignores the float; -1 where it never does (see `mask_indices`).
    unknown : ndarray of shape (n_floats,)
        Loss of a level that is not in the training rows, log(n + 1) nats, divided over the floats of its column.
    """

    blocks: tuple[tuple[Loss, int, int], ...]
    shares: np.ndarray
    mask_indices: np.ndarray
    unknown: np.ndarray


def loss_weights(schema: SchemaLayout) -> LossWeights:
    """Return the losses and weights of the floats of a schema."""
    unknown = np.zeros(schema.n_floats)
    for kind, place in schema.float_slices():
        if isinstance(kind, Category):
            unknown[place] = np.log(kind.n_rows + 1) / kind.width
    blocks: list[tuple[Loss, int, int]] = []
    for kind, place in schema.float_slices():
        if kind.loss in ("square", "binary") and blocks and blocks[-1][0] == kind.loss:
            blocks[-1] = (kind.loss, blocks[-1][1], place.stop)
        elif place.stop > place.start:
            blocks.append((kind.loss, place.start, place.stop))
    return LossWeights(
        tuple(blocks),
        1 / np.maximum(_column_costs(schema)[schema.float_columns], 1e-6),
        mask_indices(schema),
        unknown,
    )


def mask_indices(schema: SchemaLayout) -> np.ndarray:
    """Return for each float the index of the mask under which the loss ignores it, -1 where it never does.

    A mask is the float that tells that the cell is missing, or that a number is the column's common value. The latter
    has the former as its own mask; where a cell is missing, both are 1.
    """
    missing, common = _places_of(schema, MissingMask), _places_of(schema, CommonValue)
    found = np.full(schema.n_floats, -1, dtype=np.intp)
    for kind, place in schema.float_slices():
        if not isinstance(kind, MissingMask):
            masks = missing if isinstance(kind, CommonValue) else missing | common
            found[place] = [masks.get(int(column), -1) for column in kind.float_columns]
    return found


def hidden_floats(schema: SchemaLayout) -> np.ndarray:
    """Return the floats (n_floats,) of a cell that corruption hides: 1 for its masks, else 0.

    The mask of a common value is its share where the column has no missing cells.
    """
    hidden = np.zeros(schema.n_floats)
    for kind, place in schema.float_slices():
        if isinstance(kind, MissingMask | CommonValue):
            hidden[place] = kind.fill if isinstance(kind, CommonValue) else 1.0
    return hidden


def _places_of(schema: SchemaLayout, mask: type[MissingMask | CommonValue]) -> dict[int, int]:
    """Return column -> index of its mask of that kind."""
    return {
        int(column): place.start + i
        for kind, place in schema.float_slices()
        if isinstance(kind, mask)
        for i, column in enumerate(kind.columns)
    }


def _column_costs(schema: SchemaLayout) -> np.ndarray:
    """Return the loss (n_columns,) of the best constant prediction, masks included."""
    present, number, costs = (np.full(schema.n_columns, start) for start in (1.0, 1.0, 0.0))
    for kind in schema.kinds:
        if isinstance(kind, MissingMask):
            present[kind.columns] = 1 - kind.share
        elif isinstance(kind, CommonValue):
            number[kind.columns] = 1 - kind.share
    for kind in schema.kinds:
        if isinstance(kind, MissingMask):
            costs[kind.columns] += kind.costs
        elif isinstance(kind, CommonValue):
            costs[kind.columns] += kind.costs * present[kind.columns]
        else:
            costs[kind.columns] += kind.costs * (present * number)[kind.columns]
    return costs
