"""Rows of a request: JSON records, lists of numbers and Arrow tables as rows in the form of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from narrows.apps.service.request_errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from narrows.data import ReadingOptions, Rows

SOURCE = "the request"
_PLAIN = {int, float, bool, str}
MOST_ROWS = 100_000
_MOST_FLOATS = 1 << 26


@dataclass(frozen=True, eq=False)
class ModelColumns:
    """How the columns of requests for a model are read, derived once from its schema.

    Parameters
    ----------
    wanted : tuple of str
        Columns that requests may have; lists and structs of the fit under their own names.
    holds : mapping of str to str
        Kind of the cells of each column of the schema: "number", "text" or "date".
    options : ReadingOptions
        Those of `narrows score`.
    """

    wanted: tuple[str, ...]
    holds: Mapping[str, str]
    options: ReadingOptions

    @classmethod
    def of(cls, schema: Any) -> ModelColumns:
        """Return the columns of a schema, the same object each time."""
        found = _COLUMNS.get(schema)
        if found is None:
            found = _COLUMNS[schema] = cls._derived(schema)
        return found

    @classmethod
    def _derived(cls, schema: Any) -> ModelColumns:
        from narrows.data import holds, reading_options

        names = schema.feature_names
        types = schema.types or (None,) * schema.n_columns
        wanted = [kind.part_of if kind and kind.part_of else name for name, kind in zip(names, types, strict=True)]
        return cls(
            tuple(dict.fromkeys(wanted)),
            {name: holds(schema, i) for i, name in enumerate(names)},
            reading_options(schema=schema, errors="stop"),
        )


_COLUMNS: WeakKeyDictionary[Any, ModelColumns] = WeakKeyDictionary()


def most_rows(model: Any) -> int:
    """Return the number of rows that one request may have."""
    return max(1, min(MOST_ROWS, _MOST_FLOATS // max(1, model.schema_.n_floats)))


def rows_of_json(model: Any, body: Any) -> Rows:
    """Return the rows of a parsed JSON body.

    The body is a list of rows, one row, or an object with the list under "rows". A row is an object with a cell for
    each column; of images, and of arrays without column names, a list of numbers.

    Raises
    ------
    RequestError, NarrowsError
    """
    from narrows.data import is_block

    if isinstance(body, Mapping) and isinstance(body.get("rows"), list):
        body = body["rows"]
    if isinstance(body, Mapping) or _is_one_list(model, body):
        body = [body]
    if not isinstance(body, list) or not body:
        raise RequestError('The body must be a row, a list of rows, or {"rows": [...]}, with at least one row.')
    if len(body) > most_rows(model):
        raise too_many_rows(model)
    if is_block(model.schema_):
        return rows_of_block(model, array_of(model, body))
    if not all(isinstance(row, Mapping) for row in body):
        names = ", ".join(map(repr, model.schema_.feature_names[:3]))
        raise RequestError(f"Each row must be an object with a cell for each column, such as {names}.")
    names = [name for name in wanted_columns(model.schema_) if any(name in row for row in body)]
    return rows_of_cells(model, {name: [row.get(name) for row in body] for name in names})


def rows_of_cells(model: Any, cells: Mapping[str, Sequence[Any]]) -> Rows:
    """Return the rows whose columns are given as lists of cells: numbers, texts, true, false, None."""
    import pyarrow as pa

    if not cells:
        listed = ", ".join(map(repr, wanted_columns(model.schema_)[:10]))
        raise RequestError(f"The rows have none of the model's columns, which are {listed}.")
    what = ModelColumns.of(model.schema_).holds
    columns = {name: _arrow(what.get(name), name, values) for name, values in cells.items()}
    return rows_of_table(model, pa.table(columns))


def rows_of_table(model: Any, table: pa.Table) -> Rows:
    """Return the rows of an Arrow table that are columns of the model, read as `narrows score` reads a file.

    Raises
    ------
    RequestError, NarrowsError
    """
    from narrows.data import is_block, table_rows
    from narrows.errors import NotNumericError

    if not table.num_rows:
        raise RequestError("The request has no rows; send at least one.")
    if table.num_rows > most_rows(model):
        raise too_many_rows(model)
    schema = model.schema_
    if schema.image_shape is not None or (is_block(schema) and schema.names is None):
        return rows_of_block(model, _block_of_table(model, table))
    columns = ModelColumns.of(schema)
    wanted = set(columns.wanted)
    chosen = [name for name in table.column_names if name in wanted]
    if not chosen:
        listed = ", ".join(sorted(wanted)[:10])
        raise RequestError(f"The rows have none of the model's columns, which are {listed}.")
    try:
        rows = table_rows(table, SOURCE, columns=chosen, options=columns.options)
    except NotNumericError as error:
        sentence = str(error) if error.problem is None else f"{error.problem}; correct it, or send null."
        raise RequestError(sentence, column=error.column) from error
    return schema.align(rows)


def rows_of_block(model: Any, values: np.ndarray) -> Rows:
    """Return the rows of one array: images, or numbers without column names."""
    rows = model.rows_of(values)
    return model.schema_.align(rows)


def array_of(model: Any, body: list[Any]) -> np.ndarray:
    """Return nested lists of numbers as an array of the dtype of the fit; None is a missing value."""
    import numpy as np

    wanted = np.dtype(model.schema_.dtypes[0])
    try:
        values = np.array(body, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        n = model.schema_.n_columns
        raise RequestError(f"Each row must be a list of {n} numbers, or null for a missing value.") from error
    return in_dtype(values, wanted)


def in_dtype(values: np.ndarray, wanted: np.dtype) -> np.ndarray:
    """Return numbers in a whole-number dtype if it holds them exactly, else as they are."""
    import numpy as np

    if wanted.kind not in "iu" or values.dtype == wanted:
        return values
    limits = np.iinfo(wanted)
    if not np.isfinite(values).all() or values.min() < limits.min or values.max() > limits.max:
        return values
    cast = values.astype(wanted)
    return cast if np.array_equal(cast, values) else values


def wanted_columns(schema: Any) -> list[str]:
    """Return the columns that requests may have; lists and structs of the fit under their own names."""
    return list(ModelColumns.of(schema).wanted)


def too_many_rows(model: Any) -> RequestError:
    """Return the error of a request with more rows than `most_rows`."""
    return RequestError(f"A request may have at most {most_rows(model):,} rows; send several requests.", 413)


def _is_one_list(model: Any, body: Any) -> bool:
    """Return whether a body is one row of numbers, instead of a list of rows."""
    is_flat = isinstance(body, list) and len(body) == model.schema_.n_columns
    return is_flat and not any(isinstance(cell, list | Mapping | str) for cell in body)


def _arrow(what: str | None, name: str, values: Sequence[Any]) -> pa.Array:
    """Return the cells of a column as an Arrow array; `what` they are, None for those of lists and structs."""
    import pyarrow as pa

    types = {type(value) for value in values} - {type(None)}
    if what is None or not types <= _PLAIN:
        return _nested(name, values, is_known=what is not None)
    if not types:
        return pa.nulls(len(values), _of_missing(what))
    if types == {str}:
        return _texts(values, is_date=what == "date")
    if str in types or what == "text":
        return pa.array([None if value is None or value != value else _text(value) for value in values], pa.string())
    if bool in types and len(types) > 1:
        raise RequestError(f"Column {name!r} has both numbers and true or false; send one of them.", column=name)
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        try:
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        except OverflowError as error:
            raise RequestError(f"Column {name!r} has a number above the largest float.", column=name) from error


def _of_missing(what: str) -> pa.DataType:
    import pyarrow as pa

    return pa.string() if what == "text" else pa.timestamp("us") if what == "date" else pa.float64()


def _texts(values: Sequence[str | None], *, is_date: bool) -> pa.Array:
    """Return texts, and as moments where they are dates in ISO 8601; other dates are read in the format of the fit."""
    import pyarrow as pa

    try:
        texts = pa.array(values, pa.string())
    except UnicodeEncodeError as error:
        raise RequestError("A text of the request is not valid Unicode; send it as UTF-8.") from error
    if not is_date:
        return texts
    try:
        return texts.cast(pa.timestamp("us"))
    except pa.ArrowException:
        return texts


def _nested(name: str, values: Sequence[Any], *, is_known: bool) -> pa.Array:
    import pyarrow as pa

    if is_known:
        raise RequestError(f"Column {name!r} has a list or an object in a cell; send a number or a text.", column=name)
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise RequestError(f"The cells of column {name!r} differ in their type.", column=name) from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)


def _block_of_table(model: Any, table: pa.Table) -> np.ndarray:
    """Return the columns of a table of numbers as an array (n, d)."""
    import numpy as np
    import pyarrow as pa

    if table.num_columns != model.schema_.n_columns:
        raise RequestError(
            f"The table has {table.num_columns} columns, and the model was fitted on {model.schema_.n_columns}."
        )
    for field in table.schema:
        if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type) or pa.types.is_boolean(field.type)):
            raise RequestError(
                f"Column {field.name!r} has values of type {field.type}, not numbers.", column=field.name
            )
    values = np.column_stack([column.to_numpy() for column in table.columns])
    return in_dtype(values, np.dtype(model.schema_.dtypes[0]))
