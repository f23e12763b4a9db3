"""What a mixed table's likelihood must know of its floats: how each is compared, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from narrows.data.kinds import Category, CommonValue, Loss, MissingMask
from narrows.data.schema.layout import SchemaLayout


@dataclass(frozen=True, eq=False)
class LossWeights:
    """Per float unless said otherwise.

    Parameters
    ----------
    blocks : tuple of (loss, first float, float after the last)
        Squares come first, then what is true or false, then a block for each choice.
    shares : ndarray of shape (n_floats,)
        One over what the column's loss is where every row gets the best constant answer, so that each column costs 1
        where nothing is known of a row.
    gap_floats : ndarray of int of shape (n_floats,)
        The place of the mask under which the float does not count; -1 where it always counts (see `mask_indices`).
    unknown : ndarray of shape (n_floats,)
        What a level that training never met costs, in nats, spread over the floats of its column: of n + 1 rows one is
        new, log(n + 1).
    """

    blocks: tuple[tuple[Loss, int, int], ...]
    shares: np.ndarray
    mask_indices: np.ndarray
    unknown: np.ndarray


def loss_weights(schema: SchemaLayout) -> LossWeights:
    """How the floats of a schema are weighed."""
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
    """For each float the place of the mask under which it does not count, -1 where it always counts.

    A mask is the float that says that the cell is missing, or, of a number, that it is the column's common value. The
    latter has the former for its own mask; where a cell is missing, both are 1.
    """
    missing, common = _places_of(schema, MissingMask), _places_of(schema, CommonValue)
    found = np.full(schema.n_floats, -1, dtype=np.intp)
    for kind, place in schema.float_slices():
        if not isinstance(kind, MissingMask):
            masks = missing if isinstance(kind, CommonValue) else missing | common
            found[place] = [masks.get(int(column), -1) for column in kind.float_columns]
    return found


def hidden_floats(schema: SchemaLayout) -> np.ndarray:
    """What the floats of a cell are that is hidden though it is there (n_floats,): 1 for its masks, else 0.

    Of a column with a common value but without gaps it is not said which of the two the cell is.
    """
    hidden = np.zeros(schema.n_floats)
    for kind, place in schema.float_slices():
        if isinstance(kind, MissingMask | CommonValue):
            hidden[place] = kind.fill if isinstance(kind, CommonValue) else 1.0
    return hidden


def _places_of(schema: SchemaLayout, mask: type[MissingMask | CommonValue]) -> dict[int, int]:
    """Column -> the place of its mask of that kind."""
    return {
        int(column): place.start + i
        for kind, place in schema.float_slices()
        if isinstance(kind, mask)
        for i, column in enumerate(kind.columns)
    }


def _column_costs(schema: SchemaLayout) -> np.ndarray:
    """(n_columns,); a column's masks are part of it."""
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
