"""The trainings of a reproduction in a folder, so that a run that was killed goes on where it was.

The experiments run again from the start and in the same order. A training that was finished is read from the folder
instead, one that was not goes on from its checkpoint; what lies between trainings takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from narrows.estimators import Autoencoder
    from narrows.estimators.saving.checkpoint import Checkpointing


@dataclass
class KeptTrainings:
    """Names the trainings of a run by their experiment and their place in it.

    Parameters
    ----------
    folder : Path
    every : float
        Seconds between two checkpoints of a training.
    """

    folder: Path
    every: float
    _experiment: str = field(default="", init=False)
    _n: int = field(default=0, init=False)

    def begin(self, experiment: str) -> None:
        """Count from the first training of an experiment on."""
        self._experiment, self._n = experiment, 0

    def next_folder(self) -> Path:
        """Return the folder of the next training."""
        self._n += 1
        return self.folder / f"{self._experiment}-{self._n}"


_of_this_run: ContextVar[KeptTrainings | None] = ContextVar("kept_trainings", default=None)


@contextmanager
def keeping(folder: Path, every: float, command: str) -> Iterator[None]:
    """Keep the trainings of the run in the block, and go on with those that are in the folder.

    Raises
    ------
    SettingError
        The folder is of another command.
    """
    from narrows.errors import DataError, SettingError
    from narrows.estimators.saving.checkpoint_folder import keep_tensors, kept_tensors

    try:
        is_there = kept_tensors(folder / "run", command) is not None
    except DataError as error:
        raise SettingError(
            f"{folder} was begun by another command or version than {command!r}; give the same options, or start "
            "again without --resume."
        ) from error
    if not is_there:
        keep_tensors(folder / "run", {}, command)
    token = _of_this_run.set(KeptTrainings(folder, every))
    try:
        yield
    finally:
        _of_this_run.reset(token)


def begin_experiment(name: str) -> None:
    """Name the experiment of the next trainings."""
    kept = _of_this_run.get()
    if kept is not None:
        kept.begin(name)


def checkpoint_of_fit() -> Checkpointing | None:
    """Return where the next fit keeps its checkpoint and resumes it; None where nothing is kept."""
    from narrows.estimators.saving.checkpoint import Checkpointing

    kept = _of_this_run.get()
    return None if kept is None else Checkpointing(kept.next_folder(), kept.every, resume=True, is_part=True)


def seconds_before(model: Autoencoder) -> float:
    """Return the training time of the epochs of a model, such as those that a resumed fit begins with."""
    return sum(epoch.seconds for epoch in (*model.pretraining_, *model.history_))


class KeptLoop:
    """The state of a training loop that is not a fit of an autoencoder, kept between two epochs.

    Parameters
    ----------
    identity : str
        Of the rows and settings, so that no other loop goes on from its state.
    """

    def __init__(self, identity: str) -> None:
        import time

        kept = _of_this_run.get()
        self._now = time.monotonic
        self._path = None if kept is None else kept.next_folder()
        self._every = 0.0 if kept is None else kept.every
        self._identity, self._written = identity, self._now()

    def state(self) -> dict[str, Any] | None:
        """Return the kept tensors; None where the loop begins."""
        from narrows.estimators.saving.checkpoint_folder import kept_tensors

        return None if self._path is None else kept_tensors(self._path, self._identity)

    def keep(self, state: Callable[[], Mapping[str, Tensor]], *, is_due: bool = False) -> None:
        """Keep the state if it is time for it, or due in any case, as after the last epoch."""
        from narrows.estimators.saving.checkpoint_folder import keep_tensors

        if self._path is not None and (is_due or self._now() - self._written >= self._every):
            keep_tensors(self._path, state(), self._identity)
            self._written = self._now()


def identity_of(*arrays: Any, **settings: object) -> str:
    """Return a hash of arrays and settings, for `KeptLoop`."""
    import hashlib

    import numpy as np

    found = hashlib.sha256(repr(sorted(settings.items())).encode())
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
