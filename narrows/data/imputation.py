"""Missing cells filled in the user's own table; all other cells stay the same objects."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.containers import to_container
from narrows.data.frames.as_frame import is_frame
from narrows.data.frames.columns import ColumnType, as_native, is_missing, is_missing_cell
from narrows.data.frames.native_columns import is_text
from narrows.data.nested_columns import as_whole, joined
from narrows.data.rows import Rows
from narrows.data.text import format_values
from narrows.errors import SchemaMismatchError

if TYPE_CHECKING:
    import pyarrow as pa

_CANNOT = (ValueError, TypeError, OverflowError, NotImplementedError)  # what pandas and Arrow raise


def fill_missing(X: Any, rows: Rows, filled: Rows) -> Any:
    """Return X with the missing cells of `rows`, the rows of X, taken from `filled`.

    Columns of a frame keep their dtype where it can hold the filled values, and cells that are not missing stay the
    same objects; a column of objects is filled with objects of the same class.
    """
    if not is_frame(X) or filled.container not in ("pandas", "polars", "pyarrow"):
        return to_container(filled)
    for i, (_, parts) in enumerate(joined(rows)):
        at = np.logical_or.reduce([filled_mask(rows, filled, part) for part in parts])
        if not at.any():
            continue
        column = _COLUMN[filled.container](X, i)
        if _is_whole(rows, parts):
            new = _filled_whole(column, filled, parts, at)
        else:
            new = _FILLS[filled.container](column, at, filled.column(parts[0])[at], filled.column_type(parts[0]))
        if filled.container == "pandas":
            X = X.copy(deep=False)
            X.isetitem(i, new)
        elif filled.container == "polars":
            X = X.with_columns(new.alias(X.columns[i]))
        else:
            X = with_column(X, i, new)
    return X


def check_same_columns(X: Any, rows: Rows) -> None:
    """Raise SchemaMismatchError unless the frame X has the columns of `rows`, its rows as at the fit, in their order.

    Filled cells go back to where they were in X, by position.
    """
    import narwhals as nw

    if not is_frame(X) or rows.names is None:
        return
    expected = [name for name, _ in joined(rows)]
    given = list(nw.from_native(X, eager_only=True).columns)
    is_named_alike = given == expected or not all(isinstance(name, str) for name in given)
    if not is_named_alike or len(given) != len(expected):
        raise SchemaMismatchError(
            "impute fills X itself, which needs the columns of the fit in their order, without others; pass "
            "X[list(model.feature_names_in_)], or use `narrows impute` in the shell."
        )


def fill_table(table: pa.Table, rows: Rows, filled: Rows) -> pa.Table:
    """Return an Arrow table with the missing cells of `rows` taken from `filled`; columns are matched by name."""
    given = {name: i for i, name in enumerate(table.column_names)}
    for i, (name, parts) in enumerate(joined(rows)):
        place = i if rows.names is None else given.get(name)
        at = np.logical_or.reduce([filled_mask(rows, filled, part) for part in parts])
        if place is None or not at.any():
            continue
        column = table.column(place)
        if _is_whole(rows, parts):
            new = _filled_whole(column, filled, parts, at)
        else:
            cells, kind = filled.column(parts[0])[at], filled.column_type(parts[0])
            if kind is not None and kind.text_format is not None and is_text(column.type):
                cells, kind = np.array(format_values(kind.text_format, cells), dtype=object), None
            new = fill_arrow(column, at, cells, kind)
        table = with_column(table, place, new)
    return table


def typed_table(table: pa.Table, rows: Rows) -> pa.Table:
    """Return a table with the columns whose text the rows were read from as numbers, dates or booleans."""
    given = {name: i for i, name in enumerate(table.column_names)}
    for i, name in enumerate(rows.feature_names):
        kind, place = rows.column_type(i), i if rows.names is None else given.get(name)
        if place is None or kind is None or kind.text_format is None or not is_text(table.field(place).type):
            continue
        if kind.text_format.read_as not in ("category", "empty"):
            native = as_native(rows.column(i), kind, "pyarrow")
            table = table.set_column(place, table.field(place).with_type(native.type), native)
    return table


def _is_whole(rows: Rows, parts: list[int]) -> bool:
    kind = rows.column_type(parts[0])
    return kind is not None and bool(kind.part_of)


def _filled_whole(column: Any, filled: Rows, parts: list[int], at: np.ndarray) -> Any:
    """Return a column of lists or structs whose cells with a missing element are filled."""
    container = filled.container
    new = as_whole(filled.take(at), parts, container)
    if container == "pandas":
        import pandas as pd

        if str(column.dtype) == "object":
            return _put(column, at, new)
        old, new = _chunked(column.array), _chunked(new)
        both = old.cast(new.type).chunks + new.chunks
        return pd.Series(_taken(both, at), index=column.index, dtype=pd.ArrowDtype(new.type))
    if container == "polars":
        import polars as pl

        return pl.concat([column.cast(new.dtype), new]).gather(_places(at))
    return _taken([*column.cast(new.type).chunks, new], at)


def _chunked(array: Any) -> Any:
    import pyarrow as pa

    found = array.__arrow_array__()
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _taken(chunks: list[Any], at: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.chunked_array(chunks).take(pa.array(_places(at)))


def filled_mask(rows: Rows, filled: Rows, i: int) -> np.ndarray:
    """Return which cells of a column are missing in `rows` and not in `filled`: bool (n,)."""
    return is_missing(rows.column(i)) & ~is_missing(filled.column(i))


def with_column(table: pa.Table, i: int, column: pa.ChunkedArray) -> pa.Table:
    """Return an Arrow table with another column at this index."""
    return table.set_column(i, table.field(i).with_type(column.type), column)


def fill_arrow(column: pa.ChunkedArray, at: np.ndarray, cells: np.ndarray, kind: ColumnType | None) -> Any:
    """Return an Arrow column with the cells (m,) at the mask `at`, bool (n,); too narrow types are widened."""
    import pyarrow as pa

    try:
        if cells.dtype == object and (kind is None or _is_text(kind)):
            is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            new = pa.array(cells if is_text else _styled(cells, _present(column.to_pylist(), at)), column.type)
        else:
            new = as_native(cells, kind, "pyarrow").cast(column.type)
        both = pa.chunked_array([*column.chunks, new], column.type)
    except _CANNOT:
        tables = [pa.table({"": part}) for part in (column, pa.array(cells.tolist()))]
        both = pa.concat_tables(tables, promote_options="permissive").column(0)
    if pa.types.is_dictionary(both.type):
        both = both.unify_dictionaries()
    if "_view" in str(both.type):  # which Arrow cannot take cells of
        plain = both.cast("large_" + str(both.type).replace("_view", ""))
        return plain.take(pa.array(_places(at))).cast(both.type)
    return both.take(pa.array(_places(at)))


def _fill_polars(series: Any, at: np.ndarray, cells: np.ndarray, kind: ColumnType | None) -> Any:
    import polars as pl

    try:
        if cells.dtype == object and (kind is None or _is_text(kind)):
            new = pl.Series(_styled(cells, _present(series.to_list(), at)), dtype=series.dtype)
        else:
            new = pl.Series(as_native(cells, kind, "polars")).cast(series.dtype)
    except (pl.exceptions.PolarsError, *_CANNOT):
        new = pl.Series(cells.tolist())
    parts = [part.alias("").to_frame() for part in (series, new)]
    return pl.concat(parts, how="vertical_relaxed").to_series().gather(_places(at))


def _fill_pandas(series: Any, at: np.ndarray, cells: np.ndarray, kind: ColumnType | None) -> Any:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        filled = fill_arrow(pa.chunked_array([pa.array(series.array)]), at, cells, kind)
        return pd.Series(filled, index=series.index, dtype=pd.ArrowDtype(filled.type))
    if isinstance(dtype, pd.CategoricalDtype):
        levels = {str(level): level for level in dtype.categories}
        new = [levels.get(cell, cell) for cell in cells]
        fresh = [level for level in dict.fromkeys(new) if level not in dtype.categories]
        return _put(series.cat.add_categories(fresh), at, new)
    if dtype.kind != "O" or not isinstance(dtype, np.dtype):
        try:
            if isinstance(dtype, np.dtype) and dtype.kind == "f":  # a wider float may have been fitted
                cells = cells.clip(np.finfo(dtype).min, np.finfo(dtype).max)
            return _put(series, at, pd.Series(as_native(cells, kind, "pandas")).astype(dtype).array)
        except _CANNOT:
            series = series.astype(object)
    if kind is not None and kind.level_type and str(dtype) == "object":
        return _put(series, at, as_native(cells, kind, "pandas"))
    new: Any = np.empty(len(cells), dtype=object)
    new[:] = _styled(cells, _present(series.tolist(), at))
    return _put(series, at, new)


_COLUMN = {"pandas": lambda X, i: X.iloc[:, i], "polars": lambda X, i: X.to_series(i), "pyarrow": lambda X, i: X[i]}
_FILLS = {"pandas": _fill_pandas, "polars": _fill_polars, "pyarrow": fill_arrow}


def _is_text(kind: ColumnType) -> bool:
    return kind.name == "String" and not kind.level_type


def _put(series: Any, at: np.ndarray, new: Any) -> Any:
    import pandas as pd

    array = series.array.copy()
    array[at] = new
    return pd.Series(array, index=series.index, dtype=array.dtype)


def _places(at: np.ndarray) -> np.ndarray:
    """Return the index of each cell in a column that is followed by the filled cells."""
    place = np.arange(len(at))
    place[at] = len(at) + np.arange(at.sum())
    return place


def _present(cells: list[Any], at: np.ndarray) -> list[Any]:
    return [cell for cell, missing in zip(cells, at.tolist(), strict=True) if not missing and not is_missing_cell(cell)]


def _styled(cells: np.ndarray, present: list[Any]) -> list[Any]:
    """Return filled values (m,) as objects of the class of the present cells."""
    if cells.dtype == object:  # an object of another kind was taken for its text
        known: dict[str, Any] = {}
        for cell in present:
            known.setdefault(str(cell), cell)
        return [known.get(cell, cell) for cell in cells.tolist()]
    if cells.dtype.kind == "M":
        return cells.astype("datetime64[D]" if cells.dtype == "datetime64[D]" else "datetime64[us]").tolist()
    if present and all(isinstance(cell, bool | np.bool_) for cell in present):
        return (cells >= 0.5).tolist()
    if present and all(isinstance(cell, Integral) for cell in present):
        return [round(cell) for cell in cells.tolist()]
    if present and all(isinstance(cell, Decimal) for cell in present):
        return [_as_decimal(cell, present) for cell in cells.tolist()]
    return cells.tolist()


def _as_decimal(cell: float, present: list[Decimal]) -> Decimal:
    """Return a Decimal with as many decimals as the present cell that has most."""
    exponents = [exponent for each in present if isinstance(exponent := each.as_tuple().exponent, int)]
    exact = Decimal(repr(cell))
    try:
        return exact.quantize(Decimal(1).scaleb(min(exponents, default=0)))
    except InvalidOperation:  # more digits than decimals have
        return exact
