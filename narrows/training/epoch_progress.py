"""The part of an epoch that is done: sums over its batches, and the place among the rows where it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from narrows.training.held_out import add_terms
from narrows.training.run_state import below

_SUM, _PLACE = "sum.", "place."


@dataclass
class Place:
    """Where an epoch goes on, among blocks of rows in a random order.

    Parameters
    ----------
    order : list of int
        Numbers of the blocks in the order of this epoch.
    block : int
        How many of them are done.
    generator : Tensor
        State of the generator of the order, before it drew the order of the rows of the block in hand.
    n_batches : int
        Batches of this block that are done.
    """

    order: list[int]
    block: int
    generator: Tensor
    n_batches: int = 0

    def tensors(self) -> dict[str, Tensor]:
        """Return everything as named tensors."""
        numbers = {"order": self.order, "block": self.block, "n_batches": self.n_batches}
        return {"generator": self.generator} | {name: torch.tensor(value) for name, value in numbers.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Place:
        """Return the place that `tensors` wrote; KeyError, ValueError or RuntimeError where it is none."""
        block, n_batches = int(tensors["block"]), int(tensors["n_batches"])
        order = [int(number) for number in tensors["order"].tolist()]
        torch.Generator().set_state(tensors["generator"])
        if not 0 <= block < len(order) or n_batches < 0:
            raise ValueError("there is no such place among the rows")
        return cls(order, block, tensors["generator"], n_batches)


@dataclass
class EpochProgress:
    """Sums over the batches of an epoch that are done.

    Parameters
    ----------
    n_batches, n_rows : int
    seconds : float
        Time that they took in a process before this one.
    sums : dict of Tensor
        Each term of the objective, summed over rows.
    place : Place or None
        Where the epoch goes on; None at its start.
    """

    n_batches: int = 0
    n_rows: int = 0
    seconds: float = 0.0
    sums: dict[str, Tensor] = field(default_factory=dict)
    place: Place | None = None

    def add(self, terms: Mapping[str, Tensor], n_rows: int) -> None:
        """Count a batch with these means over its rows."""
        add_terms(self.sums, terms, n_rows)
        self.n_batches, self.n_rows = self.n_batches + 1, self.n_rows + n_rows

    def tensors(self, place: Place, seconds: float) -> dict[str, Tensor]:
        """Return a copy as named tensors, of an epoch that is at `place` after so many seconds in this process."""
        found = {"n_batches": torch.tensor(self.n_batches), "n_rows": torch.tensor(self.n_rows)}
        found["seconds"] = torch.tensor(self.seconds + seconds, dtype=torch.float64)
        found |= {_SUM + name: value.detach().clone() for name, value in self.sums.items()}
        return found | {_PLACE + name: value.clone() for name, value in place.tensors().items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], device: torch.device) -> EpochProgress:
        """Return the progress that `tensors` wrote; KeyError, ValueError or RuntimeError where it is none."""
        n_batches, n_rows = int(tensors["n_batches"]), int(tensors["n_rows"])
        if min(n_batches, n_rows) < 1:
            raise ValueError("a count is not positive")
        sums = {name: value.to(device, copy=True) for name, value in below(tensors, _SUM).items()}
        return cls(n_batches, n_rows, float(tensors["seconds"]), sums, Place.from_tensors(below(tensors, _PLACE)))
