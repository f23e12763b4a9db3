"""The gradient of one batch: of all its rows at once, or of one piece after another, which several workers share.

With pieces, the gradient is the sum of theirs in their order, and noise comes from a generator for each piece. So the
weights depend on the number of pieces, and not on that of the workers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model import AutoencoderNetwork, BatchMeans, CustomDecoder, CustomEncoder, Objective
from narrows.training.batches import Batch
from narrows.training.flat_parameters import FlatParameters
from narrows.training.training_step import TrainingStep, make_step
from narrows.training.workers import Workers, exchange_device


class BatchGradient(Protocol):
    """Loss and gradient of a batch, of which this process may hold a part."""

    dtypes: list[torch.dtype]

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Prepare the noise of an epoch; `generator` is that of the order of the rows."""
        ...

    def own(self, n_rows: int) -> slice:
        """Return the rows of a batch that `__call__` needs."""
        ...

    def noise(self) -> list[Tensor]:
        """Return the state of the noise, to which `repeat` goes back."""
        ...

    def repeat(self, noise: list[Tensor]) -> None:
        """Let the next call draw the same noise as that after `noise`."""
        ...

    def __call__(self, batch: Batch, *, progress: float) -> dict[str, Tensor]:
        """Leave the gradient of the objective per feature in the flat vector; return the terms, means over rows."""
        ...


class WholeBatch:
    """The gradient of all rows at once. Parameters: the step, and the generator of the noise."""

    def __init__(self, step: TrainingStep, noise: torch.Generator) -> None:
        self._step, self._noise = step, noise
        self.dtypes = step.dtypes

    def begin_epoch(self, generator: torch.Generator) -> None:
        """Do nothing: the noise goes on."""

    def own(self, n_rows: int) -> slice:
        return slice(0, n_rows)

    def noise(self) -> list[Tensor]:
        return [self._noise.get_state()]

    def repeat(self, noise: list[Tensor]) -> None:
        self._noise.set_state(noise[0])

    def __call__(self, batch: Batch, *, progress: float) -> dict[str, Tensor]:
        return self._step(batch.x, self._noise, progress=progress, weight=batch.weight, pairs=batch.pairs)


