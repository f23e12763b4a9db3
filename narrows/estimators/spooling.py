"""The rows of a stream, encoded to disk for a training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from narrows.data import Rows, RowStream, Schema
from narrows.estimators import parameter_checks
from narrows.estimators.state import MOST_HASHES, FittedRows
from narrows.estimators.validation_split import HeldOutBy
from narrows.model import Likelihood
from narrows.training import Shards, Spool, Workers, fingerprint_of, row_hashes


@dataclass(frozen=True, eq=False)
class StreamEncoder:
    """How the rows of a stream become floats, and which of them are held out.

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
        # Units are checked on the sample, because a chunk of a sorted file is not representative.
        floats = self.schema.encode(chunk, who=self.estimator, units=False)
        parameter_checks.within_density(self.likelihood, floats, chunk)
        return floats


def spooled(
    stream: RowStream, encoder: StreamEncoder, generator: torch.Generator, *, n_pieces: int, workers: Workers
) -> tuple[Spool | Shards, FittedRows]:
    """Return the training rows on disk, and the identities of all rows; with several workers, inside of `together`.

    With several pieces each worker reads all rows, but encodes and keeps those of its own pieces only.

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
    start, n_kept = 0, 0
    for chunk in stream.chunks():
        numbers = np.arange(start, start + len(chunk))
        if isinstance(spool, Shards):
            numbers = numbers[spool.are_own(numbers)]
        floats = encoder.encode(chunk.take(numbers - start) if len(numbers) < len(chunk) else chunk)
        start += len(chunk)
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
    parts = workers.exchanged((np.concatenate(held), known, n_kept, np.array(sums)))
    if isinstance(spool, Shards):
        spool.share(workers)
    all_held, all_known, counts, all_sums = zip(*parts, strict=True)
    known = np.unique(np.concatenate(all_known)) if sum(counts) <= MOST_HASHES else None
    rows = FittedRows(
        np.sort(np.concatenate(all_held)),
        encoder.held_hashes,
        known,
        fingerprint_of(np.concatenate(all_sums)),
        encoder.by,
        start,
    )
    return spool, rows
