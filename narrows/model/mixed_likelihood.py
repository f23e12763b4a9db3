"""The likelihood of a mixed table: squares for numbers and dates, cross-entropies for categories and missing values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from narrows.model.code import bound_log_variance
from narrows.model.generator_noise import normal, uniform
from narrows.model.likelihood import LEAST_SHARE, Likelihood


@dataclass(eq=False, repr=False)
class MixedError(Likelihood):
    """Each float's loss by its kind, divided so that every column has a loss of 1 for a constant reconstruction.

    Numbers and dates: (x̂ - x)². Truth values and masks: -x log x̂ - (1 - x) log(1 - x̂). Categories:
    -Σ x log softmax(output). A missing value of the target, marked by its mask, adds no loss.

    blocks : (loss, first float, float after the last) with loss "square", "binary" or "softmax"; together all floats.
    shares : the factor of each float's loss (d,).
    gap_floats : the place of the mask that says whether the float's cell is missing, -1 where it always counts (d,).
    unknown : the loss of a category whose target is none of its levels, shared among its floats (d,).
    """

    blocks: tuple[tuple[str, int, int], ...] = ()
    shares: Sequence[float] = ()
    gap_floats: Sequence[int] = ()
    unknown: Sequence[float] = ()

    name: ClassVar[str] = "mixed"
    unit: ClassVar[str] = "balanced error"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.register_buffer("_share", torch.tensor([float(share) for share in self.shares]))
        # On the CPU also within `torch.device("meta")`, so that those of a saved model can be compared with them.
        places = torch.tensor([int(place) for place in self.gap_floats], dtype=torch.int64, device="cpu")
        self.register_buffer("_gap_float", places.clamp(min=0))
        self.register_buffer("_has_gaps", torch.tensor([float(place >= 0) for place in self.gap_floats]))
        self.register_buffer("_unknown", torch.tensor([float(cost) for cost in self.unknown]))

    def loss(self, output: Tensor, x: Tensor) -> Tensor:
        parts = []
        for kind, place in self._places():
            o, t = output[:, place], x[:, place]
            if kind == "square":
                parts.append(self._square(o, t, place))
            elif kind == "binary":
                parts.append(functional.binary_cross_entropy_with_logits(o, t, reduction="none"))
            else:
                parts.append(self._choice(o, t, place))
        return torch.cat(parts, dim=1) * self._counted(x)

    def mean(self, output: Tensor) -> Tensor:
        """Return numbers as they are, and probabilities of truth values, masks and levels."""
        answers = {
            "square": lambda o: o,
            "binary": torch.sigmoid,
            "softmax": lambda o: torch.softmax(o, dim=1),
        }
        return torch.cat([answers[kind](output[:, place]) for kind, place in self._places()], dim=1)

    def raw(self, mean: Tensor) -> Tensor:
        raws = {
            "square": lambda m: m,
            "binary": lambda m: torch.logit(m, LEAST_SHARE),
            "softmax": lambda m: torch.log(m.clamp(LEAST_SHARE, 1 - LEAST_SHARE)),
        }
        return torch.cat([raws[kind](mean[..., place]) for kind, place in self._places()], dim=-1)

    @torch.no_grad()
    def loss_and_gradient(
        self, output: Tensor, x: Tensor, share: Tensor, scratch: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        gradient, losses = scratch
        counted = self._counted(x)
        for kind, place in self._places():
            o, t, g = output[:, place], x[:, place], gradient[:, place]
            if kind == "square":
                losses[:, place] = self._square(o, t, place)
                self._square_gradient(o, t, place, out=g, weight=counted[:, place] * share[:, None])
            elif kind == "binary":
                losses[:, place] = functional.binary_cross_entropy_with_logits(o, t, reduction="none")
                torch.sub(torch.sigmoid(o), t, out=g)
            else:
                log_p = torch.log_softmax(o, dim=1)
                losses[:, place] = self._choice(o, t, place, log_p)
                torch.sub(log_p.exp_().mul_(t.sum(1, keepdim=True)), t, out=g)
        return losses.mul_(counted).sum(1), gradient.mul_(counted).mul_(share[:, None])

    def _square(self, output: Tensor, x: Tensor, place: slice) -> Tensor:
        return (output - x).square()

    def _square_gradient(self, output: Tensor, x: Tensor, place: slice, *, out: Tensor, weight: Tensor) -> None:
        """Write d loss / d output to `out`; `weight` (n, d) are the factors of the losses."""
        torch.sub(output, x, out=out).mul_(2)

    def _choice(self, output: Tensor, x: Tensor, place: slice, log_p: Tensor | None = None) -> Tensor:
        log_p = torch.log_softmax(output, dim=1) if log_p is None else log_p
        return (1 - x.sum(1, keepdim=True)) * self._unknown[place] - x * log_p  # pyright: ignore[reportIndexIssue]

    def _counted(self, x: Tensor) -> Tensor:
        """Return the weight of each float's loss (n, d): its share, or 0 where the cell is missing."""
        share: Tensor = self._share  # pyright: ignore[reportAssignmentType]
        if not any(place >= 0 for place in self.gap_floats):
            return share.expand_as(x)
        return (1 - x.index_select(1, self._gap_float) * self._has_gaps) * share  # pyright: ignore[reportArgumentType, reportOperatorIssue]

    def _places(self) -> Iterator[tuple[str, slice]]:
        for kind, first, last in self.blocks:
            yield kind, slice(first, last)


