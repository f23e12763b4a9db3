"""Arrays, tensors and frames in memory as `Rows`, and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from narrows.data.frames.as_frame import is_frame
from narrows.data.frames.column_labels import Labels, first_repeated
from narrows.data.frames.columns import Column, ColumnType, as_columns, as_native
from narrows.data.frames.nested import Parts
from narrows.data.nested_columns import as_whole, joined
from narrows.data.rows import Layout, Rows, row_name, size_text
from narrows.errors import DataError, NotNumericError, SettingError

_CHANNELS = ((1, 3), range(1, 5), range(1, 17))  # numbers of channels, the likeliest first


def rows_of(X: Any, name: str = "X") -> Rows:
    """Return the rows of a frame, an array or a tensor; nothing is scaled, and the input is never written to.

    Raises
    ------
    DataError, NotNumericError
        As `narrows.data.as_rows`.
    """
    return _from_frame(X, name) if is_frame(X) else _from_array(X, name)


def to_container(rows: Rows) -> Any:
    """Return the rows in their container with names, index and image layout: the inverse of `as_rows`."""
    if rows.container in ("numpy", "torch"):
        array = _in_layout(rows)
        if rows.container == "numpy":
            return array
        import torch

        return torch.from_numpy(array)
    columns = native_columns(rows)
    if rows.container == "pandas":
        import pandas as pd

        frame = pd.DataFrame(columns)
        frame.index = frame.index if rows.index is None else cast("Any", rows.index)
        if rows.column_labels is not None:
            return frame.set_axis(rows.column_labels.to_pandas(), axis=1)
        return frame if rows.names else frame.set_axis(cast("Any", range(len(columns))), axis=1)
    if rows.container == "polars":
        import polars as pl

        return pl.DataFrame(columns)
    import pyarrow as pa

    return pa.table(columns)


def native_columns(rows: Rows) -> dict[str, Any]:
    """Return the columns of rows as columns of their frame, lists and structs as one column."""
    names = rows.feature_names
    return {
        name: as_native(rows.column(places[0]), rows.column_type(places[0]), rows.container)
        if name == names[places[0]]
        else as_whole(rows, places, rows.container)
        for name, places in joined(rows)
    }


def _in_layout(rows: Rows) -> np.ndarray:
    block = rows.block()
    if rows.image_shape is None or rows.layout == "flat":
        return block
    height, width, channels = rows.image_shape
    images = block.reshape(-1, height, width, channels)
    if rows.layout == "hw":
        return images[..., 0]
    return images if rows.layout == "hwc" else np.ascontiguousarray(images.transpose(0, 3, 1, 2))


# -- frames


def _from_frame(X: Any, name: str) -> Rows:
    import narwhals as nw

    is_pandas = nw.dependencies.is_pandas_like_dataframe(X)
    labels = Labels.of(X.columns) if is_pandas else None
    given = list(X.column_names if nw.dependencies.is_pyarrow_table(X) else X.columns)
    names = _column_names(given, labels, name)
    if not len(X) or not given:
        what = "sample" if given else "feature"
        raise DataError(
            f"Found array with 0 {what}(s) (shape=({len(X)}, {len(given)})) while a minimum of 1 is required."
        )
    column_names = names or _label_names(labels, len(given))
    parts = _parts(X, column_names, name)
    if len(parts) != len(given):
        names = column_names
    columns = [column for _, column in parts]
    implementation = nw.get_native_namespace(X).__name__
    return Rows(
        tuple(column.values for column in columns),
        names=None if names is None else tuple(part for part, _ in parts),
        types=types_of(columns),
        notes=tuple(column.note for column in columns if column.note),
        container="pandas" if is_pandas else "polars" if implementation == "polars" else "pyarrow",
        index=X.index if is_pandas else None,
        column_labels=labels,
        source=name,
    )


def _parts(X: Any, names: Sequence[str], source: str) -> Parts:
    """Return the columns of a frame, those of lists and structs as several."""
    import narwhals as nw

    if nw.dependencies.is_pandas_like_dataframe(X):
        series = (X.iloc[:, i] for i in range(len(names)))  # by place: labels may be of any kind
    else:
        series = X.columns if nw.dependencies.is_pyarrow_table(X) else X.get_columns()
    parts = [
        part
        for column, name in zip(series, names, strict=True)
        for part in as_columns(nw.from_native(column, series_only=True), name, source)
    ]
    if len(parts) > len(names):
        _check_different([name for name, _ in parts], source)
    return parts


def _label_names(labels: Labels | None, n: int) -> tuple[str, ...]:
    """Return the names in messages of columns whose labels are not texts."""
    return tuple(f"x{i}" for i in range(n)) if labels is None or labels.are_positions else labels.texts


def _column_names(given: list[Any], labels: Labels | None, name: str) -> tuple[str, ...] | None:
    """Return the names of columns, of a MultiIndex its levels joined; None for labels of numbers or dates."""
    _check_different(given, name)
    are_text = [isinstance(label, str) for label in given]
    if any(are_text) and not all(are_text):
        raise DataError(
            "Feature names are only supported if all input features have string names, but the columns of "
            f"{name} mix text with other types; convert them with X.columns = X.columns.astype(str)."
        )
    if labels is not None and len(labels.levels) > 1:
        _check_different(list(labels.texts), name)
        return labels.texts
    return tuple(given) if all(are_text) else None


def _check_different(labels: list[Any], name: str) -> None:
    twice = first_repeated(labels)
    if twice is not None:
        raise DataError(f"{name} has two columns named {twice!r}; rename or drop one of them.")


def types_of(columns: Sequence[Column]) -> tuple[ColumnType | None, ...] | None:
    """Return the types of columns; None where their arrays say it all."""
    types = tuple(column.type for column in columns)
    return types if any(types) else None


def is_number_text(cell: object) -> bool:
    """Return whether a cell is text that reads as a number."""
    if not isinstance(cell, str):
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


# -- arrays


def _from_array(X: Any, name: str) -> Rows:
    torch = sys.modules.get("torch")
    is_tensor = torch is not None and isinstance(X, torch.Tensor)
    array = _checked(_tensor_to_numpy(X) if is_tensor else X, name)
    if array.dtype.kind not in "biuf":
        raise NotNumericError(f"{name} holds {array.dtype.name} values, where numbers are needed.")
    container = "torch" if is_tensor else "numpy"
    if array.ndim == 2:
        return Rows(array, container=container, source=name)
    block, image_shape, layout = _flat_images(array, name, channels_first=is_tensor)
    return Rows(block, image_shape=image_shape, layout=layout, container=container, source=name)


def _tensor_to_numpy(tensor: Any) -> np.ndarray:
    import torch

    tensor = tensor.detach().cpu()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()  # NumPy has no bfloat16
    return tensor.numpy()


def _checked(X: Any, name: str) -> np.ndarray:
    """Return a numeric array of two or more dimensions; errors have scikit-learn's words."""
    if type(X) is np.ndarray and X.dtype.kind in "biuf" and X.ndim >= 2 and all(X.shape[:2]):
        return X  # which scikit-learn would look at for longer than a detector scores a row
    from scipy.sparse import issparse
    from sklearn.utils import check_array

    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        X = np.ma.filled(X.astype(np.result_type(X.dtype, np.float32)), np.nan)
    try:
        array = check_array(X, dtype="numeric", ensure_all_finite=False, accept_sparse=True, allow_nd=True)
    except TypeError as error:
        raise NotNumericError(str(error)) from error
    except ValueError as error:
        if "arrays of bytes/strings" in str(error) or "could not convert" in str(error):
            raise (_of_text_cell(X, name) or NotNumericError(str(error))) from error
        if str(error).startswith("Complex data"):
            raise DataError(f"Complex data not supported: give the real and imaginary parts of {name}.") from error
        raise DataError(str(error)) from error
    return array.toarray() if issparse(array) else array


