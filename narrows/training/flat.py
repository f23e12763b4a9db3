"""Every parameter in one vector and every gradient in another: one call updates them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

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
    vector : nn.Parameter of shape (n,)
        For optimizers that treat every number alike; its `grad` is the vector of gradients.
    views : list of nn.Parameter
        The same memory in the parameters' shapes, each with its `grad`, for optimizers that see matrices.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        sizes = [p.numel() + -p.numel() % _ALIGNMENT for p in self.parameters]
        device = self.parameters[0].device
        self.vector = nn.Parameter(torch.zeros(sum(sizes), device=device))
        self.vector.grad = torch.zeros(sum(sizes), device=device)
        self.views = [
            nn.Parameter(values[: p.numel()].view(p.shape))
            for p, values in zip(self.parameters, self.vector.detach().split(sizes), strict=True)
        ]
        for view, gradients in zip(self.views, self.vector.grad.split(sizes), strict=True):
            view.grad = gradients[: view.numel()].view(view.shape)
        self._places = {id(p): i for i, p in enumerate(self.parameters)}

    def view(self, parameter: nn.Parameter) -> tuple[Tensor, Tensor]:
        """Where the values and the gradient of a parameter stand."""
        view = self.views[self._places[id(parameter)]]
        assert view.grad is not None
        return view.detach(), view.grad

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Let the parameters live in the vector, and give them their own memory back, with what they have become."""
        own = [p.data for p in self.parameters]
        for parameter, view in zip(self.parameters, self.views, strict=True):
            view.data.copy_(parameter.data)
            parameter.data = view.data
            parameter.grad = view.grad
        try:
            yield
        finally:
            for parameter, memory in zip(self.parameters, own, strict=True):
                memory.copy_(parameter.data)
                parameter.data = memory
                parameter.grad = None
