"""Running a fitted network over rows: in chunks, without autograd, in memory that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder

# Matrix products of few rows round differently from those of many. Filled up with zeros to a multiple of 64 rows, a
# row has the same answer alone as among others, on most processors to the bit.
_ROWS = 64
_CHUNK = 128 * _ROWS


def map_rows(
    model: Autoencoder,
    rows: Rows,
    function: Callable[[Tensor], Tensor],
    *,
    check: Callable[[np.ndarray, Rows, int], None] | None = None,
) -> np.ndarray:
    """Encode `rows` chunk by chunk and apply a tensor function; `check` may refuse encoded floats (from a row on)."""
    schema = model.schema_
    schema.check(rows, who=type(model).__name__)

    def fill(out: np.ndarray, start: int) -> None:
        schema.encode_chunk(rows, slice(start, start + len(out)), out=out)
        if check is not None:
            check(out, rows, start)

    return _map(len(rows), schema.n_floats, fill, function, model.device_)


def map_floats(floats: np.ndarray, function: Callable[[Tensor], Tensor], device: str) -> np.ndarray:
    """Apply a tensor function to floats (n, d) chunk by chunk."""

    def fill(out: np.ndarray, start: int) -> None:
        out[:] = floats[start : start + len(out)]

    return _map(len(floats), floats.shape[1], fill, function, device)


@torch.inference_mode()
def _map(
    n: int, width: int, fill: Callable[[np.ndarray, int], None], function: Callable[[Tensor], Tensor], device: str
) -> np.ndarray:
    """The answers for n rows of `width` floats, which `fill` writes into an array from a row on."""
    buffer = np.zeros((min(n + -n % _ROWS, _CHUNK), width), dtype=np.float32)
    answers: np.ndarray | None = None
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        fill(buffer[:size], start)
        buffer[size:] = 0
        answer = function(torch.from_numpy(buffer[: size + -size % _ROWS]).to(device))[:size].cpu().numpy()
        if answers is None:
            answers = np.empty((n, *answer.shape[1:]), dtype=answer.dtype)
        answers[start : start + size] = answer
    assert answers is not None
    return answers
