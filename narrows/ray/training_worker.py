"""One worker of a training with Ray Train: it fits in the process group that Ray makes, and reports to the inbox."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narrows.errors import WorkerLostError

if TYPE_CHECKING:
    from narrows.estimators import AnomalyDetector, Autoencoder, Workers

_POLL = 0.5  # seconds


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """Estimator and rows of the workers, the same for all of them.

    Parameters
    ----------
    estimator : Autoencoder or AnomalyDetector
    X : like that of `fit`
        A path has to be one that every worker can read.
    settings : mapping
        Further arguments of `fit`, such as ``sample_weight``.
    checkpoint : Path
        Folder that every worker reaches; workers that replace killed ones go on from it.
    every : float
        Seconds between two checkpoints.
    n_threads : int
        Threads of each worker.
    folder : Path
        Current folder of the caller, where relative paths begin.
    """

    estimator: Autoencoder | AnomalyDetector
    X: Any
    settings: Mapping[str, Any]
    checkpoint: Path
    every: float
    n_threads: int
    folder: Path


class Reports:
    """Sends messages to the inbox, each a pair of its kind and its value.

    Parameters
    ----------
    inbox : actor, see `narrows.ray.inbox`
    """

    def __init__(self, inbox: Any) -> None:
        self._ray: Any = importlib.import_module("ray")
        self._inbox = inbox

    def send(self, kind: str, value: object, *, last: bool = False) -> None:
        """Send a message; with `last` workers that Ray starts later do nothing."""
        # The inbox gets bytes, so that its process does not import what is in them.
        self._ray.get(self._inbox.put.remote(self._ray.cloudpickle.dumps((kind, value))))
        if last:
            self._ray.get(self._inbox.mark.remote("over"))

    def status(self) -> set[str]:
        """Return the marks of the training, see `narrows.ray.inbox`."""
        return self._ray.get(self._inbox.status.remote())


class StopFlag:
    """Asks the inbox twice a second, in a thread of its own, whether the training is to end early.

    The process of an abandoned training ends at once, and with it the exchanges of the other workers.
    """

    def __init__(self, reports: Reports) -> None:
        self._reports, self._is_set, self._ended = reports, False, threading.Event()
        threading.Thread(target=self._poll, daemon=True).start()

    def __call__(self) -> bool:
        return self._is_set

    def end(self) -> None:
        """End the thread."""
        self._ended.set()

    def _poll(self) -> None:
        while not self._ended.wait(_POLL):
            status = self._reports.status()
            self._is_set = "stop" in status
            if "abandoned" in status and not self._ended.is_set():
                os.kill(os.getpid(), signal.SIGKILL)


def train(config: Mapping[str, Any]) -> None:
    """Fit the job as one worker of the current process group.

    Errors are reported and not raised, since Ray would start the training again; those of lost workers are raised, so
    that Ray does.

    config : with the keys "job" (reference to a `TrainingJob`) and "inbox".
    """
    import torch

    from narrows.estimators import Workers
    from narrows.training import sendable

    reports, workers = Reports(config["inbox"]), Workers.current()
    if reports.status() & {"over", "abandoned"}:
        return
    job: TrainingJob = importlib.import_module("ray").get(config["job"])
    torch.set_num_threads(job.n_threads)
    with suppress(OSError):  # a machine without this folder needs absolute paths
        os.chdir(job.folder)
    try:
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always", UserWarning)
            fitted = _fitted(job, reports, workers)
        if workers.is_first:
            of_user = [(str(w.message), w.category) for w in given if issubclass(w.category, UserWarning)]
            reports.send("warnings", of_user)
            reports.send("fitted", fitted, last=True)
    except WorkerLostError:
        raise
    except Exception as error:
        reports.send("error", sendable(error), last=True)
        _leave()


def _fitted(job: TrainingJob, reports: Reports, workers: Workers) -> Autoencoder | AnomalyDetector:
    """Return the estimator, fitted; the first worker reports each epoch."""
    from narrows.estimators import AnomalyDetector
    from narrows.estimators.saving.checkpoint import Checkpointing

    # The caller has checked that there is no checkpoint which is not to be resumed.
    where, model = Checkpointing(job.checkpoint, job.every, resume=True), job.estimator
    stop = StopFlag(reports) if workers.is_first else None
    try:
        if isinstance(model, AnomalyDetector):
            return model.fit(job.X, **job.settings, checkpoint=where)
        records = model.start_fit(job.X, **job.settings, checkpoint=where, stop_requested=stop)
        if workers.is_first:
            reports.send("start", (model.epochs_, len(model.history_)))
        for record in records:
            if workers.is_first:
                reports.send("record", record)
            if workers.size == 1 and stop is not None and stop():  # with others, `start_fit` ends after a batch
                records.close()
    finally:
        if stop is not None:
            stop.end()
    return model


def _leave() -> None:
    """Leave the process group, so that no other worker waits for this one."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
