"""The anomaly detector."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike
from typing import Any, Literal, Self, cast, get_args

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, clone

from narrows.data import Missing, Rows, Schema, as_rows
from narrows.errors import DataError, NotFittedError, SettingError
from narrows.estimators import parameter_checks
from narrows.estimators.anomaly import default_scorer, thresholds
from narrows.estimators.anomaly.default_scorer import TrimmedEnsemble
from narrows.estimators.anomaly.estimator_scorer import FittedMembers, Score
from narrows.estimators.anomaly.explanations import Reason, outweigh_strange_cells, reasons
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.column_warnings import warn_of_aside
from narrows.estimators.parameters import DETECTOR_REQUIREMENTS, warn_of_idle_parameters

Threshold = Literal["contamination", "conformal", "benjamini-hochberg", "budget"]

_MOST_CALIBRATION, _FEWEST_CALIBRATION, _FEWEST_ROWS = 5000, 100, 20
_DEFAULT_MEMBERS, _DEFAULT_TRIM = 8, 0.2
_LINEAR = 5.0  # units up to which a score is counted in units; beyond, it grows with their logarithm
_STRANGE = 1000.0  # which no such score reaches
_STRANGE_LINEAR = 1e15  # the same for detectors saved before scores grew with the logarithm


@dataclass(eq=False, repr=False)
class AnomalyDetector(OutlierMixin, BaseEstimator):
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

    decision_scores_: np.ndarray = field(init=False)
    labels_: np.ndarray = field(init=False)
    threshold_: float = field(init=False)
    offset_: float = field(init=False)
    calibration_scores_: np.ndarray = field(init=False)
    schema_: Schema = field(init=False)
    seed_: int = field(init=False)
    scorer_: TrimmedEnsemble | FittedMembers = field(init=False)
    scale_: np.ndarray = field(init=False)
    change_: float = field(init=False)
    linear_: float = field(init=False)
    n_features_in_: int = field(init=False)

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
        self._check_settings()
        warn_of_idle_parameters(self, DETECTOR_REQUIREMENTS)
        rows = as_rows(X, image_shape=None if self.estimator is None else self.estimator.image_shape)
        if rows is not X:  # whoever reads Rows knows their notes
            for note in rows.notes:
                warnings.warn(note, stacklevel=2)
        if len(rows) < 2:
            raise DataError(
                f"A detector needs at least 2 rows, and {rows.source} has {len(rows)} sample; give it more."
            )
        seed = parameter_checks.seed(self.random_state)
        held = self._calibration_rows(len(rows), seed)
        train = np.setdiff1d(np.arange(len(rows)), held)
        if self.estimator is None:
            # What the rows of a promise hold must be as new to the schema as to the networks.
            known = rows.take(train) if self._is_strict else rows
            scale = "standard" if rows.image_shape is None else "auto"
            schema = Schema.learn(known, scale=scale, missing=self.missing, categorical=self.categorical)
            floats = self._quietly_encoded(schema, rows)
            scorer, parts = TrimmedEnsemble.fit(
                floats,
                train,
                # Left out of its own neighbours, a row that no network saw may be a neighbour of others. The promise of
                # a conformal threshold is exact only where it is not.
                near=train if self._is_strict else np.arange(len(rows)),
                n_members=self.n_members or _DEFAULT_MEMBERS,
                trim=_DEFAULT_TRIM if self.trim is None else self.trim,
                seed=seed,
                image_shape=schema.image_shape,
            )
        else:
            scorer = self._fit_members(rows.take(train), seed)
            schema = scorer.models[0].schema_
            floats = self._quietly_encoded(schema, rows)
            parts = scorer.parts(floats)
        if rows is not X:
            warn_of_aside(schema, rows.source)
        self.schema_, self.scorer_, self.seed_ = schema, scorer, seed
        self.n_features_in_ = rows.n_columns
        if rows.names is not None:
            self.feature_names_in_ = np.asarray(rows.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.linear_ = _LINEAR
        self.scale_ = _scale(parts[train])
        if isinstance(scorer, TrimmedEnsemble):
            least = scorer.least_units(floats[train[:: max(1, len(train) // _MOST_CALIBRATION)]])
            self.scale_[1] = np.maximum(self.scale_[1], least) / default_scorer.WEIGHTS
        scores = self._combined(parts)
        # What no training row holds makes a row at least as strange as they go.
        self.change_ = float(np.max(scores[train]) - np.median(scores[train]))
        scores = scores + self._of_cells(rows)
        self.decision_scores_ = scores
        enough = self._is_strict or len(held) >= _FEWEST_CALIBRATION
        self.calibration_scores_ = np.sort(scores[held] if enough else scores)
        self._set_threshold()
        self.labels_ = self.alarms(scores).astype(int)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the anomaly score (n,): the lower, the stranger, as scikit-learn has it."""
        rows = self._rows(X)
        return -self._scores(rows, self._floats(rows))

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
        rows = self._rows(X)
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
        floats = self._floats(self._rows(X), units=False)
        _, far = self.scorer_.expected(floats, self.schema_.float_columns, self.schema_.n_columns)
        shape = self.schema_.image_shape
        return far if shape is None else far.reshape(-1, *shape).sum(axis=3)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Write the detector as a folder (see `narrows.load`), whole or not at all.

        Raises
        ------
        OutputExistsError, OutputError
        """
        from narrows.estimators.anomaly.detector_folder import save

        self._check_fitted()
        save(self, path, overwrite=overwrite)

    def _floats(self, rows: Rows, *, units: bool = True) -> np.ndarray:
        """Encoded rows; `units` is whether columns in other units than at the fit are warned of."""
        return self.schema_.encode(rows, who=type(self).__name__, units=units)

    def _rows(self, X: Any) -> Rows:
        self._check_fitted()
        shape = None if self.estimator is None else self.estimator.image_shape
        return as_rows(X, image_shape=shape, schema=self.schema_)

    def _quietly_encoded(self, schema: Schema, rows: Rows) -> np.ndarray:
        """The rows of the fit as floats; that some hold what the schema did not see is meant."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return schema.encode(rows, who=type(self).__name__)

    def _scores(self, rows: Rows, floats: np.ndarray) -> np.ndarray:
        return self._combined(self.scorer_.parts(floats)) + self._of_cells(rows)

    def _of_cells(self, rows: Rows) -> np.ndarray:
        """What single cells add to the scores (n,): other values where the fit had one, and cells of another type.

        A cell that is not what its column holds adds more than all else can.
        """
        changed = self.schema_.changed_constants(rows)[1]
        strange = (_STRANGE if self.linear_ else _STRANGE_LINEAR) + self.change_ * changed.shape[1]
        return self.change_ * changed.sum(axis=1) + strange * rows.n_strange

    def _combined(self, parts: np.ndarray) -> np.ndarray:
        """The larger of the parts (n, p), each from its median in units of the way to its upper quartile.

        Of the default's, the distance counts a little less (`ensemble.WEIGHTS`), and no unit is below
        `ensemble.LEAST_UNITS`. Far out the score grows with the logarithm.
        """
        far = ((parts - self.scale_[0]) / self.scale_[1]).max(axis=1)
        return self.linear_ * np.arcsinh(far / self.linear_) if self.linear_ else far

    def alarms(self, scores: np.ndarray) -> np.ndarray:
        """Which of the anomaly scores (n,), minus `score_samples`, are alarms by `threshold`."""
        if self.threshold == "benjamini-hochberg":
            return thresholds.benjamini_hochberg(thresholds.p_values(scores, self.calibration_scores_), self.alpha)
        if self.threshold == "budget":
            self._check_settings()
            assert self.budget is not None
            return thresholds.most_abnormal(scores, self.budget)
        return scores > self.threshold_

    def _set_threshold(self) -> None:
        scores = self.calibration_scores_
        if self._is_strict:
            self.threshold_ = thresholds.conformal_threshold(scores, self.alpha)
        else:
            self.threshold_ = thresholds.contamination_threshold(scores, self.contamination)
        self.offset_ = -self.threshold_

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

    def _fit_members(self, rows: Rows, seed: int) -> FittedMembers:
        assert self.estimator is not None
        seeds = np.random.SeedSequence(seed).generate_state(self.n_members or 1)
        members = self._members(rows, seeds)
        scorer = FittedMembers.of(members, self.score, members[0].schema_.encode(rows))
        if self.trim:
            scores = scorer.parts(members[0].schema_.encode(rows))[:, 0]
            kept = rows.take(np.sort(np.argsort(scores, kind="stable")[: max(2, round(len(rows) * (1 - self.trim)))]))
            members = self._members(kept, seeds)
            scorer = FittedMembers.of(members, self.score, members[0].schema_.encode(kept))
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

    def _check_settings(self) -> None:
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

    def _check_fitted(self) -> None:
        if not hasattr(self, "scorer_"):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments first."
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "scorer_")

    @property
    def part_names(self) -> tuple[str, ...]:
        """What the parts of the score are called."""
        self._check_fitted()
        return default_scorer.PARTS if isinstance(self.scorer_, TrimmedEnsemble) else self.scorer_.names

    @property
    def estimator_(self) -> Autoencoder:
        self._check_fitted()
        if isinstance(self.scorer_, TrimmedEnsemble):
            raise AttributeError("The default detector has no estimator_; give one as `estimator`.")
        return self.scorer_.models[0]


def _is_count(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _scale(parts: np.ndarray) -> np.ndarray:
    """Median of each part, and the way from it to the upper quartile, or a hundredth of it where that is more: (2, p).

    Of rows that repeat, both quartiles may be the same.
    """
    middle = np.median(parts, axis=0)
    way = np.quantile(parts, 0.75, axis=0) - middle
    return np.stack([middle, np.maximum(way, 0.01 * np.abs(middle)) + 1e-9])
