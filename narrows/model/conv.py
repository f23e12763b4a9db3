"""The convolutional mirror: stages that halve height and width, and stages that double them exactly back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from narrows.errors import SettingError
from narrows.model.activations import gain, make_activation
from narrows.model.image_layout import ImageShape, images_to_rows, rows_to_images
from narrows.model.layers import Conv, ConvTranspose, Linear, TiedLinear

SMALLEST_SIDE = 8


class ConvEncoder(nn.Module):
    """Rows of images (n, h*w*c) -> code statistics (n, n_outputs)."""

    def __init__(
        self,
        image_shape: ImageShape,
        channels: Sequence[int],
        n_outputs: int,
        activation: str,
        code_activation: str,
    ):
        super().__init__()
        self.image_shape = image_shape
        self.sizes = stage_sizes(image_shape, len(channels))
        self.activation_name = activation
        self.activation = make_activation(activation)
        self.last_activation = make_activation(code_activation, "code_activation")
        self.stages = nn.ModuleList(Conv(*pair) for pair in pairwise((image_shape[2], *channels)))
        height, width = self.sizes[-1]
        self.to_code = Linear(height * width * channels[-1], n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        images = rows_to_images(x, self.image_shape)
        for stage in self.stages:
            images = self.activation(stage(images))
        return self.last_activation(self.to_code(images_to_rows(images)))

    def initialise(self, generator: torch.Generator, last_gain: float) -> None:
        """Draw every weight so that the scale of the signal survives the depth."""
        for stage in self.stages:
            stage.initialise(generator, gain(self.activation_name))  # pyright: ignore[reportCallIssue]
        self.to_code.initialise(generator, last_gain)


class ConvDecoder(nn.Module):
    """Code (n, n_components) -> raw output (n, h*w*c).

    channels : those of the encoder's stages, in the encoder's order.
    mirror : the encoder whose kernels and weights are used, transposed; None for separate weights.
    """

    def __init__(
        self,
        n_components: int,
        image_shape: ImageShape,
        channels: Sequence[int],
        activation: str,
        mirror: ConvEncoder | None = None,
    ):
        super().__init__()
        sizes = stage_sizes(image_shape, len(channels))[::-1]
        widths = (image_shape[2], *channels)[::-1]
        self.smallest: ImageShape = (*sizes[0], widths[0])
        self.activation_name = activation
        self.activation = make_activation(activation)
        self.from_code = (
            TiedLinear(mirror.to_code, n_components)
            if mirror
            else Linear(n_components, sizes[0][0] * sizes[0][1] * widths[0])
        )
        kernels = [None] * len(channels) if mirror is None else list(mirror.stages)[::-1]
        self.stages = nn.ModuleList(
            ConvTranspose(*width, *size, mirror=kernel)  # pyright: ignore[reportArgumentType]
            for width, size, kernel in zip(pairwise(widths), pairwise(sizes), kernels, strict=True)
        )

    def forward(self, z: Tensor) -> Tensor:
        images = rows_to_images(self.from_code(z), self.smallest)
        for stage in self.stages:
            images = stage(self.activation(images))
        return images_to_rows(images)

    def initialise(self, generator: torch.Generator, last_gain: float) -> None:
        """Draw every weight so that the scale of the signal survives the depth."""
        self.from_code.initialise(generator)
        *hidden, last = self.stages
        for stage in hidden:
            stage.initialise(generator, gain(self.activation_name))  # pyright: ignore[reportCallIssue]
        last.initialise(generator, last_gain)  # pyright: ignore[reportCallIssue]


def stage_sizes(image_shape: ImageShape, n_stages: int) -> list[tuple[int, int]]:
    """Return the height and width before the first stage and after each; raise SettingError if they run out."""
    if n_stages == 0:
        raise SettingError('network="conv" needs hidden_layer_sizes, the channels of each stage, as in (16, 32).')
    sizes = [(image_shape[0], image_shape[1])]
    for stage in range(n_stages):
        height, width = sizes[-1]
        if min(height, width) < 2:
            raise SettingError(
                f"hidden_layer_sizes has {n_stages} stages, but {image_shape[0]}x{image_shape[1]} pixels "
                f"can be halved only {stage} times; give at most {stage} channel counts."
            )
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    return sizes


def check_image_shape(image_shape: ImageShape | None) -> ImageShape:
    """Return the shape; raise SettingError if a convolutional network cannot take such images."""
    if image_shape is None:
        raise SettingError(
            'network="conv" needs images: give an array or folder of images, or image_shape=(height, width).'
        )
    height, width, _ = image_shape
    if min(height, width) < SMALLEST_SIDE:
        raise SettingError(
            f'network="conv" needs images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels; '
            f'these are {height}x{width}: use network="mlp".'
        )
    return image_shape
