"""Checkpoints: the state of a training, written while it runs, from which it goes on to the bit."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import torch

from narrows.errors import DataError, SettingError, warn
from narrows.estimators.fitting.prepared_fit import PreparedFit
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.saving import saved_values
from narrows.estimators.saving.checkpoint_folder import (
    CONTRADICTIONS,
    SavedCheckpoint,
    check_free,
    checkpoint_files,
    damaged,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from narrows.estimators.saving.persistence import describe
from narrows.estimators.state import TrainingProgress
from narrows.machine import processor
from narrows.training import Epoch, LayerEpoch, Workers

EVERY = 60.0
"""Seconds between two checkpoints of a training, unless the user gives them."""

_SEED = "seed"
_WITHOUT_EFFECT = ("verbose", "device")  # the device is compared with the machine


@dataclass(frozen=True)
class Checkpointing:
    """Where and how often a fit keeps a checkpoint.

    Parameters
    ----------
    path : Path
        Folder of the checkpoint.
    every : float, default=60
        Seconds between two checkpoints, after an epoch or, where one takes longer, after a batch; 0 writes one after
        each epoch.
    resume : bool, default=False
        Whether to go on from the checkpoint at `path`; without one the fit begins.
    is_part : bool, default=False
        Whether other fits follow, so that the end of this one is kept even if it took less than `every` seconds.
    at_close : bool, default=False
        Whether the state is kept too when the iterator of `fit_epochs` is closed, which ends the training early.
    """

    path: Path
    every: float = EVERY
    resume: bool = False
    is_part: bool = False
    at_close: bool = False

    @staticmethod
    def of(path: str | PathLike[str] | Checkpointing | None, every: float, *, resume: bool) -> Checkpointing | None:
        """Return the settings of a fit's arguments, None without a checkpoint; raise `SettingError`."""
        if isinstance(path, Checkpointing):
            return path
        if path is None:
            if resume:
                raise SettingError("resume=True needs checkpoint, the folder to continue from.")
            return None
        if parameter_checks.number("checkpoint_every", every) < 0:
            raise SettingError(f"checkpoint_every must be a number of seconds from 0, got {every!r}.")
        return Checkpointing(Path(path), float(every), bool(resume))

    def part(self, name: str) -> Checkpointing:
        """Return the same for one of several fits, in a folder of this one."""
        return replace(self, path=self.path / name, is_part=True)


