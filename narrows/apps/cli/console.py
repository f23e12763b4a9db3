"""Rich's console, for a program whose work is worth more than its words."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO

from rich.console import Console


def results() -> Console:
    """Standard output; BrokenPipeError where nobody reads it any more."""
    return _Results(markup=False, highlight=False, emoji=False)


def aside() -> Console:
    """Standard error; where that is closed, full or a pipe that nobody reads, what is written is dropped."""
    stream: Any = None if sys.stderr is None else _Lenient(sys.stderr)
    return Console(file=stream, stderr=True, markup=False, highlight=False, emoji=False)


class _Results(Console):
    def on_broken_pipe(self) -> None:
        """Raise, where Rich would end the program."""
        self.quiet = True
        raise BrokenPipeError


class _Lenient:
    """A stream that never refuses."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
