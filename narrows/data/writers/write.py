"""Results as files, written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from narrows.data.atomic import Rescue, whole_file, whole_folder
from narrows.data.containers import to_container
from narrows.data.image_grid import as_images, montage, to_uint8, visible
from narrows.data.read import as_rows
from narrows.data.rows import Rows
from narrows.data.writers.table_writers import as_table, label_column, write_tables
from narrows.errors import OutputError, OutputExistsError

if TYPE_CHECKING:
    import pyarrow as pa

_TABLES = (".csv", ".parquet")
_ENDINGS = (*_TABLES, ".npy", ".npz", ".png")
_MAX_SHEET = 50_000_000  # pixels of a montage


def check_output(path: str | os.PathLike[str], force: bool = False) -> None:
    """Raise OutputError or OutputExistsError now if `write` could not write there later."""
    target, is_folder = _target(path)
    parent = target.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"{target} cannot be written, because {parent} is not a folder; make it first.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{target} cannot be written: {parent} may not be written to; choose another folder.")
    if not os.path.lexists(target):
        return
    if is_folder and target.is_dir():
        if not any(target.iterdir()):
            return
        if force and not _holds_only_images(target):
            raise OutputExistsError(
                f"{target} holds more than images, so it is not replaced; delete it or choose another name."
            )
    elif not target.is_file() or is_folder:
        raise OutputExistsError(f"{target} is there and is of another kind; choose another name.")
    if not force:
        raise OutputExistsError(f"{target} is already there; use --force (in Python: force=True) to replace it.")


def write(
    path: str | os.PathLike[str],
    values: object,
    *,
    names: Sequence[str] | None = None,
    image_shape: Sequence[int] | None = None,
    labels: np.ndarray | None = None,
    pixel_range: tuple[float, float] | None = None,
    force: bool = False,
) -> None:
    """Write rows in the format that the ending names, whole or not at all.

    Parameters
    ----------
    path : str or path
        .csv, .parquet: one column per feature, missing cells empty, labels in a column "label". .npy: the array,
        images as (n, h, w) or (n, h, w, c). .npz: arrays "X" and "labels". .png: all images on one sheet.
        No ending, or a trailing slash: a folder of numbered PNGs, in one sub-folder per label.
    values : array (n,) or (n, d), images (n, h, w[, c]), frame, tensor or Rows
    names : texts, optional
        Column names; default: those of the frame, else "x0", "x1", ...
    image_shape : (h, w) or (h, w, c), optional
        Shape of the images that the d columns are.
    labels : array (n,), optional
    pixel_range : (black, white), optional
        For PNG. Default: that of uint8, of uint16 the white of as few bits as hold the pixels, else (0, 1). A folder
        keeps uint8 and grey uint16 as they are.
    force : bool, default False
        Replace what is there. A folder is replaced only if it holds nothing but PNGs.

    Raises
    ------
    OutputExistsError, OutputError
        With a sentence; nothing is left behind.
    """
    check_output(path, force)
    target, is_folder = _target(path)
    rows = _prepared(values, names, image_shape, labels)
    if (is_folder or target.suffix.casefold() == ".png") and rows.image_shape is None:
        raise OutputError(f"{target} would hold images, but these rows are a table; use .csv, .parquet, .npy or .npz.")
    with _with_output_errors(target):
        if is_folder:
            with whole_folder(target, replace=force) as folder:
                _write_images(folder, rows, pixel_range)
        else:
            writer = _writer(target.suffix.casefold(), rows, pixel_range)
            with whole_file(target, replace=force) as file:
                writer(file)


def write_chunks(
    path: str | os.PathLike[str],
    chunks: Iterable[Rows | pa.Table],
    *,
    as_text: bool = False,
    force: bool = False,
    rescue: Rescue | None = None,
) -> None:
    """Write a .csv or .parquet file chunk by chunk, whole or not at all; memory holds one chunk at a time.

    Parameters
    ----------
    path : str or path
    chunks : of Rows or of Arrow tables, at least one, all with the same columns
    as_text : bool, default False
        Whether all cells are texts of a CSV file, quoted only where necessary.
    force : bool, default False
        Replace what is there.
    rescue : function of a path and an OSError, or None
        Called with the finished file where its name was taken meanwhile; it moves the file elsewhere, or raises.

    Raises
    ------
    OutputExistsError, OutputError
        With a sentence; nothing is left behind.
    """
    check_output(path, force)
    target, _ = _target(path)
    ending = target.suffix.casefold()
    tables = (as_table(chunk, ending) if isinstance(chunk, Rows) else chunk for chunk in chunks)
    with _with_output_errors(target), whole_file(target, replace=force, rescue=rescue) as file:
        write_tables(file, tables, ending, as_text=as_text)


def is_written_in_chunks(path: str | os.PathLike[str]) -> bool:
    """Return whether `write_chunks` writes such a file."""
    return Path(path).suffix.casefold() in _TABLES


@contextmanager
def _with_output_errors(target: Path) -> Iterator[None]:
    """Raise errors of the disk as OutputError."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        if isinstance(error, FileExistsError) or error.errno == errno.ENOTEMPTY:
            raise OutputExistsError(f"{target} was taken by something else meanwhile; choose another name.") from error
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise OutputError(f"{target} could not be written: {why}; nothing was left behind.") from error


