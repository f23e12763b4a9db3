"""The objective on rows that are held out of a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from narrows.model import AutoencoderNetwork, Objective
from narrows.training.fused_step import mean_over_batch
from narrows.training.neighbour_pairs import held_out_pairs

_CHUNK = 4096
_CHUNK_OF_PAIRS = 1024  # neighbours are searched in a chunk, and memory grows with the square of its rows
_SEED = 0x5EED


class HeldOutRows:
    """Held-out rows, on which the network of a training is measured; the network is in evaluation mode then.

    Parameters
    ----------
    network, objective
        Of the training.
    x : Tensor of shape (m, n_floats)
    weight : Tensor of shape (m,) or None
        With mean 1.
    n_training : int, default=0
        Training rows, if the objective needs pairs of neighbours; 0 if not.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        objective: Objective,
        x: Tensor,
        weight: Tensor | None,
        *,
        n_training: int = 0,
    ) -> None:
        self._network, self._objective = network, objective
        size = _CHUNK_OF_PAIRS if objective.n_nearest else _CHUNK
        self._n_rows, self._chunks = len(x), x.split(size)
        self._weights = [None] * len(self._chunks) if weight is None else weight.split(size)
        self._pairs: list[Tensor | None] = [None] * len(self._chunks)
        if n_training:
            self._pairs = held_out_pairs(self._chunks, objective.n_nearest, n_training, _SEED)

    def parts(self, n_epochs: int) -> dict[str, float]:
        """Return the terms of the objective per row after so many epochs."""
        sums: dict[str, Tensor] = {}
        for terms, share, n in self._terms(n_epochs):
            add_terms(sums, {name: mean_over_batch(value, share) for name, value in terms.items()}, n)
        return {name: float(value) / self._n_rows for name, value in sums.items()}

    def losses(self, n_epochs: int) -> Tensor:
        """Return the objective of each row (m,)."""
        device = self._chunks[0].device
        found = [sum(terms.values(), torch.zeros(n, device=device)) for terms, _, n in self._terms(n_epochs)]
        return torch.cat(found)

    @torch.no_grad()
    def _terms(self, n_epochs: int) -> Iterator[tuple[dict[str, Tensor], Tensor | None, int]]:
        """Yield terms, weights and number of rows of each chunk; the noise never changes, so that epochs compare."""
        self._network.eval()
        noise = torch.Generator(device=self._chunks[0].device).manual_seed(_SEED)
        for chunk, share, pairs in zip(self._chunks, self._weights, self._pairs, strict=True):
            terms = self._objective.terms(
                self._network, chunk, noise, progress=n_epochs, training=False, weight=share, pairs=pairs
            )
            yield terms, share, len(chunk)


def add_terms(sums: dict[str, Tensor], terms: Mapping[str, Tensor], n_rows: int) -> None:
    """Add the terms of `n_rows` rows, means over them, to sums over all rows."""
    for name, value in terms.items():
        if name in sums:
            sums[name].add_(value, alpha=n_rows)
        else:
            sums[name] = value * n_rows
