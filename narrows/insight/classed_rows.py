"""Rows with the classes of the column that held them at the fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from narrows.data import as_rows

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


def classed_rows(model: Autoencoder, X: Any) -> Rows:
    """Return the rows of a container or file; the column that held the classes at the fit becomes their labels.

    It does so only if it is among the columns and the rows have no labels yet.

    model : fitted.
    """
    rows = as_rows(X, image_shape=model.image_shape)
    column = model.label_column_
    if column is None or rows.labels is not None or column not in (rows.names or ()):
        return rows
    place = rows.feature_names.index(column)
    others = [i for i in range(rows.n_columns) if i != place]
    return replace(rows.select(others), labels=rows.column(place), label_column=column)
