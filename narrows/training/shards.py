"""Encoded rows of a stream in as many shards as a batch has pieces: each worker keeps those of its own pieces on disk.

A shard holds consecutive rows, so that a worker need not read those of others; a batch has rows of all shards. Which
shard a row belongs to, and the order within it, do not depend on the number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from narrows.training.spool import Spool
from narrows.training.workers import Workers


class Shards:
    """Store every row of this worker in the shard of its piece; the rows are numbered over all workers.

    Parameters
    ----------
    n_floats : int
    n_rows : int
        How many rows all workers will read.
    generator : torch.Generator
        Draws the seeds by which rows are shuffled on disk; the same on all workers.
    n_pieces : int
        A multiple of the number of workers.
    workers : Workers
    """

    def __init__(
        self, n_floats: int, n_rows: int, generator: torch.Generator, *, n_pieces: int, workers: Workers
    ) -> None:
        each = n_pieces // workers.size
        self.n_pieces, self.own = n_pieces, range(workers.rank * each, (workers.rank + 1) * each)
        self._n_rows = n_rows
        seeds = torch.randint(2**62, (n_pieces,), generator=generator).tolist()
        self._spools = [Spool(n_floats, n_rows, torch.Generator().manual_seed(seeds[piece])) for piece in self.own]
        self._sizes: list[list[int]] = []  # of each block that holds rows, by piece
        self._places: list[int] = []  # of these blocks in the spools

    @property
    def own_rows(self) -> range:
        """Numbers of the rows of the own pieces."""
        return range(self._first(self.own.start), self._first(self.own.stop))

    def _first(self, piece: int) -> int:
        return piece * self._n_rows // self.n_pieces

    def add(self, floats: np.ndarray, numbers: np.ndarray) -> None:
        """Take in own rows (n, n_floats), float32, with their ascending numbers; DataError where the disk is full."""
        ends = np.searchsorted(numbers, [self._first(piece) for piece in range(self.own.start + 1, self.own.stop)])
        for spool, part in zip(self._spools, np.split(floats, ends), strict=True):
            if len(part):
                spool.add(part)

    def share(self, workers: Workers) -> None:
        """Exchange the sizes of all shards; the rows are complete."""
        found = workers.exchanged([spool.all_block_sizes for spool in self._spools])
        by_block = list(zip(*(sizes for own in found for sizes in own), strict=True))
        self._places = [i for i, block in enumerate(by_block) if sum(block)]
        self._sizes = [list(by_block[i]) for i in self._places]

    def __len__(self) -> int:
        return sum(map(sum, self._sizes))

    @property
    def block_sizes(self) -> list[int]:
        """The number of rows, over all workers, of each block that holds some."""
        return [sum(block) for block in self._sizes]

    def piece_sizes(self, block: int, n_batches: int) -> Iterator[tuple[int, ...]]:
        """Yield the rows of each piece of the batches of a block."""
        for i in range(n_batches):
            yield tuple((i + 1) * n // n_batches - i * n // n_batches for n in self._sizes[block])

    def own_parts(self, block: int) -> list[Tensor]:
        """Return the rows of a block in each own shard; the next call overwrites them."""
        return [spool.block(self._places[block]) for spool in self._spools]

    def blocks(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Yield the own rows block by block, in an order drawn from `generator`."""
        for block in torch.randperm(len(self._sizes), generator=generator).tolist():
            yield torch.cat(self.own_parts(block))

    def generators(self, generator: torch.Generator) -> list[torch.Generator]:
        """Return a generator for the order of each own shard in an epoch, all from one draw of `generator`."""
        base = int(torch.randint(2**62, (), generator=generator))
        words = (np.random.SeedSequence([base, piece]).generate_state(1, np.uint64)[0] for piece in self.own)
        return [torch.Generator().manual_seed(int(word >> np.uint64(1))) for word in words]