@dataclass(eq=False, repr=False)
class MixedDensity(MixedError):
    """-log p(x) in nats: a normal density with a learned variance for each square, and the cross-entropies as they are.

    Parameters are those of `MixedError`, without shares.
    """

    unit: ClassVar[str] = "nats"
    is_density: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        widths = [last - first for kind, first, last in self.blocks if kind == "square"]
        self.raw_log_variance = nn.Parameter(torch.zeros(max(1, sum(widths)), dtype=torch.float32))
        self._first = min((first for kind, first, _ in self.blocks if kind == "square"), default=0)

    def draw(self, output: Tensor, generator: torch.Generator) -> Tensor:
        """Draw rows (n, d) from the density of a raw output (n, d): numbers with their noise, and single levels."""
        parts = []
        for kind, place in self._places():
            o = output[:, place]
            if kind == "square":
                parts.append(o + torch.exp(0.5 * self._log_variance(place)) * normal(o, generator))
            elif kind == "binary":
                parts.append((uniform(o, generator) < torch.sigmoid(o)).to(o.dtype))
            else:
                # The largest logit under Gumbel noise is a draw from the softmax (Gumbel 1954).
                gumbel = -torch.log(-torch.log(uniform(o, generator).clamp(min=1e-12)))
                parts.append(torch.zeros_like(o).scatter_(1, (o + gumbel).argmax(1, keepdim=True), 1.0))
        return torch.cat(parts, dim=1)

    def _square(self, output: Tensor, x: Tensor, place: slice) -> Tensor:
        log_variance = self._log_variance(place)
        scaled = (x - output).square() * torch.exp(-log_variance)
        return 0.5 * (scaled + log_variance + math.log(2 * math.pi))

    def _square_gradient(self, output: Tensor, x: Tensor, place: slice, *, out: Tensor, weight: Tensor) -> None:
        with torch.enable_grad():
            log_variance = self._log_variance(place)
        precision = torch.exp(-log_variance.detach())
        torch.sub(output, x, out=out)
        slope = 0.5 * ((1 - out.square() * precision) * weight).sum(0)
        out.mul_(precision)
        log_variance.backward(slope)

    def _log_variance(self, place: slice) -> Tensor:
        return bound_log_variance(self.raw_log_variance[place.start - self._first : place.stop - self._first])


def make_mixed(
    blocks: Sequence[tuple[str, int, int]],
    *,
    shares: Sequence[float],
    gap_floats: Sequence[int],
    unknown: Sequence[float],
    density: bool,
) -> MixedError:
    """Return the likelihood of a mixed table; as a density nothing is divided."""
    shares = [1.0] * len(shares) if density else shares
    return (MixedDensity if density else MixedError)(False, tuple(blocks), shares, gap_floats, unknown)
