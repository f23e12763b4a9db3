"""Methods of a fitted detector: scores, labels, explanations, and its saved form."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin

from narrows.data import Rows, Schema, as_rows
from narrows.errors import SettingError, UnknownLevelWarning, warn
from narrows.estimators.anomaly.alarm_rules import AlarmRule, Threshold
from narrows.estimators.anomaly.detector_checks import are_anomalies, check_detector, is_count
from narrows.estimators.anomaly.detector_folder import files_of
from narrows.estimators.anomaly.detector_state import FittedDetectorAttributes
from narrows.estimators.anomaly.explanations import Reason, reasons
from narrows.estimators.anomaly.onnx_detector import detector_model
from narrows.estimators.anomaly.score_file import ScoreFile
from narrows.estimators.anomaly.table_scorer import TableScorer, encoded
from narrows.estimators.anomaly.wrapped_scorer import WrappedScorer, check_can_be_saved
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.saving import model_folder
from narrows.estimators.saving.checkpoint_folder import remove_checkpoint
from narrows.estimators.saving.onnx_file import write_model
from narrows.export import Dates


class FittedDetector(FittedDetectorAttributes, OutlierMixin, BaseEstimator):
    """Base class of `AnomalyDetector` with every method that needs a fit; `NotFittedError` before it."""

    estimator: Any
    threshold: Threshold
    contamination: float | Literal["auto"]
    alpha: float
    budget: int | None

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the negative anomaly scores (n,): lower is more abnormal, as in scikit-learn."""
        rows = self.rows_of(X)
        message = self.schema_.unknown_levels(rows).message(rows)
        if message is not None:
            warn(message, UnknownLevelWarning)
        return -self.state_.scoring.scores(rows, self.encode_rows(rows))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the threshold minus the anomaly scores (n,): negative for anomalies.

        `predict` returns its sign for "contamination" and "conformal". The other thresholds label the rows of one call
        together.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Return -1 for anomalies and 1 for other rows (n,), by `threshold`."""
        return np.where(self.alarms(-self.score_samples(X)), -1, 1)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the area under the ROC curve of the anomaly scores of X against labels.

        It is the probability that an anomaly has a larger score than a normal row, from 0 to 1: 0.5 is chance. So
        searches such as GridSearchCV choose by labels, which the fit never sees.

        Parameters
        ----------
        X : like that of `fit`
        y : array of shape (n,)
            Labels: -1 for anomalies and 1 for other rows, as `predict` gives them; or 1 (True) for anomalies and 0
            (False) for other rows, as in PyOD.
        sample_weight : array of shape (n,), optional

        Raises
        ------
        DataError
            y has other values, or only one of the two.
        """
        from sklearn.metrics import roc_auc_score

        scores = -self.score_samples(X)
        return float(roc_auc_score(are_anomalies(y, len(scores)), scores, sample_weight=sample_weight))

    def p_values(self, X: Any) -> np.ndarray:
        """Return conformal p-values (n,) from the calibration rows.

        At most a share p of normal rows has a p-value of p or less, if new rows come from the distribution of the
        calibration rows. Anomalies among these make p-values larger: fewer false alarms than promised, and fewer finds.
        """
        return self.state_.calibration.p_values(-self.score_samples(X))

    def explain(self, X: Any, *, n: int = 3) -> list[tuple[Reason, ...]]:
        """Return the `n` columns that contribute most to the score of each row, with observed and expected values.

        Returns
        -------
        list of tuple of Reason
            One tuple per row, with the largest contribution first.
        """
        if not is_count(n):
            raise SettingError(f"n must be a whole number from 1, got {n!r}.")
        rows = self.rows_of(X)
        floats = self.encode_rows(rows, units=False)  # anomalies may be in another range without another unit
        expected, far = self.scorer_.expected(floats, self.schema_.float_columns, self.schema_.n_columns)
        self.state_.scoring.outweigh_impossible_cells(far, rows)
        return reasons(self.schema_, rows, expected, far, n)

    def error_map(self, X: Any) -> np.ndarray:
        """Return the contribution of each column to the score of each row: (n, n_columns), images (n, height, width).

        It is in squared units of the encoded floats, in nats with an autoencoder, and in units of the scores of another
        library's estimator.
        """
        floats = self.encode_rows(self.rows_of(X), units=False)
        _, far = self.scorer_.expected(floats, self.schema_.float_columns, self.schema_.n_columns)
        shape = self.schema_.image_shape
        return far if shape is None else far.reshape(-1, *shape).sum(axis=3)

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> None:
        """Save the detector as a folder for `narrows.load`; after an error no partial folder is left.

        The checkpoint of its fit is removed.

        Raises
        ------
        SettingError
            The `estimator` is of another library: the folder holds no pickles. Use joblib for files of your own.
        OutputExistsError, OutputError
        """
        check_can_be_saved(self.scorer_)
        params = self.get_params(deep=False)
        model_folder.write_folder(Path(path), files_of(type(self).__name__, params, self.state_), overwrite=overwrite)
        if self._checkpoint is not None:
            remove_checkpoint(self._checkpoint)
            self._checkpoint = None

    def to_onnx(
        self, path: str | PathLike[str] | None = None, *, dates: Dates = "text", overwrite: bool = False
    ) -> Any:
        """Return the whole detector as an `onnx.ModelProto`, and write it to a file; needs ``narrows[onnx]``.

        Inputs are those of `Autoencoder.to_onnx`, and the columns that were constant in the fit. Outputs are "score"
        (the negative of `score_samples`), "threshold" and "anomaly"; with an `estimator` also those of its first
        fitted copy.

        Parameters
        ----------
        path, dates, overwrite
            As for `Autoencoder.to_onnx`.

        Raises
        ------
        SettingError
            `threshold` judges rows together, or a part of the detector has no emitter.
        MissingExtraError, OutputExistsError, OutputError
        """
        model = detector_model(self.state_, self.threshold, dates)
        if path is not None:
            write_model(model, path, overwrite=overwrite)
        return model

    def rows_of(self, X: Any) -> Rows:
        """Read X as rows with the columns of the fit.

        Raises
        ------
        NotFittedError, DataError
        """
        return as_rows(X, image_shape=self._image_shape, schema=self.state_.scoring.schema)

    def encode_rows(self, rows: Rows, *, units: bool = True) -> np.ndarray:
        """Return encoded rows; `units` warns of columns in other units than at the fit."""
        is_table = isinstance(self.scorer_, TableScorer | WrappedScorer) and self.schema_.image_shape is None
        encode = encoded if is_table else Schema.encode
        return encode(self.schema_, rows, who=type(self).__name__, units=units)

    def alarms(self, scores: np.ndarray) -> np.ndarray:
        """Return which of the anomaly scores (n,), the negative of `score_samples`, exceed `threshold`."""
        state, rule = self.state_, self._rule
        rule.warn_of_change(state.rule)
        return rule.alarms(scores, state.calibration, state.threshold)

    def alarms_in_parts(self, scores: ScoreFile) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function that gives the alarms of consecutive parts of these scores; together those of `alarms`."""
        state, rule = self.state_, self._rule
        rule.warn_of_change(state.rule)
        return rule.alarms_in_parts(scores, state.calibration, state.threshold)

    def check_params(self) -> None:
        """Raise `SettingError` for an impossible parameter."""
        check_detector(self.get_params(deep=False))

    @property
    def _rule(self) -> AlarmRule:
        self.check_params()
        return AlarmRule(self.threshold, self.contamination, self.alpha, self.budget)

    @property
    def part_names(self) -> tuple[str, ...]:
        """Names of the parts of the score."""
        return self.state_.scoring.scorer.names

    @property
    def estimator_(self) -> Any:
        scorer = self.state_.scoring.scorer
        fitted = scorer.estimators if isinstance(scorer, WrappedScorer) else scorer.models
        if not fitted:
            raise AttributeError("The default detector has no estimator_; give one as `estimator`.")
        return fitted[0]

    @property
    def _image_shape(self) -> tuple[int, ...] | None:
        return self.estimator.image_shape if isinstance(self.estimator, Autoencoder) else None
