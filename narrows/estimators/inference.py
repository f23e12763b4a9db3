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

_CHUNK = 8192


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
    """Apply a tensor function to floats (n, d), chunk by chunk."""
    tensor = torch.from_numpy(floats)
    return torch.cat([function(part.to(device)).cpu() for part in tensor.split(_CHUNK)]).numpy()
