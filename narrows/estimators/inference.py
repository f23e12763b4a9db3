"""Inference: a fitted network applied to rows in chunks, without autograd, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows
from narrows.estimators.state import FittedState

# Matrix products of few rows round differently from those of many. Padded with zeros to a multiple of 64 rows, a row
# has the same result alone as among others, on most processors to the bit.
_ROWS = 64
_CHUNK = 128 * _ROWS


def map_rows(
    state: FittedState,
    rows: Rows,
    function: Callable[[Tensor], Tensor],
    *,
    check: Callable[[np.ndarray, Rows, int], None] | None = None,
) -> np.ndarray:
    """Encode rows chunk by chunk and apply a tensor function.

    Parameters
    ----------
    state : FittedState
    rows : Rows
    function : callable
        From encoded rows (m, n_floats) on the device to a tensor (m, ...).
    check : callable or None, default=None
        Called with encoded floats, the rows and the position of their first row; may raise.

    Returns
    -------
    ndarray of shape (n, ...)
    """
    schema = state.schema
    schema.check(rows, who=state.estimator)

    def fill(out: np.ndarray, start: int) -> None:
        schema.encode_chunk(rows, slice(start, start + len(out)), out=out)
        if check is not None:
            check(out, rows, start)

    return _map(len(rows), schema.n_floats, fill, function, state.device)


def map_floats(floats: np.ndarray, function: Callable[[Tensor], Tensor], device: str) -> np.ndarray:
    """Apply a tensor function to encoded rows (n, d) chunk by chunk; return (n, ...)."""

    def fill(out: np.ndarray, start: int) -> None:
        out[:] = floats[start : start + len(out)]

    return _map(len(floats), floats.shape[1], fill, function, device)


@torch.inference_mode()
def _map(
    n: int, width: int, fill: Callable[[np.ndarray, int], None], function: Callable[[Tensor], Tensor], device: str
) -> np.ndarray:
    """Return the results for n rows of `width` floats; `fill` writes them into a buffer from a row on."""
    buffer = np.zeros((min(n + -n % _ROWS, _CHUNK), width), dtype=np.float32)
    results: np.ndarray | None = None
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        fill(buffer[:size], start)
        buffer[size:] = 0
        result = function(torch.from_numpy(buffer[: size + -size % _ROWS]).to(device))[:size].cpu().numpy()
        if results is None:
            results = np.empty((n, *result.shape[1:]), dtype=result.dtype)
        results[start : start + size] = result
    assert results is not None
    return results
