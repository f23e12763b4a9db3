"""The state of a fitted detector: one immutable value, built by a fit and assigned once."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np

from narrows.data import Missing, Rows, Schema
from narrows.data.kinds import Category
from narrows.estimators.anomaly.alarm_rules import AlarmRule
from narrows.estimators.anomaly.calibration import Calibration
from narrows.estimators.anomaly.explanations import outweigh_invalid_cells
from narrows.estimators.anomaly.regime import Regime
from narrows.estimators.anomaly.scorer import Scorer
from narrows.estimators.anomaly.tails import Combination
from narrows.estimators.anomaly.weights import median, quantile
from narrows.estimators.fitted import Fitted


@dataclass(frozen=True, eq=False)
class Scoring:
    """The anomaly score of a row: the combined parts of a scorer, and the additions of single cells.

    Parameters
    ----------
    schema : Schema
    scorer : Scorer
    combination : Combination
    change : float, default=0.0
        Score of a column that was constant in the fit and has another value.
    unknown : ndarray of shape (k,)
        Score of an unknown level, for each column of levels; 0 for detectors saved before there was one.
    """

    schema: Schema
    scorer: Scorer
    combination: Combination
    change: float = 0.0
    unknown: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def scores(self, rows: Rows, floats: np.ndarray) -> np.ndarray:
        """Return the anomaly scores (n,) of rows and their encoded floats (n, d)."""
        return self.of_floats(floats) + self.of_cells(rows)

    def of_floats(self, floats: np.ndarray) -> np.ndarray:
        """Return the part of the anomaly scores (n,) that follows from encoded rows (n, d)."""
        return self.combination.combined(self.scorer.parts(floats))

    def with_cells(self, scores: np.ndarray, weight: np.ndarray | None = None) -> Scoring:
        """Return the same with the scores of single cells, learned from scores of training rows (n,) and weights.

        A value that no training row has gives a row at least the score of the most anomalous of them. If levels
        occur that are new anyway, an unknown level gives a row a score that as large a share of them exceeds. A user's
        own autoencoder has a loss for unknown levels, so they get no other score.
        """
        middle = median(scores, weight)
        kinds = [] if self.scorer.models else self.schema.kinds
        shares = np.array([kind.unknown_share for kind in kinds if isinstance(kind, Category)])
        unknown = np.maximum(quantile(scores, 1 - shares, weight) - middle, 0.0) if len(shares) else np.zeros(0)
        return replace(self, change=float(np.max(scores) - middle), unknown=unknown)

    def of_cells(self, rows: Rows) -> np.ndarray:
        """Return the score of single cells (n,): changed constants, unknown levels, and cells of another type.

        A cell of another type than its column adds more than all other contributions together.
        """
        changed = self.schema.changed_constants(rows)[1]
        found = self.change * changed.sum(axis=1)
        if self.unknown.any():
            found = found + self.schema.unknown_levels(rows).found @ self.unknown
        return found + self.of_invalid_cell * rows.n_invalid

    @property
    def of_invalid_cell(self) -> float:
        """Score of a cell of another type than its column."""
        largest = self.change * len(self.schema.constant_columns)  # of all changed constants together
        return self.combination.invalid_cell + largest + self.unknown.sum()

    def outweigh_impossible_cells(self, far: np.ndarray, rows: Rows) -> None:
        """Raise the contributions `far` (n, n_columns) of the cells of `of_cells`, in place.

        A changed constant has at least the weight of all other columns together, and so has an unknown level where
        levels are never new.
        """
        whole = np.maximum(far.sum(axis=1, keepdims=True), 1.0)
        columns, changed = self.schema.changed_constants(rows)
        far[:, columns] = np.where(changed, whole, far[:, columns])
        if self.unknown.any():
            levels = self.schema.unknown_levels(rows)
            weight = whole * np.minimum(self.unknown / max(self.change, 1e-12), 1.0)
            far[:, levels.columns] += np.where(levels.found, weight, 0.0)
        outweigh_invalid_cells(far, rows)


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
    calibration : Calibration
    threshold, offset : float
        Score above which a row is an anomaly, and its negative.
    regime : Regime or None
        None if it was not estimated.
    rule : AlarmRule or None
        That of the fit, which set the threshold; of a saved detector that of its parameters.
    """

    scoring: Scoring
    seed: int
    decision_scores: np.ndarray
    labels: np.ndarray
    calibration: Calibration
    threshold: float
    offset: float
    regime: Regime | None = None
    rule: AlarmRule | None = None


class FittedDetectorAttributes(Fitted[DetectorState]):
    """The trailing-underscore attributes of a fitted detector: read-only views of its state.

    Before `fit` they raise AttributeError, so that `hasattr` is False; `state_` and `estimator_` raise
    `NotFittedError`.
    """

    _checkpoint: Path | None = None  # folder of the last fit's checkpoint, which `save` removes

    def adopt_fit(self, fitted: Self, *, checkpoint: Path | None = None) -> Self:
        """Take the fit of a copy of this detector, which another process fitted; `save` removes its checkpoint."""
        self._state, self._checkpoint = fitted._state, checkpoint
        return self

    def with_missing(self, missing: Missing) -> Self:
        """Return a copy of the fitted detector, sharing its scorer, that treats missing values in another way."""
        state = self.state_
        schema = replace(state.scoring.schema, missing=missing)
        detector = copy(self)
        detector._state = replace(state, scoring=replace(state.scoring, schema=schema))
        return detector

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
        return self._of_fit("calibration_scores_").calibration.scores

    @property
    def regime_(self) -> Regime:
        regime = self._of_fit("regime_").regime
        if regime is None:
            raise self._missing("regime_")
        return regime

    @property
    def contamination_(self) -> float:
        return self.regime_.share

    @property
    def schema_(self) -> Schema:
        return self._of_fit("schema_").scoring.schema

    @property
    def scorer_(self) -> Scorer:
        return self._of_fit("scorer_").scoring.scorer

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
