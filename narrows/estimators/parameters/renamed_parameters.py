"""Earlier names of constructor parameters, which stay valid for one release."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from narrows.errors import SettingError, warn

Estimator = TypeVar("Estimator", bound=type)


def renamed_parameters(**earlier: str) -> Callable[[Estimator], Estimator]:
    """Return a decorator of a class whose constructor and `set_params` also take parameters by earlier names.

    An earlier name gives a DeprecationWarning, and `SettingError` if the present name is given too.

    earlier : the present name of each earlier one.
    """

    def decorated(estimator: Estimator) -> Estimator:
        for name in ("__init__", "set_params"):
            setattr(estimator, name, _taking(earlier, getattr(estimator, name)))
        return estimator

    return decorated


def _taking(earlier: dict[str, str], function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # scikit-learn reads the parameters from the signature of the wrapped constructor
    def with_earlier_names(self: Any, *args: Any, **given: Any) -> Any:
        for old in earlier.keys() & given.keys():
            new = earlier[old]
            if new in given:
                raise SettingError(f"{old} is the earlier name of {new}; give {new} alone.")
            warn(f"The parameter {old} is now {new}; the old name will be removed.", DeprecationWarning)
            given[new] = given.pop(old)
        return function(self, *args, **given)

    return with_earlier_names
