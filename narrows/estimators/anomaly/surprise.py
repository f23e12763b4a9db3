"""Anomaly scores of the rows of a table under a fitted autoencoder; the table may come in chunks."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import full_disk_as_data_error
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer, column_losses, surprise_of, tails_of
from narrows.estimators.anomaly.explanations import Reason, outweigh_invalid_cells, reasons
from narrows.estimators.anomaly.score_file import ScoreFile

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators.autoencoder import Autoencoder

_CELLS = 1 << 24  # losses in memory at once


class Surprise:
    """Anomaly scores of rows relative to the other rows of their table.

    The score is -log of the share of rows whose loss in a column is at least as large, summed over columns (Fisher
    1932), so that all columns have equal weight; for images it is the loss. `add` all rows first: the losses of their
    columns, four bytes each, are stored in a temporary file in ``TMPDIR``. Rows with cells of another type than their
    column have the largest scores. `AnomalyDetector`, in contrast, compares with the rows of the fit.

    Parameters
    ----------
    model : Autoencoder
        A fitted autoencoder.
    """

    def __init__(self, model: Autoencoder) -> None:
        self._model = model
        self._n_columns = 1 if model.schema_.image_shape else model.schema_.n_columns
        self._file = tempfile.TemporaryFile(prefix="narrows-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._n_rows = 0
        self._n_invalid = ScoreFile()
        self._tails: np.ndarray | None = None

    def add(self, rows: Rows) -> None:
        """Add rows; raises DataError if the disk is full."""
        losses = column_losses([self._model], self._encoded(rows))
        if self._model.schema_.image_shape:
            losses = losses.sum(axis=1, keepdims=True)
        with full_disk_as_data_error("the losses of the rows"):
            self._file.write(np.ascontiguousarray(losses, dtype=np.float32).data)
            self._file.flush()
        self._n_rows += len(rows)
        self._n_invalid.add(rows.n_invalid.astype(np.int32))

    def scores(self) -> np.ndarray:
        """Return the scores of the added rows (n,), in their order; larger is more abnormal."""
        return self.in_file().all()

    def in_file(self) -> ScoreFile:
        """Return the same as `scores`, not in memory."""
        scores = ScoreFile(self._parts())
        return scores if self._model.schema_.image_shape else above_all(scores, self._n_invalid)

    def _parts(self) -> Iterator[np.ndarray]:
        """Yield the scores of the added rows in their order, some million losses at a time, without invalid cells."""
        losses = np.memmap(self._file, np.float32, "r", shape=(self._n_rows, self._n_columns))
        step = max(1, _CELLS // self._n_columns)
        starts = range(0, self._n_rows, step)
        if self._model.schema_.image_shape:
            yield from (np.array(losses[i : i + step, 0]) for i in starts)
            return
        at_once = max(1, _CELLS // self._n_rows)
        tails = [tails_of(losses[:, i : i + at_once]) for i in range(0, self._n_columns, at_once)]
        self._tails = np.vstack([tails[0], *(more[1:] for more in tails[1:])])
        yield from (surprise_of(losses[i : i + step], self._tails).sum(axis=1) for i in starts)

    def explain(self, rows: Rows, *, n: int = 3) -> list[tuple[Reason, ...]]:
        """Return the `n` columns that contribute most to the score of each row; call `scores` first."""
        schema, floats = self._model.schema_, self._encoded(rows)
        members = EstimatorScorer([self._model], "reconstruction", self._tails, [], [])
        expected, far = members.expected(floats, schema.float_columns, schema.n_columns)
        outweigh_invalid_cells(far, rows)
        return reasons(schema, rows, expected, far, n)

    def _encoded(self, rows: Rows) -> np.ndarray:
        # The reconstruction errors, which are reported with these scores, already warn of other units.
        return self._model.state_.encode(rows, units=False)


def above_all(scores: ScoreFile, n_invalid: ScoreFile, *, sign: int = 1) -> ScoreFile:
    """Return the scores, with those of rows with cells of another type raised above all others.

    Such cells have no numeric value that a network could compare.

    Parameters
    ----------
    scores : ScoreFile
    n_invalid : ScoreFile
        The number of such cells of each row.
    sign : {1, -1}, default=1
        -1 where a low score is abnormal; then they are lowered below all others.
    """
    if not n_invalid.max:
        return scores
    least, most = (scores.min, scores.max) if sign > 0 else (-scores.max, -scores.min)
    step = sign * (most - least + max(0.01 * abs(most), 1e-6))
    parts = zip(scores.parts(), n_invalid.parts(), strict=True)
    return ScoreFile(part.astype(np.float64) + step * of_part for part, of_part in parts)


def surprise(model: Autoencoder, X: Any) -> np.ndarray:
    """Return the score of each row of X relative to its other rows (n,), larger if more abnormal; see `Surprise`."""
    found = Surprise(model)
    found.add(model.rows_of(X))
    return found.scores()


def explain_reconstruction(
    model: Autoencoder, X: Any, *, n: int = 3, at: np.ndarray | None = None
) -> list[tuple[Reason, ...]]:
    """Return the `n` columns that contribute most to the score of each row relative to the other rows of X.

    at : positions of the rows to explain; None for all.
    """
    found, rows = Surprise(model), model.rows_of(X)
    found.add(rows)
    found.scores()
    return found.explain(rows if at is None else rows.take(at), n=n)
