"""The encoded rows that a training takes: tensors of distinct rows, or those of a stream on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows, RowStream, Schema
from narrows.estimators.fitting.validation_split import HeldOutBy
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.state import MOST_HASHES, FittedRows, FittedState
from narrows.model import Likelihood
from narrows.training import Shards, Spool, Workers, distinct_rows, fingerprint_of, row_hashes


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """The rows that the trainer takes, and the identities of all rows of the fit.

    Parameters
    ----------
    x : Tensor of shape (n, n_floats), Spool or Shards
    weight : Tensor of shape (n,) or None
        Of distinct rows in memory, with mean 1.
    rows : FittedRows
    """

    x: Tensor | Spool | Shards
    weight: Tensor | None
    rows: FittedRows


@dataclass(frozen=True, eq=False)
class StreamEncoder:
    """Encodes the rows of a stream, and knows the held-out rows.

    Parameters
    ----------
    schema : Schema
    likelihood : Likelihood
        Its density must hold every row.
    estimator : str
        Class name, for error messages.
    held_hashes : ndarray of shape (m,)
        Hashes of the held-out rows; all rows equal to one are held out.
    by : {"random", "groups", "last", "given"}
        How they were chosen.
    """

    schema: Schema
    likelihood: Likelihood
    estimator: str
    held_hashes: np.ndarray
    by: HeldOutBy

    def encode(self, chunk: Rows) -> np.ndarray:
        """Return the floats (n, n_floats) of a chunk; DataError for cells that do not fit."""
        # Units are checked on the sample, because a chunk of a sorted file is not representative.
        floats = self.schema.encode(chunk, who=self.estimator, units=False)
        parameter_checks.within_density(self.likelihood, floats, chunk)
        return floats


def spooled(
    stream: RowStream, encoder: StreamEncoder, generator: torch.Generator, *, n_pieces: int, workers: Workers
) -> TrainingRows:
    """Return the training rows of a stream, on disk; with several workers, inside of `together`.

    With several pieces each worker reads, encodes and keeps the rows of its own pieces only.

    Raises
    ------
    DataError, WorkerError
    """
    n_floats = encoder.schema.n_floats
    if n_pieces == 1:
        spool = Spool(n_floats, len(stream), generator)
    else:
        spool = Shards(n_floats, len(stream), generator, n_pieces=n_pieces, workers=workers)
    held, hashes = [np.zeros(0, np.intp)], [np.zeros(0, np.uint64)]
    sums: list[np.uint64] = []
    own = spool.own_rows if isinstance(spool, Shards) else range(len(stream))
    n_kept = 0
    for chunk in stream.chunks(own):
        assert chunk.row_numbers is not None
        first, last = np.searchsorted(chunk.row_numbers, [own.start, own.stop])
        numbers = chunk.row_numbers[first:last]
        floats = encoder.encode(chunk.take(np.arange(first, last)) if len(numbers) < len(chunk) else chunk)
        keys = row_hashes(floats)
        is_held = np.isin(keys, encoder.held_hashes)
        held.append(numbers[is_held])
        if isinstance(spool, Shards):
            spool.add(floats[~is_held], numbers[~is_held])
        else:
            spool.add(floats[~is_held])
        n_kept += int(np.count_nonzero(~is_held))
        if n_kept <= MOST_HASHES:
            hashes.append(keys[~is_held])
        sums.append(keys.sum(dtype=np.uint64))
    known = np.unique(np.concatenate(hashes)) if n_kept <= MOST_HASHES else None
    own_held = np.concatenate(held)
    held.clear()  # where rows repeat, their numbers are many
    parts = workers.exchanged((own_held, known, n_kept, np.array(sums, np.uint64)))
    if isinstance(spool, Shards):
        spool.share(workers)
    all_held, all_known, counts, all_sums = zip(*parts, strict=True)
    known = np.unique(np.concatenate(all_known)) if sum(counts) <= MOST_HASHES else None
    places = own_held if len(all_held) == 1 else np.concatenate(all_held)
    places.sort()
    rows = FittedRows(
        places,
        encoder.held_hashes,
        known,
        fingerprint_of(np.concatenate(all_sums)),
        encoder.by,
        len(stream),
    )
    return TrainingRows(spool, None, rows)


def training_tensors(state: FittedState, rows: Rows, sample_weight: Any) -> tuple[Tensor, Tensor | None, np.ndarray]:
    """Return distinct rows, their weights and their hashes, for one more pass of a fitted model."""
    weight = parameter_checks.sample_weight(sample_weight, len(rows))
    floats = state.encode(rows)
    parameter_checks.within_density(state.network.likelihood, floats, rows)
    distinct = distinct_rows(floats, weight)
    places = np.arange(len(distinct.first))
    return *row_tensors(floats[distinct.first], distinct.weight, places, state.device), distinct.hashes


def joined_hashes(seen: np.ndarray | None, more: np.ndarray | None) -> np.ndarray | None:
    """Return the hashes of all rows that a model trained on; None where they are unknown or too many to keep."""
    if seen is None or more is None or len(seen) + len(more) > MOST_HASHES:
        return None
    return np.union1d(seen, more)


def row_tensors(
    floats: np.ndarray, weight: np.ndarray | None, places: np.ndarray, device: str
) -> tuple[Tensor, Tensor | None]:
    """Return floats (n, d) on a device, and `weight[places]` (n,) with mean 1."""
    x = torch.from_numpy(floats).to(device)
    if weight is None:
        return x, None
    share = weight[places] / weight[places].mean()
    return x, torch.from_numpy(share.astype(np.float32)).to(device)