def _of_text_cell(X: Any, name: str) -> NotNumericError | None:
    """Return the error that names the first cell of text; None where there is none."""
    cells = np.asarray(X, dtype=object)
    if cells.ndim == 1:
        return NotNumericError(
            f"Expected 2D array, got 1D array instead: {name} is one row or one column; give one row as a frame of one "
            "row, df.iloc[[0]], and one column as df[['name']]."
        )
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            if isinstance(cell, str | bytes) and not is_number_text(cell):
                return NotNumericError(
                    f"Column 'x{j}' of {name} holds {cell!r} in {row_name(i, 0)}, where a number is needed; "
                    "leave the column out, or turn it into numbers.",
                    column=f"x{j}",
                )
    return None


def _flat_images(
    array: np.ndarray, name: str, *, channels_first: bool
) -> tuple[np.ndarray, tuple[int, int, int], Layout]:
    if array.ndim > 4 or 0 in array.shape:
        raise DataError(
            f"{name} has shape {array.shape}; rows (n, columns) or images (n, height, width[, channels]) are needed."
        )
    if array.ndim == 3:
        return array.reshape(len(array), -1), (*array.shape[1:], 1), "hw"
    is_first = _has_channels_first(array.shape[1:], otherwise=channels_first)
    array = array.transpose(0, 2, 3, 1) if is_first else array
    return array.reshape(len(array), -1), array.shape[1:], "chw" if is_first else "hwc"


def _has_channels_first(shape: tuple[int, int, int], *, otherwise: bool) -> bool:
    """Return whether images of a shape are (c, h, w), not (h, w, c); `otherwise` where the shape does not say so."""
    first, middle, last = shape
    for likely in _CHANNELS:
        if first in likely and last in likely:
            break
        if first in likely or last in likely:
            return first in likely
    if (first == middle) != (middle == last):
        return middle == last
    return otherwise


def with_image_shape(rows: Rows, image_shape: Sequence[int]) -> Rows:
    shape = _checked_image_shape(image_shape)
    if rows.image_shape is None:
        if rows.n_columns != shape[0] * shape[1] * shape[2]:
            raise DataError(
                f"{rows.source} has {rows.n_columns} columns, but images of {size_text(shape)} have "
                f"{shape[0] * shape[1] * shape[2]}; give the image_shape that they were flattened from."
            )
        return replace(rows, image_shape=shape)
    if rows.image_shape != shape:
        raise DataError(
            f"{rows.source} has images of {size_text(rows.image_shape)}, but image_shape says {size_text(shape)}."
        )
    return rows


def _checked_image_shape(image_shape: Sequence[int]) -> tuple[int, int, int]:
    try:
        height, width, channels = (*image_shape, 1) if len(image_shape) == 2 else image_shape
        shape = (int(height), int(width), int(channels))
        possible = shape == (height, width, channels) and min(shape) >= 1
    except (TypeError, ValueError):
        possible = False
    if not possible:
        raise SettingError(
            f"image_shape={image_shape!r} must be (height, width) or (height, width, channels), whole numbers from 1."
        )
    return shape  # pyright: ignore[reportPossiblyUnboundVariable]
