"""Parts of the default detector's fit in the folder of its checkpoint: finished parts are not computed again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from torch import Tensor

from narrows.estimators.saving.checkpoint import Checkpointing
from narrows.estimators.saving.checkpoint_folder import keep_tensors, kept_tensors

_Part = TypeVar("_Part")


@dataclass(eq=False)
class KeptParts:
    """Keeps parts of one fit.

    Parameters
    ----------
    where : Checkpointing or None
        None keeps nothing.
    rows : str
        Hash of the rows, see `of`.
    """

    where: Checkpointing | None = None
    rows: str = ""
    _written: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, where: Checkpointing | None, *arrays: np.ndarray | None) -> KeptParts:
        """Return the parts of a fit to these arrays: rows, their places, weights."""
        found = hashlib.sha256()
        for array in arrays if where is not None else ():
            found.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return cls(where, found.hexdigest())

    def state(self, name: str) -> dict[str, Tensor] | None:
        """Return the kept tensors of a part; None where there are none.

        Raises
        ------
        DataError
            The rows differ.
        ModelDamagedError
            The checkpoint was altered.
        """
        if self.where is None or not self.where.resume:
            return None
        return kept_tensors(self.where.path / name, self.rows)

    def part(
        self,
        name: str,
        compute: Callable[[], _Part],
        tensors: Callable[[_Part], Mapping[str, Tensor]],
        restored: Callable[[dict[str, Tensor]], _Part],
    ) -> _Part:
        """Return a finished part: the kept one, else the computed one, which is kept."""
        kept = self.state(name)
        if kept is not None:
            return restored(kept)
        part = compute()
        self.keep(name, tensors(part))
        return part

    def keep(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors of a part."""
        if self.where is not None:
            keep_tensors(self.where.path / name, tensors, self.rows)
            self._written = time.monotonic()

    @property
    def is_time(self) -> bool:
        """Whether the state of an unfinished part is to be kept now."""
        return self.where is not None and time.monotonic() - self._written >= self.where.every


NOTHING_KEPT = KeptParts()
