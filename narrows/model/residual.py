"""A fully convolutional network that removes noise from images of any size: it predicts the noise and subtracts it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from narrows.errors import SettingError
from narrows.model.activations import gain, make_activation
from narrows.model.corruption import residual_noise
from narrows.model.image_layout import ImageShape, images_to_rows, rows_to_images
from narrows.model.layers import SameConv

RESIDUAL_SIZES = (48, 48, 48, 48, 48, 48)
_MAD_OF_NORMAL = 0.6744897501960817  # median of |N(0, 1)|
_LEVEL_SCALE = 5.0  # brings the levels that occur, 0 to 0.3, to the size of the pixels
_EXTREME = 1e-4  # distance from black or white, in [0, 1], that still counts as black or white


class ResidualEncoder(nn.Module):
    """Rows of noisy images (n, h*w*c), in [0, 1] -> rows of clean images (n, h*w*c).

    Convolutions predict the noise, which is subtracted (DnCNN, Zhang et al. 2017, equation 1). They work at half
    resolution, on the pixels of each 2 x 2 block as channels, and also see a map of the noise (FFDNet, Zhang, Zuo &
    Zhang 2018): its standard deviation for gaussian noise, given or estimated by `noise_level`, or for masking and
    salt and pepper the pixels that are black, or black or white. No layer depends on the size of the image.

    Parameters
    ----------
    image_shape : (height, width, channels)
        Of the rows; `clean` takes images of any height and width.
    channels : sequence of int
        Of each hidden layer.
    activation : str
    noise : str
        A name of `CORRUPTIONS`.
    """

    def __init__(self, image_shape: ImageShape, channels: Sequence[int], activation: str, noise: str):
        super().__init__()
        self.image_shape = image_shape
        self.noise = noise
        self.activation_name = activation
        self.activation = make_activation(activation)
        n_pixels = 4 * image_shape[2]
        n_map = 1 if self.sees_level else n_pixels
        self.layers = nn.ModuleList(SameConv(*pair) for pair in pairwise((n_pixels + n_map, *channels, n_pixels)))

    @property
    def _seen(self) -> str:
        return residual_noise(self.noise).seen

    @property
    def sees_level(self) -> bool:
        """Whether it sees the level of the noise, which is gaussian; else it finds the noise in the pixels."""
        return self._seen == "level"

    @property
    def margin(self) -> int:
        """Even number of pixels beyond which no pixel has an influence on a clean one."""
        return 2 * len(self.layers) + 2

    def forward(self, x: Tensor) -> Tensor:
        return images_to_rows(self.clean(rows_to_images(x, self.image_shape)))

    def clean(self, images: Tensor, levels: Tensor | None = None) -> Tensor:
        """Return clean images (n, c, h, w) for noisy ones of any height and width.

        levels : standard deviation of gaussian noise in each image (n,), in [0, 1]; None estimates it. It has no
            effect on other kinds of noise.
        """
        height, width = images.shape[2:]
        images = images.clamp(0, 1)  # the clean image is in there
        if not self.sees_level:
            levels = None
        elif levels is None:
            levels = noise_level(images)
        even = functional.pad(images, (0, width % 2, 0, height % 2), mode="replicate")
        pixels = functional.pixel_unshuffle(even, 2)
        h = torch.cat([2 * pixels - 1, self._map(pixels, levels)], 1)
        *hidden, last = self.layers
        for layer in hidden:
            h = self.activation(layer(h))
        return (even - functional.pixel_shuffle(last(h), 2))[..., :height, :width]

    def _map(self, pixels: Tensor, levels: Tensor | None) -> Tensor:
        if levels is not None:
            return (_LEVEL_SCALE * levels)[:, None, None, None].expand(-1, 1, *pixels.shape[2:])
        extreme = pixels <= _EXTREME
        if self._seen == "extreme":
            extreme = extreme | (pixels >= 1 - _EXTREME)
        return extreme.to(pixels.dtype)

    def initialise(self, generator: torch.Generator, last_gain: float) -> None:
        """Draw weights so that the scale of the signal survives the depth; the last layer begins with no noise."""
        *hidden, last = self.layers
        for layer in hidden:
            layer.initialise(generator, gain(self.activation_name))  # pyright: ignore[reportCallIssue]
        last.initialise(generator, 0.0)  # pyright: ignore[reportCallIssue]


class CleanRows(nn.Module):
    """The decoder behind a `ResidualEncoder`: its code is the clean row itself."""

    def forward(self, z: Tensor) -> Tensor:
        return z

    def initialise(self, generator: torch.Generator, last_gain: float) -> None:
        """Do nothing: there is no parameter."""


def noise_level(images: Tensor) -> Tensor:
    """Return the estimated standard deviation of gaussian noise in each image (n, c, h, w), in [0, 1]: (n,).

    It is the median absolute deviation of the finest diagonal details of Haar's wavelet, divided by that of a
    standard normal (Donoho & Johnstone 1994, section 4.2). Blocks with a pixel that is black or white do not count,
    because noise is cut off there; without any other block the level is 0.
    """
    height, width = (size - size % 2 for size in images.shape[2:])
    if not height or not width:
        return images.new_zeros(len(images))
    blocks = images[..., :height, :width].unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # (n, c, h/2, 2, w/2, 2)
    details = (blocks[..., 0, :, 0] - blocks[..., 0, :, 1] - blocks[..., 1, :, 0] + blocks[..., 1, :, 1]) / 2
    is_cut = ((blocks <= 0) | (blocks >= 1)).any(5).any(3)
    known = details.abs().masked_fill(is_cut, torch.nan).flatten(1)
    return (known.nanmedian(1).values / _MAD_OF_NORMAL).nan_to_num(0.0)


def check_residual(
    image_shape: ImageShape | None, n_components: int | None, n_floats: int, *, bounded: bool, own: bool, tied: bool
) -> ImageShape:
    """Return the shape of the images; raise SettingError for settings that network="residual" cannot have.

    bounded : whether the output passes through a sigmoid. own : whether the user gives an encoder or decoder.
    tied : whether the decoder uses the encoder's weights.
    """
    if image_shape is None or min(image_shape[:2]) < 2:
        raise SettingError('network="residual" needs images: give an array, a folder of images, or image_shape.')
    if own or tied:
        raise SettingError('network="residual" has no decoder; leave encoder, decoder and tied_weights out.')
    if n_components != n_floats:
        raise SettingError(
            'network="residual" compresses nothing, so its code is as wide as the image; leave n_components out.'
        )
    if bounded:
        raise SettingError('network="residual" subtracts noise from pixels; leave output_activation and loss out.')
    return image_shape
