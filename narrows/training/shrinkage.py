"""The share of trained layers that held-out rows support, parallel to a linear path or begun as probabilistic PCA."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, LinearPath
from narrows.training.run_state import copies

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # for layers that began as PCA: between the two lies a shrunken network
_EITHER = (0.0, 1.0)  # for others, whose codes have nothing to do with principal components
_DOUBT = 1.0  # standard errors by which layers have to be better than PCA


@torch.no_grad()
def shrink_layers(path: LinearPath, losses: Callable[[], Tensor], weight: Tensor | None, *, began_as_pca: bool) -> None:
    """Set the path's share to the best for held-out rows, and to 0 unless that is clearly better than PCA.

    Clearly: the mean difference of the rows' losses exceeds its standard error.

    Parameters
    ----------
    path : LinearPath
    losses : callable
        Returns the loss of each held-out row (m,), with the share that the path has now.
    weight : Tensor of shape (m,) or None
        Weights of the rows, with mean 1.
    began_as_pca : bool
        Whether the layers equalled the path before training; then shares between 0 and 1 are tried too.
    """
    found = {}
    for share in _SHARES if began_as_pca else _EITHER:
        path.share.fill_(share)
        found[share] = losses().double()
    rows = torch.ones_like(found[0.0]) if weight is None else weight.double()
    best = min(found, key=lambda share: float((found[share] * rows).mean()))
    path.share.fill_(best if _is_clear(found[0.0] - found[best], rows) else 0.0)


@torch.no_grad()
def keep_if_better(
    network: AutoencoderNetwork, first: Mapping[str, Tensor], losses: Callable[[], Tensor], weight: Tensor | None
) -> None:
    """Load the first weights again, unless the trained ones are clearly better for held-out rows.

    Parameters
    ----------
    network : AutoencoderNetwork
    first : mapping
        Its state before training.
    losses, weight
        As for `shrink_layers`.
    """
    trained, after = copies(network.state_dict()), losses().double()
    network.load_state_dict(first)
    before = losses().double()
    rows = torch.ones_like(before) if weight is None else weight.double()
    if _is_clear(before - after, rows):
        network.load_state_dict(trained)


def _is_clear(gain: Tensor, weight: Tensor) -> bool:
    """Return whether the weighted mean of `gain` (m,) is above its standard error."""
    mean = (gain * weight).mean()
    error = ((gain - mean) * weight).square().sum().sqrt() / max(1, len(gain) - 1) ** 0.5 / len(gain) ** 0.5
    return bool(mean > _DOUBT * error)
