"""Columns of lists and structs as one column for each element."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.data.frames.column_type import Column, ColumnType, is_missing_cell
from narrows.data.frames.object_columns import opaque_column

if TYPE_CHECKING:
    import pyarrow as pa

Parts = list[tuple[str, Column]]
AsColumn = Callable[[Any, str, str], Column]

_RAGGED = "lists of different lengths"
_NO_NUMBERS = "lists of something else than numbers"


def is_nested(kind: pa.DataType) -> bool:
    """Return whether the cells of an Arrow column hold several values each."""
    from pyarrow import types

    return types.is_nested(kind) and not types.is_run_end_encoded(kind)


def column_of(name: str, columns: Container[str]) -> str:
    """Return the column that a name is an element of, "embedding" for "embedding[3]"; else the name itself."""
    if name in columns:
        return name
    element = re.fullmatch(r"(.*)\[\d+\]", name, re.DOTALL)
    if element and element[1] in columns:
        return element[1]
    dots = [place for place, mark in enumerate(name) if mark == "."]
    return next((name[:place] for place in reversed(dots) if name[:place] in columns), name)


def split_arrow(
    column: pa.ChunkedArray, label: str, source: str, as_column: AsColumn, native: str = "", whole: str = ""
) -> Parts:
    """Return the elements of a nested Arrow column: "embedding[0]" of a list, "address.city" of a struct.

    Lists must hold numbers and have one length; all elements of a missing list are missing. Any other column stays one
    column, ignored with a reason. whole : type to note for the column; by default Arrow's name.
    """
    from pyarrow import types

    kind = column.type
    if types.is_map(kind) or types.is_union(kind):
        return [(label, opaque_column(column.to_pylist(), "maps" if types.is_map(kind) else "unions", native))]
    if types.is_struct(kind):
        return _fields(column, label, source, as_column, native, whole or "struct")
    return _elements(column, label, native, whole or _list_word(kind))


def split_objects(cells: list[Any], label: str, source: str, as_column: AsColumn, native: str) -> Parts | None:
    """Return the elements of a column of Python lists, tuples, arrays or dicts; None for other columns."""
    present = [cell for cell in cells if not is_missing_cell(cell)] if _may_be_nested(cells) else []
    if present and all(isinstance(cell, dict) for cell in present):
        import pyarrow as pa

        try:
            column = pa.chunked_array([pa.array([None if is_missing_cell(cell) else cell for cell in cells])])
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return [(label, opaque_column(cells, "dicts with cells of several kinds", native))]
        return split_arrow(column, label, source, as_column, native, "dict")
    if not present or not all(isinstance(cell, list | tuple | np.ndarray) for cell in present):
        return None
    if len({np.shape(cell)[:1] if isinstance(cell, np.ndarray) else (len(cell),) for cell in present}) > 1:
        return [(label, opaque_column(cells, _RAGGED, native))]
    block = _block(present)
    if block is None:
        return [(label, opaque_column(cells, _NO_NUMBERS, native))]
    missing = np.array([is_missing_cell(cell) for cell in cells])
    word = type(present[0]).__name__
    return _parts(block, missing, label, ColumnType("Float64", pandas=native, part_of=label, whole=word))


def _fields(column: pa.ChunkedArray, label: str, source: str, as_column: AsColumn, native: str, whole: str) -> Parts:
    import narwhals as nw

    if not column.type.num_fields:
        return [(label, opaque_column(column.to_pylist(), "structs without fields", native))]
    parts = []
    for i, part in enumerate(column.flatten()):
        name = f"{label}.{column.type.field(i).name}"
        if is_nested(part.type):
            found = opaque_column(part.to_pylist(), "lists or structs inside of structs")
        else:
            found = as_column(nw.from_native(part, series_only=True), name, source)
        kind = found.type or number_type(found.values.dtype)
        parts.append((name, replace(found, type=replace(kind, part_of=label, whole=whole, pandas=native))))
    return parts


def _elements(column: pa.ChunkedArray, label: str, native: str, whole: str) -> Parts:
    import pyarrow.compute as pc
    from pyarrow import types

    value = column.type.value_type
    is_number = types.is_integer(value) or types.is_floating(value) or types.is_boolean(value) or types.is_null(value)
    if not (is_number or types.is_decimal(value)):
        return [(label, opaque_column(column.to_pylist(), _NO_NUMBERS, native))]
    lengths = pc.call_function("unique", [pc.call_function("list_value_length", [column])]).drop_null()
    fixed = column.type.list_size if types.is_fixed_size_list(column.type) else None
    if len(lengths) != 1 and fixed is None:
        return [(label, opaque_column(column.to_pylist(), _RAGGED if len(lengths) else "empty", native))]
    width = lengths[0].as_py() if fixed is None else fixed
    if width == 0:
        return [(label, opaque_column(column.to_pylist(), "empty lists", native))]
    flat = pc.call_function("list_flatten", [column])
    if types.is_decimal(value) or types.is_null(value):
        flat = flat.cast("float64")
    missing = column.is_null().to_numpy().astype(bool)
    kind = ColumnType("Float64", arrow=str(value), pandas=native, part_of=label, whole=whole)
    return _parts(np.asarray(flat.to_numpy()).reshape(-1, width), missing, label, kind)


def _parts(block: np.ndarray, missing: np.ndarray, label: str, kind: ColumnType) -> Parts:
    """Return one column per element. block : (m, k), cells that are not missing. missing : bool (n,)."""
    if block.dtype == object:  # booleans with missing cells
        block = block.astype(np.float64)
        kind = replace(kind, name="Boolean")
    else:
        kind = replace(kind, name=number_type(block.dtype).name)
    columns = np.ascontiguousarray(block.T)
    if missing.any():
        dtype = block.dtype if block.dtype.kind == "f" else np.float64
        spread = np.full((block.shape[1], len(missing)), np.nan, dtype=dtype)
        spread[:, ~missing] = columns
        columns = spread
    return [(f"{label}[{i}]", Column(column, kind)) for i, column in enumerate(columns)]


def number_type(dtype: np.dtype) -> ColumnType:
    """Return the type of a column of numbers, booleans or dates from the dtype of its array."""
    if dtype.kind == "M":
        unit = np.datetime_data(dtype)[0]
        return ColumnType("Date") if unit == "D" else ColumnType("Datetime", unit=unit)
    words = {"b": "Boolean", "f": dtype.name.capitalize(), "i": dtype.name.capitalize()}
    return ColumnType(words.get(dtype.kind, dtype.name.replace("uint", "UInt")))


def _may_be_nested(cells: Sequence[Any]) -> bool:
    first = next((cell for cell in cells if not is_missing_cell(cell)), None)
    return isinstance(first, list | tuple | np.ndarray | dict)


def _block(present: list[Any]) -> np.ndarray | None:
    """Return cells of one length as numbers (m, k); None where they hold anything else."""
    try:
        block = np.array(present)
        if block.dtype == object:
            block = np.array(
                [[np.nan if is_missing_cell(x) else x for x in cell] for cell in present], dtype=np.float64
            )
    except (ValueError, TypeError):
        return None
    return block if block.ndim == 2 and block.shape[1] and block.dtype.kind in "biuf" else None


def _list_word(kind: pa.DataType) -> str:
    from pyarrow import types

    word = "fixed_size_list" if types.is_fixed_size_list(kind) else "list"
    word = "large_list" if types.is_large_list(kind) or types.is_large_list_view(kind) else word
    return f"{word} {kind.value_field.name}"
