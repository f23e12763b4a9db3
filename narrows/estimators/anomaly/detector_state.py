"""The state of a fitted detector: one immutable value, built by a fit and assigned once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from narrows.data import Rows, Schema
from narrows.estimators.anomaly.scorer import Scorer
from narrows.estimators.fitted import Fitted

LINEAR = 5.0
"""Units up to which a score grows linearly; beyond, it grows with their logarithm."""

_INVALID_CELL = 1000.0  # larger than any score of a row without such a cell
_INVALID_CELL_LINEAR = 1e15  # the same for detectors saved before scores grew with the logarithm


@dataclass(frozen=True, eq=False)
class Scoring:
    """The combination of the parts of a scorer into one anomaly score per row.

    Parameters
    ----------
    schema : Schema
    scorer : Scorer
    scale : ndarray of shape (2, p)
        Median and unit of each part.
    linear : float
        `LINEAR`; 0 for detectors saved before scores grew with the logarithm.
    change : float, default=0.0
        Score of a column that was constant in the fit and has another value.
    """

    schema: Schema
    scorer: Scorer
    scale: np.ndarray
    linear: float = LINEAR
    change: float = 0.0

    def scores(self, rows: Rows, floats: np.ndarray) -> np.ndarray:
        """Return the anomaly scores (n,) of rows and their encoded floats (n, d)."""
        return self.combined(self.scorer.parts(floats)) + self.of_cells(rows)

    def combined(self, parts: np.ndarray) -> np.ndarray:
        """Return the largest of the parts (n, p), each centred on its median and divided by its unit: (n,)."""
        far = ((parts - self.scale[0]) / self.scale[1]).max(axis=1)
        return self.linear * np.arcsinh(far / self.linear) if self.linear else far

    def of_cells(self, rows: Rows) -> np.ndarray:
        """Return the score of single cells (n,): changed constants, and cells of another type than their column.

        A cell of another type adds more than all other contributions together.
        """
        changed = self.schema.changed_constants(rows)[1]
        return self.change * changed.sum(axis=1) + self.of_invalid_cell * rows.n_invalid

    @property
    def of_invalid_cell(self) -> float:
        """Score of a cell of another type than its column."""
        largest = self.change * len(self.schema.constant_columns)  # of all changed constants together
        return (_INVALID_CELL if self.linear else _INVALID_CELL_LINEAR) + largest


@dataclass(frozen=True, eq=False)
class DetectorState:
    """The results of the fit of a detector.

    Parameters
    ----------
    scoring : Scoring
    seed : int
    decision_scores : ndarray of shape (n,)
        Anomaly scores of the rows of the fit.
    labels : ndarray of shape (n,)
        1 for anomalies among them, else 0.
    calibration_scores : ndarray of shape (m,)
        Ascending scores of the calibration rows.
    threshold, offset : float
        Score above which a row is an anomaly, and its negative.
    """

    scoring: Scoring
    seed: int
    decision_scores: np.ndarray
    labels: np.ndarray
    calibration_scores: np.ndarray
    threshold: float
    offset: float


class FittedDetectorAttributes(Fitted[DetectorState]):
    """The trailing-underscore attributes of a fitted detector: read-only views of its state.

    Before `fit` they raise AttributeError, so that `hasattr` is False; `state_` and `estimator_` raise
    `NotFittedError`.
    """

    _checkpoint: Path | None = None  # folder of the last fit's checkpoint, which `save` removes

    @property
    def decision_scores_(self) -> np.ndarray:
        return self._of_fit("decision_scores_").decision_scores

    @property
    def labels_(self) -> np.ndarray:
        return self._of_fit("labels_").labels

    @property
    def threshold_(self) -> float:
        return self._of_fit("threshold_").threshold

    @property
    def offset_(self) -> float:
        return self._of_fit("offset_").offset

    @property
    def calibration_scores_(self) -> np.ndarray:
        return self._of_fit("calibration_scores_").calibration_scores

    @property
    def schema_(self) -> Schema:
        return self._of_fit("schema_").scoring.schema

    @property
    def scorer_(self) -> Scorer:
        return self._of_fit("scorer_").scoring.scorer

    @property
    def scale_(self) -> np.ndarray:
        return self._of_fit("scale_").scoring.scale

    @property
    def seed_(self) -> int:
        return self._of_fit("seed_").seed

    @property
    def n_features_in_(self) -> int:
        return self._of_fit("n_features_in_").scoring.schema.n_columns

    @property
    def feature_names_in_(self) -> np.ndarray:
        names = self._of_fit("feature_names_in_").scoring.schema.names
        if names is None:
            raise self._missing("feature_names_in_")
        return np.asarray(names, dtype=object)
