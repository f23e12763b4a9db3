"""Checks that a schema can encode rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from narrows.data.frames.columns import is_missing
from narrows.data.rows import Rows, size_text
from narrows.data.schema.layout import Missing, SchemaLayout
from narrows.data.text import infer_format, parse_column
from narrows.errors import DataError, MissingValuesError, SchemaMismatchError, warn


def check_columns(schema: SchemaLayout, rows: Rows, *, who: str) -> None:
    """Raise SchemaMismatchError, in scikit-learn's words, unless the rows have the columns of the fit.

    Warns, as scikit-learn does, where only one side has column names.
    """
    if schema.names is None and rows.names is not None:
        warn(f"X has feature names, but {who} was fitted without feature names")
    elif schema.names is not None and rows.names is None:
        warn(f"X does not have valid feature names, but {who} was fitted with feature names")
    elif schema.names != rows.names:
        raise SchemaMismatchError(_names_message(schema.names or (), rows.names or ()))
    if rows.image_shape is not None and rows.image_shape != schema.image_shape:
        expected = f"images of {size_text(schema.image_shape)}" if schema.image_shape else "a table, not images,"
        raise SchemaMismatchError(
            f"{expected} expected by {who}, but {rows.source} has images of {size_text(rows.image_shape)}; "
            "give it the kind of rows that it was fitted on."
        )
    if rows.n_columns != schema.n_columns:
        raise SchemaMismatchError(
            f"X has {rows.n_columns} features, but {who} is expecting {schema.n_columns} features as input."
        )


def check_booleans(schema: SchemaLayout, rows: Rows, *, who: str) -> None:
    """Raise SchemaMismatchError where a named column that was true or false during fit holds another number.

    Arrays and images of booleans may be followed by shares.
    """
    if schema.names is None:
        return
    given_kinds = rows.dtype_kinds
    for i, wanted in schema.number_columns.items():
        kind = schema.types[i] if schema.types else None
        is_boolean = wanted.kind == "b" or (kind is not None and kind.name == "Boolean")
        if not is_boolean or given_kinds[i] not in "iuf":
            continue
        cells = rows.column(i)
        is_other = ~(is_missing(cells) | np.isin(cells, (0, 1)))
        if is_other.any():
            where = int(is_other.argmax())
            raise SchemaMismatchError(
                f"Column {schema.feature_names[i]!r} of {rows.source} holds {cells[where]:g} in "
                f"{rows.row_name(where)}, but {who} was fitted on true and false there; correct that cell, or empty "
                "it.",
                column=schema.feature_names[i],
            )


def check_zones(schema: SchemaLayout, rows: Rows, *, who: str) -> None:
    """Warn where only the dates of the fit, or only those of the rows, have a time zone."""
    for i, wanted in schema.number_columns.items():
        fitted, given = schema.types[i] if schema.types else None, rows.column_type(i)
        if wanted.kind != "M" or fitted is None or given is None or not fitted.name == given.name == "Datetime":
            continue
        if bool(fitted.zone) != bool(given.zone):
            has, had = (f"the time zone {kind.zone}" if kind.zone else "no time zone" for kind in (given, fitted))
            warn(
                f"Column {schema.feature_names[i]!r} of {rows.source} has {has}, but {who} was fitted on dates with "
                f"{had} there; they are compared as times in UTC, so convert one of them if that is wrong."
            )


_SORTS = {"O": "text", "M": "dates"}  # of all other dtypes numbers


def check_kinds(schema: SchemaLayout, rows: Rows, *, who: str) -> None:
    """Raise SchemaMismatchError where a column holds another kind of cells than during fit."""
    given_kinds = rows.dtype_kinds
    for i, wanted in schema.number_columns.items():
        if _SORTS.get(wanted.kind) != _SORTS.get(given_kinds[i]):
            given = rows.column(i, slice(0, 0)).dtype
            kind_of = rows.column_type(i)
            if given.kind == "O" and kind_of is not None and "Int" in kind_of.name:  # held as texts, which are exact
                continue
            if is_missing(rows.column(i)).all() or _sort(wanted) == "text":
                continue
            where = _first_unlike(rows, i, wanted) if _sort(given) == "text" else None
            held = _sort(given) if where is None else f"{rows.column(i)[where]!r} in {rows.row_name(where)}"
            raise SchemaMismatchError(
                f"Column {schema.feature_names[i]!r} of {rows.source} holds {held}, but {who} was fitted on "
                f"{_sort(wanted)} there; {'convert it' if where is None else 'correct that cell, or empty it'}.",
                column=schema.feature_names[i],
            )


def _first_unlike(rows: Rows, i: int, wanted: np.dtype) -> int | None:
    """Return the first row whose text is not of the wanted type; None where all are, or none is."""
    import pyarrow as pa

    texts = pa.array([None if cell is None else str(cell) for cell in rows.column(i).tolist()], pa.string())
    try:
        column_format = infer_format(
            texts, rows.feature_names[i], read_as="date" if wanted.kind == "M" else "number", keep_na=True
        )
    except DataError:
        return None
    return min(parse_column(column_format, texts).invalid, default=None)


def _sort(dtype: np.dtype) -> str:
    return _SORTS.get(dtype.kind, "numbers")


def check_units(schema: SchemaLayout, rows: Rows) -> None:
    """Warn of number columns of a table that are 30 times or more larger or smaller than during fit."""
    complaint = None if schema.magnitudes is None else schema.magnitudes.complaint(rows)
    if complaint is not None:
        warn(complaint)


def check_cells(
    rows: Rows, missing: Missing, *, columns: Sequence[int] | None = None, masked: Sequence[int] | None = None
) -> None:
    """Raise MissingValuesError for infinity, and for missing cells where they are not allowed.

    columns : columns to check; None for all but empty ones.
    masked : columns with a mask of missing cells; missing cells elsewhere raise a warning. None during fit.
    """
    may_be_gaps = missing != "error" and not (missing == "mask" and rows.image_shape is not None)
    of_all = rows.dtype_kinds
    kinds = {i: of_all[i] for i in (range(rows.n_columns) if columns is None else columns)}
    numbers = [i for i, kind in kinds.items() if kind == "f"]
    n_gaps = {i: int(is_missing(rows.column(i)).sum()) for i, kind in kinds.items() if kind in "OM"}
    with_missing = [i for i, n in n_gaps.items() if n and not (columns is None and n == len(rows))]
    found = None
    if numbers:
        found, of_numbers = _offending(rows, numbers, may_be_gaps)
        found = None if found is None else (found[0], numbers[found[1]], found[2])
        with_missing += [numbers[i] for i in of_numbers]
    if found is None and with_missing and not may_be_gaps:
        i = min(with_missing)
        missing_cells = is_missing(rows.column(i))
        found = (int(np.argmax(missing_cells)), i, int(missing_cells.sum()))
    if found is not None:
        raise MissingValuesError(_offence(rows, *found), column=rows.feature_names[found[1]])
    if masked is not None and missing == "mask":
        fresh = [rows.feature_names[i] for i in sorted(with_missing) if i not in masked]
        if fresh:
            listed = ", ".join(repr(name) for name in fresh[:5]) + (", ..." if len(fresh) > 5 else "")
            warn(
                f"{rows.source} has missing values in columns that had none during fit ({listed}); "
                "they are filled with the training mean."
            )


def without_invalid(rows: Rows) -> Rows:
    """Return the rows with arbitrary values in their invalid cells, so that these do not count as missing."""
    cells = rows.invalid_cells
    if not cells:
        return rows
    columns = list(rows.values) if isinstance(rows.values, tuple) else list(rows.values.T)
    for i, is_invalid in cells.items():
        columns[i] = columns[i].copy()
        columns[i][is_invalid] = "" if columns[i].dtype.kind == "O" else np.zeros(1).astype(columns[i].dtype)
    return replace(rows, values=tuple(columns))


def cell_name(rows: Rows, row: int, column: int) -> str:
    """Return the beginning of messages about one cell."""
    return f"Column {rows.feature_names[column]!r}, {rows.row_name(row)} of {rows.source}"


def _offending(rows: Rows, columns: Sequence[int], may_be_gaps: bool) -> tuple[tuple[int, int, int] | None, list[int]]:
    """Return the first offending cell of float columns, the number of such rows, and columns with missing cells.

    Columns are counted among those given.
    """
    n_rows, first = 0, None
    with_missing = np.zeros(len(columns), dtype=bool)
    chosen = None if len(columns) == rows.n_columns else np.asarray(columns)  # choosing copies
    for chunk in rows.chunks():
        block = rows.block(chosen, chunk)
        finite = np.isfinite(block)
        if finite.all():
            continue
        with_missing |= np.isnan(block).any(axis=0)
        offending = np.isinf(block) if may_be_gaps else ~finite
        affected = offending.any(axis=1)
        if first is None and affected.any():
            row, column = (int(i) for i in np.argwhere(offending)[0])
            first = (chunk.start + row, column)
        n_rows += int(affected.sum())
    return None if first is None else (*first, n_rows), np.flatnonzero(with_missing).tolist()


def _offence(rows: Rows, row: int, column: int, n_rows: int) -> str:
    gap = bool(is_missing(rows.column(column, slice(row, row + 1)))[0])
    what = "NaN (a missing value)" if gap else "infinity"
    advice = (
        'fill them with missing="mean" or drop those rows (in the shell: --missing mean or --missing drop)'
        if gap
        else "replace it or leave the row out"
    )
    rows_affected = "1 row is" if n_rows == 1 else f"{n_rows} rows are"
    return f"{cell_name(rows, row, column)} holds {what}, and {rows_affected} affected of {len(rows)}; {advice}."


def _names_message(fitted: tuple[str, ...], given: tuple[str, ...]) -> str:
    """Return the message of scikit-learn's _check_feature_names, whose words its tests match."""

    def listed(names: set[str]) -> str:
        lines = [f"- {name}\n" for name in sorted(names)[:5]]
        return "".join(lines) + ("- ...\n" if len(names) > 5 else "")

    message = "The feature names should match those that were passed during fit.\n"
    unseen, gone = set(given) - set(fitted), set(fitted) - set(given)
    if unseen:
        message += "Feature names unseen at fit time:\n" + listed(unseen)
    if gone:
        message += "Feature names seen at fit time, yet now missing:\n" + listed(gone)
    if not unseen and not gone:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message
