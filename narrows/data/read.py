"""One door for every source on disk: files, folders of images, and sets by name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from narrows.data.frames.columns import is_gap
from narrows.data.readers import array_files, arrow_tables, image_folder, known_sets, row_stream, table_formats
from narrows.data.readers.csv import csv_file
from narrows.data.readers.reading_options import Errors, ReadingOptions, reading_options
from narrows.data.rows import Rows
from narrows.errors import DataError, DataFormatError, DataNotFoundError, SettingError

if TYPE_CHECKING:
    import pyarrow as pa

    from narrows.data.schema.schema import Schema

_IDX = re.compile(r"([.-]idx\d*(-\w+)?|-ubyte)(\.gz)?$", re.IGNORECASE)


def read(
    source: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    label: str | None = None,
    image_size: Sequence[int] | None = None,
    text: Sequence[str] = (),
    types: Mapping[str, str] | None = None,
    na_values: Sequence[str] = (),
    keep_na: bool = False,
    errors: Errors = "flag",
    missing: Literal["mask", "error", "mean", "drop"] = "mask",
    schema: Schema | None = None,
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
        A text that is a set's name always means the set: write "./mnist" for a folder of that name.
    columns : names, optional
        Which columns of a table to read. Default: all of them; what is not learned from, `fit` sets aside.
    ignore : names, optional
        Columns of a table to leave out.
    label : name, optional
        A column of a table that becomes ``labels`` and is not learned from.
    image_size : (height, width), optional
        Resizes the images of a folder.
    text : names, optional
        Columns that are text, though all their cells may read as numbers or dates; as "category" in `types`.
    types : mapping of name to type, optional
        Columns of a table that are read so whatever their cells look like: "number", "decimal-comma", "decimal-point",
        "category", "date", "day-first", "month-first", "time" or "boolean". Default: decided from the cells.
    na_values : texts, optional
        More texts that stand for a missing cell, in every column.
    keep_na : bool, default False
        Whether only empty cells (and `na_values`) are missing: "NA" and "?" stay text.
    errors : {"flag", "stop"}, default "flag"
        What to do about a cell that is not what its column holds ("soon" among dates): read it as missing, with a
        sentence in ``notes`` and its text in ``strange``, or raise NotNumericError.
    missing : {"mask", "error", "mean", "drop"}, default "mask"
        "drop" leaves out rows with a missing cell, and says how many in ``notes``. The others leave gaps to the fit.
    schema : Schema, optional
        Of a fitted model: its columns are read as they were at the fit.

    Raises
    ------
    DataNotFoundError
        No such file, folder or set.
    DataFormatError
        A file that is damaged, empty or of another kind.
    DataError
        Unknown column names, images of different sizes, no column left, no row without a gap.
    NotNumericError
        A cell that is not what its column holds, with ``errors="stop"``.
    """
    if missing not in ("mask", "error", "mean", "drop"):
        raise SettingError(f"missing={missing!r} is not known; choose one of 'mask', 'error', 'mean', 'drop'.")
    for name in ("columns", "ignore"):
        if isinstance(locals()[name], str):
            raise SettingError(f"{name} must be a list of names, not one text.")
    for name, names in (("text", text), ("na_values", na_values)):
        if isinstance(names, str):
            raise SettingError(f"{name} must be a list of texts, not one text.")
    all_types = {**dict.fromkeys(text, "category"), **(types or {})}
    options = reading_options(
        types=all_types, na_values=tuple(na_values), keep_na=keep_na, errors=errors, schema=schema
    )
    is_set = isinstance(source, str) and source in known_sets.SETS
    path = Path(source)
    of_table = not is_set and is_table(path)
    if not of_table and (columns is not None or ignore is not None or label is not None or all_types):
        raise SettingError(f"columns, ignore, label and types need a table, which {source} is not.")
    if image_size is not None and (is_set or of_table or not path.is_dir()):
        raise SettingError(f"image_size needs a folder of images, which {source} is not.")
    rows = (
        known_sets.load_train(str(source)) if is_set else _read_path(path, columns, ignore, label, image_size, options)
    )
    return without_gaps(rows) if missing == "drop" else rows


def read_held_out(source: str | os.PathLike[str]) -> Rows | None:
    """A set's own test part; None for digits and for files and folders."""
    if isinstance(source, str) and source in known_sets.SETS:
        return known_sets.load_test(source)
    return None


def is_table(path: Path) -> bool:
    """Whether it is a table, or a folder of tables and no images."""
    if not path.is_dir():
        return csv_file.is_csv(path) or arrow_tables.is_parquet(path) or table_formats.is_other(path)
    return not image_folder.holds_images(path) and any(
        row_stream.table_files(path, parquet=parquet) for parquet in (True, False)
    )


def _read_path(
    path: Path,
    columns: Sequence[str] | None,
    ignore: Sequence[str] | None,
    label: str | None,
    image_size: Sequence[int] | None,
    options: ReadingOptions,
) -> Rows:
    if not table_formats.split_sheet(path)[0].exists():
        raise DataNotFoundError(
            f"There is no file, folder or set {str(path)!r}; the sets are {', '.join(known_sets.SETS)}."
        )
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataFormatError(f"{path} is neither a file nor a folder; give one of them.")
    try:
        if is_table(path):
            table, notes = read_table(path, options.text_columns)
            return arrow_tables.table_rows(
                table, path.name, columns=columns, ignore=ignore, label=label, options=options, notes=notes
            )
        if path.is_dir():
            return image_folder.read_images(path, image_size)
        if path.suffix.casefold() == ".npy":
            return array_files.read_npy(path)
        if path.suffix.casefold() == ".npz":
            return array_files.read_npz(path)
        if _IDX.search(path.name):
            return array_files.read_idx_rows(path)
    except PermissionError as error:
        raise DataFormatError(f"{path} may not be read; change its permissions.") from error
    except MemoryError as error:
        raise DataError(f"{path} needs more memory than there is; give a part of it.") from error
    raise DataFormatError(
        f"{path.name} has an ending that narrows does not know; give a CSV, Parquet, Excel, Feather, ORC, JSON, NPY, "
        "NPZ or IDX file, or a folder of images."
    )


def read_table(path: Path, text: Sequence[str] = ()) -> tuple[pa.Table, tuple[str, ...]]:
    """A CSV or Parquet file, or a folder of them, as Arrow's table, with notes on how it was read."""
    if path.is_dir():
        return row_stream.read_whole(path, text), ()
    if table_formats.is_other(path):
        return table_formats.read_other(path)
    return csv_file.read_csv(path, text) if csv_file.is_csv(path) else (arrow_tables.read_parquet(path), ())


def without_gaps(rows: Rows, columns: Sequence[int] | None = None) -> Rows:
    """The rows without a missing cell (in these columns), with a note on how many were dropped; DataError for none."""
    whole = np.ones(len(rows), dtype=bool)
    for i in range(rows.n_columns) if columns is None else columns:
        gaps = is_gap(rows.column(i))
        if not gaps.all():  # an empty column is set aside
            whole &= ~gaps
    n_dropped = int((~whole).sum())
    if n_dropped == 0:
        return rows
    if n_dropped == len(rows):
        raise DataError(
            f"Every row of {rows.source} has a missing value, so none is left to learn from; "
            'leave "drop" out, or ignore the columns that are mostly empty.'
        )
    note = f"{n_dropped} of {len(rows)} rows of {rows.source} have a missing value and were dropped."
    return replace(rows.take(whole), notes=(*rows.notes, note))
