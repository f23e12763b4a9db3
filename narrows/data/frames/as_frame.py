"""Other tables in memory as a frame: lists of dicts, Arrow streams, lazy frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.column_type import is_missing_cell
from narrows.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


def is_frame(X: object) -> bool:
    """Return whether this is a frame of pandas, polars or pyarrow."""
    if isinstance(X, np.ndarray):
        return False
    import narwhals as nw

    return nw.dependencies.is_into_dataframe(X)


def materialize(X: Any) -> Any:
    """Return a table in another form as a frame, anything else unchanged.

    Lazy frames are collected. Arrow's batches, readers and data sets, objects with an Arrow stream or
    ``__dataframe__``, structured arrays of NumPy, dicts of columns, and lists of dicts become pyarrow tables.
    """
    if isinstance(X, np.ndarray):
        return X if X.dtype.names is None else _of_records(X)
    import narwhals as nw
    import pyarrow as pa
    from scipy.sparse import issparse

    if is_frame(X) or issparse(X) or _is_series(X):
        return X
    if isinstance(X, Mapping):
        return _of_mapping(X)
    if isinstance(X, list | tuple):
        return _of_list(X)
    if isinstance(X, pa.RecordBatch):
        return pa.Table.from_batches([X])
    if isinstance(X, pa.StructArray) or (isinstance(X, pa.ChunkedArray) and pa.types.is_struct(X.type)):
        return pa.Table.from_struct_array(X)
    wrapped = nw.from_native(X, pass_through=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect()
    return wrapped.to_native() if isinstance(wrapped, nw.DataFrame) else _of_protocols(X)


def _of_list(X: Any) -> Any:
    """Return a list of dicts, or of Arrow's batches or tables, as a table; any other list unchanged."""
    import pyarrow as pa

    if X and all(isinstance(row, Mapping) for row in X):
        return _of_dicts(X)
    if X and all(isinstance(part, pa.RecordBatch) for part in X):
        return _made(lambda: pa.Table.from_batches(X))
    if X and all(isinstance(part, pa.Table) for part in X):
        return _made(lambda: pa.concat_tables(X, promote_options="permissive"))
    return X


def _made(make: Any) -> Any:
    import pyarrow as pa

    try:
        return make()
    except pa.ArrowException as error:
        raise DataError(f"X is not one table: {str(error).splitlines()[0].rstrip('.')}; give it as one.") from error


def _of_protocols(X: Any) -> Any:
    """Return an object with a protocol for tables as a pyarrow table, anything else unchanged."""
    import pyarrow as pa

    if isinstance(X, pa.Array | pa.ChunkedArray | pa.Scalar):
        return X
    if type(X).__module__.startswith("pyarrow") and hasattr(X, "to_table"):  # a data set
        return _made(X.to_table)
    if hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__"):
        return _made(lambda: pa.table(X))
    if hasattr(X, "__dataframe__"):
        from pyarrow import interchange

        return _made(lambda: interchange.from_dataframe(X))
    return X


def _is_series(X: object) -> bool:
    import narwhals as nw

    return nw.dependencies.is_into_series(X) and not type(X).__module__.startswith("pyarrow")


def _of_records(X: np.ndarray) -> pa.Table:
    """Return a structured array (n,) as a table; fields of several numbers become lists."""
    assert X.dtype.names is not None
    if X.ndim != 1:
        raise DataError(f"X is a structured array of shape {X.shape}; give it one record for each row, shape (n,).")
    # The list of a masked array has None in its missing cells.
    return table_of(
        {name: arrow_cells(X[name].tolist() if np.ma.isMaskedArray(X) else X[name]) for name in X.dtype.names}
    )


def _of_mapping(X: Mapping[Any, Any]) -> Any:
    """Return a dict of columns, or of cells, which is one row."""
    if not X:
        return X
    if any(_is_cell(value) for value in X.values()):
        return _of_dicts([X])
    lengths = {str(name): len(value) for name, value in X.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name!r} {n:,}" for name, n in list(lengths.items())[:5])
        raise DataError(f"X is a dict of columns of different lengths ({listed} rows); give them all the same.")
    return table_of({name: arrow_cells(value) for name, value in X.items()})


def _of_dicts(X: Sequence[Mapping[Any, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in X for name in row))
    return table_of({name: arrow_cells([row.get(name) for row in X]) for name in names})


def table_of(columns: Mapping[Any, Any]) -> pa.Table:
    import pyarrow as pa

    return pa.table(list(columns.values()), names=[str(name) for name in columns])


def _is_cell(value: object) -> bool:
    return isinstance(value, str | bytes) or not hasattr(value, "__len__") or np.ndim(value) == 0  # pyright: ignore[reportArgumentType]


def arrow_cells(cells: Any) -> Any:
    """Return the cells of one column as an Arrow array; cells that Arrow has no type for become texts."""
    import pyarrow as pa

    from narrows.data.frames.columns import as_native
    from narrows.data.frames.object_columns import object_column

    if isinstance(cells, np.ndarray) and cells.dtype != object:
        if cells.ndim > 1:
            flat = cells.reshape(len(cells), -1)
            return pa.FixedSizeListArray.from_arrays(arrow_cells(flat.ravel()), flat.shape[1])
        cells = cells.astype(cells.dtype.newbyteorder("="), copy=False)
        if cells.dtype.type is np.longdouble:
            cells = cells.astype(np.float64)
    elif not isinstance(cells, pa.Array | pa.ChunkedArray):
        tolist = getattr(cells, "to_list", getattr(cells, "tolist", None))
        listed: Iterable[Any] = tolist() if tolist is not None else cells
        cells = [None if is_missing_cell(cell) else _plain(cell) for cell in listed]
    try:
        return cells if isinstance(cells, pa.Array | pa.ChunkedArray) else pa.array(cells)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        found = object_column(list(cells), "", "")
        return as_native(found.values, found.type, "pyarrow")


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) and cell.dtype.kind in "biufUS" else cell
