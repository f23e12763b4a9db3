"""Corruptions: changes of the encoder's input while the target stays clean (Vincent et al. 2010)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from narrows.errors import SettingError
from narrows.model.generator_noise import normal, uniform


@dataclass(frozen=True)
class Corruption:
    """Clean rows x (n, d) -> corrupted rows (n, d), fresh at every call.

    Subclass it for a corruption of your own; as a dataclass it is saved with the model.

    >>> import torch
    >>> from dataclasses import dataclass
    >>> from narrows.model import Corruption
    >>> @dataclass(frozen=True)
    ... class Shrink(Corruption):
    ...     most: float = 0.5
    ...     def __call__(self, x, generator):
    ...         return x * (1 - self.most * torch.rand(len(x), 1, generator=generator))
    >>> tilde = Shrink(most=0.2)(torch.ones(3, 4), torch.Generator().manual_seed(0))
    >>> bool(tilde.min() >= 0.8), bool(tilde.max() <= 1)
    (True, True)
    """

    # Whether the corrupted row is also the target, instead of the clean row.
    is_target: ClassVar[bool] = False

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        raise NotImplementedError

    def draw(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the target (n, d) and the corrupted input of the encoder (n, d) of clean rows x (n, d)."""
        x_tilde = self(x, generator)
        return (x_tilde if self.is_target else x), x_tilde


@dataclass(frozen=True)
class GaussianNoise(Corruption):
    """x + level ε, ε ~ N(0, 1): level is a standard deviation, in the units the network sees. Not clipped."""

    level: float

    def __post_init__(self) -> None:
        if not 0 <= self.level < float("inf"):
            raise SettingError(f"level={self.level!r} must be a number from 0: gaussian noise's standard deviation.")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return add_gaussian(x, self.level, generator)


@dataclass(frozen=True)
class Masking(Corruption):
    """Each float becomes 0 with probability `level`."""

    level: float

    def __post_init__(self) -> None:
        _check_share(self.level)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return mask(x, self.level, generator)


@dataclass(frozen=True)
class HiddenCells(Corruption):
    """Each cell of a mixed table is hidden with probability `level`: all its floats become 0, its mask 1.

    columns : the column of each float (d,). masks : the value of each float in a hidden cell (d,): 1 of a mask, else 0.
    """

    level: float
    columns: tuple[int, ...]
    masks: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_share(self.level)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        of_float = torch.tensor(self.columns, device=x.device)
        cells = x[:, :1].expand(len(x), max(self.columns) + 1)
        hidden = (uniform(cells, generator) < self.level)[:, of_float]
        return torch.where(hidden, torch.tensor(self.masks, dtype=x.dtype, device=x.device), x)


@dataclass(frozen=True)
class SaltAndPepper(Corruption):
    """Each float becomes `low` or `high`, by a fair coin, with probability `level`."""

    level: float
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        _check_share(self.level)
        if not self.low < self.high:
            raise SettingError(f"salt-and-pepper needs low below high; it was given low={self.low}, high={self.high}.")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return salt_and_pepper(x, self.level, generator, low=self.low, high=self.high)


@dataclass(frozen=True)
class Binarised(Corruption):
    """Each float in [0, 1] becomes 1 with that probability, else 0, and this draw is also the target.

    Grey images as distributions over black and white ones, drawn again whenever a row is used: the stochastic (dynamic)
    binarisation of Burda, Grosse & Salakhutdinov 2016.
    """

    is_target: ClassVar[bool] = True

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return (uniform(x, generator) < x).to(x.dtype)


