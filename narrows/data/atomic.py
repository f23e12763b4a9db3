"""Files and folders that appear whole or not at all, whatever ends the program."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_DAY = 86_400.0
_LONGEST = 120  # bytes of a name that its hidden neighbour repeats; a file system takes 255

Rescue = Callable[[Path, OSError], None]
"""Is given the finished file or folder that could not take its name, and why; it moves it elsewhere, or raises."""


@contextmanager
def whole_file(target: Path, *, replace: bool = True, rescue: Rescue | None = None) -> Iterator[IO[bytes]]:
    """A file to write, which takes `target`'s place when the block ends without an error.

    Until then it is in the same folder under a hidden name; it is flushed to the disk before it is renamed. What a
    process that died left of an earlier attempt is removed.

    Parameters
    ----------
    target : path
    replace : bool, default=True
        False: FileExistsError where `target` is there when the block ends.
    rescue : function or None, default=None
        Called where the finished file cannot take its name; without it the file is removed and the error raised.
    """
    clear_leftovers(target)
    partial = _hidden(target, "part")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _rescued(partial, rescue):
            if not replace and os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, "it is there by now", str(target))
            os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path, *, replace: bool = True, rescue: Rescue | None = None) -> Iterator[Path]:
    """An empty folder to fill, which takes `target`'s place when the block ends without an error.

    A folder that is there is set aside for the moment of the renaming and then removed; whoever calls has made
    sure that it may go. After a crash in that moment it is left as `.NAME.xxxxxxxx-PID-xxxxxxxx.old`, and the next
    call gives it its name back. `replace` and `rescue` are those of `whole_file`; an empty folder is replaced always.
    """
    target = target.absolute()
    clear_leftovers(target)
    partial, old = _hidden(target, "part"), _hidden(target, "old")
    try:
        partial.mkdir()
        yield partial
        for file in partial.rglob("*"):
            _flush(file)
        _flush(partial)
        with _rescued(partial, rescue):
            _take_place(partial, target, old if replace else None)
            with suppress(OSError):  # it is there all the same
                _flush(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def clear_leftovers(target: Path) -> None:
    """Remove what a process that died while it wrote `target` left, and give a folder it had set aside its name back.

    Another writer may be at work: only that goes whose process is gone, or which nobody has touched for a day.
    """
    target = target.absolute()
    pattern = re.compile(rf"\.{re.escape(_stem(target))}\.(?:([0-9a-f]{{8}})-(\d+)-)?[0-9a-f]{{8}}\.(part|old)")
    try:
        names = os.listdir(target.parent)
    except OSError:  # what is wrong with the folder is said by the writing
        return
    for name in names:
        found = pattern.fullmatch(name)
        if found is None:
            continue
        left, (machine, process, kind) = target.parent / name, found.groups()
        if not (_is_gone(machine, process) or _is_old(left)):
            continue
        try:
            if kind == "old" and not os.path.lexists(target):
                os.rename(left, target)
            elif left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        except OSError:  # not ours to remove
            continue


def _take_place(partial: Path, target: Path, old: Path | None) -> None:
    """Rename a folder; what is there first goes to `old`, and comes back where the renaming fails."""
    try:
        if old is not None and target.is_dir():
            os.rename(target, old)
        os.rename(partial, target)
    except BaseException:
        if old is not None and old.exists() and not os.path.lexists(target):
            os.rename(old, target)
        raise


@contextmanager
def _rescued(partial: Path, rescue: Rescue | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if rescue is None or not partial.exists():
            raise
        rescue(partial, error)


def _hidden(target: Path, ending: str) -> Path:
    """A new name in the folder of `target`, which tells the machine and the process that it is of."""
    return target.with_name(f".{_stem(target)}.{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.{ending}")


def _stem(target: Path) -> str:
    name = os.fsencode(target.name)
    return target.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()[:32]


def _machine() -> str:
    """Eight hex digits that differ between machines, and between containers that count processes on their own."""
    try:
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:
        processes = ""
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:8]


def _is_gone(machine: str | None, process: str | None) -> bool:
    """Whether a process of this machine has ended; False where that cannot be known."""
    if process is None or machine != _machine() or os.name == "nt":
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _is_old(left: Path) -> bool:
    """Whether nothing in it was written for a day."""
    try:
        return time.time() - max(path.lstat().st_mtime for path in (left, *left.rglob("*"))) > _DAY
    except OSError:
        return False


def _flush(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a power cut; Windows cannot do the latter."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
