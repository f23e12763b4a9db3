"""The optimizer of `partial_fit` between two processes: its averages, its generator and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from narrows.estimators.parameters.resolution import resolve
from narrows.estimators.state import FittedState
from narrows.training import RunState, Trainer, TrainingSettings, Workers, below

_PREFIX = "trainer."


@dataclass(frozen=True, eq=False)
class SavedTrainer:
    """A trainer without its network, from which `partial_fit` goes on.

    Parameters
    ----------
    settings : TrainingSettings
    run : RunState
        Without weights, which are those of the fitted network.
    """

    settings: TrainingSettings
    run: RunState

    @classmethod
    def of(cls, trainer: Trainer) -> Self:
        """Return a copy of the state of a trainer."""
        return cls(trainer.settings, replace(trainer.state(), network={}))

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to save."""
        return {f"{_PREFIX}{name}": value for name, value in self.run.tensors().items()}

    def describe(self) -> dict[str, Any]:
        """Return the JSON values to save."""
        return asdict(self.settings)

    @classmethod
    def restore(cls, settings: Mapping[str, Any] | None, tensors: Mapping[str, Tensor]) -> Self | None:
        """Return the inverse of `describe` and `tensors`, None where nothing was saved; ValueError for nonsense."""
        if settings is None:
            return None
        saved = below(tensors, _PREFIX)
        if any(value.is_floating_point() and bool(torch.isnan(value).any()) for value in saved.values()):
            raise ValueError("the averages of the optimizer are not numbers")
        rows = max(1, int(settings.get("n_pieces", 1)))
        checked = TrainingSettings.resolve(**settings, n_rows=rows, n_parameters=1)
        run = RunState.from_tensors(saved)
        if run.max_rows > checked.batch_size + 1:
            raise ValueError("a batch is larger than the settings allow")
        return cls(checked, run)

    def resumed(self, fitted: FittedState) -> Trainer:
        """Return the trainer that goes on with a fitted network; ValueError or RuntimeError for another network."""
        with torch.device("meta"):  # of the network only the objective is needed
            objective = resolve(fitted.params, fitted.schema, None, generator=None).objective
        workers = Workers.current()
        # Pieces that cannot be shared are all computed by every worker.
        trainer = Trainer(
            fitted.network,
            objective,
            self.settings,
            generator=torch.Generator(),
            n_rows=max(1, self.run.max_rows - 1),
            follows_load=fitted.params["random_state"] is None,
            workers=workers if self.settings.n_pieces % workers.size == 0 else Workers(),
        )
        trainer.restore(replace(self.run, network=fitted.network.state_dict()))
        return trainer
