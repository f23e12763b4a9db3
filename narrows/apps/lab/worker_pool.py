"""Which worker does which run: one is kept warm, stopped ones are ended for sure, dead ones are noticed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from narrows.apps.lab.worker import Job
from narrows.apps.lab.worker_client import GONE, Backend, Worker
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    from narrows.apps.lab.session import Session

MOST_TRAININGS = 2
GRACE = 2.0
"""Seconds that a worker has to stop by itself, and then to be terminated."""
_SAVE_EVERY = 2.0
_BREATH = 5.0
"""Seconds after a start before the next worker takes a core for its imports."""
_LAST = ("done", "stopped", "diverged", "failed")


class WorkerPool:
    """The workers of a session."""

    def __init__(self, session: Session, backend: Backend) -> None:
        self._session = session
        self._backend: Backend = backend
        self._spare: Worker | None = None
        self._at_work: dict[Worker, Run] = {}
        self._next_save: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def warm_up(self) -> None:
        """Have a worker ready, whose imports take longer than anything else."""
        self._loop = asyncio.get_running_loop()
        if self._spare is None and not self._closed:
            self._spare = Worker(self._hear, self._backend)

    def start(self, run: Run, job: Job) -> None:
        """Put a worker on a run."""
        self.warm_up()
        worker, self._spare = self._spare, None
        assert worker is not None
        self._at_work[worker] = run
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, worker.start, job)
        loop.call_later(_BREATH, self._prepare_next)

    def command(self, run: Run, name: str) -> None:
        """pause, resume or step."""
        for worker in self._of(run):
            worker.command(name)

    def stop(self, run: Run) -> None:
        """Let a run end after its epoch, within two seconds, or as it stands."""
        if run.stopping:
            return
        run.stopping = True
        loop = asyncio.get_running_loop()
        for worker in self._of(run):
            worker.command("stop")
            loop.call_later(GRACE, self._force, worker, run, worker.terminate)
            loop.call_later(2 * GRACE, self._force, worker, run, worker.kill)

    def save_soon(self, run: Run) -> None:
        """Write a run to the disk, if that was not done just now."""
        now = time.monotonic()
        if now >= self._next_save.get(run.id, 0.0):
            self._next_save[run.id] = now + _SAVE_EVERY
            self._session.save(run)

    def close(self) -> None:
        """End all workers; takes a moment, in a thread."""
        self._closed = True
        workers = [*self._at_work, *([] if self._spare is None else [self._spare])]
        for worker in workers:
            worker.command("stop")
        for worker in workers:
            worker.close()

    @property
    def processes(self) -> list[int]:
        """Ids of the processes that live."""
        workers = [*self._at_work, *([] if self._spare is None else [self._spare])]
        return [worker.process.pid for worker in workers if worker.process is not None and worker.process.pid]

    def _prepare_next(self) -> None:
        """Have a warm worker for the next start, where one more training is allowed."""
        if len(self._at_work) < MOST_TRAININGS:
            self.warm_up()

    def _of(self, run: Run) -> list[Worker]:
        return [worker for worker, its in self._at_work.items() if its is run]

    def _force(self, worker: Worker, run: Run, how: Any) -> None:
        if self._at_work.get(worker) is run and run.stopping:
            how()

    def _hear(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        """In the listening thread."""
        assert self._loop is not None
        if not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closed just now
                self._loop.call_soon_threadsafe(self._happened, worker, event, values)

    def _happened(self, worker: Worker, event: str, values: dict[str, Any]) -> None:
        if self._closed:
            return  # the session has written down what there is
        run = self._at_work.get(worker)
        if event == GONE:
            self._at_work.pop(worker, None)
            self._spare = None if self._spare is worker else self._spare
            if run is not None and run.active:
                self._session.heard(run, *_obituary(run, worker.exit_status))
            if run is not None:
                self.warm_up()
            return
        if run is None:
            return
        if event in _LAST:
            self._release(worker)
        self._session.heard(run, event, values)

    def _release(self, worker: Worker) -> None:
        """A worker that is done is the next one's warm one."""
        self._at_work.pop(worker, None)
        if self._spare is None:
            self._spare = worker
        else:
            asyncio.get_running_loop().run_in_executor(None, worker.close)


def _obituary(run: Run, status: int | None) -> tuple[str, dict[str, Any]]:
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
