"""What went wrong, as one sentence and an exit status.

0 done · 1 the work failed (files, data, model, disk), or its result is elsewhere than asked · 2 the call was wrong (an
option, a setting) · 130 Ctrl-C · 143 SIGTERM · 129 SIGHUP.
"""

from __future__ import annotations

import errno

DONE, FAILED, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130

_SYSTEM = {
    errno.ENOSPC: "The disk is full{where}; free some space or write to another place.",
    errno.EDQUOT: "The disk quota is used up{where}; free some space or write to another place.",
    errno.EROFS: "The file system is read-only{where}; write to another place.",
    errno.EACCES: "Permission denied{where}; choose a path that you may use.",
    errno.EPERM: "Permission denied{where}; choose a path that you may use.",
    errno.EISDIR: "A file is needed, but there is a folder{where}.",
    errno.ENOTDIR: "A folder is needed, but there is a file{where}.",
    errno.ENAMETOOLONG: "The file name is too long{where}.",
}


class Interrupted(Exception):
    """Ctrl-C or SIGTERM after something was written, and a sentence on what that is."""


def explain(error: BaseException) -> tuple[str, int]:
    """The sentence and the exit status for whatever a command raised."""
    from typer.exceptions import TyperException

    if isinstance(error, TyperException):
        if not error.format_message():
            return "", WRONG_CALL
        context = getattr(error, "ctx", None)
        where = f" See {context.command_path} --help." if context else ""
        return _one_line(error.format_message().replace("Value error, ", "").rstrip(".") + "." + where), WRONG_CALL
    from narrows.errors import NarrowsError, SettingError

    if isinstance(error, SettingError):
        return _one_line(str(error)), WRONG_CALL
    if isinstance(error, NarrowsError):
        return _one_line(str(error)), FAILED
    if isinstance(error, MemoryError) or _is_out_of_memory(error):
        advice = "use fewer rows, a smaller --hidden or a smaller --batch-size"
        return f"Memory ran out: {advice}.", FAILED
    if isinstance(error, OSError) and error.errno is not None:
        where = f": {error.filename}" if error.filename else ""
        sentence = _SYSTEM.get(error.errno)
        if sentence:
            return _one_line(sentence.format(where=where)), FAILED
        return _one_line(f"{error.strerror}{where}."), FAILED
    kind = type(error).__name__
    return (
        f"Unexpected {kind}: {_one_line(str(error)) or 'no message'} "
        "(set NARROWS_DEBUG=1 to see where, and please report it)",
        FAILED,
    )


def _is_out_of_memory(error: BaseException) -> bool:
    """Torch raises RuntimeError, on the CPU without a class of its own."""
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("out of memory", "can't allocate memory")
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
