"""Rows in the form of a fit: its columns by name and in its order, its image shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from narrows.data.rows import Rows
from narrows.errors import SchemaMismatchError

_MOST_NAMED = 5


def check_image_shape(rows: Rows, expected: tuple[int, int, int] | None) -> None:
    """Raise SchemaMismatchError if `rows` are images of another shape than `expected`; None is a table."""
    if rows.image_shape not in (None, expected):
        raise SchemaMismatchError(
            f"{rows.source} holds images of {_size_text(rows.image_shape)}, and the model was fitted on "
            f"{_size_text(expected) or 'a table'}; give it the same kind of data (--image-size resizes a folder "
            "of images), or fit a new model."
        )


def by_position(rows: Rows, names: Sequence[str] | None, n_columns: int) -> Rows:
    """Return `rows` without column names under the names of the fit; a note says so.

    Raises
    ------
    SchemaMismatchError
        `rows` have another number of columns.
    """
    if rows.n_columns != n_columns:
        raise SchemaMismatchError(
            f"{rows.source} has {rows.n_columns} columns, and the model was fitted on {n_columns}; give it data "
            "with the same columns in the same order, or fit a new model."
        )
    if names is None:
        return replace(rows, names=None)
    note = f"{rows.source} has no column names; its columns are assumed to be {', '.join(names)}, in this order."
    return replace(rows, names=tuple(names), notes=(*rows.notes, note))


def in_order_of_fit(rows: Rows, names: Sequence[str] | None) -> Rows:
    """Return the columns `names` of `rows` in this order; the rows as they are if one is absent or has no name."""
    if names is None or rows.names is None or rows.names == tuple(names) or rows.image_shape is not None:
        return rows
    places = {name: i for i, name in enumerate(rows.names)}
    return rows.select([places[name] for name in names]) if places.keys() >= set(names) else rows


def by_name(rows: Rows, names: Sequence[str], learned: Sequence[int]) -> Rows:
    """Return the columns `names` of `rows`, in this order.

    learned : indices of the names that are needed; other columns may be absent, and are empty then.

    Raises
    ------
    SchemaMismatchError
        A column that is needed is absent.
    """
    given = {name: i for i, name in enumerate(rows.feature_names)}
    needed = {names[i] for i in learned}
    lacking = [name for name in names if name not in given and name in needed]
    if lacking:
        raise SchemaMismatchError(
            f"{rows.source} lacks {len(lacking)} of the model's {len(names)} columns: "
            f"{_named(lacking, rows.ignored_columns)}; name them as at the fit, or fit a new model.",
            column=lacking[0],
        )
    empty = np.full(len(rows), None, dtype=object)
    return replace(
        rows,
        values=tuple(rows.column(given[name]) if name in given else empty.copy() for name in names),
        types=tuple(rows.column_type(given[name]) if name in given else None for name in names),
        invalid={i: rows.invalid[given[name]] for i, name in enumerate(names) if given.get(name) in rows.invalid},
        names=tuple(names),
    )


def _named(names: Sequence[str], reasons: Mapping[str, str]) -> str:
    parts = [f"{name!r} ({reasons[name]})" if name in reasons else repr(name) for name in names[:_MOST_NAMED]]
    return ", ".join(parts) + (", ..." if len(names) > _MOST_NAMED else "")


def _size_text(image_shape: tuple[int, int, int] | None) -> str:
    return "" if image_shape is None else "x".join(map(str, image_shape[: 2 if image_shape[2] == 1 else 3]))