def _target(path: str | os.PathLike[str]) -> tuple[Path, bool]:
    text = os.fspath(path)
    target = Path(text)
    is_folder = text.endswith(("/", os.sep)) or not target.suffix or target.is_dir()
    if not is_folder and target.suffix.casefold() not in _ENDINGS:
        raise OutputError(
            f"{target} has an ending that narrows does not write; use {', '.join(_ENDINGS)}, "
            "or a trailing slash for a folder of images."
        )
    return target, is_folder


def _prepared(
    values: object,
    names: Sequence[str] | None,
    image_shape: Sequence[int] | None,
    labels: np.ndarray | None,
) -> Rows:
    if isinstance(values, np.ndarray) and values.ndim == 1:
        values = values[:, None]
    rows = as_rows(values, image_shape=image_shape, name="the result")
    return replace(
        rows,
        names=rows.names if names is None else tuple(names),
        labels=rows.labels if labels is None else np.asarray(labels),
    )


def _writer(ending: str, rows: Rows, pixel_range: tuple[float, float] | None) -> Callable[[IO[bytes]], Any]:
    if ending in _TABLES:
        table = as_table(rows, ending)
        return lambda file: write_tables(file, [table], ending)
    if any(np.dtype(name).kind not in "biuf" for name in rows.dtypes):
        raise OutputError(f"{ending} files hold numbers, and these rows have text or dates; use .csv or .parquet.")
    if ending == ".npy":
        return lambda file: np.save(file, _array(rows), allow_pickle=False)
    if ending == ".npz":
        labels = {} if rows.labels is None else {"labels": _plain(rows.labels)}
        return lambda file: np.savez_compressed(file, allow_pickle=False, X=_array(rows), **labels)
    assert rows.image_shape is not None
    if len(rows) * rows.n_columns > _MAX_SHEET:
        raise OutputError(f"{len(rows)} images do not fit on one sheet; write them into a folder instead.")
    sheet = montage(to_uint8(as_images(rows), pixel_range))
    return lambda file: sheet.save(file, format="PNG")


def _array(rows: Rows) -> np.ndarray:
    layout = rows.layout
    if rows.image_shape is not None and layout == "flat":
        layout = "hw" if rows.image_shape[2] == 1 else "hwc"
    return to_container(replace(rows, container="numpy", layout=layout))


def _plain(labels: np.ndarray) -> np.ndarray:
    """Return labels that NumPy saves without pickling: missing ones become NaN in numbers and "" in text."""
    if labels.dtype != object:
        return labels
    values = label_column(labels).to_numpy(zero_copy_only=False)
    return values if values.dtype != object else np.array(["" if cell is None else str(cell) for cell in values])


def _write_images(folder: Path, rows: Rows, pixel_range: tuple[float, float] | None) -> None:
    from PIL import Image

    images = as_images(rows)
    is_kept = images.dtype == np.uint8 or (images.dtype == np.uint16 and images.shape[3] == 1)
    pixels = images if is_kept else to_uint8(images, pixel_range)
    pixels = pixels if pixels.shape[3] == 4 else visible(pixels)  # a PNG holds transparency
    digits = max(5, len(str(len(pixels))))
    for i, image in enumerate(pixels):
        place = folder if rows.labels is None else folder / _folder_name(rows.labels[i])
        place.mkdir(exist_ok=True)
        picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        picture.save(place / f"{i + 1:0{digits}}.png")


def _folder_name(label: object) -> str:
    return re.sub(r"[^\w.-]+", "_", str(label)).strip(".") or "_"


def _holds_only_images(folder: Path) -> bool:
    return all(
        not path.is_symlink() and (path.is_dir() or path.suffix.casefold() == ".png") for path in folder.rglob("*")
    )
