"""Muon: momentum made orthogonal, for matrices; AdamW for the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor

from narrows.training.first_order import Adam, DenormalFlush
from narrows.training.flat_parameters import FlatParameters
from narrows.training.precision import bfloat16_pays
from narrows.training.run_state import below, overwrite

_MOMENTUM = 0.95
# Odd quintics a s + b s³ + c s⁵, applied one after another to every singular value. Each is the best approximation of 1
# (in the largest error) on the interval that the one before leaves, from [0.003, 1] to [0.35, 1.65] (Amsel et al. 2025,
# arXiv:2505.16932). These three reach a lower error on MNIST in four fifths of the time of five equal steps.
QUINTICS = ((8.3837, -24.766, 18.357), (4.0434, -3.0114, 0.56951), (3.5056, -2.6267, 0.52572))
# Multiply-adds that take about as long as the calls of one batch.
_CALL = 1_500_000
# Below this size the products are all overhead, and bfloat16 only adds conversions to it.
_SMALL = 128 * 256
# Columns per row from which the products of Gram matrices cost less than those of the matrices, and numbers of a matrix
# from which that counts.
_WIDE, _MANY = 1.5, 4096


class Muon:
    """Orthogonalises the momentum of every weight matrix before applying it; AdamW updates the rest.

    W <- (1 - lr λ) W - 0.2 lr sqrt(max(rows, columns)) NS(g + μ m), where m is the momentum, μ = 0.95, and NS is
    a few Newton-Schulz iterations (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/). The factor gives
    an update the size of AdamW's, so that one learning rate fits both (Liu et al. 2025, arXiv:2502.16982). A
    convolution kernel counts as the matrix (out, in * height * width).

    `torch.optim.Muon` does the same, one matrix after another in bfloat16. Here small matrices stay in float32, and
    matrices are iterated in batches: those of one shape, as a layer and its mirror in the decoder have (lying down),
    and small ones of several shapes, filled up with zeros.

    Parameters
    ----------
    flat : FlatParameters
    weight_decay : float
        Decoupled, λ; of matrices only.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the Newton-Schulz iterations; "auto" is bfloat16 for large matrices, where `bfloat16_pays`.
    """

    def __init__(self, flat: FlatParameters, *, weight_decay: float, precision: str = "auto") -> None:
        n = flat.n_in_matrices
        self._values, self._gradients = flat.values[:n], flat.gradients[:n]
        self._momentum, self._update = torch.zeros_like(self._values), torch.zeros_like(self._values)
        self._flush = DenormalFlush(self._momentum)
        self._weight_decay = weight_decay
        pairs = []
        for view, (start, end) in zip(flat.views, flat.ranges, strict=True):
            if view.ndim >= 2:
                matrix = view.flatten(1)
                update = self._update[start:end].view(matrix.shape)
                pairs.append((matrix, update) if matrix.shape[0] <= matrix.shape[1] else (matrix.T, update.T))
        grouped = batched([(matrix.shape[0], matrix.shape[1]) for matrix, _ in pairs])
        self._batches = [_Batch([pairs[i] for i in group], precision) for group in grouped]
        self.dtypes = [batch.dtype for batch in self._batches]
        rest = flat.values[n:], flat.gradients[n:]
        self._adamw = Adam(*rest, weight_decay=0.0, decoupled=True) if len(rest[0]) else None

    @torch.inference_mode()
    def step(self, rate: float) -> None:
        self._momentum.lerp_(self._gradients, 1 - _MOMENTUM)
        self._flush()
        torch.lerp(self._gradients, self._momentum, _MOMENTUM, out=self._update)
        self._values.mul_(1 - rate * self._weight_decay)
        for batch in self._batches:
            batch.step(rate)
        if self._adamw is not None:
            self._adamw.step(rate)

    def state(self) -> dict[str, Tensor]:
        """Return copies of the running averages and counts, those of AdamW included."""
        state = {"momentum": self._momentum.clone(), "n_calls": torch.tensor(self._flush.n_calls)}
        adamw = {} if self._adamw is None else self._adamw.state()
        return state | {f"adamw.{name}": value for name, value in adamw.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Continue from a `state()`; KeyError or ValueError where it is of another network or optimizer."""
        overwrite({"momentum": self._momentum}, {"momentum": state["momentum"]})
        self._flush.n_calls = int(state["n_calls"])
        if self._adamw is not None:
            self._adamw.load(below(state, "adamw."))


