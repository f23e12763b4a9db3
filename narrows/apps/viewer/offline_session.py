"""A fitted model and rows for the views without a server: in a notebook or a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from narrows.apps.viewer.answer import Answer
from narrows.apps.viewer.datasets import MOST_ROWS, described, stratified
from narrows.apps.viewer.normal_classes import normal_classes
from narrows.apps.viewer.queries import Queries
from narrows.apps.viewer.runs import Run, run_of_model

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder

_DATASET = "rows"


@dataclass(frozen=True, eq=False)
class OfflineSession:
    """A session with the run of one fitted model.

    Parameters
    ----------
    run : Run
    rows : Rows
        The rows that are shown.
    state : dict
        State of the session, as in the lab.
    queries : Queries
    """

    run: Run
    rows: Rows
    state: dict[str, Any]
    queries: Queries

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, y: Any = None) -> OfflineSession:
        """Return the session of a fitted model and rows in the form of its fit; at most 70,000 are shown.

        y : classes (n,), or None for the labels of the rows.

        Raises
        ------
        DataError
            The number of classes differs from the number of rows.
        """
        from narrows.errors import DataError
        from narrows.insight.labels import classes_of
        from narrows.version import __version__

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
            "datasets": [{**described(rows, model.schema_, _DATASET), "normal": _normal(model, rows)}],
            "offered": [],
            "runs": [run.to_dict()],
        }
        return cls(run, rows, state, Queries(lambda _: None))

    def answer(self, view: str, **params: Any) -> Answer:
        """Answer the query of a view."""
        return self.queries.answer(self.run, view, params)


def _normal(model: Autoencoder, rows: Rows) -> list[str] | None:
    """Return the classes that the view of anomalies calls normal at first."""
    return normal_classes(rows, encode=model.schema_.encode)
