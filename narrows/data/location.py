"""The source of rows: a path of this machine, or a file, folder or pattern in a file system of pyarrow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from narrows.errors import DataFormatError, DataNotFoundError, SettingError

if TYPE_CHECKING:
    from pyarrow import NativeFile
    from pyarrow.fs import FileInfo, FileSystem

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_PATTERN = re.compile(r"[*\[]")
_RETRY = "retry_limit_seconds"
_PATIENCE = 30  # seconds of retries of Google's storage, whose default is 15 minutes


@dataclass(frozen=True, eq=False)
class RemotePath:
    """A file, a folder, or the files that match a pattern, in a file system of pyarrow.

    It has those members of `pathlib.Path` that the readers of tables use. A pattern counts as a folder.

    Parameters
    ----------
    filesystem : pyarrow.fs.FileSystem
    path : str
        Path in the file system; of a pattern, that of the folder above its first sign.
    url : str
        Address in messages.
    pattern : str
        The rest of a pattern such as ``*.parquet`` or ``year=*/*.csv``; "" for a file or a folder.
    """

    filesystem: FileSystem
    path: str
    url: str
    pattern: str = ""

    def __str__(self) -> str:
        return self.url

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Pickle without the cached answers of the file system."""
        return RemotePath, (self.filesystem, self.path, self.url, self.pattern)

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name or self.url

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def parent(self) -> RemotePath:
        return replace(self, path=str(PurePosixPath(self.path).parent), pattern="")

    @property
    def local(self) -> Path | None:
        """The same as a path of this machine; None if it is none."""
        return Path(self.path) if self.filesystem.type_name == "local" and not self.pattern else None

    def exists(self) -> bool:
        """Return whether there is such a file or folder, or a file that matches the pattern."""
        return bool(self._files) if self.pattern else self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        return not self.pattern and self._info.is_file

    def is_dir(self) -> bool:
        from pyarrow.fs import FileType

        return bool(self.pattern) or self._info.type == FileType.Directory

    def stat(self) -> Any:
        """Return an object with the attribute `st_size`."""
        return SimpleNamespace(st_size=self._info.size)

    def rglob(self, _pattern: str = "*") -> Iterator[RemotePath]:
        """Yield all files of the folder, sub-folders included, or those that match the pattern of this path."""
        return iter(self._files)

    def open(self, _mode: str = "rb") -> NativeFile:
        """Open the file for reading; DataFormatError if that fails."""
        try:
            return self.filesystem.open_input_file(self.path)
        except (OSError, ValueError) as error:
            raise DataFormatError(f"{self.url} cannot be read: {_reason(error)}.") from error

    @cached_property
    def _info(self) -> FileInfo:
        try:
            return self.filesystem.get_file_info(self.path)
        except (OSError, ValueError) as error:
            raise _out_of_reach(self.url, error) from error

    @cached_property
    def _files(self) -> list[RemotePath]:
        from pyarrow.fs import FileSelector

        try:
            found = self.filesystem.get_file_info(FileSelector(self.path, recursive=True, allow_not_found=True))
        except (OSError, ValueError) as error:
            raise _out_of_reach(self.url, error) from error
        base = len(self.path.rstrip("/")) + 1 if self.path else 0
        files = (info.path for info in found if info.is_file and self._matches(info.path[base:]))
        return [replace(self, path=path, url=path, pattern="") for path in files]

    def _matches(self, path: str) -> bool:
        names, patterns = path.split("/"), self.pattern.split("/")
        alike = len(names) == len(patterns) and all(map(fnmatchcase, names, patterns))
        return not self.pattern or alike


Location = Path | RemotePath


def location(source: str | os.PathLike[str] | RemotePath, filesystem: Any = None) -> Location:
    """Return where a source is: a path, or what an address such as ``s3://bucket/folder/*.parquet`` means.

    Parameters
    ----------
    source : str or path
        A path of this machine, which may be a pattern; or an address that `pyarrow.fs.FileSystem.from_uri` reads:
        ``s3://``, ``gs://``, ``hdfs://``, ``abfs://``, ``file://``. ``*`` and ``[...]`` make it a pattern.
    filesystem : pyarrow.fs.FileSystem or of fsspec, optional
        File system in which `source` is a path.

    Raises
    ------
    DataNotFoundError
        The address is of no known kind, or cannot be reached.
    SettingError
        The source is no name or path, but data in memory.
    """
    if isinstance(source, RemotePath):
        return source
    if not isinstance(source, str | os.PathLike):
        raise SettingError(
            f"Files are read by their name or path, not a {type(source).__name__}; what is in memory needs no "
            "reading: give it to fit, or call narrows.data.as_rows."
        )
    text = os.fspath(source)
    if filesystem is not None:
        from pyarrow.fs import FSSpecHandler, PyFileSystem

        if not hasattr(filesystem, "get_file_info"):
            filesystem = PyFileSystem(FSSpecHandler(filesystem))
        base, pattern = _split(text)
        return RemotePath(filesystem, base, text, pattern)
    if not _URL.match(text):
        path = Path(source)
        if not _PATTERN.search(text) or os.path.lexists(path):
            return path
        from pyarrow.fs import LocalFileSystem

        base, pattern = _split(path.absolute().as_posix())
        return RemotePath(LocalFileSystem(), base, text, pattern)
    return _of_url(text)


def _of_url(text: str) -> RemotePath:
    import pyarrow as pa
    from pyarrow.fs import FileSystem

    address, mark, settings = text.partition("?")
    base, pattern = _split(address)
    if base.startswith(("gs://", "gcs://")) and _RETRY not in settings:
        settings = "&".join(filter(None, (settings, f"{_RETRY}={_PATIENCE}")))
        mark = "?"
    try:
        filesystem, path = FileSystem.from_uri(base + mark + settings)
    except pa.ArrowInvalid as error:
        raise DataNotFoundError(
            f"{address} is not an address that narrows can read ({_reason(error)}); give a path, or one that starts "
            "with s3://, gs://, hdfs://, abfs:// or file://."
        ) from error
    except (OSError, ValueError) as error:
        raise _out_of_reach(address, error) from error
    return RemotePath(filesystem, path, address, pattern)


def _split(text: str) -> tuple[str, str]:
    """Split a path into the folder above its first sign of a pattern and the rest; "" if it has none."""
    sign = _PATTERN.search(text)
    if not sign:
        return text, ""
    end = text.rfind("/", 0, sign.start())
    return (text[:end] or "/", text[end + 1 :]) if end >= 0 else ("", text)


def _out_of_reach(address: str, error: Exception) -> DataNotFoundError:
    return DataNotFoundError(
        f"{address} cannot be reached: {_reason(error)}. Check the address, the network and your credentials."
    )


def _reason(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].split()).rstrip(".")
