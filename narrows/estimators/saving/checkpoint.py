"""Checkpoints: the state of a training in a folder, written while it runs, from which it goes on to the bit.

state.safetensors   weights, best weights, optimizer averages, generators, counts
history.json        one record per epoch so far
narrows.json        settings, identity of the rows, seed, machine, checksums

The folder is replaced as a whole, and nothing in it is executed or unpickled when it is read.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from narrows.data import whole_folder
from narrows.errors import (
    DataError,
    ModelDamagedError,
    NotAModelError,
    OutputError,
    OutputExistsError,
    SettingError,
    warn,
)
from narrows.estimators.fitting.prepared_fit import PreparedFit
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.saving import saved_values, sealed_files
from narrows.estimators.saving.persistence import describe
from narrows.estimators.saving.sealed_files import ABOUT, FileDamage, to_json, to_safetensors
from narrows.estimators.state import TrainingProgress
from narrows.machine import processor
from narrows.training import Epoch, LayerEpoch, Workers
from narrows.version import __version__

FORMAT, FORMAT_VERSION = "narrows-checkpoint", 1
EVERY = 60.0
"""Seconds between two checkpoints of a training, unless the user gives them."""

_STATE, _RECORDS = "state.safetensors", "history.json"
_SEED = "seed"
_WITHOUT_EFFECT = ("verbose", "device")  # the device is compared with the machine
_CONTRADICTIONS = (KeyError, ValueError, TypeError, RuntimeError, OverflowError, safetensors.SafetensorError)


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
        except _CONTRADICTIONS as error:
            raise _damaged(self.path, f"contradicts itself ({type(error).__name__})") from error
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
        files = {_STATE: to_safetensors(prepared.tensors(record)), _RECORDS: to_json(records)}
        self._write(sealed_files.seal(files, self._described()))
        self._written = time.monotonic()

    def keep_seed(self, seed: int) -> None:
        """Write the settings and a seed, without a training."""
        if not self._workers.is_first:
            return
        self._write(sealed_files.seal({_STATE: to_safetensors({}), _RECORDS: to_json({})}, self._described(seed=seed)))

    def _found(self, *, resume: bool) -> _Saved | None:
        """Return the checkpoint to go on from; raise where there is one that is not to be resumed."""
        if not os.path.lexists(self.path):
            return None
        if resume and (saved := _read(self.path)) is not None:
            return saved
        check_free(self.path)
        return None

    def _described(self, **others: Any) -> dict[str, Any]:
        return {"format": FORMAT, "format_version": FORMAT_VERSION, **self._about, **others}

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

    def _check_settings(self, saved: _Saved) -> None:
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
            raise _damaged(self.path, f"contradicts itself ({type(error).__name__})") from error

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


@dataclass(frozen=True)
class _Saved:
    """The contents of a checkpoint."""

    about: dict[str, Any]
    tensors: dict[str, Tensor]
    records: dict[str, Any]


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


def keep_tensors(path: Path, tensors: Mapping[str, Tensor], rows: str) -> None:
    """Write tensors that were computed from rows with this hash; a warning where that fails."""
    about = {"format": FORMAT, "format_version": FORMAT_VERSION, "rows": rows}
    files = {_STATE: to_safetensors(dict(tensors)), _RECORDS: to_json({})}
    try:
        write_checkpoint(path, sealed_files.seal(files, about))
    except OSError as error:
        warn(f"The checkpoint {path} could not be written ({error.strerror or error}); the fit goes on without it.")


def kept_tensors(path: Path, rows: str) -> dict[str, Tensor] | None:
    """Return the tensors that `keep_tensors` wrote, None if there are none.

    Raises
    ------
    DataError
        The rows have another hash.
    ModelDamagedError, NotAModelError
    """
    saved = _read(path) if os.path.lexists(path) else None
    if saved is not None and saved.about.get("rows") != rows:
        raise DataError(
            f"The checkpoint {path} was made from different rows; give the same data, or start again without resuming."
        )
    return None if saved is None else saved.tensors


def is_checkpoint(path: Path) -> bool:
    """Return whether `path` is the folder of a checkpoint, or of the checkpoints of several fits, and nothing else."""
    if not path.is_dir() or path.is_symlink():
        return False
    names = {entry.name for entry in path.iterdir()}
    if names <= {_STATE, _RECORDS, ABOUT}:
        try:
            return not names or sealed_files.read_about(path)["format"] == FORMAT
        except (FileDamage, KeyError, TypeError):
            return False
    return all(is_checkpoint(path / name) for name in names if not name.startswith("."))


def check_free(path: Path) -> None:
    """Raise `OutputExistsError` where a new checkpoint would replace something."""
    if not os.path.lexists(path):
        return
    if not is_checkpoint(path):
        raise OutputExistsError(f"{path} exists and is not a checkpoint of narrows; choose another name.")
    if any(path.iterdir()):
        raise OutputExistsError(
            f"{path} holds the checkpoint of an earlier fit; resume it, or remove the folder to begin again."
        )


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint, if there is one; anything else stays."""
    if is_checkpoint(path):
        shutil.rmtree(path, ignore_errors=True)


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


def write_checkpoint(path: Path, files: Mapping[str, bytes]) -> None:
    """Write the files as the folder `path`, replacing an earlier checkpoint as a whole; OSError if that fails."""
    if os.path.lexists(path) and not is_checkpoint(path):
        raise OutputError("it is not a checkpoint of narrows")
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(path) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def _read(path: Path) -> _Saved | None:
    """Return the checkpoint at `path`; None for an empty folder."""
    if not path.is_dir():
        raise NotAModelError(f"{path} is a file, and a checkpoint is a folder; choose another name.")
    if not any(path.iterdir()):
        return None
    try:
        about = sealed_files.read_about(path)
        if not isinstance(about, dict) or about.get("format") != FORMAT:
            raise NotAModelError(f"{path} does not hold a checkpoint of narrows.")
        if about.get("format_version") != FORMAT_VERSION:
            raise NotAModelError(
                f"The checkpoint {path} was written by another version of narrows than this ({__version__}); start "
                "again without resuming."
            )
        if not sealed_files.is_intact(about):
            raise FileDamage("was altered or cut off")
        state, records = (sealed_files.read_checked(path, name, about) for name in (_STATE, _RECORDS))
        return _Saved(about, safetensors.torch.load(state), json.loads(records))
    except FileDamage as error:
        raise _damaged(path, str(error)) from error
    except (*_CONTRADICTIONS, RecursionError, MemoryError) as error:
        raise _damaged(path, f"contradicts itself ({type(error).__name__})") from error


def _damaged(path: Path, how: str) -> ModelDamagedError:
    return ModelDamagedError(f"The checkpoint {path} {how}; start again without resuming.")


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
