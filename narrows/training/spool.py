"""Encoded rows that do not fit into memory: on disk, shuffled, and read back block by block."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.errors import DataError, full_disk_as_data_error

_BLOCK_BYTES, _MOST_BLOCKS = 1 << 26, 200  # each block is an open file


class Spool:
    """Store rows of `n_floats` float32 in temporary files that are deleted with the process.

    Every row goes to a block drawn at random, so that a block, shuffled in memory, is a random sample of all rows, in
    any order of arrival. The files are in the folder of Python's `tempfile`, set by ``TMPDIR``.

    Parameters
    ----------
    n_floats : int
    n_rows : int
        About how many rows will come.
    generator : torch.Generator
        Draws the blocks of the rows.
    n_spools : int, default=1
        Spools among which the rows are divided; all have the same number of blocks.
    """

    def __init__(self, n_floats: int, n_rows: int, generator: torch.Generator, *, n_spools: int = 1) -> None:
        wanted = math.ceil(4 * n_floats * n_rows / _BLOCK_BYTES)
        n_blocks = max(1, min(_MOST_BLOCKS // n_spools, wanted))
        self.n_floats = n_floats
        self._files = [tempfile.TemporaryFile(prefix="narrows-") for _ in range(n_blocks)]  # noqa: SIM115
        weakref.finalize(self, _close, self._files)
        self._sizes = [0] * n_blocks
        self._generator = generator
        self._kept: Tensor | None = None

    def add(self, floats: np.ndarray) -> None:
        """Take in rows (n, n_floats), float32; DataError where the disk is full."""
        if len(self._files) == 1:
            parts = [floats]
        else:
            blocks = torch.randint(len(self._files), (len(floats),), generator=self._generator).numpy()
            ends = np.cumsum(np.bincount(blocks, minlength=len(self._files)))[:-1]
            parts = np.split(floats[np.argsort(blocks, kind="stable")], ends)
        for i, part in enumerate(parts):
            with full_disk_as_data_error("the encoded rows"):
                self._files[i].write(np.ascontiguousarray(part).data)
            self._sizes[i] += len(part)

    def __len__(self) -> int:
        return sum(self._sizes)

    @property
    def all_block_sizes(self) -> list[int]:
        """The number of rows of each block."""
        return list(self._sizes)

    @property
    def block_sizes(self) -> list[int]:
        """The number of rows of each block that holds some."""
        return [size for size in self._sizes if size]

    def blocks(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield the rows block by block in an order drawn from `generator`; each block overwrites the last."""
        for i in torch.randperm(len(self._files), generator=generator).tolist():
            if self._sizes[i]:
                yield self.block(i)

    def block(self, i: int) -> Tensor:
        """Return the rows of one block (n, n_floats), which may be none; the next call overwrites them."""
        if self._kept is None or len(self._kept) < self._sizes[i]:
            self._kept = torch.empty(max(self._sizes), self.n_floats)
        block = self._kept[: self._sizes[i]]
        if not len(block):
            return block
        self._files[i].seek(0)
        if self._files[i].readinto(block.numpy().data.cast("B")) != 4 * block.numel():
            raise DataError(f"The encoded rows in {tempfile.gettempdir()} are damaged; run the fit again.")
        return block


def _close(files: list[Any]) -> None:
    for file in files:
        file.close()
