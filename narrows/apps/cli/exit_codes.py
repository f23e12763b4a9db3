"""Exit status and sentence of an error that ends a command.

0 done · 1 the work failed (files, data, model, disk), or its result is in another place than requested · 2 wrong call
(an option, a setting) · 130 Ctrl-C · 143 SIGTERM · 129 SIGHUP.
"""

from __future__ import annotations

DONE, FAILED, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130


class Interrupted(Exception):
    """Ctrl-C or SIGTERM after a result was written; the message says what was written."""


def explain(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit status of an error that a command raised."""
    from typer.exceptions import TyperException

    if isinstance(error, TyperException):
        return _usage(error), WRONG_CALL
    from narrows.errors import SettingError, is_expected, sentence_of

    sentence = sentence_of(error)
    if not is_expected(error):
        sentence += " (set NARROWS_DEBUG=1 to see where, and please report it)"
    return sentence, WRONG_CALL if isinstance(error, SettingError) else FAILED


def _usage(error: Exception) -> str:
    """Return the message of a wrong call, with the command whose help to read; "" if the help was printed instead."""
    message = " ".join(error.format_message().split())  # pyright: ignore[reportAttributeAccessIssue]
    if not message:
        return ""
    context = getattr(error, "ctx", None)
    where = f" See {context.command_path} --help." if context else ""
    return message.replace("Value error, ", "").rstrip(".") + "." + where
