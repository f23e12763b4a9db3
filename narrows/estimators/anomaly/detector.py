"""The anomaly detector."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone

from narrows.data import Missing, Rows, Schema, as_rows
from narrows.errors import DataError, SettingError
from narrows.estimators import model_folder, parameter_checks
from narrows.estimators.anomaly import thresholds
from narrows.estimators.anomaly.default_scorer import TrimmedEnsemble
from narrows.estimators.anomaly.detector_folder import files_of
from narrows.estimators.anomaly.detector_state import DetectorState, FittedDetectorAttributes, Scoring
from narrows.estimators.anomaly.estimator_scorer import EstimatorScorer, Score
from narrows.estimators.anomaly.explanations import Reason, outweigh_strange_cells, reasons
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.column_warnings import warn_of_aside
from narrows.estimators.parameters import DETECTOR_REQUIREMENTS, warn_of_idle_parameters

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]

_MOST_CALIBRATION, _FEWEST_CALIBRATION, _FEWEST_ROWS = 5000, 100, 20
_DEFAULT_MEMBERS, _DEFAULT_TRIM = 8, 0.2


@dataclass(eq=False, repr=False)
class AnomalyDetector(FittedDetectorAttributes, OutlierMixin, BaseEstimator):
    """Finds rows that are unlike the others, says which ones to look at, and why.

    Parameters
    ----------
    estimator : Autoencoder or None, default=None
        Whose reconstructions are judged; copies of it are fitted. None is the default that was measured: eight small
        variational autoencoders that leave out the worst fifth of every batch, and the distance to the five
        nearest of at most 4,000 training rows, whichever finds a row the stranger.
    score : {"auto", "reconstruction", "latent", "combined", "likelihood"}, default="auto"
        With an `estimator`: -log of the share of training rows whose loss in a column is as large, added up over the
        columns (Fisher 1932; of images, the loss of all pixels); the squared Mahalanobis distance of the code; the
        larger of both; or minus the importance-weighted bound on the log-likelihood. "auto" is "reconstruction".
    threshold : {"contamination", "conformal", "benjamini-hochberg", "budget"}, default="contamination"
        Which rows `predict` calls anomalies. "contamination": a score that a share of calibration rows passes.
        "conformal": a p-value of at most `alpha`, so that at most this share of normal rows is alarmed, whatever the
        data. "benjamini-hochberg": of the rows given together, as many as leave at most a share `alpha` of false
        alarms among the alarms. "budget": the `budget` largest scores of the rows given together.
    contamination : float in (0, 0.5], default=0.1
    alpha : float in (0, 1), default=0.01
    budget : int or None, default=None
    n_members : int or None, default=None
        Networks that are averaged. None is 8, and 1 with an `estimator`.
    trim : float in [0, 1) or None, default=None
        The default leaves this share out of every batch; an `estimator` is fitted, then fitted again without the share
        of the training rows that it rebuilds worst. None is 0.2, and 0 with an `estimator`.
    calibration_fraction : float in (0, 1) or None, default=None
        Share of the rows that no network is trained on and thresholds are set by. None is a tenth, and for "conformal"
        and "benjamini-hochberg" half; at most 5,000 rows, none of fewer than 20. Where "contamination" and "budget"
        hold out fewer than 100, too few to set a threshold by, all rows set it.
    missing : {"mask", "error", "mean"}, default="mask"
    categorical : names, default=()
        As for `Autoencoder`; an `estimator` has its own.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n,)
        Of the rows of the fit, larger for stranger ones: 0 is usual, 1 the upper quartile, and beyond about 5 they grow
        with the logarithm. A row is not its own neighbour. A cell that is not what its column holds (`Rows.strange`)
        adds 1,000.
    labels_ : ndarray of shape (n,)
        1 for the rows of the fit that are anomalies by the threshold, else 0.
    threshold_ : float
        A score above it is an anomaly ("contamination", "conformal"; for the others it is that of "contamination", or
        of "conformal" at the same `alpha`, and does not decide).
    offset_ : float
        Its negative, as scikit-learn has it.
    calibration_scores_ : ndarray
        Ascending scores of the calibration rows.
    estimator_ : Autoencoder
        The first fitted copy of `estimator`, where one was given.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from narrows import AnomalyDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((500, 3)) @ rng.standard_normal((3, 6))
    >>> strange = np.vstack([X[:20], X[:3] + 5 * rng.standard_normal((3, 6))])
    >>> detector = AnomalyDetector(threshold="conformal", alpha=0.01, random_state=0).fit(X)
    >>> detector.predict(strange)[-3:].tolist()
    [-1, -1, -1]
    """

    estimator: Autoencoder | None = None
    score: Score = "auto"
    threshold: Threshold = "contamination"
    contamination: float = 0.1
    alpha: float = 0.01
    budget: int | None = None
    n_members: int | None = None
    trim: float | None = None
    calibration_fraction: float | None = None
    missing: Missing = "mask"
    categorical: tuple[str, ...] = ()
    random_state: Any = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what is usual among the rows of X, most of which are taken to be normal.

        Parameters
        ----------
        X : like that of `Autoencoder.fit`
        y : ignored

        Raises
        ------
        DataError, SettingError
        """
        self.check_params()
        warn_of_idle_parameters(self, DETECTOR_REQUIREMENTS)
        rows = as_rows(X, image_shape=self._image_shape)
        if rows is not X:  # Rows carry their notes; other inputs have them from here alone
            for note in rows.notes:
                warnings.warn(note, stacklevel=2)
        if len(rows) < 2:
            raise DataError(
                f"A detector needs at least 2 rows, and {rows.source} has {len(rows)} sample; give it more."
            )
        seed = parameter_checks.seed(self.random_state)
        held = self._calibration_rows(len(rows), seed)
        train = np.setdiff1d(np.arange(len(rows)), held)
        scoring, parts = self._fit_scoring(rows, train, seed)
        if rows is not X:
            warn_of_aside(scoring.schema, rows.source)
        scores = scoring.combined(parts)
        # A value that no training row has makes a row at least as strange as the strangest of them.
        scoring = replace(scoring, change=float(np.max(scores[train]) - np.median(scores[train])))
        scores = scores + scoring.of_cells(rows)
        enough = self._is_strict or len(held) >= _FEWEST_CALIBRATION
        calibration = np.sort(scores[held] if enough else scores)
        threshold = self._threshold_of(calibration)
        labels = self._alarms(scores, calibration, threshold).astype(int)
        self._state = DetectorState(scoring, seed, scores, labels, calibration, threshold, -threshold)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the anomaly score (n,): the lower, the stranger, as scikit-learn has it."""
        rows = self.rows_of(X)
        return -self.state_.scoring.scores(rows, self._floats(rows))

    def decision_function(self, X: Any) -> np.ndarray:
        """The threshold minus the anomaly score (n,): negative above it.

        `predict` follows its sign for "contamination" and "conformal"; the other thresholds judge rows together.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """-1 for anomalies and 1 for the rest (n,), by `threshold`."""
        return np.where(self.alarms(-self.score_samples(X)), -1, 1)

    def fit_predict(self, X: Any, y: Any = None, **_: Any) -> np.ndarray:
        """Fit to X and call its own rows -1 or 1; no row is its own neighbour."""
        return np.where(self.fit(X).labels_ == 1, -1, 1)

    def p_values(self, X: Any) -> np.ndarray:
        """Conformal p-values (n,) against the calibration rows: of normal rows, a share of at most p has p or less."""
        return thresholds.p_values(-self.score_samples(X), self.calibration_scores_)

    def explain(self, X: Any, *, n: int = 3) -> list[tuple[Reason, ...]]:
        """Of each row the `n` columns that make most of its score: what was seen, and what was expected instead.

        Returns
        -------
        list of tuple of Reason
            The weightiest first.
        """
        if not _is_count(n):
            raise SettingError(f"n must be a whole number from 1, got {n!r}.")
        rows = self.rows_of(X)
        floats = self._floats(rows, units=False)  # rows that are asked about may well be far from all others
        expected, far = self.scorer_.expected(floats, self.schema_.float_columns, self.schema_.n_columns)
        columns, changed = self.schema_.changed_constants(rows)
        # Nothing else is as sure, so each of them outweighs all that the scorer found.
        far[:, columns] = np.where(changed, np.maximum(far.sum(axis=1, keepdims=True), 1.0), far[:, columns])
        outweigh_strange_cells(far, rows)
        return reasons(self.schema_, rows, expected, far, n)

    def error_map(self, X: Any) -> np.ndarray:
        """How much of each row's strangeness is each column's own: (n, n_columns), of images (n, height, width).

        In squared units of the scale that the networks see, or in nats of surprise with an `estimator`.
        """
        floats = self._floats(self.rows_of(X), units=False)
        _, far = self.scorer_.expected(floats, self.schema_.float_columns, self.schema_.n_columns)
        shape = self.schema_.image_shape
        return far if shape is None else far.reshape(-1, *shape).sum(axis=3)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the detector as a folder (see `narrows.load`), whole or not at all.

        Raises
        ------
        OutputExistsError, OutputError
        """
        params = self.get_params(deep=False)
        model_folder.write_folder(Path(path), files_of(type(self).__name__, params, self.state_), overwrite=overwrite)

    @classmethod
    def from_state(cls, params: Mapping[str, Any], state: DetectorState) -> Self:
        """Return a fitted detector with these constructor parameters and this state."""
        detector = cls(**params)
        detector.check_params()
        detector._state = state
        return detector

    def with_missing(self, missing: Missing) -> Self:
        """Return a copy of the fitted detector, sharing its scorer, that treats missing values in another way."""
        state = self.state_
        schema = replace(state.scoring.schema, missing=missing)
        detector = copy(self)
        detector._state = replace(state, scoring=replace(state.scoring, schema=schema))
        return detector

    def rows_of(self, X: Any) -> Rows:
        """Read X as rows with the columns of the fit.

        Raises
        ------
        NotFittedError, DataError
        """
        return as_rows(X, image_shape=self._image_shape, schema=self.state_.scoring.schema)

    def _floats(self, rows: Rows, *, units: bool = True) -> np.ndarray:
        """Encoded rows; `units` is whether columns in other units than at the fit are warned of."""
        return self.schema_.encode(rows, who=type(self).__name__, units=units)

    def _quietly_encoded(self, schema: Schema, rows: Rows) -> np.ndarray:
        """The rows of the fit as floats; that some hold what the schema did not see is meant."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return schema.encode(rows, who=type(self).__name__)

    def alarms(self, scores: np.ndarray) -> np.ndarray:
        """Which of the anomaly scores (n,), minus `score_samples`, are alarms by `threshold`."""
        state = self.state_
        return self._alarms(scores, state.calibration_scores, state.threshold)

    def _alarms(self, scores: np.ndarray, calibration: np.ndarray, threshold: float) -> np.ndarray:
        if self.threshold == "benjamini-hochberg":
            return thresholds.benjamini_hochberg(thresholds.p_values(scores, calibration), self.alpha)
        if self.threshold == "budget":
            self.check_params()
            assert self.budget is not None
            return thresholds.most_abnormal(scores, self.budget)
        return scores > threshold

    def _threshold_of(self, calibration: np.ndarray) -> float:
        if self._is_strict:
            return thresholds.conformal_threshold(calibration, self.alpha)
        return thresholds.contamination_threshold(calibration, self.contamination)

    def _fit_scoring(self, rows: Rows, train: np.ndarray, seed: int) -> tuple[Scoring, np.ndarray]:
        """Fit a scorer to the rows at `train`; returns it with its scale, and the parts (n, p) of all rows."""
        if self.estimator is None:
            scorer, schema, floats, parts = self._fit_default(rows, train, seed)
        else:
            scorer = self._fit_members(rows.take(train), seed)
            schema = scorer.models[0].schema_
            floats = self._quietly_encoded(schema, rows)
            parts = scorer.parts(floats)
        scale = _scale(parts[train])
        scale[1] = scorer.units(scale[1], floats[train[:: max(1, len(train) // _MOST_CALIBRATION)]])
        return Scoring(schema, scorer, scale), parts

    def _fit_default(
        self, rows: Rows, train: np.ndarray, seed: int
    ) -> tuple[TrimmedEnsemble, Schema, np.ndarray, np.ndarray]:
        # Under a guarantee, values of the calibration rows must be as new to the schema as to the networks.
        known = rows.take(train) if self._is_strict else rows
        scale = "standard" if rows.image_shape is None else "auto"
        schema = Schema.learn(known, scale=scale, missing=self.missing, categorical=self.categorical)
        floats = self._quietly_encoded(schema, rows)
        scorer, parts = TrimmedEnsemble.fit(
            floats,
            train,
            # A calibration row may be a neighbour of others, as it is not one of its own. The guarantee of a conformal
            # threshold is exact only where it is not.
            near=train if self._is_strict else np.arange(len(rows)),
            n_members=self.n_members or _DEFAULT_MEMBERS,
            trim=_DEFAULT_TRIM if self.trim is None else self.trim,
            seed=seed,
            image_shape=schema.image_shape,
        )
        return scorer, schema, floats, parts

    def _calibration_rows(self, n: int, seed: int) -> np.ndarray:
        """Places of rows that no network sees, ascending; DataError where they are too few for what is promised."""
        share = self.calibration_fraction or (0.5 if self._is_strict else 0.1)
        n_held = min(_MOST_CALIBRATION, max(1, round(n * share)), n - 2) if n >= _FEWEST_ROWS else 0
        if self._is_strict and self.alpha * (n_held + 1) < 1 - 1e-9:
            raise DataError(
                f"alpha={self.alpha} needs at least {math.ceil(1 / self.alpha) - 1} calibration rows, and there are "
                f"{n_held}; give more rows, a larger alpha, or threshold='contamination'."
            )
        return np.sort(np.random.default_rng([seed, 0]).permutation(n)[:n_held])

    def _fit_members(self, rows: Rows, seed: int) -> EstimatorScorer:
        assert self.estimator is not None
        seeds = np.random.SeedSequence(seed).generate_state(self.n_members or 1)
        members = self._members(rows, seeds)
        scorer = EstimatorScorer.of(members, self.score, members[0].schema_.encode(rows))
        if self.trim:
            scores = scorer.parts(members[0].schema_.encode(rows))[:, 0]
            kept = rows.take(np.sort(np.argsort(scores, kind="stable")[: max(2, round(len(rows) * (1 - self.trim)))]))
            members = self._members(kept, seeds)
            scorer = EstimatorScorer.of(members, self.score, members[0].schema_.encode(kept))
        return scorer

    def _members(self, rows: Rows, seeds: np.ndarray) -> list[Autoencoder]:
        members = []
        for seed in seeds:
            member = cast("Autoencoder", clone(self.estimator))
            members.append(member.set_params(random_state=int(seed)).fit(rows))
            if member.interrupted_:  # half a training is no member
                raise KeyboardInterrupt
        return members

    @property
    def _is_strict(self) -> bool:
        """Whether the threshold promises a rate of false alarms."""
        return self.threshold in ("conformal", "benjamini-hochberg")

    def check_params(self) -> None:
        """Raise `SettingError` for an impossible parameter."""
        for name, choices in (("score", Score), ("threshold", Threshold)):
            if getattr(self, name) not in get_args(choices):
                listed = ", ".join(map(repr, get_args(choices)))
                raise SettingError(f"{name}={getattr(self, name)!r} is not known; choose one of {listed}.")
        if self.estimator is None and self.score != "auto":
            raise SettingError(f"score={self.score!r} needs an estimator; the default has a score of its own.")
        if self.estimator is not None and not isinstance(self.estimator, Autoencoder):
            raise SettingError(f"estimator must be a narrows autoencoder or None, got {self.estimator!r}.")
        if not 0 < parameter_checks.number("contamination", self.contamination) <= 0.5:
            raise SettingError(f"contamination must be above 0 and at most 0.5, got {self.contamination!r}.")
        if not 0 < parameter_checks.number("alpha", self.alpha) < 1:
            raise SettingError(f"alpha must be between 0 and 1, got {self.alpha!r}.")
        if self.threshold == "budget" and not _is_count(self.budget):
            raise SettingError(f"threshold='budget' needs budget, a whole number from 1, got {self.budget!r}.")
        if self.n_members is not None and not _is_count(self.n_members):
            raise SettingError(f"n_members must be a whole number from 1, got {self.n_members!r}.")
        if self.trim is not None:
            parameter_checks.share("trim", self.trim)
        if self.calibration_fraction is not None and not 0 < parameter_checks.number("", self.calibration_fraction) < 1:
            raise SettingError(f"calibration_fraction must be between 0 and 1, got {self.calibration_fraction!r}.")

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts of the score."""
        return self.state_.scoring.scorer.names

    @property
    def estimator_(self) -> Autoencoder:
        models = self.state_.scoring.scorer.models
        if not models:
            raise AttributeError("The default detector has no estimator_; give one as `estimator`.")
        return models[0]

    @property
    def _image_shape(self) -> tuple[int, ...] | None:
        return None if self.estimator is None else self.estimator.image_shape


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _scale(parts: np.ndarray) -> np.ndarray:
    """Median of each part, and the way from it to the upper quartile, or a hundredth of it where that is more: (2, p).

    Of rows that repeat, both quartiles may be the same.
    """
    middle = np.median(parts, axis=0)
    way = np.quantile(parts, 0.75, axis=0) - middle
    return np.stack([middle, np.maximum(way, 0.01 * np.abs(middle)) + 1e-9])
