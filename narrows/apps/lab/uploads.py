"""Uploaded files: limited in size and number, stored under safe names, and never executed."""

from __future__ import annotations

import asyncio
import gzip
import re
import secrets
import shutil
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from starlette.requests import Request

from narrows.apps.lab.session import UPLOAD_BYTES, LabError, Session
from narrows.apps.viewer.datasets import Source

MOST_FILES = 20_000
UNPACKED_BYTES = 1 << 30
"""Largest size of a compressed file after decompression."""
MOST_KEPT = 8
"""Uploads kept on the disk; the oldest ones that no run uses are deleted."""
_TABLES = re.compile(r"\.(csv|csv\.gz|tsv|tsv\.gz|parquet|pq|npy|npz)$", re.IGNORECASE)
_LONGEST = 120


@dataclass(eq=False)
class _Upload:
    name: str
    folder: Path
    is_folder: bool
    n_bytes: int = 0
    n_files: int = 0
    touched: float = field(default_factory=time.monotonic)


class Uploads:
    """Uploads of a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._root = session.home / "data"
        self._open: dict[str, _Upload] = {}

    async def begin(self, name: str, request: Request) -> str:
        """Store one file and return the id of the upload; an empty file of unknown type begins a folder of images."""
        from narrows.data.readers.image_folder import is_image_name

        name = _safe(name)
        body_is_empty = request.headers.get("content-length", "") == "0"
        is_folder = body_is_empty and not _TABLES.search(name)
        if not is_folder and not (_TABLES.search(name) or is_image_name(name)):
            raise LabError(
                f"narrows cannot read {name}.",
                "Choose a CSV, TSV, Parquet, NPY or NPZ file, an image (PNG, JPEG, TIFF, ...), or a folder of images.",
            )
        self._tidy()
        identity = secrets.token_hex(6)
        upload = _Upload(name, self._root / identity, is_folder or is_image_name(name))
        (upload.folder / "files").mkdir(parents=True)
        self._open[identity] = upload
        if not is_folder:
            try:
                await self._write(upload, name, request)
            except BaseException:
                self._discard(identity)
                raise
        return identity

    async def add(self, identity: str, path: str, request: Request) -> None:
        """Store one more file of a folder."""
        from narrows.data.readers.image_folder import is_beside

        upload = self._find(identity)
        if not upload.is_folder:
            raise LabError("This upload is a single file, which is complete.")
        if is_beside(PurePosixPath(path.replace("\\", "/"))):
            return  # a list of files or a license
        await self._write(upload, path, request)

    async def open(self, identity: str) -> str:
        """Open the upload as a dataset and return the id of the dataset."""
        upload = self._find(identity)
        if not upload.n_files:
            self._discard(identity)
            raise LabError(f"{upload.name} contains no images.", "Choose a folder with images.")
        place = upload.folder / "files"
        where = place if upload.is_folder else next(place.iterdir())
        try:
            if not upload.is_folder and await asyncio.to_thread(_unpacks_beyond, where, UNPACKED_BYTES):
                raise LabError(
                    f"{upload.name} is larger than {UNPACKED_BYTES >> 20:,} MB after decompression.",
                    "Open larger data with narrows lab PATH.",
                )
            return await self._session.open(Source(upload.name, str(where)))
        except Exception as error:
            self._discard(identity)
            raise _without_path(error, place, upload.name) from error
        finally:
            self._open.pop(identity, None)

    async def _write(self, upload: _Upload, path: str, request: Request) -> None:
        target = upload.folder / "files" / _safe_path(path)
        if upload.n_files >= MOST_FILES:
            raise LabError(f"A folder may contain at most {MOST_FILES:,} files.", "Choose a part of it.")
        length = request.headers.get("content-length", "")
        if length.isdigit() and upload.n_bytes + int(length) > UPLOAD_BYTES:
            raise _too_large()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                upload.n_files += 1
                async for block in request.stream():
                    upload.n_bytes += len(block)
                    if upload.n_bytes > UPLOAD_BYTES:
                        raise _too_large()
                    # a block is small; the write goes to the cache of the system
                    file.write(block)
        except FileExistsError as error:
            raise LabError(f"{path} was uploaded twice.") from error
        except NotADirectoryError as error:
            raise LabError(f"{path} is inside another file.") from error
        except BaseException:
            await asyncio.to_thread(target.unlink, missing_ok=True)
            raise
        upload.touched = time.monotonic()

    def _find(self, identity: str) -> _Upload:
        if identity not in self._open:
            raise LabError("This upload no longer exists.", "Upload it again.")
        return self._open[identity]

    def _discard(self, identity: str) -> None:
        upload = self._open.pop(identity, None)
        if upload is not None:
            shutil.rmtree(upload.folder, ignore_errors=True)

    def _tidy(self) -> None:
        """Delete the oldest uploads that no run and no dataset use."""
        self._root.mkdir(parents=True, exist_ok=True)
        sources = [run.source for run in self._session.runs.values()]
        sources += [dataset.source for dataset in self._session.datasets.values()]
        needed = {Path(source.where) for source in sources if source is not None}
        needed |= {upload.folder / "files" for upload in self._open.values()}
        idle = [
            folder
            for folder in self._root.iterdir()
            if folder.is_dir() and not any(path.is_relative_to(folder) for path in needed)
        ]
        idle.sort(key=lambda folder: folder.stat().st_mtime)
        for folder in idle[: max(0, len(idle) - MOST_KEPT)]:
            shutil.rmtree(folder, ignore_errors=True)


def _safe(name: str) -> str:
    """Return the last part of a path without characters that are special for file systems or terminals."""
    name = re.sub(r"[\x00-\x1f\x7f<>:\"|?*\\/]", "_", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    if not name:
        raise LabError("The file has no name.")
    if len(name.encode()) > _LONGEST:
        ending = "".join(PurePosixPath(name).suffixes[-2:])[-12:]
        name = name.encode()[: _LONGEST - 12].decode(errors="ignore") + ending
    return name


def _safe_path(path: str) -> Path:
    """Return a path inside an upload; LabError if it leads outside."""
    parts = path.replace("\\", "/").split("/")
    if not path or len(parts) > 8 or any(part in ("", ".", "..") for part in parts):
        raise LabError("The path of a file must be inside its folder.")
    return Path(*map(_safe, parts))


def _unpacks_beyond(path: Path, most: int) -> bool:
    """Return whether a compressed file is larger than `most` bytes; the reader reports damaged ones."""
    try:
        if path.suffix.casefold() == ".npz":
            with zipfile.ZipFile(path) as archive:
                return any(_is_longer(archive.open(member), most) for member in archive.infolist())
        if path.suffix.casefold() == ".gz":
            return _is_longer(cast("IO[bytes]", gzip.open(path)), most)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        pass
    return False


def _is_longer(file: IO[bytes], most: int) -> bool:
    with file:
        while most >= 0:
            block = file.read(1 << 20)
            if not block:
                return False
            most -= len(block)
    return True


def _without_path(error: Exception, place: Path, name: str) -> Exception:
    """Return the error with the name of the upload in place of the path on the server; other errors as they are."""
    from narrows.errors import NarrowsError, sentence_of

    sentence = sentence_of(error)
    if not isinstance(error, NarrowsError) or str(place) not in sentence:
        return error
    return LabError(sentence.replace(str(place / name), name).replace(str(place), name))


def _too_large() -> LabError:
    return LabError(f"An upload may have at most {UPLOAD_BYTES >> 20} MB.", "Open larger data with narrows lab PATH.")
