"""Worker processes seen from the server: one idle worker is kept ready, stopped ones end, dead ones are reported."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any, Literal

from narrows.apps.lab.worker import Job, main, serve
from narrows.apps.lab.worker_events import receive, send
from narrows.apps.viewer.runs import Run

Backend = Literal["process", "thread"]
OnWorkerEvent = Callable[["Worker", str, dict[str, Any]], None]
OnRunEvent = Callable[[Run, str, dict[str, Any]], None]

MOST_TRAININGS = 2
GRACE = 2.0
"""Seconds that a worker has to stop by itself, and then to be terminated."""
GONE = "gone"
"""The last event of a worker."""
_SAVE_EVERY = 2.0
_START_PAUSE = 5.0
"""Seconds after a start before the next worker takes a core for its imports."""
_LAST = ("done", "stopped", "diverged", "failed")
_METHOD = "forkserver" if sys.platform.startswith("linux") else "spawn"
"""Workers that are forked from a process with all imports done start at once; on other systems forks are not safe."""


class WorkerPool:
    """The worker processes of a session.

    Parameters
    ----------
    on_event : callable
        Called as on_event(run, event, values) on the event loop, for every event of a worker, see `EventSender`.
    save : callable
        Called as save(run) to write a run to the disk.
    backend : {"process", "thread"}
        Where trainings run.
    """

    def __init__(self, on_event: OnRunEvent, save: Callable[[Run], None], backend: Backend) -> None:
        self._on_event = on_event
        self._save = save
        self._backend: Backend = backend
        self._idle: Worker | None = None
        self._busy: dict[Worker, Run] = {}
        self._next_save: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def warm_up(self) -> None:
        """Start an idle worker, if there is none: its imports take long."""
        self._loop = asyncio.get_running_loop()
        if self._idle is None and not self._closed:
            self._idle = Worker(self._receive, self._backend)

    def start(self, run: Run, job: Job) -> None:
        """Start the training of a run."""
        self.warm_up()
        worker, self._idle = self._idle, None
        assert worker is not None
        self._busy[worker] = run
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, worker.start, job)
        loop.call_later(_START_PAUSE, self._prepare_next)

    def command(self, run: Run, name: str) -> None:
        """Send "pause", "resume" or "step" to a run."""
        for worker in self._workers_of(run):
            worker.command(name)

    def stop(self, run: Run) -> None:
        """Stop a run after its epoch; after two seconds terminate its process, after four kill it."""
        if run.stopping:
            return
        run.stopping = True
        loop = asyncio.get_running_loop()
        for worker in self._workers_of(run):
            worker.command("stop")
            loop.call_later(GRACE, self._force, worker, run, worker.terminate)
            loop.call_later(2 * GRACE, self._force, worker, run, worker.kill)

    def save_soon(self, run: Run) -> None:
        """Save a run, unless it was saved less than two seconds ago."""
        now = time.monotonic()
        if now >= self._next_save.get(run.id, 0.0):
            self._next_save[run.id] = now + _SAVE_EVERY
            self._save(run)

    def close(self) -> None:
        """End all workers; call it in a thread, since it waits for them."""
        self._closed = True
        workers = [*self._busy, *([] if self._idle is None else [self._idle])]
        for worker in workers:
            worker.command("stop")
        for worker in workers:
            worker.close()

    @property
    def processes(self) -> list[int]:
        """Ids of the running processes."""
        workers = [*self._busy, *([] if self._idle is None else [self._idle])]
        return [worker.process.pid for worker in workers if worker.process is not None and worker.process.pid]

    def _prepare_next(self) -> None:
        """Start an idle worker, if one more training is allowed."""
        if len(self._busy) < MOST_TRAININGS:
            self.warm_up()

    def _workers_of(self, run: Run) -> list[Worker]:
        return [worker for worker, its in self._busy.items() if its is run]

    def _force(self, worker: Worker, run: Run, end: Callable[[], None]) -> None:
        if self._busy.get(worker) is run and run.stopping:
            end()

    def _receive(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        """Pass an event from the listening thread to the event loop."""
        assert self._loop is not None
        if not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop was closed in the meantime
                self._loop.call_soon_threadsafe(self._handle, worker, event, values)

    def _handle(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        if self._closed:
            return  # the session has saved its runs
        run = self._busy.get(worker)
        if event == GONE:
            self._busy.pop(worker, None)
            self._idle = None if self._idle is worker else self._idle
            if run is not None and run.active:
                self._on_event(run, *_ended_unexpectedly(run, worker.exit_status))
            if run is not None:
                self.warm_up()
            return
        if run is None:
            return
        if event in _LAST:
            self._release(worker)
        self._on_event(run, event, values)

    def _release(self, worker: Worker) -> None:
        """Keep a worker as the idle one, or end it if there is one."""
        self._busy.pop(worker, None)
        if self._idle is None:
            self._idle = worker
        else:
            asyncio.get_running_loop().run_in_executor(None, worker.close)


def _ended_unexpectedly(run: Run, status: int | None) -> tuple[str, dict[str, Any]]:
    """Return the last event of a run whose process has ended."""
    epoch = run.weights.epoch
    kept = f"the weights of epoch {epoch} are kept" if run.weights.there else "there are no weights yet"
    if run.stopping:
        return "stopped", {"message": f"Stopped in the middle of epoch {run.epoch + 1}; {kept}."}
    cause = "" if status is None else f" (signal {-status})" if status < 0 else f" (status {status})"
    return "failed", {
        "message": f"The training process ended unexpectedly{cause}; {kept}.",
        "hint": "Start the training again; if it ends again, use fewer rows or smaller layers.",
        "was_killed": True,
    }


def prepare() -> None:
    """Start the process from which workers are forked, and its imports; the earlier, the sooner the first epoch."""
    if _METHOD == "forkserver":
        from multiprocessing import forkserver

        forkserver.set_forkserver_preload(["narrows.apps.lab.preload"])
        forkserver.ensure_running()


class Worker:
    """One training process (or thread), and the thread that listens to it.

    Parameters
    ----------
    on_event : callable
        Called as on_event(worker, event, values) in the listening thread.
    backend : {"process", "thread"}
        A thread cannot be killed; it is for tests.
    """

    def __init__(self, on_event: OnWorkerEvent, backend: Backend = "process") -> None:
        self._on_event = on_event
        ours, theirs = Pipe()
        self._connection: Connection = ours
        self._started = threading.Event()
        self.process = None
        if backend == "process":
            prepare()
            context = get_context(_METHOD)
            self.process = context.Process(target=main, args=(theirs, threads_for_training()), daemon=True)  # pyright: ignore[reportAttributeAccessIssue]
        self._listener = threading.Thread(target=self._listen, args=(theirs,), daemon=True, name="narrows-listener")
        self._listener.start()

    def start(self, job: Job) -> None:
        """Send a job; may wait until the process has started."""
        self._send(job)

    def command(self, name: str) -> None:
        """Send "pause", "resume", "step" or "stop"."""
        self._send(name)

    def terminate(self) -> None:
        """Terminate the process."""
        if self.process is not None and self.process.is_alive():
            self.process.terminate()

    def kill(self) -> None:
        """Kill the process."""
        if self.process is not None and self.process.is_alive():
            self.process.kill()

    def close(self, *, wait: float = 1.0) -> None:
        """Ask the process to end; terminate and kill it if it does not."""
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
        """Exit status of the process; None while it runs."""
        return None if self.process is None else self.process.exitcode

    def _send(self, message: Any) -> None:
        with contextlib.suppress(OSError):  # the listener reports the closed connection
            send(self._connection, message)

    def _listen(self, theirs: Connection) -> None:
        """Start the process and pass on its events; starting waits until the fork server is ready."""
        try:
            if self.process is None:
                threading.Thread(target=_serve_and_close, args=(theirs,), daemon=True, name="narrows-training").start()
            else:
                self.process.start()
                theirs.close()
            self._started.set()
            while True:
                event, values = receive(self._connection)
                self._on_event(self, event, values)
        except (EOFError, OSError):
            self._started.set()
            if self.process is not None and self.process.pid is not None:
                self.process.join()
            self._on_event(self, GONE, {})


def threads_for_training() -> int:
    """Return the number of cores less one, which is left to the server."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count - 1, int(limit) if limit.isdigit() and int(limit) else count))


def _serve_and_close(connection: Connection) -> None:
    serve(connection)
    connection.close()
