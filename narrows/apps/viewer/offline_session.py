"""A fitted model and rows, to be looked at with the lab's views where no lab runs: in a notebook, in a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from narrows.apps.viewer.datasets import MOST_ROWS, described, stratified
from narrows.apps.viewer.queries import Answer, Queries
from narrows.apps.viewer.runs import Run, run_of_model

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_DATASET = "rows"


@dataclass(frozen=True, eq=False)
class OfflineSession:
    """What the views need: the run that shows a model, its answers, and the state of a session with only it."""

    run: Run
    rows: Rows
    state: dict[str, Any]
    queries: Queries

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, y: Any = None) -> OfflineSession:
        """A fitted model on rows in the form of its fit; of more than 70,000 a sample.

        y : classes (n,), or None for the labels that the rows have.

        Raises
        ------
        DataError
            Classes of another number than the rows.
        """
        from narrows import __version__
        from narrows.errors import DataError
        from narrows.insight.labels import classes_of

        labels = classes_of(rows.labels if y is None else y)
        if labels is not None and len(labels) != len(rows):
            raise DataError(f"y has {len(labels):,} classes for {len(rows):,} rows; give one class for each row.")
        rows = replace(rows, labels=labels)
        places = stratified(labels, len(rows), MOST_ROWS)
        if places is not None:
            rows = rows.take(places)
        run = run_of_model(model, rows, None, _DATASET, 1)
        state = {
            "version": __version__,
            "status": "ready",
            "message": None,
            "datasets": [described(rows, model.schema_, _DATASET)],
            "offered": [],
            "runs": [run.to_dict()],
        }
        return cls(run, rows, state, Queries(lambda _: None))

    def answer(self, view: str, **params: Any) -> Answer:
        """What a view is told."""
        return self.queries.answer(self.run, view, params)
