"""Signals that end the program: Ctrl-C, SIGTERM (`kill`, `docker stop`, Slurm) and SIGHUP (a closed terminal).

All three raise KeyboardInterrupt in the main thread, so that commands handle them alike. While a result is written,
they wait.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_ONE_REQUEST = 0.5  # seconds; `timeout` and a closing terminal send their signal twice
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass
class _State:
    """Signals received so far, and the last result written."""

    ending: signal.Signals | None = None  # SIGTERM or SIGHUP
    since: float = 0.0
    is_writing: bool = False
    is_waiting: bool = False  # a signal came while something was written
    terminals: tuple[int, ...] = ()
    written: str = ""
    marks: tuple[Path, ...] = ()  # empty folders


_state = _State()


@contextmanager
def listening() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP during the block, unless they are ignored (`nohup`)."""
    global _state
    _state = _State(terminals=tuple(n for n in range(3) if os.isatty(n)))
    if threading.current_thread() is not threading.main_thread():  # Python delivers signals to the main thread only
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDINGS}
    taken = {number: handler for number, handler in before.items() if handler is signal.SIG_DFL}
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Delay Ctrl-C, SIGTERM and SIGHUP until the block has ended; `check` then raises."""
    if threading.current_thread() is not threading.main_thread() or _state.is_writing:
        yield
        return
    ctrl_c = signal.getsignal(signal.SIGINT)
    _state.is_writing = True
    if callable(ctrl_c):
        signal.signal(signal.SIGINT, _wait)
    try:
        yield
    finally:
        _state.is_writing = False
        if callable(ctrl_c):
            signal.signal(signal.SIGINT, ctrl_c)


@contextmanager
def removing(mark: Path) -> Iterator[None]:
    """Remove an empty folder if a second request ends the program at once during the block."""
    _state.marks = (*_state.marks, mark)
    try:
        yield
    finally:
        _state.marks = tuple(other for other in _state.marks if other != mark)


def is_waiting() -> bool:
    """Return whether a signal was delayed."""
    return _state.is_waiting


def check() -> None:
    """Raise KeyboardInterrupt if a signal was delayed or lost."""
    if _state.is_waiting or _state.ending is not None:
        _state.is_waiting = False
        raise KeyboardInterrupt


def note_written(where: str) -> None:
    """Store where a result was written ("the model is saved as m"), for the message of a program that ends early."""
    _state.written = where


def written() -> str:
    """Return the last text given to `note_written`; "" if nothing was written."""
    return _state.written


def status(otherwise: int) -> int:
    """Return 128 plus the number of the signal after SIGTERM or SIGHUP, else `otherwise`."""
    return otherwise if _state.ending is None else 128 + _state.ending


def interrupted() -> str:
    """Return the start of a message: "Interrupted", or "Stopped by SIGTERM"."""
    return "Interrupted" if _state.ending is None else f"Stopped by {_state.ending.name}"


def _end(number: int, _: FrameType | None) -> None:
    now = time.monotonic()
    if _state.ending is not None:
        if now - _state.since > _ONE_REQUEST:  # a second request: at once
            for mark in _state.marks:
                with suppress(OSError):
                    os.rmdir(mark)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        return
    _state.ending, _state.since = signal.Signals(number), now
    _leave_closed_terminals()
    if _state.is_writing:
        _state.is_waiting = True
        return
    raise KeyboardInterrupt


def _wait(*_: object) -> None:
    """Delay Ctrl-C while a result is written; the second one raises at once."""
    if _state.is_waiting:
        raise KeyboardInterrupt
    _state.is_waiting = True


def _leave_closed_terminals() -> None:
    """Redirect the streams of a closed terminal to the null device, since every write would fail."""
    for stream in _state.terminals:
        if not os.isatty(stream):
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_RDWR), stream)
