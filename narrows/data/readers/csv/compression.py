"""Compressed and plain files, opened as their content."""

from __future__ import annotations

import lzma
import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from narrows.data.location import Location
from narrows.errors import DataFormatError

if TYPE_CHECKING:
    from pyarrow import NativeFile

_BY_NAME = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".xz": "xz", ".zip": "zip"}
_BY_CONTENT = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_PART = 1 << 20
_TABLE = re.compile(r"\.(csv|tsv|tab|psv)$", re.IGNORECASE)
_TEXT = re.compile(r"\.(txt|dat|data)$", re.IGNORECASE)


def is_compressed(path: Location) -> bool:
    """Return whether a file is named as a compressed one."""
    return path.suffix.casefold() in _BY_NAME


def compression(path: Location) -> str | None:
    """Return "gzip", "bz2", "zstd", "xz" or "zip", by the name of a file or by its first bytes; None for others."""
    if is_compressed(path):
        return _BY_NAME[path.suffix.casefold()]
    with path.open("rb") as file:
        start = file.read(6)
    return next((kind for magic, kind in _BY_CONTENT.items() if start.startswith(magic)), None)


@contextmanager
def opened(path: Location) -> Iterator[IO[bytes] | NativeFile]:
    """Open a file for reading its uncompressed content; of a zip archive, its one table.

    Raises
    ------
    DataFormatError
        The file is not what its name says, is cut short, or is an archive of several tables or of none.
    """
    kind = compression(path)
    with path.open("rb") as file, damage_told(path, kind):
        if kind == "zip":
            with zipfile.ZipFile(file) as archive, archive.open(_table_in(archive, path)) as member:
                yield member
        elif kind == "xz":
            with lzma.open(file) as unpacked:
                yield cast("IO[bytes]", unpacked)
        elif kind is not None:
            yield _unpacked_by_arrow(file, kind)
        else:
            yield file


def content_size(path: Location, *, most: float = math.inf) -> int:
    """Return the uncompressed size of a file in bytes; counting ends soon after `most`.

    The sizes that archives state are not used, since they may be wrong.

    Raises
    ------
    DataFormatError
        As `opened`.
    """
    kind = compression(path)
    if kind is None:
        return path.stat().st_size
    found = 0
    with opened(path) as file, damage_told(path, kind):
        while found <= most and (part := file.read(_PART)):
            found += len(part)
    return found


def _unpacked_by_arrow(file: IO[bytes], kind: str) -> NativeFile:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(cast("Any", file), mode="r"), kind)


@contextmanager
def damage_told(path: Location, kind: str | None) -> Iterator[None]:
    """Turn the errors of unpacking into a sentence."""
    try:
        yield
    except (EOFError, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
        raise DataFormatError(_damaged(path, kind)) from error
    except OSError as error:
        if kind is None or error.errno is not None:  # Arrow's own have no number
            raise
        raise DataFormatError(_damaged(path, kind)) from error


def _damaged(path: Location, kind: str | None) -> str:
    return f"{path.name} is not a {kind} file, or is damaged or cut short; fetch it again."


def _table_in(archive: zipfile.ZipFile, path: Location) -> zipfile.ZipInfo:
    """Return the only table of an archive; files that other programs add are ignored."""
    files = [
        file
        for file in archive.infolist()
        if not file.is_dir() and not file.filename.startswith("__MACOSX/") and Path(file.filename).name[0] != "."
    ]
    for pattern in (_TABLE, _TEXT):
        found = [file for file in files if pattern.search(file.filename)]
        if len(found) == 1:
            if found[0].flag_bits & 1:
                raise DataFormatError(f"{path.name} is locked with a password; unpack it and give the table.")
            return found[0]
        if found:
            break
    names = ", ".join(repr(file.filename) for file in files[:5]) + (", ..." if len(files) > 5 else "")
    raise DataFormatError(
        f"{path.name} should hold one CSV file but holds {names or 'nothing'}; unpack it and give the table."
    )
