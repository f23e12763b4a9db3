"""Rows from any source: files, folders of images, data sets by name, and containers in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from narrows.data.containers import rows_of, with_image_shape
from narrows.data.frames.as_frame import materialize
from narrows.data.frames.columns import is_missing
from narrows.data.location import Location, RemotePath, location
from narrows.data.nested_columns import with_missing
from narrows.data.one_row import as_one_row
from narrows.data.readers import array_files, arrow_tables, image_folder, known_sets, row_stream, table_formats
from narrows.data.readers.csv import csv_file
from narrows.data.readers.parquet import is_parquet, read_parquet
from narrows.data.readers.patches import read_patches
from narrows.data.readers.picture import is_pictures
from narrows.data.readers.reading_options import Errors, ReadingOptions, reading_options
from narrows.data.rows import Rows
from narrows.data.schema.alignment import in_order_of_fit
from narrows.data.schema.schema import Schema
from narrows.errors import DataError, DataFormatError, DataNotFoundError, SettingError

if TYPE_CHECKING:
    import pyarrow as pa

_IDX = re.compile(r"([.-]idx\d*(-\w+)?|-ubyte)(\.gz)?$", re.IGNORECASE)


def read(
    source: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label: str | None = None,
    group: str | None = None,
    time: str | None = None,
    image_size: Sequence[int] | None = None,
    patch_size: int | None = None,
    text: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    na_values: Sequence[str] = (),
    keep_na: bool = False,
    errors: Errors = "flag",
    missing: Literal["mask", "error", "mean", "drop"] = "mask",
    schema: Schema | None = None,
    filesystem: Any = None,
) -> Rows:
    """Read rows from a file, a folder of images or a set that narrows knows.

    Parameters
    ----------
    source : str or path
        A CSV file of any separator and encoding (.csv, .tsv, .tab, .psv, .txt, .dat, .data; also .gz, .bz2, .xz, .zst
        or .zip), a Parquet, NPY, NPZ or IDX (also .gz) file; a spreadsheet (.xlsx, .xls, .xlsb, .ods, with
        ``narrows[excel]``; "table.xlsx#Costs" names a sheet, else the first that is not empty is read); a Feather,
        Arrow or ORC file; JSON, a list of objects or one in each line (.json, .jsonl, .ndjson); these and Feather also
        packed (.gz, .zst). A folder of .csv and .tsv or of Parquet files, which are one table; a folder of images
        (PNG, JPEG, TIFF, WebP, BMP, GIF, PGM, ...) whose sub-folders are classes; or the name of a set, "digits",
        "mnist", "fashion-mnist" (its training part).
        Also a pattern of CSV or Parquet files, ``"events/*.parquet"``, and their addresses: "s3://bucket/events",
        "gs://...", "hdfs://...", "file://...".
        A text that is a set's name always means the set: write "./mnist" for a folder of that name.
    columns : names, optional
        Columns of a table to read. Default: all; `fit` ignores those that it cannot learn from.
    ignore : names, optional
        Columns of a table to leave out.
    label : name, optional
        A column of a table that becomes ``labels`` and is not learned from.
    group, time : name, optional
        Columns of a table that become ``groups`` and ``times``: `fit` then holds out whole groups, or the latest rows.
        They are not learned from unless `columns` names them, too. A time is a number or a date.
    image_size : (height, width), optional
        Resizes the images of a folder.
    patch_size : int, optional
        Cuts an image file, or the images of a folder, whatever their sizes, into square patches of this height and
        width, even, float32 in [0, 1]: rows for ``network="residual"``, which then denoises whole images. At most
        5,000 patches, which do not overlap.
    text : names, optional
        Columns that are text even if all their cells look like numbers or dates; the same as "category" in `types`.
    types : mapping of name to type, optional
        Types of columns of a table, whatever their cells look like: "number", "decimal-comma", "decimal-point",
        "category", "date", "day-first", "month-first", "time" or "boolean". Default: decided from the cells.
    na_values : texts, optional
        More texts that mean a missing cell, in every column.
    keep_na : bool, default False
        Whether only empty cells (and `na_values`) are missing: "NA" and "?" stay text.
    errors : {"flag", "stop"}, default "flag"
        How to treat a cell of another type than its column ("soon" among dates): read it as missing, with a sentence
        in ``notes`` and its text in ``invalid``, or raise NotNumericError.
    missing : {"mask", "error", "mean", "drop"}, default "mask"
        "drop" drops rows with a missing cell and notes how many. The others leave missing cells to the fit.
    schema : Schema, optional
        Schema of a fitted model, whose columns are read in the formats of the fit.
    filesystem : file system of pyarrow or fsspec, optional
        The file system in which `source` is the path of a table.

    Raises
    ------
    DataNotFoundError
        No such file, folder or dataset; an address that cannot be reached.
    DataFormatError
        A file that is damaged, empty or of another kind.
    DataError
        Unknown column names, images of different sizes, no column left, no row without a missing cell.
    NotNumericError
        A cell of another type than its column, with ``errors="stop"``.
    """
    if missing not in ("mask", "error", "mean", "drop"):
        raise SettingError(f"missing={missing!r} is not known; choose one of 'mask', 'error', 'mean', 'drop'.")
    for name, names in (("columns", columns), ("ignore", ignore)):
        if isinstance(names, str):
            raise SettingError(f"{name} must be a list of names, not one text.")
    for name, names in (("text", text), ("na_values", na_values)):
        if isinstance(names, str):
            raise SettingError(f"{name} must be a list of texts, not one text.")
    all_types = {**dict.fromkeys(text, "category"), **(types or {})}
    options = reading_options(
        types=all_types, na_values=tuple(na_values), keep_na=keep_na, errors=errors, schema=schema
    )
    is_set = isinstance(source, str) and source in known_sets.SETS
    path = location(source, filesystem)
    of_table = not is_set and is_table(path)
    chosen = {"columns": columns, "ignore": ignore, "label": label, "group": group, "time": time}
    if not of_table and (all_types or any(value is not None for value in chosen.values())):
        raise SettingError(f"columns, ignore, label, group, time and types need a table, which {source} is not.")
    if image_size is not None and (is_set or of_table or not path.is_dir()):
        raise SettingError(f"image_size needs a folder of images, which {source} is not.")
    if patch_size is not None:
        if is_set or image_size is not None or isinstance(path, RemotePath) or not is_pictures(path):
            raise SettingError(f"patch_size needs an image or a folder of images without image_size, not {source}.")
        return read_patches(path, patch_size)
    rows = known_sets.load_train(str(source)) if is_set else _read_path(path, image_size, options, chosen)
    return drop_missing(rows) if missing == "drop" else rows


def as_rows(
    X: object, *, image_shape: Sequence[int] | None = None, name: str = "X", schema: Schema | None = None
) -> Rows:
    """Return the rows of a container in memory, or of a file; nothing is scaled, and the input is never written to.

    Parameters
    ----------
    X : array-like, SciPy sparse matrix, torch tensor, pandas or polars frame, pyarrow table, Rows, or path
        Shape (n, d): a table. (n, h, w), (n, h, w, c) or (n, c, h, w): images of any number of channels.
        The channels are an image's first or last axis: that with 1 or 3 entries, else up to 4, else up to 16; if that
        does not decide, the one that leaves square images, else the last, and the first for torch tensors.
        Sparse matrices are densified; bfloat16 and half tensors become float32. Frames may hold text and dates, lists
        of numbers (each element becomes a column, "embedding[0]") and structs ("address.city"). Other tables are
        read too, and results are pyarrow tables: Arrow batches, readers, data sets and streams, lazy frames, objects
        with ``__dataframe__``, dicts of columns, lists of dicts, a dict of cells (one row), structured arrays.
        A path is that of a file that `narrows.read` reads.
    image_shape : (h, w) or (h, w, c), optional
        Shape of the images that the d columns of a table are, flattened row-major, channels last.
    name : str, default "X"
        Name of the rows in messages.
    schema : Schema, optional
        Schema of a fitted model. One row may then also be a pandas Series, a list or a tuple with a cell for each
        column of the fit; columns of a file are read in the formats of the fit, and a cell of another type is an error.
        Named columns are taken in the order of the fit, without any others.

    Raises
    ------
    DataError
        Input that scikit-learn would refuse, in its words; duplicate column names; impossible image shapes.
    NotNumericError
        Text, dates or objects in an array; the message names the column, the row and the cell. A frame may hold them.
    SettingError
        ``image_shape`` itself is impossible.
    """
    if isinstance(X, Rows):
        rows = X
    elif isinstance(X, str | os.PathLike):
        rows = read(X) if schema is None else read(X, schema=schema, errors="stop")
    else:
        if isinstance(X, row_stream.RowStream):
            raise DataError(
                f"{X.source} is a stream, which only fit accepts; work on it in parts: for rows in X.chunks(): ..."
            )
        rows = rows_of(materialize(X if schema is None else as_one_row(X, schema)), name)
        if schema is not None and schema.names is not None and schema.types is not None:
            rows = with_missing(rows, schema.names, schema.types)
    if schema is not None:
        rows = in_order_of_fit(rows, schema.names)
    return rows if image_shape is None else with_image_shape(rows, image_shape)


def read_held_out(source: str | os.PathLike[str]) -> Rows | None:
    """Return the test part of a data set; None for digits, and for files and folders."""
    if isinstance(source, str) and source in known_sets.SETS:
        return known_sets.load_test(source)
    return None


def is_table(path: Location) -> bool:
    """Return whether a path is a table, or a folder of tables without images."""
    if isinstance(path, RemotePath):
        return any(row_stream.table_files(path, parquet=parquet) for parquet in (True, False))
    if not path.is_dir():
        return csv_file.is_csv(path) or is_parquet(path) or table_formats.is_other(path)
    return not image_folder.holds_images(path) and any(
        row_stream.table_files(path, parquet=parquet) for parquet in (True, False)
    )


def _read_path(
    path: Location, image_size: Sequence[int] | None, options: ReadingOptions, chosen: Mapping[str, Any]
) -> Rows:
    """Read a file or a folder; `chosen` holds the arguments of `table_rows` on columns."""
    if isinstance(path, RemotePath):
        return _read_remote(path, options, chosen)
    if not table_formats.split_sheet(path)[0].exists():
        raise DataNotFoundError(
            f"There is no file, folder or dataset {str(path)!r}; the datasets are {', '.join(known_sets.SETS)}."
        )
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataFormatError(f"{path} is neither a file nor a folder; give one of them.")
    try:
        if is_table(path):
            table, notes = read_table(path, options.text_columns)
            return arrow_tables.table_rows(table, path.name, options=options, notes=notes, **chosen)
        if path.is_dir():
            return image_folder.read_images(path, image_size)
        if path.suffix.casefold() == ".npy":
            return array_files.read_npy(path)
        if path.suffix.casefold() == ".npz":
            return array_files.read_npz(path)
        if _IDX.search(path.name):
            return array_files.read_idx_rows(path)
    except PermissionError as error:
        raise DataFormatError(f"{path} cannot be read without permission; change its permissions.") from error
    except MemoryError as error:
        raise DataError(f"{path} needs more memory than there is; give a part of it.") from error
    raise DataFormatError(
        f"{path.name} has an ending that narrows does not know; give a CSV, Parquet, Excel, Feather, ORC, JSON, NPY, "
        "NPZ or IDX file, or a folder of images."
    )


def _read_remote(path: RemotePath, options: ReadingOptions, chosen: Mapping[str, Any]) -> Rows:
    if not path.exists():
        raise DataNotFoundError(f"There is no file or folder {path}.")
    if not is_table(path):
        raise DataFormatError(
            f"{path} is neither a CSV or Parquet file nor a folder of them; narrows reads these alone."
        )
    table, notes = read_table(path, options.text_columns)
    return arrow_tables.table_rows(table, path.name, options=options, notes=notes, **chosen)


def read_table(path: Location, text: Sequence[str] = ()) -> tuple[pa.Table, tuple[str, ...]]:
    """Return a table file, or a folder of CSV or Parquet files, as an Arrow table, with notes on how it was read."""
    if path.is_dir():
        return row_stream.read_whole_folder(path, text), ()
    if isinstance(path, Path) and table_formats.is_other(path):
        return table_formats.read_other(path)
    return csv_file.read_csv(path, text) if csv_file.is_csv(path) else (read_parquet(path), ())


def drop_missing(rows: Rows, columns: Sequence[int] | None = None) -> Rows:
    """Return the rows without a missing cell (in these columns), with a note on how many were dropped.

    Raises DataError if no row is left.
    """
    whole = np.ones(len(rows), dtype=bool)
    for i in range(rows.n_columns) if columns is None else columns:
        missing_cells = is_missing(rows.column(i))
        if not missing_cells.all():  # an empty column is ignored
            whole &= ~missing_cells
    n_dropped = int((~whole).sum())
    if n_dropped == 0:
        return rows
    if n_dropped == len(rows):
        raise DataError(
            f"Every row of {rows.source} has a missing value, so none is left to learn from; "
            'leave "drop" out, or ignore the columns that are mostly empty.'
        )
    note = f"{n_dropped} of {len(rows)} rows of {rows.source} have a missing value and were dropped."
    return replace(rows.take(whole), notes=(*rows.notes, note), n_dropped=rows.n_dropped + n_dropped)
