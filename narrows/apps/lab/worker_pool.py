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
_BREATH = 5.0
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
        self._spare: Worker | None = None
        self._busy: dict[Worker, Run] = {}
        self._next_save: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def warm_up(self) -> None:
        """Have a worker ready, whose imports take longer than anything else."""
        self._loop = asyncio.get_running_loop()
        if self._spare is None and not self._closed:
            self._spare = Worker(self._receive, self._backend)

    def start(self, run: Run, job: Job) -> None:
        """Put a worker on a run."""
        self.warm_up()
        worker, self._spare = self._spare, None
        assert worker is not None
        self._busy[worker] = run
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, worker.start, job)
        loop.call_later(_BREATH, self._prepare_next)

    def command(self, run: Run, name: str) -> None:
        """pause, resume or step."""
        for worker in self._workers_of(run):
            worker.command(name)

    def stop(self, run: Run) -> None:
        """Let a run end after its epoch, within two seconds, or as it stands."""
        if run.stopping:
            return
        run.stopping = True
        loop = asyncio.get_running_loop()
        for worker in self._workers_of(run):
            worker.command("stop")
            loop.call_later(GRACE, self._force, worker, run, worker.terminate)
            loop.call_later(2 * GRACE, self._force, worker, run, worker.kill)

    def save_soon(self, run: Run) -> None:
        """Write a run to the disk, if that was not done just now."""
        now = time.monotonic()
        if now >= self._next_save.get(run.id, 0.0):
            self._next_save[run.id] = now + _SAVE_EVERY
            self._save(run)

    def close(self) -> None:
        """End all workers; takes a moment, in a thread."""
        self._closed = True
        workers = [*self._busy, *([] if self._spare is None else [self._spare])]
        for worker in workers:
            worker.command("stop")
        for worker in workers:
            worker.close()

    @property
    def processes(self) -> list[int]:
        """Ids of the processes that live."""
        workers = [*self._busy, *([] if self._spare is None else [self._spare])]
        return [worker.process.pid for worker in workers if worker.process is not None and worker.process.pid]

    def _prepare_next(self) -> None:
        """Have a warm worker for the next start, where one more training is allowed."""
        if len(self._busy) < MOST_TRAININGS:
            self.warm_up()

    def _workers_of(self, run: Run) -> list[Worker]:
        return [worker for worker, its in self._busy.items() if its is run]

    def _force(self, worker: Worker, run: Run, how: Any) -> None:
        if self._busy.get(worker) is run and run.stopping:
            how()

    def _receive(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        """In the listening thread."""
        assert self._loop is not None
        if not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closed just now
                self._loop.call_soon_threadsafe(self._handle, worker, event, values)

    def _handle(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        if self._closed:
            return  # the session has written down what there is
        run = self._busy.get(worker)
        if event == GONE:
            self._busy.pop(worker, None)
            self._spare = None if self._spare is worker else self._spare
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
        """A worker that is done is the next one's warm one."""
        self._busy.pop(worker, None)
        if self._spare is None:
            self._spare = worker
        else:
            asyncio.get_running_loop().run_in_executor(None, worker.close)


def _ended_unexpectedly(run: Run, status: int | None) -> tuple[str, dict[str, Any]]:
    """What a run has become whose process ended."""
    epoch = run.weights.epoch
    kept = f"what was learned by epoch {epoch} is kept" if run.weights.there else "nothing was learned yet"
    if run.stopping:
        return "stopped", {"message": f"Stopped in the middle of epoch {run.epoch + 1}; {kept}."}
    cause = "" if status is None else f" (signal {-status})" if status < 0 else f" (status {status})"
    return "failed", {
        "message": f"The training process ended unexpectedly{cause}; {kept}.",
        "hint": "Start the training again; if it ends again, use fewer rows or smaller layers.",
    }


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
    on_event : callable
        Called as on_event(worker, event, values) in the listening thread.
    backend : {"process", "thread"}
        A thread cannot be killed: it serves notebooks and tests.
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

    def _listen(self, theirs: Connection) -> None:
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
                self._on_event(self, event, values)
        except (EOFError, OSError):
            self._started.set()
            if self.process is not None and self.process.pid is not None:
                self.process.join()
            self._on_event(self, GONE, {})


def threads_for_training() -> int:
    """One core less than there are, so that the page breathes."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count - 1, int(told) if told.isdigit() and int(told) else count))


def _serve_and_close(connection: Connection) -> None:
    serve(connection)
    connection.close()
