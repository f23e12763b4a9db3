"""Corruptions: what is done to the encoder's input while the target stays clean (Vincent et al. 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model.noise import normal, uniform


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

    # Whether what is drawn is also what is to be rebuilt, instead of the clean row.
    is_target: ClassVar[bool] = False

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class GaussianNoise(Corruption):
    """x + level ε, ε ~ N(0, 1): level is a standard deviation, in the units the network sees. Not clipped."""

    level: float

    def __post_init__(self) -> None:
        if not 0 <= self.level < float("inf"):
            raise SettingError(f"level={self.level!r} must be a number from 0: gaussian noise's standard deviation.")

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x + self.level * normal(x, generator)


@dataclass(frozen=True)
class Masking(Corruption):
    """Each float becomes 0 with probability `level`."""

    level: float

    def __post_init__(self) -> None:
        _check_share(self.level)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x * (uniform(x, generator) >= self.level)


@dataclass(frozen=True)
class HiddenCells(Corruption):
    """Each cell of a mixed table is hidden with probability `level`: all its floats become 0, its mask 1.

    columns : the column of each float (d,). masks : whether a float is its column's mask (d,).
    """

    level: float
    columns: tuple[int, ...]
    masks: tuple[bool, ...]

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
        u = uniform(x, generator)
        x = torch.where(u < self.level / 2, self.low, x)
        return torch.where((u >= self.level / 2) & (u < self.level), self.high, x)


@dataclass(frozen=True)
class Binarised(Corruption):
    """Each float in [0, 1] becomes 1 with that probability, else 0, and this draw is also the target.

    Grey images as distributions over black and white ones, drawn anew whenever a row is used: the stochastic (dynamic)
    binarisation of Burda, Grosse & Salakhutdinov 2016.
    """

    is_target: ClassVar[bool] = True

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return (uniform(x, generator) < x).to(x.dtype)


# Three standard deviations either way is as far as most standardised columns reach.
_EXTREMES = {True: (0.0, 1.0), False: (-3.0, 3.0)}


def make_corruption(
    spec: str | Corruption | None,
    level: float,
    bounded: bool,
    cells: tuple[tuple[int, ...], tuple[bool, ...]] | None = None,
) -> Corruption | None:
    """The corruption named "gaussian", "masking" or "salt-and-pepper"; None and instances stay as they are.

    `level` is a standard deviation for gaussian noise, a share of the floats for the others. Salt and pepper
    are 1 and 0 where the data are `bounded` to [0, 1], otherwise +3 and -3 standard deviations.
    cells : of a mixed table, the column of each float and whether it is that column's mask; then "masking" hides whole
    cells.
    """
    if spec is None or isinstance(spec, Corruption):
        return spec
    if spec == "gaussian":
        return GaussianNoise(level)
    if spec == "masking":
        return Masking(level) if cells is None else HiddenCells(level, *cells)
    if spec == "salt-and-pepper":
        return SaltAndPepper(level, *_EXTREMES[bounded])
    raise SettingError(
        f'corruption={spec!r} is not known; choose None, "gaussian", "masking", "salt-and-pepper" '
        "or a Corruption of your own."
    )


def _check_share(level: float) -> None:
    if not 0 <= level <= 1:
        raise SettingError(f"level={level!r} must lie in [0, 1]: the share of floats that is corrupted.")
