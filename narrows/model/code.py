"""Codes: the latent representation between encoder and decoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model.generator_noise import normal

# exp(±10) spans 22000-fold in variance each way; beyond it nothing is learned and float32 runs out.
LOG_VARIANCE_BOUND = 10.0


@dataclass(frozen=True)
class Code:
    """The map from the encoder's output h to the code z. Subclass it to define another.

    `floats_per_component` is how many floats the encoder gives for each component; h has the shape
    (n, n_components * floats_per_component).
    """

    floats_per_component: ClassVar[int] = 1

    def point(self, h: Tensor) -> Tensor:
        """Return the one code of each row (n, n_components), without noise."""
        raise NotImplementedError

    def draw(self, h: Tensor, generator: torch.Generator) -> Tensor:
        """Return the code (n, n_components) that training passes to the decoder; without noise unless overridden."""
        return self.point(h)

    def check(self, n_components: int) -> None:
        """Raise SettingError where this code cannot have `n_components`."""


@dataclass(frozen=True)
class PointCode(Code):
    """z = h."""

    def point(self, h: Tensor) -> Tensor:
        return h


@dataclass(frozen=True)
class TopK(Code):
    """The k largest activations of each row, all others 0 (Makhzani & Frey 2013, k-sparse autoencoders).

    Of equal activations the lower-numbered component wins, so exactly k are kept.
    """

    k: int

    def __post_init__(self) -> None:
        if isinstance(self.k, bool) or not isinstance(self.k, Integral) or self.k < 1:
            raise SettingError(f"k={self.k!r} must be a whole number from 1: how many components stay active.")

    def point(self, h: Tensor) -> Tensor:
        order = torch.sort(h.detach(), dim=1, descending=True, stable=True).indices
        kept = order[:, : self.k]
        return torch.zeros_like(h).scatter(1, kept, h.gather(1, kept))

    def check(self, n_components: int) -> None:
        if self.k > n_components:
            raise SettingError(f"k={self.k} is more than the {n_components} components; lower k or raise n_components.")


@dataclass(frozen=True)
class GaussianCode(Code):
    """z ~ N(mean, variance), one independent gaussian per component (Kingma & Welling 2013, eq. 9-10).

    h holds the means (n, k), then the log-variances (n, k); the latter are bounded to ±10 by 10 tanh(h/10),
    so that a variance can neither explode nor vanish.
    """

    floats_per_component: ClassVar[int] = 2

    def point(self, h: Tensor) -> Tensor:
        """Return the posterior mean."""
        return h[:, : h.shape[1] // 2]

    def draw(self, h: Tensor, generator: torch.Generator) -> Tensor:
        mean, log_variance = self.mean_and_log_variance(h)
        return mean + torch.exp(log_variance / 2) * normal(mean, generator)

    def mean_and_log_variance(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean (n, k) and the bounded log-variance (n, k) of h (n, 2k)."""
        mean, raw = h.chunk(2, dim=1)
        return mean, bound_log_variance(raw)


def _top_k(k: int | None) -> TopK:
    if k is None:
        raise SettingError('code="top-k" needs k, the number of components that stay active in each row.')
    return TopK(k)


CODES: dict[str, Callable[[int | None], Code]] = {
    "point": lambda k: PointCode(),
    "top-k": _top_k,
    "gaussian": lambda k: GaussianCode(),
}
"""Builds each named code from `k`. The shell reads the names from this source."""


def make_code(spec: str | Code, k: int | None = None) -> Code:
    """Return the code with a name of `CODES`, "top-k" with `k`; an instance of Code is returned unchanged."""
    if isinstance(spec, Code):
        return spec
    if not isinstance(spec, str) or spec not in CODES:
        names = ", ".join(f'"{name}"' for name in CODES)
        raise SettingError(f"code={spec!r} is not known; choose {names} or a Code of your own.")
    return CODES[spec](k)


def bound_log_variance(raw: Tensor) -> Tensor:
    """Return any float as a log-variance within ±10, the identity near 0."""
    return LOG_VARIANCE_BOUND * torch.tanh(raw / LOG_VARIANCE_BOUND)


def raw_log_variance(variance: Tensor) -> Tensor:
    """Return the float that `bound_log_variance` maps to the log of a variance, within 1 % of the bound."""
    most = 0.99 * LOG_VARIANCE_BOUND
    return LOG_VARIANCE_BOUND * torch.atanh(variance.log().clamp(-most, most) / LOG_VARIANCE_BOUND)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, variance) || N(0, 1)) in nats, element by element (Kingma & Welling 2013, appendix B)."""
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance)


def log_normal(z: Tensor, mean: Tensor | float, log_variance: Tensor | float) -> Tensor:
    """Return log N(z; mean, variance) in nats, element by element."""
    log_variance = torch.as_tensor(log_variance, dtype=z.dtype, device=z.device)
    return -0.5 * ((z - mean).square() * torch.exp(-log_variance) + log_variance + math.log(2 * math.pi))
