"""Pairs of neighbouring rows: UMAP's graph of nearest rows, and the pairs of it that the batches of a training hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import coo_array

_MOST_FLOATS = 50  # beyond, distances are those of the first principal components
_BLOCK_ROWS = 30_000  # among which neighbours are searched: its time is the square of that
_BISECTIONS = 64
_HELD_OUT_PAIRS = 8  # per row
_LEAST_SCALE = 1e-3  # of a row's kernel, in units of the mean distance to its neighbours


@dataclass(frozen=True, eq=False)
class NeighbourPairs:
    """Pairs of rows, each with the probability that a batch draws it.

    Parameters
    ----------
    first, second : Tensor of shape (m,)
        Places of the two rows of each pair among the n rows; every pair is there in both orders.
    up_to : Tensor of shape (m,)
        Cumulative probabilities of the pairs, float64.
    row_weight : Tensor of shape (n,)
        Weights that make up for how often the pairs hold each row: with them the mean over drawn rows is, in
        expectation, the mean over all rows.
    """

    first: Tensor
    second: Tensor
    up_to: Tensor
    row_weight: Tensor

    @classmethod
    def of(cls, x: Tensor, n_neighbors: int, weight: Tensor | None = None) -> NeighbourPairs | None:
        """Return the pairs of rows x (n, d) in the graph of `neighbour_graph`; None for a single row.

        The probability of a pair is in proportion to its weight in the graph and the mean of the two rows' `weight`
        (n,). Among more than 30,000 rows the neighbours of each are searched among as many consecutive ones, so the
        rows should come in a random order.
        """
        if len(x) < 2:
            return None
        rows = _reduced(x.detach().cpu().numpy())
        n_blocks = math.ceil(len(rows) / _BLOCK_ROWS)
        found, start = [], 0
        for block in np.array_split(rows, n_blocks):
            graph = neighbour_graph(block, n_neighbors)
            found.append((graph.row + start, graph.col + start, graph.data))
            start += len(block)
        first, second, strength = (np.concatenate(parts) for parts in zip(*found, strict=True))
        counts = np.ones(len(rows)) if weight is None else weight.cpu().numpy().astype(np.float64)
        strength = strength * (counts[first] + counts[second]) / 2
        chance = strength / strength.sum()
        share = np.bincount(first, weights=chance, minlength=len(rows))
        return cls(
            torch.from_numpy(first.astype(np.int64)),
            torch.from_numpy(second.astype(np.int64)),
            torch.from_numpy(np.cumsum(chance)),
            torch.from_numpy((counts / counts.sum() / share).astype(np.float32)).to(x.device),
        )

    def draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the places (n,) of the first and second rows of n pairs, drawn with replacement."""
        at = torch.rand(n, generator=generator, dtype=torch.float64) * self.up_to[-1]
        drawn = torch.searchsorted(self.up_to, at, right=True).clamp(max=len(self.up_to) - 1)
        return self.first[drawn], self.second[drawn]


def held_out_pairs(chunks: Sequence[Tensor], n_neighbors: int, n_training: int, seed: int) -> list[Tensor | None]:
    """Return pairs of neighbours within each chunk of held-out rows (c, d), as places in the chunk (2, 8 c).

    A neighbourhood has so many rows, at least 3, that it reaches about as far as `n_neighbors` among `n_training` rows.
    """
    generator, found = torch.Generator().manual_seed(seed), []
    for chunk in chunks:
        k = min(n_neighbors, max(3, round(n_neighbors * len(chunk) / n_training)))
        pairs = NeighbourPairs.of(chunk, k)
        drawn = None if pairs is None else torch.stack(pairs.draw(_HELD_OUT_PAIRS * len(chunk), generator))
        found.append(None if drawn is None else drawn.to(chunk.device))
    return found


def neighbour_graph(rows: np.ndarray, n_neighbors: int) -> coo_array:
    """Return UMAP's graph of rows (n, d) as a symmetric `scipy.sparse.coo_array` with weights in (0, 1].

    The weight of row i's neighbour j is ``exp(-max(0, d_ij - rho_i) / sigma_i)``, where rho_i is the distance to the
    nearest row and sigma_i lets the weights of the row sum to log2(n_neighbors); of the two weights p, q between two
    rows the graph has ``p + q - p q`` (McInnes, Healy & Melville 2018, sec. 3.1).

    n_neighbors : rows of a neighbourhood, the row itself included; at most n are taken.
    """
    from scipy.sparse import coo_array
    from sklearn.neighbors import NearestNeighbors

    n = len(rows)
    n_others = min(n_neighbors, n) - 1
    distances, nearest = NearestNeighbors(n_neighbors=n_others).fit(rows).kneighbors()
    weights = kernel_weights(distances.astype(np.float64))
    places = (np.repeat(np.arange(n), n_others), nearest.ravel())
    directed = coo_array((weights.ravel(), places), shape=(n, n)).tocsr()
    graph = (directed + directed.T - directed * directed.T).tocoo()
    kept = graph.data > 0
    row, column = graph.coords
    return coo_array((graph.data[kept], (row[kept], column[kept])), shape=(n, n))


def kernel_weights(distances: np.ndarray) -> np.ndarray:
    """Return the weight of each neighbour (n, k - 1) from its distance, ascending in each row; see `neighbour_graph`.

    sigma is found by bisection, and is at least a thousandth of the mean distance.
    """
    beyond = np.maximum(distances - distances[:, :1], 0)
    target = math.log2(distances.shape[1] + 1)
    low, high, sigma = np.zeros(len(distances)), np.full(len(distances), np.inf), np.ones(len(distances))
    for _ in range(_BISECTIONS):
        too_wide = np.exp(-beyond / sigma[:, None]).sum(axis=1) > target
        high, low = np.where(too_wide, sigma, high), np.where(too_wide, low, sigma)
        sigma = np.where(np.isinf(high), 2 * sigma, (low + np.minimum(high, 1e300)) / 2)
    sigma = np.maximum(sigma, _LEAST_SCALE * distances.mean(axis=1))
    return np.exp(-beyond / np.maximum(sigma, np.finfo(np.float64).tiny)[:, None])


def _reduced(rows: np.ndarray) -> np.ndarray:
    """Return rows (n, d) as their first principal components (n, 50), or unchanged where they are narrow or few."""
    from sklearn.decomposition import PCA

    if rows.shape[1] <= _MOST_FLOATS or len(rows) <= _MOST_FLOATS:
        return rows
    return PCA(_MOST_FLOATS, random_state=0).fit_transform(rows)
