"""Writing a folder whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from narrows.errors import OutputError, OutputExistsError


def write_folder(path: Path, files: dict[str, bytes], *, overwrite: bool, ours: Callable[[Path], bool]) -> None:
    """Write `files` into a new folder at `path`.

    Everything goes to a temporary folder beside it, is flushed to the disk, and is then renamed. A folder
    that is already there is replaced only with `overwrite`, and only where `ours` recognises it.
    """
    if path.exists() or path.is_symlink():
        if not overwrite:
            raise OutputExistsError(f"{path} is already there; choose another name or allow overwriting it.")
        if not ours(path) and not _is_empty_folder(path):
            raise OutputExistsError(f"{path} is not a narrows model, so it is not overwritten; choose another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        try:
            for name, content in files.items():
                _write(temporary / name, content)
            _flush_folder(temporary)
            os.chmod(temporary, 0o777 & ~_umask())
            _put_in_place(temporary, path)
            _flush_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}); nothing was left there."
        ) from error


def _put_in_place(temporary: Path, path: Path) -> None:
    if not path.exists():
        temporary.rename(path)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".old", dir=path.parent))
    path.rename(aside / path.name)
    try:
        temporary.rename(path)
    except OSError:
        (aside / path.name).rename(path)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(path: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
