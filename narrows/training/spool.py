"""Encoded rows that do not fit into memory: on disk, shuffled, and read back block by block."""

from __future__ import annotations

import math
import tempfile
import weakref
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from narrows.errors import DataError, full_disk_as_data_error

_BLOCK_BYTES, _MOST_BLOCKS = 1 << 26, 1000  # where each block lies is kept in memory, for each call of `add`


class Spool:
    """Store rows of `n_floats` float32 in a temporary file that is deleted with the process.

    Every row goes to a block drawn at random, so that a block, shuffled in memory, is a random sample of all rows, in
    any order of arrival. The file is in the folder of Python's `tempfile`, set by ``TMPDIR``.

    Parameters
    ----------
    n_floats : int
    n_rows : int
        About how many rows will come.
    generator : torch.Generator
        Draws the blocks of the rows.
    """

    def __init__(self, n_floats: int, n_rows: int, generator: torch.Generator) -> None:
        wanted = math.ceil(4 * n_floats * n_rows / _BLOCK_BYTES)
        self.n_floats = n_floats
        self._file = tempfile.TemporaryFile(prefix="narrows-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._sizes = np.zeros(max(1, min(_MOST_BLOCKS, wanted)), np.int64)
        self._parts: list[np.ndarray] = []  # sizes of the parts of the blocks that one call of `add` wrote
        self._generator = generator
        self._kept: Tensor | None = None

    def add(self, floats: np.ndarray) -> None:
        """Take in rows (n, n_floats), float32; DataError where the disk is full."""
        n_blocks = len(self._sizes)
        if n_blocks == 1:
            sizes = np.array([len(floats)])
        else:
            blocks = torch.randint(n_blocks, (len(floats),), generator=self._generator).numpy()
            floats, sizes = floats[np.argsort(blocks, kind="stable")], np.bincount(blocks, minlength=n_blocks)
        with full_disk_as_data_error("the encoded rows"):
            self._file.write(np.ascontiguousarray(floats).data)
        self._sizes += sizes
        self._parts.append(sizes.astype(np.int32))

    def __len__(self) -> int:
        return int(self._sizes.sum())

    @property
    def all_block_sizes(self) -> list[int]:
        """The number of rows of each block."""
        return self._sizes.tolist()

    @property
    def block_sizes(self) -> list[int]:
        """The number of rows of each block that holds some."""
        return [size for size in self.all_block_sizes if size]

    def order(self, generator: torch.Generator) -> list[int]:
        """Return the numbers of the blocks that hold rows in an order drawn from `generator`."""
        return [i for i in torch.randperm(len(self._sizes), generator=generator).tolist() if self._sizes[i]]

    def blocks(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield the rows block by block in an order drawn from `generator`; each block overwrites the last."""
        for i in self.order(generator):
            yield self.block(i)

    def block(self, i: int) -> Tensor:
        """Return the rows of one block (n, n_floats), which may be none; the next call overwrites them."""
        n_rows = int(self._sizes[i])
        if self._kept is None or len(self._kept) < n_rows:
            self._kept = torch.empty(int(self._sizes.max()), self.n_floats)
        block = self._kept[:n_rows]
        bytes_left = block.numpy().data.cast("B") if n_rows else b""
        for first, n in self._places(i):
            here, bytes_left = bytes_left[: 4 * self.n_floats * n], bytes_left[4 * self.n_floats * n :]
            self._file.seek(4 * self.n_floats * first)
            if self._file.readinto(here) != len(here):
                raise DataError(f"The encoded rows in {tempfile.gettempdir()} are damaged; run the fit again.")
        return block

    def _places(self, i: int) -> Iterator[tuple[int, int]]:
        """Yield the number of the first row in the file, and the number of rows, of each part of a block."""
        start = 0
        for sizes in self._parts:
            if sizes[i]:
                yield start + int(sizes[:i].sum()), int(sizes[i])
            start += int(sizes.sum())
