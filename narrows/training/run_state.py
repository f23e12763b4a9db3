"""The state of a training after a batch: everything that the rest of it depends on, except rows and settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import torch
from torch import Tensor

_GROUPS = ("network", "best", "optimizer", "generator", "epoch")


@dataclass
class Run:
    """Progress of one call of `Trainer.epochs`, and the early stopping of it.

    Parameters
    ----------
    epoch : int
        Epochs that are done.
    is_over : bool
        Whether no epoch follows.
    lowest : float
        The lowest monitored loss so far.
    reference : float
        The loss that the next epochs must clearly undercut.
    epochs_since : int
        Epochs since the reference was undercut.
    best_weights : dict or None
        The network's state after the epoch of the lowest loss, where early stopping restores it.
    """

    epoch: int = 0
    is_over: bool = False
    lowest: float = math.inf
    reference: float = math.inf
    epochs_since: int = 0
    best_weights: dict[str, Tensor] | None = None

    def record(self, loss: float, *, tol: float) -> bool:
        """Count an epoch with this monitored loss; return whether it is the lowest so far."""
        clearly = self.reference == math.inf or loss < self.reference - tol * abs(self.reference)
        self.epochs_since = 0 if clearly else self.epochs_since + 1
        self.reference = loss if clearly else self.reference
        is_lowest, self.lowest = loss < self.lowest, min(loss, self.lowest)
        self.epoch += 1
        return is_lowest


@dataclass(frozen=True, eq=False)
class RunState:
    """A copy of a trainer's state after a batch; `Trainer.restore` goes on from it to the bit.

    Parameters
    ----------
    run : Run
    number : int
        Epochs that the network has seen, over all its trainings.
    max_rows : int
        The largest batch for which the training step has memory; the type of its products depends on it.
    network, optimizer : dict of Tensor
        Weights and buffers; running averages and counts.
    generators : dict of Tensor
        State of the generator of the order, and of that of the noise if it is another one.
    epoch : dict of Tensor
        See `EpochProgress`; empty between two epochs.
    """

    run: Run
    number: int
    max_rows: int
    network: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    generators: dict[str, Tensor]
    epoch: dict[str, Tensor] = field(default_factory=dict)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything as named tensors, for a safetensors file."""
        numbers = {name: getattr(self.run, name) for name in _NUMBERS}
        numbers |= {"number": self.number, "max_rows": self.max_rows}
        found = {f"run.{name}": _as_tensor(value) for name, value in numbers.items()}
        groups = (self.network, self.run.best_weights or {}, self.optimizer, self.generators, self.epoch)
        for prefix, group in zip(_GROUPS, groups, strict=True):
            found |= {f"{prefix}.{name}": value for name, value in group.items()}
        return found

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> RunState:
        """Return the state that `tensors` wrote; KeyError, ValueError or RuntimeError where it is none."""
        network, best, optimizer, generators, epoch = (below(tensors, f"{prefix}.") for prefix in _GROUPS)
        numbers = {name: kind(tensors[f"run.{name}"].item()) for name, kind in _NUMBERS.items()}
        number, max_rows = (int(tensors[f"run.{name}"].item()) for name in ("number", "max_rows"))
        if min(numbers["epoch"], numbers["epochs_since"], number, max_rows) < 0:
            raise ValueError("a count is negative")
        run = Run(**numbers, best_weights=best or None)
        return cls(run, number, max_rows, network, optimizer, generators, epoch)


_KINDS = {"int": int, "bool": bool, "float": float}
_NUMBERS = {field.name: _KINDS[str(field.type)] for field in fields(Run) if str(field.type) in _KINDS}


def below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return copies, which do not change with the originals."""
    return {name: value.detach().clone() for name, value in tensors.items()}


def overwrite(tensors: Mapping[str, Tensor], saved: Mapping[str, Tensor]) -> None:
    """Write saved values into the memory of `tensors`; ValueError where names or shapes differ."""
    if tensors.keys() != saved.keys() or any(saved[name].shape != value.shape for name, value in tensors.items()):
        raise ValueError("the saved averages are those of another optimizer or network")
    with torch.no_grad():
        for name, value in tensors.items():
            value.copy_(saved[name])


def _as_tensor(number: float) -> Tensor:
    return torch.tensor(number, dtype=torch.float64 if isinstance(number, float) else torch.int64)
