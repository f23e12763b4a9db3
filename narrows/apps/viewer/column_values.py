"""Floats of a table as the cells of its columns, in the user's units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import Schema

MOST_CELLS = 40
"""Columns that a view lists."""


def cells(
    schema: Schema,
    given: Mapping[str, np.ndarray],
    decoded: Mapping[str, np.ndarray] | None = None,
    errors: np.ndarray | None = None,
) -> list[dict[str, Any]]:
    """Return the cells of encoded rows of a table, column by column, for at most 40 learned columns.

    Parameters
    ----------
    schema : Schema
    given : mapping of str to ndarray of shape (n_floats,)
        Rows, each under the name of its cells.
    decoded : like `given`
        Rows that the decoder made. A level or a truth value of them comes with its probability.
    errors : ndarray of shape (n_columns,) or None
        The part of the reconstruction error in each column, added under "error".

    Returns
    -------
    list of dict
        "name", and for each row its value, None for a missing cell; of a decoded category {"level": value,
        "share": probability}.
    """
    from narrows.estimators.anomaly.explanations import plain_value

    decoded = decoded or {}
    rows = {**given, **decoded}
    values = schema.decode_rows(np.stack(list(rows.values())), with_missing=True)
    shares = {name: _shares(schema, floats) for name, floats in decoded.items()}
    found = []
    for j in sorted(map(int, schema.learned_columns))[:MOST_CELLS]:
        cell: dict[str, Any] = {"name": schema.feature_names[j]}
        for i, name in enumerate(rows):
            value, share = plain_value(values, i, j), shares.get(name, {}).get(j)
            cell[name] = value if value is None or share is None else {"level": value, "share": share}
        if errors is not None:
            cell["error"] = float(errors[j])
        found.append(cell)
    return found


def _shares(schema: Schema, floats: np.ndarray) -> dict[int, float]:
    """Return the probability of the most probable level, or truth value, of each column that has one."""
    from narrows.data.kinds import Boolean

    found: dict[int, float] = {}
    for kind, place in schema.float_slices():
        if kind.loss == "softmax":
            found[int(kind.columns[0])] = float(floats[place].max())
        elif isinstance(kind, Boolean):
            found |= {int(j): float(max(p, 1 - p)) for j, p in zip(kind.columns, floats[place], strict=True)}
    return found
