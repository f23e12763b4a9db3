"""The rows of a stream that a detector is fitted to."""

from __future__ import annotations

from dataclasses import replace

from narrows.data import Rows, RowStream
from narrows.machine import memory

_BYTES, _SHARE = 60, 1 / 3
"""About how many bytes a fit takes for each cell, and the share of the memory that it may take."""


def rows_to_fit(stream: RowStream) -> Rows:
    """Return all rows of a stream if a fit to them takes at most a third of the memory, else its random sample.

    A note says which.
    """
    n = len(stream)
    if len(stream.sample) == n:
        return stream.sample
    if n * stream.n_columns * _BYTES <= memory() * _SHARE:
        rows, words = stream.whole(), f"all {n:,} rows"
    else:
        rows, words = stream.sample, f"a random sample of {len(stream.sample):,} of {n:,} rows"
    return replace(rows, notes=(*rows.notes, f"The detector is fitted to {words} of {stream.source}."))