@dataclass(frozen=True)
class Warped(Corruption):
    """Rotate, stretch, shear and shift images a little, at random each time they are used.

    With the warped image as the target this is data augmentation (the affine distortions of Simard, Steinkraus &
    Platt 2003). With the original as the target the code need not hold the position of an object, as in denoising
    (Vincent et al. 2010). Pixels beyond the border repeat the border. Every number is drawn uniformly from a range
    that is symmetric about "no change".

    Parameters
    ----------
    shape : (height, width, channels)
        Of the images, whose rows are height * width * channels floats.
    share : float, default=1.0
        Chance that an image is changed at all.
    degrees, stretch, shear : float, default=8, 0.08, 0.1
        The largest turn; the largest part by which height and width, each of its own, change; the largest slant.
    shift : float, default=0.5
        The most pixels either way.
    noise : float, default=0.0
        The standard deviation of gaussian noise that is added for the encoder alone.
    target : {"warped", "original"}, default="warped"
        The target of the reconstruction.

    Raises
    ------
    SettingError
        A number is out of its range, or there is no such target.
    """

    shape: tuple[int, int, int]
    share: float = 1.0
    degrees: float = 8.0
    stretch: float = 0.08
    shear: float = 0.1
    shift: float = 0.5
    noise: float = 0.0
    target: Literal["warped", "original"] = "warped"

    def __post_init__(self) -> None:
        if self.target not in ("warped", "original"):
            raise SettingError(f'target={self.target!r} is not known; choose "warped" or "original".')
        if not 0 <= self.share <= 1:
            raise SettingError(f"share={self.share!r} must lie in [0, 1]: the chance that an image is warped.")
        if not 0 <= self.stretch < 1:
            raise SettingError(f"stretch={self.stretch!r} must lie in [0, 1): a part of the height and of the width.")
        for name in ("degrees", "shear", "shift", "noise"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise SettingError(f"{name}={getattr(self, name)!r} must be a number from 0.")
        if len(self.shape) != 3 or any(size < 1 for size in self.shape):
            raise SettingError(f"shape={self.shape!r} must be an image's height, width and channels.")
        object.__setattr__(self, "shape", tuple(self.shape))  # a list where it was saved

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        if x.shape[1] != math.prod(self.shape):
            raise SettingError(f"shape={self.shape!r} does not fit rows of {x.shape[1]} floats.")
        changed = (uniform(x[:, 0], generator) < self.share).nonzero()[:, 0]
        if not len(changed):
            return x
        height, width, channels = self.shape
        images = x[changed].view(-1, height, width, channels).permute(0, 3, 1, 2)
        grid = functional.affine_grid(self._maps(images, generator), list(images.shape), align_corners=False)
        moved = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
        return x.index_copy(0, changed, moved.permute(0, 2, 3, 1).reshape(len(changed), -1))

    def draw(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        moved = self(x, generator)
        given = moved + self.noise * normal(moved, generator) if self.noise else moved
        return (moved if self.target == "warped" else x), given

    def _maps(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return the affine maps (n, 2, 3) from new to old coordinates of an image, both in [-1, 1]."""
        height, width, _ = self.shape
        most = (math.radians(self.degrees), self.stretch, self.stretch, self.shear, 2 * self.shift / width)
        extent = torch.tensor([*most, 2 * self.shift / height], dtype=images.dtype, device=images.device)
        drawn = (2 * uniform(images.new_empty(len(images), 6), generator) - 1) * extent
        turn, wider, higher, slant, aside, down = drawn.unbind(1)
        cos, sin, ratio = turn.cos(), turn.sin(), height / width  # degrees are those of the picture, however oblong
        across = torch.stack([cos * (1 + wider), (slant - sin) * ratio, aside], 1)
        along = torch.stack([sin / ratio, cos * (1 + higher), down], 1)
        return torch.stack([across, along], 1)


def add_gaussian(x: Tensor, level: float | Tensor, generator: torch.Generator) -> Tensor:
    """Return rows (n, d) with gaussian noise; `level` is one for all or one for each row (n, 1)."""
    return x + level * normal(x, generator)


def mask(x: Tensor, level: float | Tensor, generator: torch.Generator) -> Tensor:
    """Return rows (n, d), a share `level` of whose floats is 0; `level` as for `add_gaussian`."""
    return x * (uniform(x, generator) >= level)


def salt_and_pepper(
    x: Tensor, level: float | Tensor, generator: torch.Generator, *, low: float = 0.0, high: float = 1.0
) -> Tensor:
    """Return rows (n, d), a share `level` of whose floats is `low` or `high`; `level` as for `add_gaussian`."""
    u = uniform(x, generator)
    x = torch.where(u < level / 2, low, x)
    return torch.where((u >= level / 2) & (u < level), high, x)


# Three standard deviations either way is as far as most standardised columns reach.
_EXTREMES = {True: (0.0, 1.0), False: (-3.0, 3.0)}

Cells = tuple[tuple[int, ...], tuple[float, ...]]
"""Column of each float of a mixed table, and the value that it has in a masked cell."""


@dataclass(frozen=True)
class NoiseControl:
    """Label and levels of a corruption in a view.

    label : its name. meaning : of the level, in a few words. most, usual : the largest level, and that at the start.
    """

    label: str
    meaning: str
    most: float
    usual: float


@dataclass(frozen=True)
class ResidualNoise:
    """What network="residual" needs to remove a corruption from images in [0, 1].

    corrupt : rows (n, d), the level of each (n, 1) and a generator -> corrupted rows (n, d).
    seen : the map of the noise that the network sees: its estimated "level", which must be that of gaussian noise, or
        the pixels that are "black", or black or white ("extreme").
    """

    corrupt: Callable[[Tensor, Tensor, torch.Generator], Tensor]
    seen: Literal["level", "black", "extreme"]


@dataclass(frozen=True)
class NamedCorruption:
    """A corruption that has a name.

    make : builds it from `level`, `bounded` and `cells` of `make_corruption`.
    images, tables : how a view offers it for either kind of rows; None where it makes no sense.
    residual : how network="residual" removes it; None where it cannot.
    """

    make: Callable[[float, bool, Cells | None], Corruption]
    images: NoiseControl
    tables: NoiseControl | None
    residual: ResidualNoise | None = None


CORRUPTIONS: dict[str, NamedCorruption] = {
    "gaussian": NamedCorruption(
        lambda level, bounded, cells: GaussianNoise(level),
        images=NoiseControl("Gaussian", "standard deviation", most=1.0, usual=0.3),
        tables=NoiseControl("Gaussian", "standard deviation", most=3.0, usual=0.5),
        residual=ResidualNoise(add_gaussian, seen="level"),
    ),
    "masking": NamedCorruption(
        lambda level, bounded, cells: Masking(level) if cells is None else HiddenCells(level, *cells),
        images=NoiseControl("Masking", "share set to 0", most=0.9, usual=0.5),
        tables=NoiseControl("Missing values", "share set to 0", most=0.9, usual=0.25),
        residual=ResidualNoise(mask, seen="black"),
    ),
    "salt-and-pepper": NamedCorruption(
        lambda level, bounded, cells: SaltAndPepper(level, *_EXTREMES[bounded]),
        images=NoiseControl("Salt and pepper", "share of pixels", most=0.9, usual=0.2),
        tables=None,
        residual=ResidualNoise(salt_and_pepper, seen="extreme"),
    ),
}
"""Every corruption by its name. The table of parameters reads the names from this source."""


def make_corruption(
    spec: str | Corruption | None,
    level: float,
    bounded: bool,
    cells: Cells | None = None,
) -> Corruption | None:
    """Return the corruption with a name of `CORRUPTIONS`; None and instances are returned unchanged.

    `level` is a standard deviation for gaussian noise, a share of the floats for the others. Salt and pepper
    are 1 and 0 where the data are `bounded` to [0, 1], otherwise +3 and -3 standard deviations.
    cells : of a mixed table, the column of each float and its value in a masked cell; then "masking" hides whole cells.
    """
    if spec is None or isinstance(spec, Corruption):
        return spec
    if not isinstance(spec, str) or spec not in CORRUPTIONS:
        names = ", ".join(f'"{name}"' for name in CORRUPTIONS)
        raise SettingError(f"corruption={spec!r} is not known; choose None, {names} or a Corruption of your own.")
    return CORRUPTIONS[spec].make(level, bounded, cells)


def residual_noise(name: str) -> ResidualNoise:
    """Return how network="residual" removes the corruption with this name; SettingError where it cannot."""
    found = {known: named.residual for known, named in CORRUPTIONS.items() if named.residual is not None}
    if name not in found:
        raise SettingError(f"noise={name!r} is not known; choose one of {', '.join(found)}.")
    return found[name]


def _check_share(level: float) -> None:
    if not 0 <= level <= 1:
        raise SettingError(f"level={level!r} must lie in [0, 1]: the share of floats that is corrupted.")
