"""The runs of a session, by id."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from narrows.apps.lab.run_store import MOST_RUNS
from narrows.apps.lab.session_types import LabError
from narrows.apps.lab.worker_pool import MOST_TRAININGS
from narrows.apps.viewer.datasets import Source, load
from narrows.apps.viewer.runs import Run


class OpenRuns(dict[str, Run]):
    """Runs by id, oldest first."""

    def known(self, identity: str | None) -> Run:
        """Return the run with an id; LabError if there is none."""
        if identity is None or identity not in self:
            raise LabError("This run no longer exists.", "Choose another one.")
        return self[identity]

    def numbered(self, number: int) -> Run:
        """Return the run with a number; LabError if there is none."""
        found = next((run for run in self.values() if run.number == number), None)
        if found is None:
            raise LabError("This run no longer exists.")
        return found

    def to_open_on(self, dataset: str | None, last_shown: str | None) -> Run | None:
        """Return the run that the page opens on; None if there is none.

        That is the run which the visitor looked at last, else the newest one that no view started by itself, else the
        newest one.

        Parameters
        ----------
        dataset : str or None
            Id of the dataset that the lab was started with; only its runs are considered. None considers all runs.
        last_shown : str or None
            Id of the run that the visitor looked at last.
        """
        candidates = [run for run in self.values() if dataset is None or run.dataset == dataset]
        shown = [run for run in candidates if run.id == last_shown]
        chosen = [run for run in candidates if not run.example]
        return next(reversed(shown or chosen or candidates), None)

    def newest_like(self, dataset: str, variant: str, settings: dict[str, Any]) -> Run | None:
        """Return the newest run with these settings that has weights or is in training; None if there is none."""
        for run in reversed(self.values()):
            alike = (run.dataset, run.variant, run.settings) == (dataset, variant, settings)
            if alike and run.state not in ("failed", "diverged") and (run.active or run.weights.there):
                return run
        return None

    def has_one_on(self, dataset: str) -> bool:
        """Return whether a run on a dataset has weights or is in training."""
        return any(run.dataset == dataset and (run.active or run.weights.there) for run in self.values())

    def in_excess(self) -> list[Run]:
        """Return the oldest runs, those over the number that the lab keeps, without trainings and loaded models."""
        removable = [run for run in self.values() if not run.active and run.state != "loaded"]
        return removable[: max(0, len(self) - MOST_RUNS)]

    def require_a_free_place(self, example: bool) -> None:
        """Raise LabError if no further training may run.

        Paused trainings do not count, and examples only against other examples: the visitor did not start them.
        """
        running = (run for run in self.values() if run.active and run.state != "paused")
        if sum(example or not run.example for run in running) >= MOST_TRAININGS:
            raise LabError(f"{MOST_TRAININGS} trainings are running already.", "Stop one of them, or wait for it.")


def readable_source(run: Run | None) -> Source | None:
    """Return the source of a run's rows; None if there is none, or if it cannot be read any more."""
    from narrows.errors import NarrowsError

    if run is None or run.source is None:
        return None
    with suppress(NarrowsError, OSError):
        load(run.source)
        return run.source
    return None
