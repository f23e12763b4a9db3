"""How strange rows are to a fitted autoencoder beside the others of their table, which may come in chunks."""

from __future__ import annotations

import tempfile
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.errors import full_disk_as_data_error
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer, column_losses, surprise_of, tails_of
from narrows.estimators.anomaly.explanations import Reason, outweigh_strange_cells, reasons

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators.autoencoder import Autoencoder

_CELLS = 1 << 24  # losses held at once


class Surprise:
    """-log of the share of rows whose loss in a column is as large, added up over the columns (Fisher 1932).

    All columns are weighed alike; of images it is the loss. `add` all the rows first; the losses of their columns, four
    bytes each, wait in a temporary file, where ``TMPDIR`` points. A row with cells that are not what their columns hold
    is above all others. `AnomalyDetector` compares with what is typical of the rows of the fit instead.

    Parameters
    ----------
    model : Autoencoder
        A fitted one.
    """

    def __init__(self, model: Autoencoder) -> None:
        self._model = model
        self._n_columns = 1 if model.schema_.image_shape else model.schema_.n_columns
        self._file = tempfile.TemporaryFile(prefix="narrows-")  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._n_rows = 0
        self._n_strange: list[np.ndarray] = []
        self._tails: np.ndarray | None = None

    def add(self, rows: Rows) -> None:
        """Take in rows; DataError where the disk is full."""
        losses = column_losses([self._model], self._encoded(rows))
        if self._model.schema_.image_shape:
            losses = losses.sum(axis=1, keepdims=True)
        with full_disk_as_data_error("the losses of the rows"):
            self._file.write(np.ascontiguousarray(losses, dtype=np.float32).data)
            self._file.flush()
        self._n_rows += len(rows)
        self._n_strange.append(rows.n_strange)

    def scores(self) -> np.ndarray:
        """How strange each of the rows is (n,), in their order."""
        losses = np.memmap(self._file, np.float32, "r", shape=(self._n_rows, self._n_columns))
        if self._model.schema_.image_shape:
            return np.array(losses[:, 0])
        at_once = max(1, _CELLS // self._n_rows)
        tails = [tails_of(losses[:, i : i + at_once]) for i in range(0, self._n_columns, at_once)]
        self._tails = np.vstack([tails[0], *(more[1:] for more in tails[1:])])
        step = max(1, _CELLS // self._n_columns)
        parts = [surprise_of(losses[i : i + step], self._tails).sum(axis=1) for i in range(0, self._n_rows, step)]
        return above_all(np.concatenate(parts), np.concatenate(self._n_strange))

    def explain(self, rows: Rows, *, n: int = 3) -> list[tuple[Reason, ...]]:
        """Of each of these rows, which have `scores`, the `n` columns that the model is most surprised by."""
        schema, floats = self._model.schema_, self._encoded(rows)
        members = EstimatorScorer([self._model], "reconstruction", self._tails, [], [])
        expected, far = members.expected(floats, schema.float_columns, schema.n_columns)
        outweigh_strange_cells(far, rows)
        return reasons(schema, rows, expected, far, n)

    def _encoded(self, rows: Rows) -> np.ndarray:
        # Their reconstruction errors, beside which these scores stand, warn of other units.
        return self._model.state_.encode(rows, units=False)


def above_all(scores: np.ndarray, n_strange: np.ndarray) -> np.ndarray:
    """The scores (n,), those of rows with strange cells (their number, (n,)) raised above all without.

    What such a cell should have been no network can say, and no number is as far from what its column holds.
    """
    if not n_strange.any():
        return scores
    scores = scores.astype(np.float64)
    least, most = float(scores.min()), float(scores.max())
    step = most - least + max(0.01 * abs(most), 1e-6)
    return scores + step * n_strange


def surprise(model: Autoencoder, X: Any) -> np.ndarray:
    """How strange each row is to a fitted autoencoder beside the other rows of X (n,); see `Surprise`."""
    found = Surprise(model)
    found.add(model.rows_of(X))
    return found.scores()


def explain_reconstruction(
    model: Autoencoder, X: Any, *, n: int = 3, at: np.ndarray | None = None
) -> list[tuple[Reason, ...]]:
    """The `n` columns of each row that a fitted model is most surprised by, beside the other rows of X.

    at : places of the rows to explain; None for all.
    """
    found, rows = Surprise(model), model.rows_of(X)
    found.add(rows)
    found.scores()
    return found.explain(rows if at is None else rows.take(at), n=n)
