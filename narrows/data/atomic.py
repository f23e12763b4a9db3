"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes `target`'s place when the block ends without an error.

    Until then it stands beside it under a hidden name; it is flushed to the disk before it is renamed.
    """
    partial = _beside(target, "part")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes `target`'s place when the block ends without an error.

    A folder that is there is set aside for the moment of the renaming and then removed; whoever calls has made
    sure that it may go. After a crash in that moment it is found beside it, as `.NAME.xxxxxxxx.old`.
    """
    target = target.absolute()
    partial, old = _beside(target, "part"), _beside(target, "old")
    try:
        partial.mkdir()
        yield partial
        for file in partial.rglob("*"):
            _flush(file)
        _flush(partial)
        if target.is_dir():
            os.rename(target, old)
        try:
            os.rename(partial, target)
        except BaseException:
            if old.exists():
                os.rename(old, target)
            raise
        _flush(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.{ending}")


def _flush(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a power cut; Windows cannot do the latter."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
