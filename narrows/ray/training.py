"""Fit with several workers of Ray Train; killed ones are replaced, and the training goes on from its checkpoint."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from narrows.errors import SettingError, WorkerError, warn
from narrows.estimators import AnomalyDetector, Autoencoder, Epoch
from narrows.estimators.saving.checkpoint import EVERY, Checkpointing
from narrows.estimators.saving.checkpoint_folder import check_free
from narrows.estimators.trainable_autoencoder import progress_line
from narrows.ray.inbox import make_inbox
from narrows.ray.ray_session import imported, running
from narrows.ray.training_worker import TrainingJob, train

if TYPE_CHECKING:
    from narrows.estimators import LayerEpoch

Estimator = TypeVar("Estimator", Autoencoder, AnomalyDetector)

_POLL = 0.2  # seconds
_RELEASE = 5.0  # seconds in which Ray releases the cores of a training that has just ended
_LAST = 60.0  # seconds that an abandoned training has to end


def fit(
    estimator: Estimator,
    X: Any,
    y: Any = None,
    *,
    n_workers: int = 2,
    threads: int = 1,
    max_restarts: int = 3,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: float = EVERY,
    resume: bool = False,
    **settings: Any,
) -> Estimator:
    """Fit an estimator with several workers; with the same `n_pieces` the weights are those of one process to the bit.

    Ray Train starts the workers. If one is killed, or its machine is lost, all are restarted and continue from the
    checkpoint: the result is the same to the bit. Ctrl-C ends the training of an autoencoder after the current batch,
    and the model keeps its weights so far.

    Parameters
    ----------
    estimator : Autoencoder, or AnomalyDetector with one as its `estimator`
    X : like that of `Autoencoder.fit`
        Rows in memory are copied once to each machine. A path, and the files of a stream, have to be such that all
        workers can read them; relative ones begin at the current folder.
    y : ignored
    n_workers : int, default=2
        Number of processes; a divisor of the estimator's `n_pieces`, which by default is this number.
    threads : int, default=1
        Threads, and cores of the cluster, of each worker.
    max_restarts : int, default=3
        How often the workers are restarted after one was lost.
    checkpoint : path, optional
        Folder of the checkpoint, see `Autoencoder.fit`. In a cluster all machines have to reach it. Default on one
        machine: a temporary folder.
    checkpoint_every, resume
        As for `Autoencoder.fit`.
    settings
        Further arguments of the estimator's `fit`, such as ``sample_weight``.

    Returns
    -------
    Autoencoder or AnomalyDetector
        `estimator`, fitted in this process.

    Raises
    ------
    MissingExtraError
    DataError, SettingError, DivergedError, OutputExistsError
        As for the `fit` of the estimator. `SettingError` also where the cluster has fewer cores than the workers need.
    WorkerError
        Workers were lost more than `max_restarts` times.
    """
    where = Checkpointing.of(checkpoint, checkpoint_every, resume=resume)
    training = RayTraining(estimator, n_workers, threads, max_restarts, where)
    for record in training.records(X, y=y, **settings):
        if isinstance(estimator, Autoencoder) and estimator.verbose:
            print(progress_line(record, training.epochs_))
    if isinstance(estimator, Autoencoder) and estimator.interrupted_:
        warn(
            f"Training was interrupted after {len(estimator.history_)} of {estimator.epochs_} epochs; "
            "the model keeps the weights that it had then."
        )
    return estimator


@dataclass(eq=False)
class RayTraining:
    """A training by workers of Ray, watched from the process that started it.

    Parameters
    ----------
    estimator : Autoencoder or AnomalyDetector
        Fitted in the end.
    n_workers, threads, max_restarts : int
        As for `fit`.
    checkpoint : Checkpointing or None
        None keeps it in a temporary folder of this machine.
    """

    estimator: Autoencoder | AnomalyDetector
    n_workers: int = 2
    threads: int = 1
    max_restarts: int = 3
    checkpoint: Checkpointing | None = None
    history_: list[Epoch] = field(default_factory=list)
    """Epochs so far."""
    epochs_: int = 0
    """Number of epochs, known with the first record."""
    _errors: list[Exception] = field(default_factory=list)
    _failure: BaseException | None = None
    _is_fitted: bool = False

    def records(
        self, X: Any, *, stop_requested: Callable[[], bool] = lambda: False, **settings: Any
    ) -> Generator[Epoch | LayerEpoch]:
        """Train and yield each record; parameters and errors are those of `fit`.

        stop_requested : called a few times a second; if it returns True, the training ends early.
        """
        self._check()
        imported("ray.train.torch")
        # Ray Train waits a minute, which is too short where many processes import torch at once.
        os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "600")
        with running() as ray, self._folders(ray) as (checkpoint, storage):
            self._check_cores(ray)
            inbox = make_inbox(ray)
            every = EVERY if self.checkpoint is None else self.checkpoint.every
            job = TrainingJob(self.estimator, X, settings, checkpoint, every, self.threads, Path.cwd())
            config = {"job": ray.put(job), "inbox": inbox}
            run = threading.Thread(target=self._run, args=(config, storage), name="narrows-ray-training", daemon=True)
            run.start()
            try:
                yield from self._received(ray, inbox, run, stop_requested)
            finally:
                if run.is_alive():
                    ray.get(inbox.mark.remote("abandoned"))
                    run.join(_LAST)
            self._finish()

    def _check(self) -> None:
        """Raise the errors that can be known before Ray starts."""
        inner = self.estimator.estimator if isinstance(self.estimator, AnomalyDetector) else self.estimator
        if not isinstance(inner, Autoencoder):
            raise SettingError(
                "Workers share the training of autoencoders, and of a detector with one as its estimator; call "
                f"the fit of this {type(self.estimator).__name__} instead."
            )
        for name in ("n_workers", "threads"):
            if (value := getattr(self, name)) < 1:
                raise SettingError(f"{name} must be a whole number from 1, got {value!r}.")
        if isinstance(inner.n_pieces, int) and inner.n_pieces % self.n_workers:
            raise SettingError(
                f"n_pieces={inner.n_pieces} is not a multiple of the {self.n_workers} workers, which all take the same "
                "number of pieces; set another n_pieces, or another number of workers."
            )
        if self.checkpoint is not None and not self.checkpoint.resume:
            check_free(self.checkpoint.path)

    def _check_cores(self, ray: Any) -> None:
        """Raise SettingError where the cluster has too few cores; warn where they are in use."""
        needed, there = self.n_workers * self.threads, int(ray.cluster_resources().get("CPU", 0))
        if needed > there:
            each = "one core" if self.threads == 1 else f"{self.threads} cores"
            raise SettingError(
                f"{self.n_workers} workers with {each} each need {needed} cores, and Ray has {there}; use fewer "
                "workers, or a larger cluster."
            )
        end = time.monotonic() + _RELEASE
        while (free := int(ray.available_resources().get("CPU", 0))) < needed and time.monotonic() < end:
            time.sleep(_POLL)
        if needed > free:
            warn(
                f"The training needs {needed} cores, but only {free} of Ray's {there} cores are free; it starts when "
                f"{needed} are free."
            )

    @contextmanager
    def _folders(self, ray: Any) -> Iterator[tuple[Path, Path]]:
        """Give the folder of the checkpoint and one for Ray, which is removed at the end."""
        is_cluster = sum(node["Alive"] for node in ray.nodes()) > 1
        if self.checkpoint is None and is_cluster:
            raise SettingError(
                "In a cluster of several machines a training needs checkpoint, a folder that all of them can write."
            )
        checkpoint, parent = None, None
        if self.checkpoint is not None:
            checkpoint = self.checkpoint.path.absolute()
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            parent = checkpoint.parent if is_cluster else None
        place = Path(tempfile.mkdtemp(prefix=".narrows-ray-", dir=parent))
        checkpoint = checkpoint or place / "checkpoint"
        try:
            yield checkpoint, place / "storage"
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _run(self, config: Mapping[str, Any], storage: Path) -> None:
        """Let Ray Train start the workers, and restart them after a loss, until they end."""
        ray_train, ray_torch = imported("ray.train"), imported("ray.train.torch")
        try:
            ray_torch.TorchTrainer(
                train,
                train_loop_config=dict(config),
                torch_config=ray_torch.TorchConfig(backend="gloo"),
                scaling_config=ray_train.ScalingConfig(
                    num_workers=self.n_workers, resources_per_worker={"CPU": self.threads}
                ),
                run_config=ray_train.RunConfig(
                    name="narrows",
                    storage_path=str(storage),
                    failure_config=ray_train.FailureConfig(max_failures=self.max_restarts),
                ),
            ).fit()
        except BaseException as error:
            self._failure = error

    def _received(
        self, ray: Any, inbox: Any, run: threading.Thread, stop_requested: Callable[[], bool]
    ) -> Iterator[Epoch | LayerEpoch]:
        """Yield the records as they arrive, until the workers have ended."""
        waiting, is_stopped = inbox.take.remote(), False
        while True:
            is_over = not run.is_alive()
            try:
                if not is_stopped and stop_requested():
                    raise KeyboardInterrupt
                ready, _ = ray.wait([waiting], timeout=_POLL)
            except KeyboardInterrupt:
                if is_stopped or isinstance(self.estimator, AnomalyDetector):
                    raise
                is_stopped = True
                ray.get(inbox.mark.remote("stop"))
                continue
            if ready:
                messages, waiting = ray.get(waiting), inbox.take.remote()
                for message in messages:
                    yield from self._take(*ray.cloudpickle.loads(message))
            elif is_over:
                return

    def _take(self, kind: str, value: Any) -> Iterator[Epoch | LayerEpoch]:
        """Handle a message, and yield its record if it has one."""
        if kind == "start":  # also after a restart, when records since the checkpoint come again
            self.epochs_, n_before = value
            del self.history_[n_before:]
        elif kind == "record":
            if isinstance(value, Epoch):
                self.history_.append(value)
            yield value
        elif kind == "warnings":
            for text, category in value:
                warn(text, category)
        elif kind == "error":
            self._errors.append(value)
        elif kind == "fitted":
            where = None if self.checkpoint is None else self.checkpoint.path
            self.estimator.adopt_fit(value, checkpoint=where)
            self._is_fitted = True

    def _finish(self) -> None:
        """Raise the error of the workers, if there is one."""
        if self._errors:
            # A worker whose own rows or settings were at fault says more than those that heard of it.
            own = [error for error in self._errors if not isinstance(error, WorkerError)]
            raise (own or self._errors)[0]
        if not self._is_fitted:
            if self._failure is not None and type(self._failure).__name__ != "WorkerGroupError":
                # Ray's messages are long; its first line names what went wrong.
                first = (str(self._failure).strip() or type(self._failure).__name__).splitlines()[0]
                raise WorkerError(f"Ray could not run the training: {first}") from self._failure
            where = "" if self.checkpoint is None else f"; it can be resumed from {self.checkpoint.path}"
            raise WorkerError(
                f"The training failed: Ray lost a worker and restarted {self.max_restarts} times, usually for lack of "
                f"memory{where}."
            ) from self._failure
