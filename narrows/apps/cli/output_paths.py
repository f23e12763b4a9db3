"""Checks of output paths before the work begins, and writing of single files."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def check_model_path(path: Path, *, force: bool) -> None:
    """Raise unless a model can be saved at `path`.

    Raises
    ------
    OutputExistsError
        The path exists: a model without `--force`, or anything that is not a model.
    OutputError
        The parent folder does not exist or cannot be written.
    """
    from narrows.data import clear_leftovers
    from narrows.errors import OutputExistsError

    clear_leftovers(path)
    if os.path.lexists(path):
        from narrows.estimators.saving.model_folder import is_replaceable

        if not is_replaceable(path):
            raise OutputExistsError(f"{path} exists and is more than a narrows model; choose another --output.")
        if path.resolve() == Path.cwd():
            raise OutputExistsError(f"{path} is the current folder; choose another --output.")
        if not force and any(path.iterdir()):
            raise OutputExistsError(f"{path} is already there; use --force to replace it, or another --output.")
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raise OutputError unless the parent folder of `path` exists and can be written."""
    from narrows.errors import OutputError

    parent = path.absolute().parent
    if not parent.is_dir():
        raise OutputError(
            f"There is no folder {parent} to write {path.name} in; create it, or choose another --output."
        )
    try:
        with suppress(FileNotFoundError):
            path.lstat()
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise OutputError(f"The name {path.name[:40]}... is too long; choose a shorter --output.") from error
        raise OutputError(f"Cannot write in the folder {parent}: {error.strerror}; choose another --output.") from error


def check_rows_path(path: Path, data: str | None = None, *, force: bool, numbers: bool = False) -> None:
    """Raise unless rows can be written to `path`; with `numbers`, unless its ending is one for numbers.

    `data` is the input, which is never overwritten, even with `force`.

    Raises
    ------
    OutputExistsError, OutputError
    """
    from narrows.data import check_output
    from narrows.errors import OutputError, OutputExistsError

    _check_name(path)
    if numbers and path.suffix.lower() in ("", ".png"):
        raise OutputError(f"{path} would hold images, but these are numbers; use .csv, .parquet, .npy or .npz.")
    if path.is_symlink() or (path.is_dir() and path.resolve() == Path.cwd()):
        raise OutputExistsError(f"{path} is a link or the current folder; choose another --output.")
    _check_apart(path, data)
    check_output(path, force)
    check_folder(path)


def check_file_path(path: Path, endings: tuple[str, ...], data: str | None = None, *, force: bool) -> None:
    """Raise unless a file with one of these extensions can be written to `path`, which must not be the input `data`.

    Raises
    ------
    OutputExistsError, OutputError
    """
    from narrows.errors import OutputError, OutputExistsError

    _check_name(path)
    if path.suffix.lower() not in endings:
        raise OutputError(f"{path} must end in {' or '.join(endings)}; choose another --output.")
    if path.is_symlink() or path.is_dir():
        raise OutputExistsError(f"{path} is a link or a folder; choose another --output.")
    _check_apart(path, data)
    if path.exists() and not force:
        raise OutputExistsError(f"{path} is already there; use --force to replace it, or another --output.")
    check_folder(path)


def _check_name(path: Path) -> None:
    """Raise OutputError for "-" and for devices: a result is written whole or not at all, which a pipe cannot be."""
    from narrows.errors import OutputError

    is_pipe = path.exists() and not path.is_file() and not path.is_dir()
    if str(path) == "-" or path.parent == Path("/dev") or is_pipe:
        raise OutputError(
            f"Results are written to files, not to standard output or a device, got {path}; choose another --output, "
            "such as result.csv."
        )


def _check_apart(path: Path, data: str | None) -> None:
    """Raise OutputExistsError if `path` and the input `data` are the same file."""
    from narrows.errors import OutputExistsError

    if data is None or not path.exists():
        return
    from narrows.data import RemotePath, location

    source = location(data)
    given = source.local if isinstance(source, RemotePath) else source
    if given is not None and given.exists() and path.samefile(given):
        raise OutputExistsError(f"{path} is the input file; choose another --output.")


def write_file(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OutputExistsError, OutputError
    """
    from narrows.data import whole_file
    from narrows.errors import OutputError, OutputExistsError

    try:
        with whole_file(path, replace=force) as file:
            file.write(content)
    except FileExistsError as error:
        raise OutputExistsError(
            f"{path} was created by another program in the meantime; choose another --output."
        ) from error
    except OSError as error:
        raise OutputError(f"{path} could not be written ({error.strerror or error}).") from error


def write_picture(picture: Image, path: Path, *, force: bool) -> None:
    """Write a picture as PNG, whole or not at all."""
    import numpy as np

    from narrows.data import write

    write(path, np.asarray(picture)[None], force=force)
