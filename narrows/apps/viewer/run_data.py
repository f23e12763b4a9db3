"""The rows of each run, and what views need to know about them; computed once and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from narrows.apps.viewer.datasets import MOST_ROWS, Source, load
from narrows.apps.viewer.runs import Run

if TYPE_CHECKING:
    import numpy as np

    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight.payloads import Payload

_LIKE_ROWS = 1000


class RunData:
    """Rows of runs; safe to use from several threads.

    Parameters
    ----------
    source_of : callable
        Returns the current source of a dataset by its id, or None. Its classes colour runs without classes.
    """

    def __init__(self, source_of: Callable[[str], Source | None]) -> None:
        self._source_of = source_of
        self._pca: dict[str, np.ndarray] = {}
        self._seen: dict[str, np.ndarray] = {}
        self._like: dict[str, np.ndarray | None] = {}
        self._training: dict[str, np.ndarray] = {}
        self._detectors: dict[str, dict[str, Payload]] = {}
        self._diagnoses: dict[str, tuple[Autoencoder, Payload]] = {}

    def forget(self, run: str) -> None:
        """Drop the cached values of a run that was removed."""
        for kept in (self._pca, self._seen, self._like, self._training, self._detectors, self._diagnoses):
            kept.pop(run, None)

    def rows(self, run: Run) -> Rows:
        """Return the rows of a run, with the classes that its dataset has now.

        Raises
        ------
        SettingError
            The run has no rows.
        """
        if run.rows is not None:
            return run.rows
        if run.source is None:
            from narrows.errors import SettingError

            raise SettingError("This model came without rows; start the page with --data DATA to show them.")
        rows = load(run.source)
        now = None if run.dataset is None else self._source_of(run.dataset)
        if rows.labels is None and now is not None and now.label is not None and len(rows) < MOST_ROWS:
            labelled = load(now)
            if len(labelled) == len(rows):
                return replace(rows, labels=labelled.labels)
        return rows

    def like(self, run: Run, model: Autoencoder) -> np.ndarray | None:
        """Return encoded rows that define black and white, for images whose unit is not a pixel; else None."""
        if model.schema_.image_shape is None or model.schema_.pixel_range is not None:
            return None
        if run.id not in self._like:
            has_rows = run.rows is not None or run.source is not None
            self._like[run.id] = model.schema_.encode(self.rows(run).sampled(_LIKE_ROWS)) if has_rows else None
        return self._like[run.id]

    def training_floats(self, run: Run, model: Autoencoder) -> np.ndarray | None:
        """Return at most 1000 encoded training rows (n, d); None for a run without rows."""
        if run.id not in self._training:
            if run.rows is None and run.source is None:
                return None
            rows = self.rows(run)
            seen = self.seen(run, model)
            part = rows.take(seen) if seen.sum() >= 2 else rows
            self._training[run.id] = model.schema_.encode(part.sampled(_LIKE_ROWS))
        return self._training[run.id]

    def seen(self, run: Run, model: Autoencoder) -> np.ndarray:
        """Return which rows the run was trained on, bool (n,)."""
        from narrows.insight.splits import EvaluationSplit

        if run.id not in self._seen:
            self._seen[run.id] = EvaluationSplit.seen(model, self.rows(run))
        return self._seen[run.id]

    def detector(self, run: Run, normal: str, compute: Callable[[], Payload]) -> Payload:
        """Return the scores of the default detector, computed once for each choice of normal classes."""
        kept = self._detectors.setdefault(run.id, {})
        if normal not in kept:
            kept[normal] = compute()
        return kept[normal]

    def diagnosis(self, run: Run, model: Autoencoder, compute: Callable[[], Payload]) -> Payload:
        """Return the diagnosis of a run, computed once for its latest model."""
        if run.id not in self._diagnoses or self._diagnoses[run.id][0] is not model:
            self._diagnoses[run.id] = (model, compute())
        return self._diagnoses[run.id][1]

    def pca_map(self, run: Run, model: Autoencoder) -> np.ndarray:
        """Return the first two principal components of all rows of the run, (n, 2)."""
        from narrows.insight.payloads import pca_map

        if run.id not in self._pca:
            self._pca[run.id] = pca_map(model, self.rows(run))
        return self._pca[run.id]
