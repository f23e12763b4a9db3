"""Rich consoles that never end the program because their output cannot be written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from rich.console import Console


def stdout_console() -> Console:
    """Return a console on standard output; it raises BrokenPipeError if the reader has closed the pipe."""
    return _Results(markup=False, highlight=False, emoji=False)


def stderr_console() -> Console:
    """Return a console on standard error; output is dropped if that is closed, full or a broken pipe."""
    stream: Any = None if sys.stderr is None else _Lenient(sys.stderr)
    return Console(file=stream, stderr=True, markup=False, highlight=False, emoji=False)


class _Results(Console):
    def on_broken_pipe(self) -> None:
        """Raise instead of ending the program, as Rich does."""
        self.quiet = True
        raise BrokenPipeError


class _Lenient:
    """Text stream that ignores errors of writing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._dropped():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropped():
            self._stream.flush()

    @contextmanager
    def _dropped(self) -> Iterator[None]:
        """Write in the block; after an error, let all text go nowhere, or Python's own flush at the end fails."""
        try:
            yield
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
