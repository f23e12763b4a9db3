"""The anomaly detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, Literal, Self

import numpy as np

from narrows.data import Missing, Rows, RowStream, as_rows
from narrows.errors import DataError, IdleParameterWarning, warn
from narrows.estimators.anomaly import weights
from narrows.estimators.anomaly.alarm_rules import Threshold
from narrows.estimators.anomaly.calibration import CalibrationSplit
from narrows.estimators.anomaly.detector_state import DetectorState
from narrows.estimators.anomaly.estimator_scorer import Score
from narrows.estimators.anomaly.fitted_detector import FittedDetector
from narrows.estimators.anomaly.rows_of_stream import rows_to_fit
from narrows.estimators.anomaly.scoring_fit import FittedScoring, ScoringFit
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.fitting.column_warnings import warn_of_ignored_columns
from narrows.estimators.fitting.validation_split import numbered_groups
from narrows.estimators.parameters import parameter_checks
from narrows.estimators.parameters.idle_parameters import DETECTOR_REQUIREMENTS, warn_of_idle_parameters
from narrows.estimators.parameters.renamed_parameters import renamed_parameters
from narrows.estimators.saving.checkpoint import EVERY, Checkpointing, kept_seed, removed_if_bare
from narrows.training import Workers


@renamed_parameters(score="method")
@dataclass(eq=False, repr=False)
class AnomalyDetector(FittedDetector):
    """An outlier detector with calibrated thresholds and an explanation of each score.

    Parameters
    ----------
    estimator : Autoencoder, outlier detector, density estimator or None, default=None
        Object whose copies are fitted and whose scores are used: an autoencoder, or an object of another library with
        `score_samples` (larger is more normal: scikit-learn's outlier detectors, KernelDensity, GaussianMixture, PCA)
        or `decision_function` (larger is more normal in scikit-learn, more abnormal in PyOD, which is known by its
        `decision_scores_`). Other libraries' estimators are fitted to encoded rows, standardised numbers without
        missing values; a `random_state` of theirs that is None is set. None is the default score: for images and tables
        of numbers, the larger of the distance to the nearest rows of the fit and the reconstruction error of eight
        small variational autoencoders that ignore the worst fifth of every batch. For mixed tables, and with `novelty`,
        it merges the p-values of both, of an isolation forest, and of each cell given the other cells of its row.
    method : {"auto", "reconstruction", "latent", "combined", "likelihood"}, default="auto"
        Score of an autoencoder. "reconstruction": -log of the share of training rows whose loss in a column is at least
        as large, summed over columns (Fisher 1932; for images, the loss of all pixels). "latent": the squared
        Mahalanobis distance of the code. "combined": the larger of both. "likelihood": the negative of the
        importance-weighted bound on the log-likelihood. "auto" is "reconstruction".
    threshold : {"contamination", "conformal", "benjamini-hochberg", "budget"}, default="contamination"
        Rule by which `predict` labels anomalies. "contamination": scores above the one that a share `contamination` of
        calibration rows exceeds. "conformal": p-values of at most `alpha`, so that at most this share of normal rows
        is labelled, for any distribution of the data. "benjamini-hochberg": as many of the rows of one call as keep
        the false discovery rate at `alpha`. "budget": the `budget` largest scores of the rows of one call.
    contamination : float in (0, 0.5] or "auto", default=0.1
        "auto" estimates the share of anomalies in the fit, and says whether its rows seem clean; see `regime_`.
    alpha : float in (0, 1), default=0.01
    budget : int or None, default=None
    n_members : int or None, default=None
        Number of networks that are averaged. None is 8, and 1 with an `estimator`.
    trim : float in [0, 1) or None, default=None
        Share of rows with the largest errors that is ignored. The default scorer ignores them in every batch; an
        `estimator` is fitted a second time without them. None is 0.2, and 0 with an `estimator`.
    calibration_fraction : float in (0, 1) or None, default=None
        Share of the rows that are not trained on and that set the threshold. None is 0.1, and 0.5 for "conformal"
        and "benjamini-hochberg". At most 5,000 rows are used, and none if there are fewer than 20. With
        "contamination" and "budget", fewer than 100 calibration rows are too few: all rows then set the threshold.
    missing : {"mask", "error", "mean"}, default="mask"
    categorical : names, default=()
        As for `Autoencoder`; set them in the `estimator` if it is one.
    random_state : int, RandomState or None, default=None
    novelty : bool, default=False
        Whether all rows of the fit are normal, as in scikit-learn's LocalOutlierFactor. The default score then
        compares new rows with all rows of the fit (at most 20,000), leaves none out of the training, and has no
        reconstruction error for tables. With False, some rows of the fit may be anomalies.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n,)
        Anomaly scores of the rows of the fit; larger is more abnormal. For a table the score is minus the natural
        logarithm of the merged p-value (see `narrows.estimators.anomaly.tails.MergedTails`): by 4.6, about one
        in 100 rows of the fit is as abnormal. For images, and with an `estimator`, 0 is typical, 1 is at the upper
        quartile, and scores above about 5 grow logarithmically. A row is not its own neighbour. A level or a constant
        that no row of the fit has raises the score to that of the most abnormal of them or more (where levels are
        often new, to a lower one). A cell whose type differs from that of its column (`Rows.invalid`) adds 1,000.
    labels_ : ndarray of shape (n,)
        1 for the rows of the fit that are labelled as anomalies, else 0.
    threshold_ : float
        Score above which a row is an anomaly, for "contamination" and "conformal". For "budget" it is that of
        "contamination", for "benjamini-hochberg" that of "conformal" at the same `alpha`; `predict` ignores it.
    offset_ : float
        The negative of `threshold_`, as in scikit-learn.
    regime_, contamination_ : Regime, float
        With contamination="auto": whether the rows of the fit seem "clean" or "contaminated" (`name`) and why
        (`reason`); and the estimated share of anomalies, 0.01 for clean rows.
    calibration_scores_ : ndarray
        Ascending scores of the calibration rows.
    estimator_ : like `estimator`
        The first fitted copy of `estimator`, if one was given.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from narrows import AnomalyDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((500, 3)) @ rng.standard_normal((3, 6))
    >>> new = np.vstack([X[:20], X[:3] + 5 * rng.standard_normal((3, 6))])
    >>> detector = AnomalyDetector(threshold="conformal", alpha=0.01, random_state=0).fit(X)
    >>> detector.predict(new)[-3:].tolist()
    [-1, -1, -1]
    """

    estimator: Any = None
    method: Score = "auto"
    threshold: Threshold = "contamination"
    contamination: float | Literal["auto"] = 0.1
    alpha: float = 0.01
    budget: int | None = None
    n_members: int | None = None
    trim: float | None = None
    calibration_fraction: float | None = None
    missing: Missing = "mask"
    categorical: tuple[str, ...] = ()
    random_state: Any = None
    novelty: bool = False

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        calibration_groups: Any = None,
        checkpoint: str | PathLike[str] | Checkpointing | None = None,
        checkpoint_every: float = EVERY,
        resume: bool = False,
    ) -> Self:
        """Fit the detector to X, most of whose rows should be normal.

        Parameters
        ----------
        X : like that of `Autoencoder.fit`
            Of a stream all rows, if that takes at most a third of the memory, else its random sample; a warning says
            which. Attributes of the rows of the fit, such as `decision_scores_`, are of these.
        y : ignored
        sample_weight : array of shape (n,), optional
            Weight of each row in networks, tails and thresholds; only proportions count. A row of weight 0 has no
            influence. In distances to neighbours a row of any other weight counts once, unless more than 4,000 rows
            (20,000 with `novelty`) have to be drawn from. With a guarantee, calibration rows count by their weights and
            a new row as one of mean weight; it then holds for new rows that come as often as the weights say.
        calibration_groups : array of shape (n,), optional
            The group of each row, such as a person, a machine or a day. Calibration rows are then whole groups. With a
            guarantee each group counts as one, and the rate of false alarms holds for rows of new groups (Lee, Barber &
            Willett 2023); `alpha` needs at least 1 / alpha - 1 groups. None takes the groups of `Rows`, if there is a
            guarantee; without groups, a warning says if rows next to each other have similar scores.
        checkpoint, checkpoint_every, resume
            As for `Autoencoder.fit`; the folder has one checkpoint for each fit of `estimator`, or for each part of
            the default detector. Estimators of other libraries have none.

        Raises
        ------
        DataError, SettingError
        """
        self.check_params()
        warn_of_idle_parameters(self, DETECTOR_REQUIREMENTS)
        rows = self._rows_to_fit(X, y)
        where = self._checkpointing(checkpoint, checkpoint_every, resume=resume)
        seed = self._seed(where)
        split = self._split(rows, seed, sample_weight, calibration_groups)
        params = self.get_params(deep=False)
        with removed_if_bare(where):
            fitted = ScoringFit(type(self).__name__, params, rows, split, seed, self._rule.is_strict, where).fit()
        if rows is not X:
            warn_of_ignored_columns(fitted.scoring.schema, rows.source)
        self._state = self._judged(rows, split, fitted, seed)
        self._checkpoint = None if where is None else where.path
        return self

    def fit_predict(self, X: Any, y: Any = None, **settings: Any) -> np.ndarray:
        """Fit to X with the settings of `fit`; return -1 for its anomalies and 1 for other rows (n,)."""
        return np.where(self.fit(X, y, **settings).labels_ == 1, -1, 1)

    @classmethod
    def from_state(cls, params: Mapping[str, Any], state: DetectorState) -> Self:
        """Return a fitted detector with these constructor parameters and this state."""
        detector = cls(**params)
        detector.check_params()
        detector._state = state
        return detector

    def _checkpointing(self, path: Any, every: float, *, resume: bool) -> Checkpointing | None:
        where = Checkpointing.of(path, every, resume=resume)
        if where is None or self.estimator is None or isinstance(self.estimator, Autoencoder):
            return where
        warn("checkpoint has no effect: estimators of other libraries have no checkpoints.", IdleParameterWarning)
        return None

    def _seed(self, where: Checkpointing | None) -> int:
        if where is None:
            return Workers.current().agreed(lambda: parameter_checks.seed(self.random_state))
        params = {name: value for name, value in self.get_params(deep=False).items() if name != "estimator"}
        return kept_seed(where, type(self).__name__, params, lambda: parameter_checks.seed(self.random_state))

    def _rows_to_fit(self, X: Any, y: Any) -> Rows:
        rows = as_rows(rows_to_fit(X) if isinstance(X, RowStream) else X, image_shape=self._image_shape)
        parameter_checks.targets(y, len(rows))
        if rows is not X:  # the reader of Rows has already given their notes
            for note in rows.notes:
                warn(note)
        if len(rows) < 2:
            raise DataError(
                f"A detector needs at least 2 rows, and {rows.source} has {len(rows)} sample; give it more."
            )
        return rows

    def _split(self, rows: Rows, seed: int, sample_weight: Any, groups: Any) -> CalibrationSplit:
        is_strict = self._rule.is_strict
        groups = rows.groups if groups is None and is_strict else groups
        split = CalibrationSplit.of(
            len(rows),
            seed,
            share=self.calibration_fraction or (0.5 if is_strict else 0.1),
            weight=parameter_checks.sample_weight(sample_weight, len(rows)),
            groups=None if groups is None else numbered_groups(groups, len(rows), "calibration_groups"),
        )
        if is_strict:
            split.check_enough(self.alpha)
        return split

    def _judged(self, rows: Rows, split: CalibrationSplit, fitted: FittedScoring, seed: int) -> DetectorState:
        rule, combination, train = self._rule, fitted.scoring.combination, split.train
        scores, as_new = combination.combined(fitted.parts), combination.combined(fitted.unseen)
        scoring = fitted.scoring.with_cells(as_new[train], weights.of(split.weight, train))
        of_cells = scoring.of_cells(rows)
        scores, as_new = scores + of_cells, as_new + of_cells
        if rule.is_strict:
            split.warn_of_order(as_new)
        calibration = split.calibration(scores, as_new, is_strict=rule.is_strict)
        regime = fitted.regime(split) if self.contamination == "auto" else None
        if regime is not None and regime.name == "contaminated" and self.novelty and self.estimator is None:
            warn(f"novelty=True assumes that all training rows are normal, but some look anomalous: {regime.reason}")
        limit = rule.limit(calibration, regime)
        labels = rule.alarms(scores, calibration, limit).astype(int)
        return DetectorState(scoring, seed, scores, labels, calibration, limit, -limit, regime, rule)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        missing = self.estimator.missing if isinstance(self.estimator, Autoencoder) else self.missing
        tags.input_tags.allow_nan = missing != "error"
        tags.input_tags.sparse = tags.input_tags.three_d_array = True
        tags.input_tags.categorical = True
        return tags
