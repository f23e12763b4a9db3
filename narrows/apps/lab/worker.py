"""The training process: it trains, reads commands between two epochs, and sends events to the server.

Messages are pickled and are exchanged between two processes of narrows only. To the worker: a `Job`, then "pause",
"resume", "step" (one epoch) and "stop"; None ends the process. From the worker: (event, values), see `EventSender`.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from narrows.apps.lab.worker_events import EventSender, receive, send
from narrows.apps.viewer.datasets import Source, load

if TYPE_CHECKING:
    from narrows.apps.viewer.runs import Run
    from narrows.data import Rows
    from narrows.estimators import Autoencoder, Epoch
    from narrows.estimators.saving.checkpoint import Checkpointing

_KEPT_EVERY = 2.0  # seconds, as for the model


@dataclass(frozen=True, eq=False)
class Job:
    """A training.

    Parameters
    ----------
    source : Source
    variant : str
    settings : dict
        Checked and filled in, see `narrows.apps.lab.run_settings`.
    rows : Rows or None
        Rows that are in memory; None to read them from `source`.
    model : bytes or None
        Pickled model to continue from, of a run without a checkpoint.
    checkpoint : Path or None
        Folder in which the training is kept, and from which it goes on to the bit.
    """

    source: Source
    variant: str
    settings: dict[str, Any]
    rows: Rows | None = None
    model: bytes | None = None
    checkpoint: Path | None = None

    @classmethod
    def going_on(cls, run: Run, checkpoint: Path) -> Job:
        """Return the job that goes on with a run: from its checkpoint, else from the weights of its model."""
        assert run.source is not None
        if checkpoint.is_dir():
            return cls(run.source, run.variant, run.settings, checkpoint=checkpoint)
        model, epoch = run.weights.get()
        return cls(run.source, run.variant, {**run.settings, "epochs": epoch + run.left}, model=pickle.dumps(model))


def main(connection: Connection, n_threads: int) -> None:
    """Run the process: do the imports, then one job after another."""
    os.environ["OMP_NUM_THREADS"] = str(n_threads)
    from narrows.apps.lab import preload

    preload.torch.set_num_threads(n_threads)
    if hasattr(os, "nice"):
        os.nice(5)  # the server has priority from now on
    serve(connection)


def serve(connection: Connection) -> None:
    """Do jobs until None is received or the connection is closed."""
    try:
        while (job := receive(connection)) is not None:
            if isinstance(job, Job):  # a command without a job came too late
                _do(connection, job)
    except (EOFError, OSError):
        pass


def _do(connection: Connection, job: Job) -> None:
    from narrows.errors import DivergedError, NarrowsError

    try:
        drive(connection, job)
    except DivergedError as error:
        hint = f"{error.advice[:1].upper()}{error.advice[1:]}."
        send(connection, ("diverged", {"message": f"{error.problem}.", "hint": hint}))
    except NarrowsError as error:
        send(connection, ("failed", {"message": str(error), "hint": None}))
    except (EOFError, OSError):
        raise
    except MemoryError:
        hint = "Use fewer rows, smaller layers or a smaller batch."
        send(connection, ("failed", {"message": "Memory ran out.", "hint": hint}))
    except Exception as error:
        text = " ".join(str(error).split())
        if isinstance(error, RuntimeError) and "memory" in text:
            text = f"Memory ran out: {text}"
        send(connection, ("failed", {"message": f"Unexpected {type(error).__name__}: {text}", "hint": None}))


def drive(connection: Connection, job: Job) -> None:
    """Train a model, and follow commands between two epochs."""
    from narrows.apps.viewer.row_selection import training_indices

    rows = load(job.source) if job.rows is None else job.rows
    model = _model(job)
    indices = training_indices(rows, job.settings)
    part = rows if indices is None else rows.take(indices)
    events = EventSender(connection, model, rows, indices)
    control = _TrainingControl(connection)
    if control.should_stop(events):
        send(connection, ("stopped", {"message": None}))
        return
    n_before = len(model.history_) if job.model is not None else 0
    kept = _checkpointing(job)
    epochs = cast("Generator[Epoch]", model.start_fit(part, checkpoint=kept, after_batch=events.within_epoch))
    stopped = False
    try:
        if len(model.history_) > n_before:
            send(connection, ("resumed", {"records": [epoch.to_dict() for epoch in model.history_]}))
        events.prepare(n_before)
        for epoch in epochs:
            events.epoch(epoch)
            stopped = control.should_stop(events)
            if stopped:
                break
    finally:
        epochs.close()
    events.finish()
    n = len(model.history_)
    early = not stopped and n < events.n_epochs
    message = f"Training ended after epoch {n} because the validation loss no longer decreased." if early else None
    send(connection, ("stopped" if stopped else "done", {"message": message}))


def _checkpointing(job: Job) -> Checkpointing | None:
    from narrows.estimators.saving.checkpoint import Checkpointing

    if job.checkpoint is None or job.model is not None:
        return None
    return Checkpointing(job.checkpoint, _KEPT_EVERY, resume=True, at_close=True)


def _model(job: Job) -> Autoencoder:
    from narrows.apps.lab.run_settings import check_variant, estimator

    if job.model is None:
        return estimator(job.settings, check_variant(job.variant))
    model: Autoencoder = pickle.loads(job.model)
    left = max(1, int(job.settings["epochs"] or model.epochs_) - len(model.history_))
    return model.set_params(warm_start=True, epochs=left)


class _TrainingControl:
    """Commands of the server: pause, resume, step and stop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._paused = False
        self._steps = 0

    def should_stop(self, events: EventSender) -> bool:
        """Follow the commands received, wait while paused; return True if the training must end."""
        if self._steps:
            self._steps -= 1
            self._paused = self._steps == 0
        is_announced = False
        while True:
            if self._paused and not is_announced and not self._connection.poll():
                events.paused()
                is_announced = True
            if not self._paused and not self._connection.poll():
                return False
            command = receive(self._connection)
            if command is None:
                raise EOFError
            if command == "stop":
                return True
            if command == "step":
                self._steps, self._paused = 1, False
                return False
            if command in ("pause", "resume"):
                self._paused = command == "pause"