class PiecesOfBatch:
    """The gradient of a batch in pieces, of which each worker computes as many.

    Parameters
    ----------
    network, objective
        Such that `check_pieces`.
    flat : FlatParameters
    n_pieces : int
        A multiple of the number of workers.
    workers : Workers
    precision : str
        See `product_dtype`; the rows of the whole batch count.
    max_rows : int
        The largest batch.
    max_piece : int or None, default=None
        The largest piece; None where the pieces are as equal as possible.
    is_exact : bool
        Whether all pieces are exchanged and added in their order; else each worker adds its own, and the sums are
        reduced, which moves less and rounds in another way.
    stop_requested : callable
        Returns whether this worker is to end the training; then all raise KeyboardInterrupt after one batch.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        objective: Objective,
        flat: FlatParameters,
        *,
        n_pieces: int,
        workers: Workers,
        precision: str,
        max_rows: int,
        max_piece: int | None = None,
        is_exact: bool,
        stop_requested: Callable[[], bool],
    ) -> None:
        self._network, self._objective, self._flat = network, objective, flat
        self._n_pieces, self._workers, self._is_exact = n_pieces, workers, is_exact
        self._stop_requested = stop_requested
        max_piece = -(-max_rows // n_pieces) if max_piece is None else max_piece
        self._step = make_step(network, objective, flat, precision=precision, max_rows=max_piece, batch_rows=max_rows)
        self.dtypes = self._step.dtypes
        each = n_pieces // workers.size
        self._own = range(workers.rank * each, (workers.rank + 1) * each)
        device = flat.values.device
        self._noise = [torch.Generator(device=device) for _ in self._own]
        self._has_own_modules = has_own_modules(network)
        self._names = ["reconstruction", *(penalty.name for penalty in objective.penalties)]
        # The gradient, the terms, and whether a worker is to stop.
        width = len(flat.gradients) + len(self._names) + 1
        place = device if workers.size == 1 else exchange_device()
        self._lines = torch.zeros(n_pieces if is_exact else workers.size, width, device=place)
        own = workers.own_lines(self._lines)
        self._message = own if place == device else torch.zeros_like(own, device=device)
        self._n_sums: int | None = None  # of means over the batch; not known before the first one

    def begin_epoch(self, generator: torch.Generator) -> None:
        base = int(torch.randint(2**62, (), generator=generator))
        for piece, noise in zip(self._own, self._noise, strict=True):
            seed = np.random.SeedSequence([base, piece]).generate_state(1, np.uint64)[0] >> np.uint64(1)
            noise.manual_seed(int(seed))

    def own(self, n_rows: int) -> slice:
        return slice(self._own.start * n_rows // self._n_pieces, self._own.stop * n_rows // self._n_pieces)

    def noise(self) -> list[Tensor]:
        return [noise.get_state() for noise in self._noise]

    def repeat(self, noise: list[Tensor]) -> None:
        for generator, state in zip(self._noise, noise, strict=True):
            generator.set_state(state)

    def __call__(self, batch: Batch, *, progress: float) -> dict[str, Tensor]:
        places = self._places(batch)
        totals = self._totals(batch, places, progress=progress)
        for i, rows in enumerate(places):
            terms = self._piece(batch, rows, i, totals, progress=progress)
            self._write(i, (rows.stop - rows.start) / batch.n_rows, terms)
        self._message[0, -1] = float(self._stop_requested())
        lines = self._exchanged()
        n = len(self._flat.gradients)
        terms = _total(lines[:, n:])
        if self._workers.size > 1 and float(terms[-1]):
            raise KeyboardInterrupt
        _total(lines[:, :n], out=self._flat.gradients)
        return dict(zip(self._names, terms[:-1], strict=True))

    def _piece(
        self, batch: Batch, rows: slice, i: int, totals: Tensor | None, *, progress: float
    ) -> dict[str, Tensor] | None:
        """Compute the gradient of the own piece `i` and return its terms; None where it has no row."""
        if rows.start == rows.stop:
            return None
        self._seed_modules(i)
        return self._step(
            _aligned(batch.x[rows]),
            self._noise[i],
            progress=progress,
            weight=None if batch.weight is None else _aligned(batch.weight[rows]),
            means=None if totals is None else BatchMeans(totals, (rows.stop - rows.start) / batch.n_rows),
        )

    def _write(self, i: int, share: float, terms: dict[str, Tensor] | None) -> None:
        """Write the gradient and the terms of the own piece `i` into its line, or add them to the only one."""
        line, n = self._message[i if self._is_exact else 0], len(self._flat.gradients)
        is_first = self._is_exact or i == 0
        if terms is None:
            if is_first:
                line.zero_()
            return
        if is_first:
            torch.mul(self._flat.gradients, share, out=line[:n])
            line[n:] = 0.0
        else:
            line[:n].add_(self._flat.gradients, alpha=share)
        line[n:-1].add_(torch.stack([terms[name] for name in self._names]), alpha=share)

    def _exchanged(self) -> Tensor:
        """Return the lines of all workers, or one, which is their sum."""
        if not self._is_exact:
            return self._workers.add(self._message)
        if self._message.device != self._lines.device:
            self._workers.own_lines(self._lines).copy_(self._message)
        self._workers.exchange(self._lines)
        return self._lines.to(self._message.device)

    def _totals(self, batch: Batch, places: list[slice], *, progress: float) -> Tensor | None:
        """Return the sums over the whole batch whose means the penalties take; None where they take none."""
        if not self._objective.penalties or self._n_sums == 0:
            return None
        before, sums = self.noise(), list[Tensor | None]()
        for i, rows in enumerate(places):
            of_piece = None
            if rows.start < rows.stop:
                self._seed_modules(i)
                of_piece = self._objective.row_sums(
                    self._network,
                    _aligned(batch.x[rows]),
                    self._noise[i],
                    progress=progress,
                    weight=None if batch.weight is None else _aligned(batch.weight[rows]),
                )
            sums.append(of_piece)
        self.repeat(before)
        if self._n_sums is None:  # all workers have to know it, also those without a row of this batch
            own = max((len(one) for one in sums if one is not None), default=0)
            self._n_sums = int(self._workers.gather(torch.tensor([[own]])).max())
        if not self._n_sums:
            return None
        lines = [batch.x.new_zeros(self._n_sums) if one is None else one for one in sums]
        return _total(self._workers.gather(torch.stack(lines)))

    def _seed_modules(self, i: int) -> None:
        """Let the layers of a user (Dropout) draw from the noise of the own piece `i`."""
        if self._has_own_modules:
            noise = self._noise[i]
            torch.manual_seed(int(torch.randint(2**62, (), generator=noise, device=noise.device)))

    def _places(self, batch: Batch) -> list[slice]:
        """Return the places of the own pieces among the own rows."""
        n = batch.n_rows
        sizes = batch.pieces or [(i + 1) * n // self._n_pieces - i * n // self._n_pieces for i in range(self._n_pieces)]
        ends = np.cumsum([0, *(sizes[i] for i in self._own)]).tolist()
        return [slice(start, stop) for start, stop in pairwise(ends)]


def _aligned(piece: Tensor) -> Tensor:
    """Return a copy in memory of its own: products of the same numbers round differently at another alignment."""
    return piece.clone()


def has_own_modules(network: AutoencoderNetwork) -> bool:
    """Return whether the encoder or the decoder is a user's."""
    return any(isinstance(part, CustomEncoder | CustomDecoder) for part in network.children())


def check_pieces(network: AutoencoderNetwork, objective: Objective, n_pieces: int) -> None:
    """Raise SettingError where a batch cannot be computed in pieces, because its rows depend on one another."""
    if n_pieces == 1:
        return
    start = f"A batch in {n_pieces} pieces (n_pieces, or the number of workers) is not possible with"
    for penalty in objective.penalties:
        if not penalty.allows_pieces:
            raise SettingError(
                f"{start} the penalty {penalty.name!r}, which may need all rows of a batch; train in one process with "
                "n_pieces=1, or, if it is your own penalty and each term uses only its own row, set allows_pieces = "
                "True in its class."
            )
    for part in network.children():
        if not isinstance(part, CustomEncoder | CustomDecoder) or getattr(part.module, "allows_pieces", False):
            continue
        for module in part.modules():
            if getattr(module, "track_running_stats", False):
                raise SettingError(
                    f"{start} a {type(module).__name__}, which needs all rows of a batch; use LayerNorm or GroupNorm, "
                    "or, if its statistics are frozen, set allows_pieces = True in the class of your module."
                )


def _total(lines: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the sum of lines (P, n), added one after another."""
    if len(lines) == 1:
        return lines[0].clone() if out is None else out.copy_(lines[0])
    total = torch.add(lines[0], lines[1], out=out)
    for line in lines[2:]:
        total += line
    return total