class _Batch:
    """Matrices, none of which is taller than wide, whose updates are orthogonalised together.

    pairs : of matrix and update, each (rows, columns).
    """

    def __init__(self, pairs: Sequence[tuple[Tensor, Tensor]], precision: str) -> None:
        rows, columns = (max(matrix.shape[axis] for matrix, _ in pairs) for axis in (0, 1))
        self._filled = pairs[0][0].new_zeros(len(pairs), rows, columns)
        self._members = [
            (matrix, update, self._filled[i, : matrix.shape[0], : matrix.shape[1]], 0.2 * math.sqrt(matrix.shape[1]))
            for i, (matrix, update) in enumerate(pairs)
        ]
        self.dtype = _iteration_dtype(self._filled[0], precision)

    def step(self, rate: float) -> None:
        for _, update, place, _ in self._members:
            place.copy_(update)
        # Zeros stay zeros, so that the next step finds them.
        self._filled.copy_(orthogonalised(self._filled, self.dtype))
        for matrix, _, direction, size in self._members:
            matrix.add_(direction, alpha=-rate * size)


def batched(shapes: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Return the indices of the matrices of each batch: shapes share a batch where filling up costs less than a call.

    shapes : (rows, columns) of each matrix, rows <= columns.
    """
    by_shape: dict[tuple[int, int], list[int]] = {}
    for i, shape in enumerate(shapes):
        by_shape.setdefault(shape, []).append(i)
    batches = list(by_shape.values())

    def cost(batch: list[int]) -> float:
        rows, columns = (max(shapes[i][axis] for i in batch) for axis in (0, 1))
        return _CALL + len(QUINTICS) * len(batch) * (2 * rows**2 * columns + rows**3)

    while True:
        saved = {
            (a, b): cost(batches[a]) + cost(batches[b]) - cost(batches[a] + batches[b])
            for a, b in combinations(range(len(batches)), 2)
        }
        a, b = max(saved, key=lambda pair: saved[pair], default=(0, 0))
        if not saved or saved[a, b] <= 0:
            return batches
        batches[a] += batches.pop(b)


def orthogonalised(matrices: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return U p(S) Vᵀ for each matrix U S Vᵀ / ‖matrix‖ of (n, rows, columns): most singular values come near 1.

    Fastest where there are no more rows than columns. dtype : of the iterations.
    """
    x = matrices.to(dtype)
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=1e-7)
    rows, columns = x.shape[1:]
    if dtype == torch.float32 and columns >= _WIDE * rows and rows * columns >= _MANY:
        return (_factor(x @ x.mT) @ x).to(matrices.dtype)
    for a, b, c in QUINTICS:
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.to(matrices.dtype)


def _factor(gram: Tensor) -> Tensor:
    """Return the matrices (n, rows, rows) by which the quintics multiply X, from its Gram matrices X Xᵀ.

    A Gram matrix has the squares of the singular values: float32 resolves those that matter, bfloat16 does not.
    """
    one = factor = _quintic(gram, *QUINTICS[0])
    for coefficients in QUINTICS[1:]:
        gram = one @ gram @ one  # that of one @ X, since all of these matrices commute
        one = _quintic(gram, *coefficients)
        factor = one @ factor
    return factor


def _quintic(gram: Tensor, a: float, b: float, c: float) -> Tensor:
    """Return a I + b G + c G² of Gram matrices G (n, rows, rows)."""
    result = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    result.diagonal(dim1=1, dim2=2).add_(a)
    return result


def _iteration_dtype(matrix: Tensor, precision: str) -> torch.dtype:
    if precision == "float32" or matrix.numel() <= _SMALL:
        return torch.float32
    return torch.bfloat16 if precision == "bfloat16" or bfloat16_pays(matrix.device) else torch.float32
