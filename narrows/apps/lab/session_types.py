"""The initial content, the errors and the observer of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from narrows.apps.viewer.protocol import PageError

if TYPE_CHECKING:
    import numpy as np

    from narrows.apps.viewer.datasets import Source
    from narrows.apps.viewer.runs import Run
    from narrows.data import Rows
    from narrows.estimators import Autoencoder


class LabError(PageError):
    """A request that cannot be carried out."""


class Observer(Protocol):
    """Receives the changes of a session, on the event loop."""

    def state_changed(self) -> None:
        """Report that data, runs or the status have changed, see `Session.state`."""

    def records_changed(self, run: Run) -> None:
        """Report that the history of a run has grown, or lost its last epochs."""

    def snapshot_taken(self, run: Run, epoch: int, reconstructions: np.ndarray, share: float) -> None:
        """Report that the fixed rows of a run were reconstructed after an epoch, and after a share of the next one."""

    def codes_changed(self, run: Run, epoch: int, arrays: dict[str, Any]) -> None:
        """Report that the map of a run was redrawn."""


class NoObserver(Observer):
    """Ignores the changes of a session."""


@dataclass(frozen=True, eq=False)
class InitialContent:
    """The first content of the page: a dataset, or a saved model with or without rows.

    Parameters
    ----------
    is_default : bool
        Whether no dataset was named; the lab then opens the last run of the visitor, if there is one.
    """

    source: Source | None = None
    model: Autoencoder | None = None
    rows: Rows | None = None
    is_default: bool = False
