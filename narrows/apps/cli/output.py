"""Where results go: checked before the work, so that an hour of training does not end at a locked door."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from narrows.data import Schema


def check_model_path(path: Path, *, force: bool) -> None:
    """Raise unless a model can be saved at `path`.

    Raises
    ------
    OutputExistsError
        Something is there: a model without `--force`, or what is no model at all.
    OutputError
        The folder around it is not there or may not be written.
    """
    from narrows.errors import OutputExistsError

    if path.exists():
        from narrows.estimators.persistence import is_model

        if not is_model(path) and not (path.is_dir() and not any(path.iterdir())):
            raise OutputExistsError(f"{path} is there and is not a narrows model; choose another --output.")
        if not force:
            raise OutputExistsError(f"{path} is already there; use --force to replace it, or another --output.")
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raise OutputError unless the folder around `path` is there and can be written."""
    from narrows.errors import OutputError

    parent = path.absolute().parent
    if not parent.is_dir():
        raise OutputError(
            f"There is no folder {parent} to write {path.name} in; create it, or choose another --output."
        )
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise OutputError(f"Cannot write in the folder {parent}: {error.strerror}; choose another --output.") from error


def check_rows_path(path: Path, *, force: bool, numbers: bool = False) -> None:
    """Raise unless rows can be written to `path`; with `numbers`, unless its ending is one for numbers.

    Raises
    ------
    OutputExistsError, OutputError
    """
    from narrows.data import check_output
    from narrows.errors import OutputError

    if numbers and path.suffix.lower() in ("", ".png"):
        raise OutputError(f"{path} would hold images, but these are numbers; use .csv, .parquet, .npy or .npz.")
    check_output(path, force)


def write_picture(picture: Image, path: Path, *, force: bool) -> None:
    """Write a drawn PNG as rows are written: whole or not at all."""
    import numpy as np

    from narrows.data import write

    write(path, np.asarray(picture)[None], force=force)


def pixel_range(schema: Schema) -> tuple[float, float] | None:
    """What black and white are in the units of the data, where the schema knows it."""
    import numpy as np

    if schema.image_shape is None or not schema.bounded:
        return None
    ends = schema.decode_rows(np.array([[0.0], [1.0]]).repeat(schema.n_floats, axis=1)).block()[:, 0]
    return float(ends[0]), float(ends[1])
