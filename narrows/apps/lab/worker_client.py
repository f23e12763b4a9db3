"""Workers seen from the server: started early, kept warm, used again, and ended for sure."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any, Literal

from narrows.apps.lab.worker import Job, main, serve
from narrows.apps.lab.worker_events import receive, send

Backend = Literal["process", "thread"]
Heard = Callable[["Worker", str, dict[str, Any]], None]

GONE = "gone"
"""The event after which a worker says nothing more."""

_METHOD = "forkserver" if sys.platform.startswith("linux") else "spawn"
"""Forked from one process that has imported what they need, workers start at once; elsewhere forks are not safe."""


def prepare() -> None:
    """Begin the imports that trainings need, in a process beside this one: the earlier, the sooner the first epoch."""
    if _METHOD == "forkserver":
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(["narrows.apps.lab.preload"])
        forkserver.ensure_running()


class Worker:
    """One training process (or thread), and the thread that listens to it.

    Parameters
    ----------
    heard : callable
        Called as heard(worker, event, values) in the listening thread.
    backend : {"process", "thread"}
        A thread cannot be killed: it serves notebooks and tests.
    """

    def __init__(self, heard: Heard, backend: Backend = "process") -> None:
        self._heard = heard
        ours, theirs = Pipe()
        self._connection: Connection = ours
        self._started = threading.Event()
        self.process = None
        if backend == "process":
            prepare()
            context = get_context(_METHOD)
            self.process = context.Process(target=main, args=(theirs, threads_for_training()), daemon=True)  # pyright: ignore[reportAttributeAccessIssue]
        self._listener = threading.Thread(target=self._live, args=(theirs,), daemon=True, name="narrows-listener")
        self._listener.start()

    def start(self, job: Job) -> None:
        """Give it a job; may wait until the process is up."""
        self._send(job)

    def command(self, name: str) -> None:
        """pause, resume, step or stop."""
        self._send(name)

    def terminate(self) -> None:
        """End the process where it stands."""
        if self.process is not None and self.process.is_alive():
            self.process.terminate()

    def kill(self) -> None:
        """End it for sure."""
        if self.process is not None and self.process.is_alive():
            self.process.kill()

    def close(self, *, wait: float = 1.0) -> None:
        """Ask it to end, and see to it that it does."""
        self._send(None)
        self._started.wait()
        if self.process is not None and self.process.pid is not None:
            self.process.join(wait)
            self.terminate()
            self.process.join(wait)
            self.kill()
            self.process.join()

    @property
    def exit_status(self) -> int | None:
        """What the process ended with; None while it lives."""
        return None if self.process is None else self.process.exitcode

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # it is gone, which the listener tells
            send(self._connection, message)

    def _live(self, theirs: Connection) -> None:
        """Start the process, which waits until what it is forked from is ready, and pass on what it says."""
        try:
            if self.process is None:
                threading.Thread(target=_serve_and_close, args=(theirs,), daemon=True, name="narrows-training").start()
            else:
                self.process.start()
                theirs.close()
            self._started.set()
            while True:
                event, values = receive(self._connection)
                self._heard(self, event, values)
        except (EOFError, OSError):
            self._started.set()
            if self.process is not None and self.process.pid is not None:
                self.process.join()
            self._heard(self, GONE, {})


def threads_for_training() -> int:
    """One core less than there are, so that the page breathes."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count - 1, int(told) if told.isdigit() and int(told) else count))


def _serve_and_close(connection: Connection) -> None:
    serve(connection)
    connection.close()
