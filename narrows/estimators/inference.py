"""Running a fitted network over rows: in chunks, without autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from narrows.data import Rows

if TYPE_CHECKING:
    from narrows.estimators.autoencoder import Autoencoder

_ROWS = 64
_CHUNK = 128 * _ROWS


def map_rows(
    model: Autoencoder,
    rows: Rows,
    function: Callable[[Tensor], Tensor],
    *,
    check: Callable[[np.ndarray, Rows], None] | None = None,
) -> np.ndarray:
    """Encode `rows` and apply a tensor function; `check` may refuse the encoded floats."""
    floats = model.schema_.encode(rows, who=type(model).__name__)
    if check is not None:
        check(floats, rows)
    return map_floats(floats, function, model.device_)


@torch.inference_mode()
def map_floats(floats: np.ndarray, function: Callable[[Tensor], Tensor], device: str) -> np.ndarray:
    """Apply a tensor function to floats (n, d), chunk by chunk.

    Matrix products of few rows round differently from those of many. Filled up with zeros to a multiple of 64
    rows, a row has the same answer alone as among others.
    """
    n = len(floats)
    padding = np.zeros((-n % _ROWS, floats.shape[1]), dtype=np.float32)
    tensor = torch.from_numpy(np.concatenate([floats, padding]) if len(padding) else floats)
    return torch.cat([function(part.to(device)).cpu() for part in tensor.split(_CHUNK)])[:n].numpy()
