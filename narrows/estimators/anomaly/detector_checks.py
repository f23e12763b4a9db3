"""Checks of the constructor parameters of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any, get_args

import numpy as np

from narrows.errors import DataError, SettingError
from narrows.estimators.anomaly.alarm_rules import Threshold
from narrows.estimators.anomaly.estimator_scorer import Score
from narrows.estimators.anomaly.wrapped_scorer import check_wrapped
from narrows.estimators.autoencoder import Autoencoder
from narrows.estimators.parameters import parameter_checks


def check_detector(params: Mapping[str, Any]) -> None:
    """Raise `SettingError` for an impossible parameter, by the parameters' names."""
    for name, choices in (("method", Score), ("threshold", Threshold)):
        if params[name] not in get_args(choices):
            listed = ", ".join(map(repr, get_args(choices)))
            raise SettingError(f"{name}={params[name]!r} is not known; choose one of {listed}.")
    estimator, method, novelty = (params[name] for name in ("estimator", "method", "novelty"))
    if estimator is None and method != "auto":
        raise SettingError(f"method={method!r} needs an estimator; the default has a score of its own.")
    if estimator is not None and not isinstance(estimator, Autoencoder):
        check_wrapped(estimator)
        if method != "auto":
            raise SettingError(f"method={method!r} needs a narrows autoencoder as estimator; others have their own.")
    parameter_checks.truth("novelty", novelty)
    _check_numbers(params)


def _check_numbers(params: Mapping[str, Any]) -> None:
    contamination, alpha, fraction = (params[name] for name in ("contamination", "alpha", "calibration_fraction"))
    if contamination != "auto" and not 0 < parameter_checks.number("contamination", contamination) <= 0.5:
        raise SettingError(f"contamination must be above 0 and at most 0.5, or 'auto', got {contamination!r}.")
    if not 0 < parameter_checks.number("alpha", alpha) < 1:
        raise SettingError(f"alpha must be between 0 and 1, got {alpha!r}.")
    if params["threshold"] == "budget" and not is_count(params["budget"]):
        raise SettingError(f"threshold='budget' needs budget, a whole number from 1, got {params['budget']!r}.")
    if params["n_members"] is not None and not is_count(params["n_members"]):
        raise SettingError(f"n_members must be a whole number from 1, got {params['n_members']!r}.")
    if params["trim"] is not None:
        parameter_checks.share("trim", params["trim"])
    if fraction is not None and not 0 < parameter_checks.number("", fraction) < 1:
        raise SettingError(f"calibration_fraction must be between 0 and 1, got {fraction!r}.")


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number from 1."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def are_anomalies(y: Any, n: int) -> np.ndarray:
    """Return which labels mean an anomaly (n,): -1 of -1 and 1, or 1 of 0 and 1.

    Raises
    ------
    DataError
        Other values, one value only, or another length.
    """
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise DataError(f"y has the shape {labels.shape} for {n} rows; give one label for each row.")
    found = set(np.unique(labels).tolist())
    if found not in ({-1, 1}, {0, 1}):
        raise DataError(
            "y must hold both -1 for anomalies and 1 for other rows, or both 1 for anomalies and 0 for other rows."
        )
    return labels == (-1 if -1 in found else 1)
