"""The objective: corrupt, encode, draw a code, decode, and sum the losses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from narrows.errors import SettingError
from narrows.model.corruption import Corruption
from narrows.model.forward_pass import ForwardPass
from narrows.model.network import AutoencoderNetwork
from narrows.model.own_blocks import checked_term, draw_with_own, is_own
from narrows.model.penalty import Penalty
from narrows.model.row_means import Means, RowSums


@dataclass(frozen=True)
class Objective:
    """The minimised function: the mean over rows of the reconstruction loss and every penalty."""

    corruption: Corruption | None = None
    penalties: tuple[Penalty, ...] = ()

    def __post_init__(self) -> None:
        names = ["reconstruction", *(penalty.name for penalty in self.penalties)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SettingError(f"two terms of the objective are called {twice[0]!r}; give one penalty another name.")

    def check(self, network: AutoencoderNetwork) -> None:
        """Raise SettingError where a penalty makes no sense for `network`."""
        for penalty in self.penalties:
            penalty.check(network)

    @property
    def n_nearest(self) -> int:
        """The size of the neighbourhoods whose pairs of rows the penalties need in a batch; 0 for none."""
        return max((penalty.n_nearest() for penalty in self.penalties), default=0)

    def draw(self, x: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the target (n, d) and the corrupted input of the encoder (n, d) of clean rows x (n, d)."""
        if self.corruption is None:
            return x, x
        if is_own(self.corruption):
            return draw_with_own(self.corruption, x, generator)
        return self.corruption.draw(x, generator)

    def terms(
        self,
        network: AutoencoderNetwork,
        x: Tensor,
        generator: torch.Generator,
        *,
        progress: float,
        training: bool,
        weight: Tensor | None = None,
        pairs: Tensor | None = None,
        means: Means | None = None,
    ) -> dict[str, Tensor]:
        """Return the terms for clean rows x (n, d), weighted, so that their sum is the loss.

        "reconstruction" (n,) is the loss of each row, summed over features; each penalty has its name
        as the key, (n,) or a scalar. Corruption and codes are drawn from `generator` on held-out rows too
        (`training=False`): the same seed gives the same numbers. `progress` counts the epochs done so far. `pairs`
        are the places of neighbouring rows (2, m), for penalties with an `n_nearest`. `means` as for `ForwardPass`,
        where x is a piece of a batch.
        """
        x, x_tilde = self.draw(x, generator)
        h = network.encode(x_tilde)
        z = network.code.draw(h, generator)
        terms = {"reconstruction": network.likelihood.loss(network.output(z), x).sum(1)}
        forward = ForwardPass(network, x, x_tilde, h, z, generator, progress, training, weight, pairs, means)
        return terms | self.penalty_terms(forward)

    def penalty_terms(self, forward: ForwardPass) -> dict[str, Tensor]:
        """Return the term of each penalty by its name, (n,) or a scalar."""
        terms = {}
        for penalty in self.penalties:
            value = penalty(forward)
            terms[penalty.name] = checked_term(penalty, value, forward) if is_own(penalty) else value
        return terms

    @torch.no_grad()
    def row_sums(
        self,
        network: AutoencoderNetwork,
        x: Tensor,
        generator: torch.Generator,
        *,
        progress: float,
        weight: Tensor | None,
    ) -> Tensor | None:
        """Return the sums over rows x (n, d) whose means the penalties take, see `RowSums`; None where they take none.

        It draws the same numbers from `generator` as `terms` does.
        """
        sums = RowSums()
        x, x_tilde = self.draw(x, generator)
        h = network.encode(x_tilde)
        z = network.code.draw(h, generator)
        forward = ForwardPass(network, x, x_tilde, h, z, generator, progress, True, weight, None, sums)
        for penalty in self.penalties:
            penalty(forward)
        return sums.vector()
