"""A training that is ready to start, or to go on from a checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from narrows.estimators.state import FittedState
from narrows.training import Epoch, LayerEpoch, Pretraining, RunState, Shards, Spool, Trainer, below, fingerprint


@dataclass(frozen=True, eq=False)
class PreparedFit:
    """A training that is ready to start.

    Parameters
    ----------
    state : FittedState
        With the network before its first step.
    trainer : Trainer
    x, weight : Tensor of shape (n, n_floats), Spool or Shards, Tensor of shape (n,) or None
        Distinct training rows on the device, or all training rows of a stream on disk.
    validation, validation_weight
        The same for the validation rows, or None.
    pretraining : Pretraining or None
        To be exhausted before training.
    """

    state: FittedState
    trainer: Trainer
    x: Tensor | Spool | Shards
    weight: Tensor | None
    validation: Tensor | None
    validation_weight: Tensor | None
    pretraining: Pretraining | None

    def records(self) -> Iterator[LayerEpoch | Epoch]:
        """Pre-train and train, yielding the record of every pass over the rows."""
        yield from self.pretraining or ()
        yield from self.trainer.epochs(
            self.x, weight=self.weight, validation=self.validation, validation_weight=self.validation_weight
        )

    def identity(self) -> dict[str, Any]:
        """Return the values that identify the rows of the fit, for JSON."""
        held, weights = self.validation, (self.weight, self.validation_weight)
        return {
            "fingerprint": self.state.rows.fingerprint,
            "n_rows": len(self.x),
            "n_validation": 0 if held is None else len(held),
            "validation": None if held is None else fingerprint(held.cpu().numpy()),
            "weights": [None if w is None else hashlib.sha256(w.cpu().numpy().tobytes()).hexdigest() for w in weights],
        }

    def tensors(self, record: LayerEpoch | Epoch | None) -> dict[str, Tensor]:
        """Return a copy of the state after `record`, or after a batch (None), from which `resumed` goes on."""
        if isinstance(record, LayerEpoch):
            assert self.pretraining is not None
            return {f"pretraining.{name}": value for name, value in self.pretraining.state().items()}
        return {f"training.{name}": value for name, value in self.trainer.state().tensors().items()}

    def resumed(self, tensors: Mapping[str, Tensor]) -> PreparedFit:
        """Return the training that goes on from saved tensors; KeyError, ValueError or RuntimeError for others."""
        layers = below(tensors, "pretraining.")
        if not layers:
            self.trainer.restore(RunState.from_tensors(below(tensors, "training.")))
            self.trainer.check_epoch(self.x)
            return replace(self, pretraining=None)
        if self.pretraining is None:
            raise ValueError("there is no pre-training")
        self.pretraining.restore(layers)
        return self
