"""Files and folders that appear whole or not at all, whatever ends the program."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_DAY = 86_400.0
_HERE, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD, and the flag of Linux's renameat2
_LONGEST = 120  # bytes of a name that its hidden neighbour repeats; a file system takes 255

Rescue = Callable[[Path, OSError], None]
"""Called with a finished file or folder that could not take its name, and the error; moves it elsewhere, or raises."""


@contextmanager
def whole_file(target: Path, *, replace: bool = True, rescue: Rescue | None = None) -> Iterator[IO[bytes]]:
    """Open a file that replaces `target` when the block ends without an error.

    Until then it is in the same folder under a hidden name; it is flushed to the disk before it is renamed. Leftovers
    of processes that died are removed.

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
    """Make an empty folder that replaces `target` when the block ends without an error.

    An existing folder is exchanged with the new one, then removed; the caller has made sure that it may go. Where the
    system cannot exchange two names, it is renamed first: after a crash in between it is left as
    `.NAME.xxxxxxxx-PID-xxxxxxxx.old`, and the next call gives it its name back. `replace` and `rescue` are those of
    `whole_file`; an empty folder is replaced always.
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
    """Remove leftovers of processes that died while they wrote `target`, and restore a folder that they had renamed.

    Another writer may be active: only leftovers of processes that ended, or untouched for a day, are removed.
    """
    target = target.absolute()
    pattern = _leftover_pattern(target)
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


@contextmanager
def reserved(target: Path) -> Iterator[Path]:
    """Reserve a name during the block, which ends with a write of it; yield the empty folder that marks it.

    Raises
    ------
    FileExistsError
        Another process of this machine has reserved or writes it.
    """
    target = target.absolute()
    clear_leftovers(target)
    mark = _hidden(target, "part")
    mark.mkdir()
    try:
        for name in os.listdir(target.parent):
            found = _leftover_pattern(target).fullmatch(name)
            # Whether a process of another machine, or of another container, is alive is not known.
            if found and found[1] == _machine() and int(found[2]) != os.getpid():
                raise FileExistsError(errno.EEXIST, f"process {found[2]} is writing it", str(target))
        yield mark
    finally:
        with suppress(OSError):
            mark.rmdir()


def _take_place(partial: Path, target: Path, old: Path | None) -> None:
    """Give `partial` the name of `target`; a folder of this name gets that of `partial`, or is removed.

    Where the system cannot exchange two names at once, an existing folder is first renamed to `old`, and renamed back
    where this fails.
    """
    if old is not None and target.is_dir() and _exchange(partial, target):
        return
    try:
        if old is not None and target.is_dir():
            os.rename(target, old)
        os.rename(partial, target)
    except BaseException:
        if old is not None and old.exists() and not os.path.lexists(target):
            os.rename(old, target)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, so that there is no moment without either; False where Linux cannot."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):  # a C library without it
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0


@contextmanager
def _rescued(partial: Path, rescue: Rescue | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if rescue is None or not partial.exists():
            raise
        rescue(partial, error)


def _hidden(target: Path, ending: str) -> Path:
    """Return a new name in the folder of `target`, with the machine and the process in it."""
    return target.with_name(f".{_stem(target)}.{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.{ending}")


def _leftover_pattern(target: Path) -> re.Pattern[str]:
    """Return the pattern of the hidden names of `target`: machine, process, and part or old."""
    return re.compile(rf"\.{re.escape(_stem(target))}\.(?:([0-9a-f]{{8}})-(\d+)-)?[0-9a-f]{{8}}\.(part|old)")


def _stem(target: Path) -> str:
    name = os.fsencode(target.name)
    return target.name if len(name) <= _LONGEST else hashlib.sha256(name).hexdigest()[:32]


def _machine() -> str:
    """Return eight hex digits that differ between machines, and between containers with their own process numbers."""
    try:
        processes = os.readlink("/proc/self/ns/pid")
    except OSError:
        processes = ""
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:8]


def _is_gone(machine: str | None, process: str | None) -> bool:
    """Return whether a process of this machine has ended; False where this is not known."""
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
    """Return whether nothing in it was written for a day."""
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
