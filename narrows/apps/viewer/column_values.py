"""Floats of a table as the cells of its columns, in the user's units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from narrows.data import Schema

MOST_CELLS = 40
"""Columns that a view lists."""


def cells(
    schema: Schema, observed: np.ndarray, expected: np.ndarray | None = None, errors: np.ndarray | None = None
) -> list[dict[str, Any]]:
    """Return the cells of one encoded row of a table, column by column, for at most 40 learned columns.

    Parameters
    ----------
    schema : Schema
    observed : ndarray of shape (n_floats,)
    expected : ndarray of shape (n_floats,) or None
        A reconstruction; its cells are added under "expected".
    errors : ndarray of shape (n_columns,) or None
        The part of the reconstruction error in each column, added under "error".

    Returns
    -------
    list of dict
        "name" and "observed", None for a missing cell.
    """
    from narrows.estimators.anomaly.explanations import plain_value

    given = schema.decode_rows(observed[None], with_missing=True)
    answer = None if expected is None else schema.decode_rows(expected[None], with_missing=True)
    found = []
    for j in sorted(map(int, schema.learned_columns))[:MOST_CELLS]:
        cell = {"name": schema.feature_names[j], "observed": plain_value(given, 0, j)}
        if answer is not None:
            cell["expected"] = plain_value(answer, 0, j)
        if errors is not None:
            cell["error"] = float(errors[j])
        found.append(cell)
    return found
