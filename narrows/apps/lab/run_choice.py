"""Choice of a run: the one that the page opens on, one with given settings."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from narrows.apps.viewer.datasets import Source, load
from narrows.apps.viewer.runs import Run


def opening_run(runs: Iterable[Run], dataset: str | None, last_shown: str | None) -> Run | None:
    """Return the run that the page opens on; None if there is none.

    That is the run which the visitor looked at last, else the newest one that no view started by itself, else the
    newest one.

    Parameters
    ----------
    runs : iterable of Run
        Oldest first.
    dataset : str or None
        Id of the dataset that the lab was started with; only its runs are considered. None considers all runs.
    last_shown : str or None
        Id of the run that the visitor looked at last.
    """
    candidates = [run for run in runs if dataset is None or run.dataset == dataset]
    shown = [run for run in candidates if run.id == last_shown]
    chosen = [run for run in candidates if not run.example]
    return next(reversed(shown or chosen or candidates), None)


def readable_source(run: Run | None) -> Source | None:
    """Return the source of a run's rows; None if there is none, or if it cannot be read any more."""
    from narrows.errors import NarrowsError

    if run is None or run.source is None:
        return None
    with suppress(NarrowsError, OSError):
        load(run.source)
        return run.source
    return None


def newest_like(runs: Iterable[Run], dataset: str, variant: str, settings: dict[str, Any]) -> Run | None:
    """Return the newest run with these settings that has weights or is in training; None if there is none."""
    for run in reversed(list(runs)):
        alike = (run.dataset, run.variant, run.settings) == (dataset, variant, settings)
        if alike and run.state not in ("failed", "diverged") and (run.active or run.weights.there):
            return run
    return None
