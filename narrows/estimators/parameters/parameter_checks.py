"""Validation of parameters and inputs of the estimators."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_array
from sklearn.utils.validation import _check_sample_weight

from narrows.data import Rows, is_frame, row_name
from narrows.errors import DataError, DataRangeError, SettingError
from narrows.estimators.parameters.parameter_definitions import BY_NAME
from narrows.model import Likelihood


def seed(random_state: Any) -> int:
    """Return a seed from scikit-learn's `random_state`; None draws one from the operating system."""
    if random_state is None:
        return secrets.randbits(63)
    if isinstance(random_state, Integral) and 0 <= int(random_state) < 2**63:
        return int(random_state)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63 - 1))
    raise SettingError(
        f"random_state must be a whole number from 0 to 2**63 - 1, a RandomState or None, got {random_state!r}."
    )


def device(name: str) -> str:
    """Return the device of this name, with "auto" resolved; SettingError if it is not available."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        if torch.device(name).type not in ("cpu", "cuda", "mps"):
            raise RuntimeError(name)
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise SettingError(f"device={name!r} is not available here; use device='auto' or 'cpu'.") from error
    return name


def sample_weight(weight: Any, n_rows: int) -> np.ndarray | None:
    """Return weights as float64 (n,), or None; raises `DataError` on a wrong length or a negative weight."""
    if weight is None:
        return None
    try:
        checked = _check_sample_weight(weight, np.empty((n_rows, 1)), dtype=np.float64, ensure_non_negative=True)
    except ValueError as error:
        raise DataError(str(error)) from error
    if not checked.any():
        raise DataError("Every sample_weight is zero; at least two rows need a weight above zero.")
    # Only proportions count, and the largest weight may be too large to be summed.
    return checked / checked.max()


def targets(y: Any, n_rows: int) -> None:
    """Raise `DataError` if `y`, which is not used, has another length than the rows."""
    if y is None:
        return
    shape = getattr(y, "shape", None)
    shape = np.asarray(y, dtype=object).shape if shape is None else shape
    n = shape[0] if len(shape) else n_rows
    if n != n_rows:
        raise DataError(f"y has {n} values for {n_rows} rows; give one value per row, or leave y out.")


def codes(Z: Any, n_components: int) -> np.ndarray:
    """Return codes as float32 (n, n_components)."""
    try:
        checked = check_array(Z, dtype="float32", input_name="codes")
    except ValueError as error:
        raise DataError(str(error)) from error
    if checked.shape[1] != n_components:
        raise DataError(f"Codes of {n_components} columns are expected, X has {checked.shape[1]}.")
    # A copy, because torch warns when it shares the memory of a read-only array.
    return checked if checked.flags.writeable else checked.copy()


def codes_in_order(Z: Any, names: Sequence[str]) -> Any:
    """Return a frame with exactly these columns in their order, anything else unchanged."""
    if not is_frame(Z):
        return Z
    import narwhals as nw

    frame = nw.from_native(Z, eager_only=True)
    given, wanted = list(frame.columns), list(names)
    return frame.select(wanted).to_native() if given != wanted and sorted(map(str, given)) == sorted(wanted) else Z


def decodable(floats: np.ndarray) -> None:
    """Raise `DataRangeError` where decoded floats (n, n_floats) are not finite."""
    finite = np.isfinite(floats).all(axis=1)
    if not finite.all():
        raise DataRangeError(
            f"The code in {row_name(int(np.argmin(finite)), 0)} is too large to be decoded; give codes of the size "
            "that transform returns."
        )


def number(name: str, value: Any) -> float:
    """Return a finite number; the range is checked where the number is used."""
    try:
        checked = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        checked = math.nan
    if not abs(checked) < 1e30:
        raise SettingError(f"{name} must be a number, got {value!r}.")
    return checked


def truths(params: Mapping[str, Any]) -> None:
    """Raise `SettingError` where a truth value is not True or False, or `verbose` is not a number."""
    for name, value in params.items():
        if name in BY_NAME and BY_NAME[name].kind == "bool":
            truth(name, value)
    if not isinstance(params["verbose"], Real | np.bool_):
        raise SettingError(f"verbose must be a number, got {params['verbose']!r}.")


def truth(name: str, value: Any) -> None:
    """Raise `SettingError` unless a value is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise SettingError(f"{name} must be True or False, got {value!r}.")


def choice(name: str, value: Any) -> str:
    """Return `value` if it is one of the choices of a parameter; SettingError otherwise."""
    choices = BY_NAME[name].choices
    if not isinstance(value, str) or value not in choices:
        raise SettingError(f"{name}={value!r} is not one of {', '.join(choices)}.")
    return value


def share(name: str, value: Any) -> float:
    """Return a number in [0, 1); SettingError otherwise."""
    if not 0 <= number(name, value) < 1:
        raise SettingError(f"{name} must be a number from 0 to below 1, got {value!r}.")
    return float(value)


def within_density(likelihood: Likelihood, floats: np.ndarray, rows: Rows, start: int = 0) -> None:
    """Raise `DataRangeError` where a likelihood of [0, 1] alone meets another value in rows from `start` on."""
    if not likelihood.needs_unit_interval:
        return
    outside = (floats < -1e-6) | (floats > 1 + 1e-6)
    if outside.any():
        row, column = (int(i) for i in np.argwhere(outside)[0])
        raise DataRangeError(
            f"{rows.source} leaves the range of the fit in {rows.row_name(start + row)}, "
            f"column {rows.feature_names[column]!r} ({floats[row, column]:.4g} where 0 to 1 is expected), "
            f"and loss={likelihood.name!r} is not defined there; check the units or fit with loss='mse'.",
            column=rows.feature_names[column],
        )
