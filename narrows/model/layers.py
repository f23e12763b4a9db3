"""Layers that stay empty until a generator fills them, and layers that borrow the encoder's weights.

PyTorch's own layers draw their weights from the global generator as they are built; these never touch it,
and on the meta device they cost nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

KERNEL, STRIDE, PADDING = 3, 2, 1


class Linear(nn.Linear):
    """x (n, in) -> x Wᵀ + b (n, out)."""

    def reset_parameters(self) -> None:
        """Leave the weights unset: `initialise` draws them."""

    def initialise(self, generator: torch.Generator, gain: float = 1.0) -> None:
        """Draw normal weights of standard deviation gain / sqrt(in), zero biases."""
        _draw(self.weight, gain, self.in_features, generator)
        nn.init.zeros_(self.bias)


class TiedLinear(nn.Module):
    """z (n, out) -> z W + b (n, in), with W the first rows of an encoder's weight (out, in) and b its own."""

    def __init__(self, mirror: Linear, n_inputs: int):
        super().__init__()
        self.n_inputs = n_inputs
        self.bias = nn.Parameter(torch.empty(mirror.in_features))
        # Past nn.Module.__setattr__: the weight belongs to the encoder alone and is saved once.
        self.__dict__["mirror"] = mirror

    def initialise(self, generator: torch.Generator, gain: float = 1.0) -> None:
        """Set zero biases; the weights are the encoder's to draw."""
        nn.init.zeros_(self.bias)

    @property
    def borrowed(self) -> Tensor:
        """The rows of the encoder's weight that are used, (n_inputs, in)."""
        mirror: Linear = self.__dict__["mirror"]
        return mirror.weight[: self.n_inputs]

    def forward(self, z: Tensor) -> Tensor:
        return functional.linear(z, self.borrowed.t(), self.bias)


class Conv(nn.Conv2d):
    """Images (n, c, h, w) -> (n, channels, ceil(h/2), ceil(w/2)), kernel 3, stride 2."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out, KERNEL, stride=STRIDE, padding=PADDING)

    def reset_parameters(self) -> None:
        """Leave the weights unset: `initialise` draws them."""

    def initialise(self, generator: torch.Generator, gain: float = 1.0) -> None:
        """Draw normal weights of standard deviation gain / sqrt(9 channels), zero biases."""
        _draw(self.weight, gain, self.in_channels * KERNEL**2, generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class SameConv(Conv):
    """Images (n, c, h, w) -> (n, channels, h, w), kernel 3, with zeros beyond the border."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__(n_in, n_out)
        self.stride = (1, 1)


class ConvTranspose(nn.Module):
    """Images (n, c, h, w) -> (n, channels, *size): the mirror of `Conv`, exact for odd sizes too.

    `size` is (2h or 2h-1, 2w or 2w-1). With `mirror`, the kernel is that of the encoder's convolution.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        size_in: tuple[int, int],
        size: tuple[int, int],
        mirror: Conv | None = None,
    ):
        super().__init__()
        # Without it a stride-2 transpose gives 2h-1 rows.
        self.output_padding = tuple(out - (STRIDE * n - 1) for n, out in zip(size_in, size, strict=True))
        self.bias = nn.Parameter(torch.empty(n_out))
        if mirror is None:
            self.weight = nn.Parameter(torch.empty(n_in, n_out, KERNEL, KERNEL))
        else:
            self.__dict__["mirror"] = mirror

    def initialise(self, generator: torch.Generator, gain: float = 1.0) -> None:
        """Draw normal weights, of which a quarter meets in each output pixel; zero biases."""
        if "mirror" not in self.__dict__:
            _draw(self.weight, gain, self.weight.shape[0] * KERNEL**2 / STRIDE**2, generator)
        nn.init.zeros_(self.bias)

    @property
    def kernel(self) -> Tensor:
        """The weight, its own or that of the encoder's convolution, (n_in, n_out, 3, 3)."""
        mirror: Conv | None = self.__dict__.get("mirror")
        return self.weight if mirror is None else mirror.weight

    def forward(self, x: Tensor) -> Tensor:
        padding = self.output_padding
        return functional.conv_transpose2d(x, self.kernel, self.bias, STRIDE, PADDING, output_padding=padding)


def _draw(weight: Tensor, gain: float, n_inputs: float, generator: torch.Generator) -> None:
    nn.init.normal_(weight, 0.0, gain / n_inputs**0.5, generator=generator)
