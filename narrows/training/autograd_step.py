"""The training step of every network that `FusedStep` does not support: gradients of one batch by autograd."""

from __future__ import annotations

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, CustomDecoder, CustomEncoder, Means, Objective
from narrows.training.flat_parameters import FlatParameters
from narrows.training.fused_step import mean_over_batch
from narrows.training.precision import product_dtype
from narrows.training.threads import multiply_adds


class AutogradStep:
    """Compute gradients of any network and objective by autograd. Parameters as for `FusedStep`.

    bfloat16 comes by way of `torch.autocast`, and for custom modules only with precision="bfloat16":
    their layers may not bear it.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        objective: Objective,
        flat: FlatParameters,
        precision: str,
        max_rows: int,
        batch_rows: int | None = None,
    ) -> None:
        self._network, self._objective, self._flat = network, objective, flat
        self._device = next(network.parameters()).device
        is_own = any(isinstance(part, CustomEncoder | CustomDecoder) for part in network.children())
        size = {"rows": batch_rows or max_rows, "inputs": max(multiply_adds(network)), "outputs": 1}
        kernel = max((p.numel() for p in network.parameters() if p.ndim == 4), default=None)
        keeps_float32 = is_own and precision == "auto"
        self.dtypes = [
            torch.float32 if keeps_float32 else product_dtype(precision, self._device, **size, kernel=kernel)
        ]

    def __call__(
        self,
        x: Tensor,
        noise: torch.Generator,
        *,
        progress: float,
        weight: Tensor | None,
        pairs: Tensor | None = None,
        means: Means | None = None,
    ) -> dict[str, Tensor]:
        self._flat.gradients.zero_()
        (dtype,) = self.dtypes
        with torch.autocast(self._device.type, dtype, enabled=dtype is not torch.float32):
            terms = self._objective.terms(
                self._network, x, noise, progress=progress, training=True, weight=weight, pairs=pairs, means=means
            )
        terms = {name: mean_over_batch(value, weight) for name, value in terms.items()}
        (sum(terms.values(), torch.zeros((), device=x.device)) / self._network.n_floats).backward()
        return {name: value.detach() for name, value in terms.items()}
