"""The batches of an epoch: the rows of each step, in an order that every epoch draws again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from narrows.training.epoch_progress import Place
from narrows.training.neighbour_pairs import NeighbourPairs
from narrows.training.shards import Shards
from narrows.training.spool import Spool


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of one step.

    Parameters
    ----------
    x : Tensor of shape (m, n_floats)
        The rows of this worker, in memory that the next batch overwrites.
    n_rows : int
        Rows of all workers.
    weight : Tensor of shape (m,) or None
    pairs : Tensor of shape (2, p) or None
        Places in `x` of neighbours.
    pieces : tuple of int or None
        Rows of each piece; None where the pieces are as equal as possible.
    """

    x: Tensor
    n_rows: int
    weight: Tensor | None = None
    pairs: Tensor | None = None
    pieces: tuple[int, ...] | None = None


class Batches:
    """The batches of one training; see `epoch`.

    Parameters
    ----------
    x : Tensor of shape (n, n_floats), Spool or Shards
    weight : Tensor of shape (n,) or None
        Of rows in memory.
    pairs : NeighbourPairs or None
        A batch holds the first rows of some pairs and then the second ones.
    batch_size : int
    generator : torch.Generator
        Draws the order; on the CPU.
    device : torch.device
        Of the batches.
    own : callable
        Returns which rows of a batch of so many this worker takes.
    """

    def __init__(
        self,
        x: Tensor | Spool | Shards,
        weight: Tensor | None,
        pairs: NeighbourPairs | None,
        *,
        batch_size: int,
        generator: torch.Generator,
        device: torch.device,
        own: Callable[[int], slice],
    ) -> None:
        self._x, self._pairs = x, pairs
        self._weight = weight if pairs is None else pairs.row_weight
        self._most, self._generator, self._device, self._own = batch_size, generator, device, own
        self.place: Place | None = None
        """Where the epoch goes on after the last batch; None before the first one, and for shards."""
        self.block_sizes = [len(x)] if isinstance(x, Tensor) else x.block_sizes
        """Rows of each part of the rows that is in memory at once."""
        per_block = [batch_sizes(block, batch_size) for block in self.block_sizes]
        self.sizes = [size for block in per_block for size in block]
        """Rows of each batch of an epoch."""
        self.largest_piece: int | None = None
        """Rows of the largest piece; None where the pieces are as equal as possible."""
        if isinstance(x, Shards):
            pieces = [sizes for i, block in enumerate(per_block) for sizes in x.piece_sizes(i, len(block))]
            self.sizes = [sum(sizes) for sizes in pieces]
            self.largest_piece = max(max(sizes) for sizes in pieces)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def n_rows(self) -> int:
        return len(self._x)

    @property
    def are_of_pairs(self) -> bool:
        return self._pairs is not None

    def epoch(self, start: Place | None = None) -> Iterator[Batch]:
        """Yield the batches of an epoch, or of the rest of it from `start` on.

        The generator of the order then has its state of the moment when `start` was taken.
        """
        if isinstance(self._x, Shards):
            yield from self._of_shards(self._x)
            return
        of_block = self._of_rows if self._pairs is None else self._of_pairs
        order = self._order() if start is None else start.order
        for i in range(0 if start is None else start.block, len(order)):
            block = (
                self._x.to(self._device) if isinstance(self._x, Tensor) else self._x.block(order[i]).to(self._device)
            )
            goes_on = start is not None and i == start.block
            self.place = start if goes_on and start is not None else Place(order, i, self._generator.get_state())
            yield from of_block(block, self.place)

    def check_place(self, place: Place) -> None:
        """Raise ValueError where an epoch of these rows cannot be at `place`."""
        if isinstance(self._x, Shards) or sorted(place.order) != self._blocks():
            raise ValueError("the place is one among other rows")

    def some_rows(self) -> Tensor:
        """Return rows of this worker, for a message."""
        return self._x if isinstance(self._x, Tensor) else next(iter(self._x.blocks(self._generator)))

    def _blocks(self) -> list[int]:
        """Return the numbers of the blocks that hold rows, ascending."""
        if isinstance(self._x, Spool):
            return [i for i, size in enumerate(self._x.all_block_sizes) if size]
        return [0]

    def _order(self) -> list[int]:
        return self._x.order(self._generator) if isinstance(self._x, Spool) else [0]

    def _of_rows(self, x: Tensor, place: Place) -> Iterator[Batch]:
        sizes = batch_sizes(len(x), self._most)
        kept = x.new_empty(max(*sizes, 2), x.shape[1])
        now, goes_on = self._generator.get_state(), place.n_batches > 0
        self._generator.set_state(place.generator)
        order = torch.randperm(len(x), generator=self._generator).to(self._device)
        if goes_on:
            self._generator.set_state(now)
        buffers: dict[int, Tensor] = {}
        for rows in order.split(sizes)[place.n_batches :]:
            n_rows = len(rows)
            part = self._own(n_rows)
            own = rows if part == slice(0, n_rows) else rows[part]
            n_own = len(own)
            if n_own not in buffers:
                buffers[n_own] = kept[:n_own]
            batch = torch.index_select(x, 0, own, out=buffers[n_own])
            place.n_batches += 1
            yield Batch(batch, n_rows, None if self._weight is None else self._weight[own])

    def _of_pairs(self, x: Tensor, place: Place) -> Iterator[Batch]:
        pairs = self._pairs
        assert pairs is not None
        sizes = batch_sizes(len(x), self._most)
        kept = x.new_empty(max(*sizes, 2), x.shape[1])
        for n_pairs in (max(1, size // 2) for size in sizes[place.n_batches :]):
            rows = torch.cat(pairs.draw(n_pairs, self._generator)).to(self._device)
            near = torch.arange(2 * n_pairs, device=self._device).view(2, n_pairs)
            batch = torch.index_select(x, 0, rows, out=kept[: len(rows)])
            place.n_batches += 1
            yield Batch(batch, len(rows), pairs.row_weight[rows], near)

    def _of_shards(self, x: Shards) -> Iterator[Batch]:
        """Yield batches that take the same share of each shard; the share is the piece of that shard."""
        generators = x.generators(self._generator)
        for i in torch.randperm(len(x.block_sizes), generator=self._generator).tolist():
            parts = [part.to(self._device) for part in x.own_parts(i)]
            orders = [torch.randperm(len(part), generator=one) for part, one in zip(parts, generators, strict=True)]
            done = [0] * len(parts)
            for pieces in x.piece_sizes(i, len(batch_sizes(x.block_sizes[i], self._most))):
                chosen = []
                for k, piece in enumerate(x.own):
                    end = done[k] + pieces[piece]
                    chosen.append(parts[k][orders[k][done[k] : end].to(self._device)])
                    done[k] = end
                yield Batch(torch.cat(chosen), sum(pieces), pieces=pieces)


def batch_sizes(n_rows: int, most: int) -> list[int]:
    """Return the sizes of batches of at most `most` rows, and one more in the last where one row would be left."""
    sizes = [most] * (n_rows // most) + ([n_rows % most] if n_rows % most else [])
    if len(sizes) > 1 and sizes[-1] == 1:
        # A covariance or a batch normalisation of one row is not defined.
        sizes[-2:] = [sizes[-2] + 1]
    return sizes