class Checkpoint:
    """The checkpoint of one fit: read at its start, written while it trains.

    Parameters
    ----------
    where : Checkpointing
    estimator : str
        Class name of the estimator.
    params : mapping
        Its constructor parameters.
    workers : Workers or None
        The first one reads and writes the checkpoint, the others get its contents from it.

    Raises
    ------
    SettingError
        The checkpoint was made with other settings.
    OutputExistsError
        There is a checkpoint and `resume` is False, or something else.
    ModelDamagedError
        The checkpoint was altered.
    """

    def __init__(
        self, where: Checkpointing, estimator: str, params: Mapping[str, Any], workers: Workers | None = None
    ) -> None:
        self.path, self._workers = where.path, workers or Workers()
        self._every, self._is_part = where.every, where.is_part
        self.at_close = where.at_close
        described = {name: describe(value) for name, value in params.items() if name not in _WITHOUT_EFFECT}
        self._about: dict[str, Any] = {"estimator": estimator, "parameters": json.loads(json.dumps(described))}
        self._saved = self._workers.agreed(lambda: self._found(resume=where.resume))
        if self._saved is not None:
            self._check_settings(self._saved)
        self._written = self._start = time.monotonic()
        self._is_there, self._has_failed = self._saved is not None, False
        self._n_before = 0

    @property
    def seed(self) -> int | None:
        """Seed of the fit that is resumed; None for a new one."""
        return None if self._saved is None else int(self._saved.about["seed"])

    @property
    def n_pieces(self) -> int | None:
        """Pieces of a batch of the fit that is resumed; None for a new one."""
        return None if self._saved is None else int(self._saved.about.get("n_pieces", 1))

    def join(self, prepared: PreparedFit, progress: TrainingProgress) -> PreparedFit:
        """Return the training at the saved epoch, and append the saved records to `progress`.

        Raises
        ------
        DataError
            The rows are not those of the checkpoint.
        ModelDamagedError
            Its contents contradict themselves.
        """
        self._n_before = len(progress.history)
        self._about |= {
            "seed": prepared.state.seed,
            "n_pieces": prepared.state.n_pieces,
            "rows": prepared.identity(),
            "machine": _machine(prepared),
        }
        if self._saved is None:
            return prepared
        about = self._saved.about
        if about["rows"] != self._about["rows"]:
            raise DataError(
                f"The checkpoint {self.path} was made from {_counted(about['rows'])}, and this fit has "
                f"{_counted(self._about['rows'])}: the rows or their weights differ; give the same data, or start "
                "again without resuming."
            )
        self._warn_of_another_machine(about["machine"])
        try:
            prepared = prepared.resumed(self._saved.tensors)
            progress.history.extend(saved_values.epoch(record) for record in self._saved.records["epochs"])
            progress.pretraining.extend(LayerEpoch(**record) for record in self._saved.records["layers"])
        except CONTRADICTIONS as error:
            raise damaged(self.path, f"contradicts itself ({type(error).__name__})") from error
        self._saved = None
        return prepared

    def keep_within_epoch(self, prepared: PreparedFit, progress: TrainingProgress) -> None:
        """Write the state after a batch if it is time for it."""
        if self._every > 0 and time.monotonic() - self._written >= self._every:
            self.keep(prepared, progress, None, is_due=True)

    def keep(
        self,
        prepared: PreparedFit,
        progress: TrainingProgress,
        record: Epoch | LayerEpoch | None,
        *,
        is_due: bool = False,
    ) -> None:
        """Write the state after `record`, or a batch, if it is time for it, due in any case, or the last epoch."""
        if not self._workers.is_first:
            return
        now = time.monotonic()
        is_last = prepared.trainer.is_over and (self._is_part or self._is_there)
        if not is_due and not is_last and now - self._written < self._every:
            return
        records = {
            "epochs": [epoch.to_dict() for epoch in progress.history[self._n_before :]],
            "layers": [asdict(epoch) for epoch in progress.pretraining],
        }
        self._write(checkpoint_files(self._about, prepared.tensors(record), records))
        self._written = time.monotonic()

    def keep_seed(self, seed: int) -> None:
        """Write the settings and a seed, without a training."""
        if not self._workers.is_first:
            return
        self._write(checkpoint_files({**self._about, "seed": seed}))

    def _found(self, *, resume: bool) -> SavedCheckpoint | None:
        """Return the checkpoint to go on from; raise where there is one that is not to be resumed."""
        if not os.path.lexists(self.path):
            return None
        if resume and (saved := read_checkpoint(self.path)) is not None:
            return saved
        check_free(self.path)
        return None

    def _write(self, files: Mapping[str, bytes]) -> None:
        try:
            write_checkpoint(self.path, files)
            self._is_there = True
        except OSError as error:
            if not self._has_failed:
                warn(
                    f"The checkpoint {self.path} could not be written ({error.strerror or error}); the training goes "
                    "on without it."
                )
            self._has_failed = True

    def _check_settings(self, saved: SavedCheckpoint) -> None:
        try:
            old, new = saved.about["parameters"], self._about["parameters"]
            if saved.about["estimator"] != self._about["estimator"]:
                raise SettingError(
                    f"The checkpoint {self.path} is of a {saved.about['estimator']}, and this is a "
                    f"{self._about['estimator']}; give the same settings, or start again without resuming."
                )
            for name in {**old, **new}:
                if old.get(name) != new.get(name):
                    raise SettingError(
                        f"The checkpoint {self.path} was made with {name}={old.get(name)!r}, and this fit has "
                        f"{name}={new.get(name)!r}; give the same settings, or start again without resuming."
                    )
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(self.path, f"contradicts itself ({type(error).__name__})") from error

    def _warn_of_another_machine(self, saved: Mapping[str, Any]) -> None:
        here = self._about["machine"]
        differing = [
            f"{name} {saved.get(name)} instead of {here[name]}" for name in here if saved.get(name) != here[name]
        ]
        if differing:
            warn(
                f"The checkpoint {self.path} was made with {', '.join(differing)}; the training "
                "continues, but its result is not to the bit that of an uninterrupted one."
            )


def kept_seed(where: Checkpointing, estimator: str, params: Mapping[str, Any], draw: Callable[[], int]) -> int:
    """Return the seed of an estimator that consists of several fits: drawn and written, or that of its checkpoint.

    Parameters
    ----------
    where : Checkpointing
        Its folder has one folder with the seed, and one for each fit.
    estimator, params
        As for `Checkpoint`, without nested estimators.
    draw : callable
        Returns a new seed.

    Raises
    ------
    SettingError, OutputExistsError, ModelDamagedError, NotAModelError
    """
    workers = Workers.current()
    if not where.resume:
        workers.agreed(lambda: check_free(where.path))
    kept = Checkpoint(where.part(_SEED), estimator, params, workers)
    if kept.seed is not None:
        return kept.seed
    seed = workers.agreed(draw)
    kept.keep_seed(seed)
    return seed


@contextmanager
def removed_if_bare(where: Checkpointing | None) -> Iterator[None]:
    """Fit in the block; if that fails and the folder holds the seed alone, see `kept_seed`, remove it."""
    try:
        yield
    except BaseException:
        is_bare = where is not None and [entry.name for entry in where.path.glob("*")] == [_SEED]
        if where is not None and is_bare and Workers.current().is_first:
            remove_checkpoint(where.path)
        raise


def _counted(rows: Mapping[str, Any]) -> str:
    return f"{rows['n_rows']:,} distinct training rows"


def _machine(prepared: PreparedFit) -> dict[str, Any]:
    """Return the properties of the machine that rounding depends on."""
    return {
        "torch": str(torch.__version__),
        "processor": processor(),
        "device": prepared.state.device,
        "threads": prepared.trainer.n_threads,
        "precision": prepared.trainer.precision,
    }
