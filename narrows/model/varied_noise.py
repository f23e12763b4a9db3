"""Noise of many levels on images in many poses, with which a network learns to denoise any image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model.corruption import Corruption, make_corruption, residual_noise
from narrows.model.generator_noise import uniform


@dataclass(frozen=True)
class VariedNoise(Corruption):
    """A named corruption of images in [0, 1], at a level drawn for each image uniformly from 0 to `level`.

    Each batch is first mirrored and, where the images are square, transposed at random, the target with it: the eight
    symmetries of a square, which multiply the images to learn from (as in DnCNN, Zhang et al. 2017, section IV.A).

    Parameters
    ----------
    noise : str
        A name of `CORRUPTIONS` that network="residual" removes.
    level : float
        Largest standard deviation, or share of the floats.
    shape : (height, width, channels)

    Raises
    ------
    SettingError
        An impossible name or level.
    """

    noise: str
    level: float
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        residual_noise(self.noise)  # checks the name
        make_corruption(self.noise, self.level, bounded=True)  # checks the level
        object.__setattr__(self, "shape", tuple(self.shape))  # a list where it was saved

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        levels = self.level * uniform(x[:, :1], generator)
        return residual_noise(self.noise).corrupt(x, levels, generator)

    def draw(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        if x.shape[1] != math.prod(self.shape):
            raise SettingError(f"shape={self.shape!r} does not fit rows of {x.shape[1]} floats.")
        x = self._posed(x, generator)
        return x, self(x, generator)

    def _posed(self, x: Tensor, generator: torch.Generator) -> Tensor:
        coins = (uniform(x.new_empty(3), generator) < 0.5).tolist()
        images = x.view(-1, *self.shape)
        images = images.flip([axis for axis in (1, 2) if coins[axis - 1]])
        if coins[2] and self.shape[0] == self.shape[1]:
            images = images.transpose(1, 2)
        return images.reshape(len(x), -1)
