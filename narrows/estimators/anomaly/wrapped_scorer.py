"""Scores of outlier detectors and density estimators of other libraries, on our encoded rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier, is_outlier_detector
from sklearn.utils.validation import has_fit_parameter
from torch import Tensor

from narrows.errors import DataError, SettingError
from narrows.estimators.anomaly.default_scorer import MOST_REFERENCES
from narrows.estimators.anomaly.tails import ScaledParts, centre_and_spread
from narrows.estimators.anomaly.weights import drawn
from narrows.estimators.autoencoder import Autoencoder

_DRAWS = 32  # training rows whose cells replace those of a row, in its explanation
_MOST_REPLACED = 200  # columns
_CELLS = 8_000_000  # in memory at once
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class WrappedScorer:
    """One or several fitted estimators with `score_samples` or `decision_function`, and rows of their fit.

    Parameters
    ----------
    estimators : sequence
        Fitted on the same encoded rows.
    references : float32 ndarray of shape (m, d)
        At most 4,000 encoded training rows, for explanations and drift.
    """

    estimators: Sequence[Any]
    references: np.ndarray

    @classmethod
    def of(
        cls, estimators: Sequence[Any], floats: np.ndarray, seed: int, weight: np.ndarray | None = None
    ) -> WrappedScorer:
        """Return a scorer of estimators fitted to encoded training rows (n, d), of weights (n,)."""
        chosen = drawn(len(floats), MOST_REFERENCES, weight, np.random.default_rng([seed, 5]))
        return cls(estimators, np.ascontiguousarray(floats[chosen], np.float32))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parts."""
        return ("estimator",)

    @property
    def models(self) -> tuple[Autoencoder, ...]:
        """Return an empty tuple: the estimators are not autoencoders of narrows."""
        return ()

    def parts(self, floats: np.ndarray) -> np.ndarray:
        """Return the scores of encoded rows (n, d), averaged over estimators: (n, 1), larger is more abnormal.

        Raises
        ------
        DataError
            An estimator gives NaN.
        """
        return self._averaged([abnormality(estimator, floats) for estimator in self.estimators])

    def parts_of_fit(self, floats: np.ndarray) -> np.ndarray:
        """Return the same for the training rows (n, d) themselves, in their order.

        Neighbour methods know scores of their own for them, in which no row is its own neighbour: `decision_scores_` of
        PyOD and `negative_outlier_factor_` of scikit-learn.
        """
        return self._averaged([_own_scores(estimator, floats) for estimator in self.estimators])

    def combination(self, parts: np.ndarray, floats: np.ndarray, weight: np.ndarray | None = None) -> ScaledParts:
        """Return how parts (n, 1) of training rows become scores: in units of their spread."""
        return ScaledParts(np.stack(centre_and_spread(parts, weight)))

    def expected(self, floats: np.ndarray, columns: np.ndarray, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected value of each column of encoded rows (n, d), and its contribution to the score.

        Each column in turn is replaced by its values in 32 training rows. The expected value is that of the least
        score, and the contribution is the decrease of the score. For tables of more than 200 columns, and images, each
        column is replaced by its most typical value alone.

        columns : the column of each float (d,).

        Returns
        -------
        expected : ndarray of shape (n, d)
        far : ndarray of shape (n, n_columns)
        """
        whole = self.parts(floats)[:, 0]
        expected, far = floats.copy(), np.zeros((len(floats), n_columns))
        draws = self.references[:: -(-len(self.references) // _DRAWS)]
        for column in np.unique(columns):
            here = np.flatnonzero(columns == column)
            values = _typical_first(draws[:, here])
            best, least = self._least(floats, here, values[:1] if n_columns > _MOST_REPLACED else values)
            expected[:, here], far[:, column] = values[best], whole - least
        return expected, np.maximum(far, 0)

    def tensors(self) -> dict[str, Tensor]:
        """Return an empty mapping: `check_can_be_saved` refuses to save."""
        return {}

    def facts(self) -> dict[str, Any]:
        """Return an empty mapping."""
        return {}

    def card_note(self) -> str:
        """Return an empty text."""
        return ""

    def _least(self, floats: np.ndarray, here: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which of the values (m, k) at the floats `here` gives each row the least score, and that score."""
        best, least = np.empty(len(floats), np.intp), np.empty(len(floats))
        step = max(1, _CELLS // (len(values) * floats.shape[1]))
        for start in range(0, len(floats), step):
            rows = floats[start : start + step]
            mended = np.repeat(rows[:, None], len(values), axis=1)
            mended[:, :, here] = values
            scores = self.parts(mended.reshape(-1, floats.shape[1])).reshape(len(rows), len(values))
            best[start : start + step] = scores.argmin(axis=1)
            least[start : start + step] = scores.min(axis=1)
        return best, least

    @staticmethod
    def _averaged(scores: Sequence[np.ndarray]) -> np.ndarray:
        return np.mean(scores, axis=0)[:, None]


def abnormality(estimator: Any, floats: np.ndarray) -> np.ndarray:
    """Return the scores (n,) of a fitted estimator for rows (n, d), float64, larger for more abnormal rows.

    `score_samples` is larger for more normal rows, as in scikit-learn. `decision_function` is larger for more abnormal
    ones if there are `decision_scores_`, as in PyOD, and for more normal ones in other outlier detectors.

    Raises
    ------
    SettingError
        It is not known whether a large value of `decision_function` is normal.
    DataError
        A score is NaN.
    """
    name = type(estimator).__name__
    if hasattr(estimator, "score_samples"):
        scores = -np.asarray(estimator.score_samples(floats), np.float64)
    elif hasattr(estimator, "decision_scores_"):  # before the tag, which PyOD has too
        scores = np.asarray(estimator.decision_function(floats), np.float64)
    elif _is_outlier_detector(estimator):
        scores = -np.asarray(estimator.decision_function(floats), np.float64)
    else:
        raise SettingError(
            f"It is not known whether a large decision_function of {name} is normal or abnormal; give it score_samples "
            "(larger is more normal), or decision_scores_ as in PyOD (larger is more abnormal)."
        )
    return _checked(scores, len(floats), name)


def fit_weighted(estimator: Any, floats: np.ndarray, weight: np.ndarray | None) -> Any:
    """Return the estimator, fitted to rows (n, d) of weights (n,); `SettingError` if its `fit` takes no weights."""
    if weight is None:
        estimator.fit(floats)
    elif has_fit_parameter(estimator, "sample_weight"):
        estimator.fit(floats, sample_weight=weight)
    else:
        raise SettingError(f"{type(estimator).__name__}.fit takes no sample_weight; leave sample_weight out.")
    return estimator


def check_wrapped(estimator: Any) -> None:
    """Raise `SettingError` if an object that is not an autoencoder cannot be the estimator of a detector."""
    scores = any(hasattr(estimator, name) for name in ("score_samples", "decision_function"))
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not scores:
        raise SettingError(
            "estimator must be a narrows autoencoder, or an object with fit and score_samples or decision_function "
            f"(LocalOutlierFactor has it with novelty=True), got {estimator!r}."
        )
    if is_classifier(estimator):
        raise SettingError(f"estimator must be an outlier detector or a density estimator, got {estimator!r}.")


def check_can_be_saved(scorer: object) -> None:
    """Raise `SettingError` for a `WrappedScorer`: `narrows.load` runs no code of other libraries' files."""
    if isinstance(scorer, WrappedScorer):
        name = type(scorer.estimators[0]).__name__
        raise SettingError(
            f"A detector around {name} cannot be saved as a narrows folder, which never holds code or pickles; use "
            "joblib.dump(detector, path), and load only files that you wrote yourself."
        )


def _is_outlier_detector(estimator: Any) -> bool:
    try:
        return is_outlier_detector(estimator)
    except (AttributeError, TypeError):  # no scikit-learn estimator
        return False


def _own_scores(estimator: Any, floats: np.ndarray) -> np.ndarray:
    own = None
    if hasattr(estimator, "negative_outlier_factor_"):
        own = -np.asarray(estimator.negative_outlier_factor_, np.float64)
    elif hasattr(estimator, "decision_scores_") and not hasattr(estimator, "score_samples"):
        own = np.asarray(estimator.decision_scores_, np.float64)
    if own is None or own.shape != (len(floats),):
        return abnormality(estimator, floats)
    return _checked(own, len(floats), type(estimator).__name__)


def _checked(scores: np.ndarray, n: int, name: str) -> np.ndarray:
    """Return scores as (n,), rounded to float32 and finite: rounding must not depend on the other rows."""
    if scores.shape not in ((n,), (n, 1)):
        raise DataError(f"{name} gives scores of shape {scores.shape} for {n} rows; one for each row is expected.")
    scores = scores.reshape(n)
    if np.isnan(scores).any():
        raise DataError(f"{name} gives row {int(np.isnan(scores).argmax())} the score NaN; use another estimator.")
    return np.clip(scores, -_LARGEST, _LARGEST).astype(np.float32).astype(np.float64)


def _typical_first(values: np.ndarray) -> np.ndarray:
    """Return values (m, k) by their distance to their mean, so that of equal scores the most typical is found."""
    apart = np.square(values - values.mean(axis=0)).sum(axis=1)
    return values[np.argsort(apart, kind="stable")]
