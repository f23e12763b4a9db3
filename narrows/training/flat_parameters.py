"""Every parameter in one vector and every gradient in another: one call updates them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

# In floats: a cache line, so that matrix products find their operands aligned.
_ALIGNMENT = 16


class FlatParameters:
    """One vector for the parameters of a network and one for their gradients.

    Only while `attached` do the parameters live in it; otherwise they are ordinary tensors, which can be pickled,
    moved and replaced.

    Parameters
    ----------
    parameters : sequence of nn.Parameter
        Float32, on one device.

    Attributes
    ----------
    parameters : list of nn.Parameter
        Matrices (and convolution kernels) first.
    values, gradients : Tensor of shape (n,)
    ranges : list of (start, end)
        The place of each parameter in the vectors.
    views : list of Tensor
        The values of each parameter, in its shape.
    n_in_matrices : int
        How much of the vectors matrices take.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        matrices = [p for p in parameters if p.ndim >= 2]
        self.parameters = matrices + [p for p in parameters if p.ndim < 2]
        sizes = [p.numel() + -p.numel() % _ALIGNMENT for p in self.parameters]
        places = list(pairwise(accumulate(sizes, initial=0)))
        device = self.parameters[0].device
        self.values = torch.zeros(sum(sizes), device=device)
        self.gradients = torch.zeros_like(self.values)
        self.ranges = [(start, start + p.numel()) for (start, _), p in zip(places, self.parameters, strict=True)]
        self.views = [
            self.values[start:end].view(p.shape) for (start, end), p in zip(self.ranges, self.parameters, strict=True)
        ]
        self._gradient_views = [
            self.gradients[start:end].view(p.shape)
            for (start, end), p in zip(self.ranges, self.parameters, strict=True)
        ]
        self.n_in_matrices = sum(sizes[: len(matrices)])
        self._index = {id(p): i for i, p in enumerate(self.parameters)}

    def view(self, parameter: Tensor) -> tuple[Tensor, Tensor]:
        """Return views of a parameter's values and gradient, in its shape."""
        i = self._index[id(parameter)]
        return self.views[i], self._gradient_views[i]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Store the parameters in the vector; on exit each is copied back to separate memory."""
        own = [p.data for p in self.parameters]
        for parameter, view, gradient in zip(self.parameters, self.views, self._gradient_views, strict=True):
            view.copy_(parameter.data)
            parameter.data, parameter.grad = view, gradient
        try:
            yield
        finally:
            for parameter, memory in zip(self.parameters, own, strict=True):
                memory.copy_(parameter.data)
                parameter.data, parameter.grad = memory, None
