"""What a mixed table's likelihood must know of its floats: how each is compared, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.kinds import Category, Gaps, Loss
from narrows.data.kinds.boolean import entropy

if TYPE_CHECKING:
    from narrows.data.schema import Schema


@dataclass(frozen=True, eq=False)
class Weighing:
    """Per float unless said otherwise.

    Parameters
    ----------
    blocks : tuple of (loss, first float, float after the last)
        Squares come first, then what is true or false, then a block for each choice.
    shares : ndarray of shape (n_floats,)
        One over what the column's loss is where every row gets the best constant answer, so that each column costs 1
        where nothing is known of a row.
    gap_floats : ndarray of int of shape (n_floats,)
        The place of the mask that says whether the cell is missing; -1 where it always counts.
    unknown : ndarray of shape (n_floats,)
        What a level that training never met costs, in nats, spread over the floats of its column: of n + 1 rows one is
        new, log(n + 1).
    """

    blocks: tuple[tuple[Loss, int, int], ...]
    shares: np.ndarray
    gap_floats: np.ndarray
    unknown: np.ndarray


def weighing(schema: Schema) -> Weighing:
    """How the floats of a schema are weighed."""
    unknown = np.zeros(schema.n_floats)
    for kind, place in schema.places():
        if isinstance(kind, Category):
            unknown[place] = np.log(kind.n_rows + 1) / kind.width
    blocks: list[tuple[Loss, int, int]] = []
    for kind, place in schema.places():
        if kind.loss in ("square", "binary") and blocks and blocks[-1][0] == kind.loss:
            blocks[-1] = (kind.loss, blocks[-1][1], place.stop)
        elif place.stop > place.start:
            blocks.append((kind.loss, place.start, place.stop))
    return Weighing(
        tuple(blocks),
        1 / np.maximum(_column_costs(schema)[schema.float_columns], 1e-6),
        gap_floats(schema),
        unknown,
    )


def gap_floats(schema: Schema) -> np.ndarray:
    """For each float the place of the mask that says whether its cell is missing, -1 where it always counts."""
    masks: dict[int, int] = {}
    for kind, place in schema.places():
        if isinstance(kind, Gaps):
            masks |= {int(column): place.start + i for i, column in enumerate(kind.columns)}
    found = np.array([masks.get(int(column), -1) for column in schema.float_columns], dtype=np.intp)
    found[list(masks.values())] = -1
    return found


def _column_costs(schema: Schema) -> np.ndarray:
    """(n_columns,); a column's mask is part of it."""
    gaps = np.zeros(schema.n_columns)
    for kind in schema.kinds:
        if isinstance(kind, Gaps):
            gaps[kind.columns] = kind.share
    costs = entropy(gaps)
    for kind in schema.kinds:
        if not isinstance(kind, Gaps):
            costs[kind.columns] += kind.costs * (1 - gaps[kind.columns])
    return costs
