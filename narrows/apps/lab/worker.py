"""The training process: it drives the epochs, obeys between two of them, and tells the server what it sees.

Messages are pickled, and travel between our own two processes alone. To the worker: a `Job`, then "pause", "resume",
"step" (one epoch) and "stop"; None ends it. From the worker: (event, values), see `Teller`.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, cast

from narrows.apps.lab.worker_events import Teller, receive, send
from narrows.apps.viewer.datasets import Source, load

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import Autoencoder, Epoch


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
        The rows themselves, where they are in memory.
    model : bytes or None
        A pickled model to go on from.
    """

    source: Source
    variant: str
    settings: dict[str, Any]
    rows: Rows | None = None
    model: bytes | None = None


def main(connection: Connection, n_threads: int) -> None:
    """The life of the process: warm up, then one job after another."""
    os.environ["OMP_NUM_THREADS"] = str(n_threads)
    from narrows.apps.lab import preload

    preload.torch.set_num_threads(n_threads)
    if hasattr(os, "nice"):
        os.nice(5)  # from here on the page goes first
    serve(connection)


def serve(connection: Connection) -> None:
    """Do jobs until the other side says None or is gone."""
    try:
        while (job := receive(connection)) is not None:
            if isinstance(job, Job):  # a command that came too late is none
                _do(connection, job)
    except (EOFError, OSError):
        pass


def training_places(rows: Rows, settings: dict[str, Any]) -> np.ndarray | None:
    """The places of the rows that a run learns from, by the classes and the ranges it was told; None for all.

    Raises SettingError where fewer than two are left.
    """
    import numpy as np

    from narrows.errors import SettingError

    normal, ranges = settings.get("normal"), settings.get("rows")
    if not ranges and (not normal or rows.labels is None):
        return None
    chosen = np.ones(len(rows), bool)
    if normal and rows.labels is not None:
        chosen &= np.isin(rows.labels.astype(str), normal)
    if ranges:
        within = np.zeros(len(rows), bool)
        for first, last in ranges:
            within[first : last + 1] = True
        chosen &= within
    if chosen.sum() < 2:
        raise SettingError("A training needs at least 2 rows; choose more classes, or more rows.")
    return np.flatnonzero(chosen)


def _do(connection: Connection, job: Job) -> None:
    from narrows.errors import DivergedError, NarrowsError

    try:
        drive(connection, job)
    except DivergedError as error:
        message, _, hint = str(error).rpartition("; ")
        send(connection, ("diverged", {"message": f"{message}.", "hint": f"{hint[:1].upper()}{hint[1:]}"}))
    except NarrowsError as error:
        send(connection, ("failed", {"message": str(error), "hint": None}))
    except (EOFError, OSError):
        raise
    except MemoryError:
        hint = "Use fewer rows, smaller layers or a smaller batch."
        send(connection, ("failed", {"message": "Memory ran out.", "hint": hint}))
    except Exception as error:
        told = " ".join(str(error).split())
        if isinstance(error, RuntimeError) and "memory" in told:
            told = f"Memory ran out: {told}"
        send(connection, ("failed", {"message": f"Unexpected {type(error).__name__}: {told}", "hint": None}))


def drive(connection: Connection, job: Job) -> None:
    """Train, and obey between two epochs."""
    rows = load(job.source) if job.rows is None else job.rows
    model = _model(job)
    places = training_places(rows, job.settings)
    part = rows if places is None else rows.take(places)
    teller = Teller(connection, model, rows, places)
    driver = _Driver(connection)
    if driver.stops(teller):
        send(connection, ("stopped", {"message": None}))
        return
    epochs = cast("Generator[Epoch]", model.start_fit(part))
    stopped = False
    try:
        teller.before()
        for epoch in epochs:
            teller.epoch(epoch)
            stopped = driver.stops(teller)
            if stopped:
                break
    finally:
        epochs.close()
    teller.everything()
    n = len(model.history_)
    early = not stopped and n < teller.n_epochs
    message = f"The held-out loss no longer fell, so training ended after epoch {n}." if early else None
    send(connection, ("stopped" if stopped else "done", {"message": message}))


def _model(job: Job) -> Autoencoder:
    from narrows.apps.lab.run_settings import check_variant, estimator

    if job.model is None:
        return estimator(job.settings, check_variant(job.variant))
    model: Autoencoder = pickle.loads(job.model)
    left = max(1, int(job.settings["epochs"] or model.epochs_) - len(model.history_))
    return model.set_params(warm_start=True, epochs=left)


class _Driver:
    """What was commanded: whether to go on, and how far."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._paused = False
        self._steps = 0

    def stops(self, teller: Teller) -> bool:
        """Obey what has come in, wait while paused; True where the training shall end."""
        if self._steps:
            self._steps -= 1
            self._paused = self._steps == 0
        told = False
        while True:
            if self._paused and not told and not self._connection.poll():
                teller.paused()
                told = True
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
